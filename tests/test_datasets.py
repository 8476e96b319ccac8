"""The committed tables are the ones that `datasets/make.py` makes, and hold what the demo and the tests count on."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import sklearn.datasets
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).resolve().parent.parent / "datasets"
TABLES = sorted(p.relative_to(FOLDER).as_posix() for suffix in ("csv", "parquet") for p in FOLDER.rglob(f"*.{suffix}"))
REAL = {"breast_cancer": 569, "diabetes": 442, "wine": 178, "digits": 1797}


def arrow(path: Path) -> pa.Table:
    return pa.csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)


def frames(folder: str) -> list[pd.DataFrame]:
    paths = [FOLDER / t for t in TABLES if t.startswith(folder + "/")]
    return [pd.read_csv(p) if p.suffix == ".csv" else pd.read_parquet(p) for p in paths]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("datasets_make", FOLDER / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(make: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("datasets")
    make.main(folder)
    return folder


def test_every_table_is_committed_and_none_is_left_over(made: Path) -> None:
    assert sorted(p.relative_to(made).as_posix() for p in made.rglob("*.*")) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_made_again_it_is_the_same(made: Path, table: str) -> None:
    ours, again = arrow(FOLDER / table), arrow(made / table)
    assert ours.schema == again.schema
    assert ours.num_rows > 0 and ours.equals(again)


@pytest.mark.parametrize("name", REAL)
def test_the_whole_is_scikit_learns(make: ModuleType, name: str) -> None:
    options = {"scaled": False} if name == "diabetes" else {}
    data, target = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True, **options)
    whole = make.sklearn_frame(name)
    np.testing.assert_allclose(whole.iloc[:, 1:-1].to_numpy(float), data, rtol=1e-14)
    np.testing.assert_array_equal(whole.iloc[:, -1], target)
    assert list(whole.iloc[:, 0]) == list(range(1, REAL[name] + 1))


def test_they_stay_small() -> None:
    assert sum((FOLDER / t).stat().st_size for t in TABLES) < 2_000_000


@pytest.mark.parametrize("name", REAL)
def test_horizontal_parts_add_up_to_the_whole(make: ModuleType, name: str) -> None:
    whole, parts = make.sklearn_frame(name), frames(f"{name}/horizontal")
    assert len(whole) == REAL[name] and len(parts) >= 2
    together = pd.concat(parts).sort_values(whole.columns[0]).reset_index(drop=True)
    pd.testing.assert_frame_equal(together, whole, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("name", REAL)
def test_vertical_parts_join_back_to_the_whole(make: ModuleType, name: str) -> None:
    whole, (left, right) = make.sklearn_frame(name), frames(f"{name}/vertical")
    key = whole.columns[0]
    assert left[key].is_unique and right[key].is_unique
    assert set(left[key]) | set(right[key]) == set(whole[key])  # every row is somewhere ...
    assert set(left[key]) - set(right[key]) and set(right[key]) - set(left[key])  # ... and some only at one owner
    joined = left.merge(right, on=key)
    assert list(joined[key]) != sorted(joined[key])  # the orders tell nothing
    expected = whole[whole[key].isin(joined[key])].reset_index(drop=True)
    joined = joined.sort_values(key).reset_index(drop=True)[list(whole.columns)]
    pd.testing.assert_frame_equal(joined, expected, check_dtype=False, check_exact=True)


def cohort(suffix: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_csv(FOLDER / f"cohort/hospital{suffix}.csv"), pd.read_parquet(FOLDER / f"cohort/insurer{suffix}.parquet")


def test_cohort_is_what_the_demo_needs() -> None:
    hospital, insurer = cohort()
    assert len(hospital) == 2000
    assert hospital["patient_id"].is_unique and insurer["patient_id"].is_unique
    both = set(hospital["patient_id"]) & set(insurer["patient_id"])
    assert 1500 < len(both) < min(len(hospital), len(insurer))
    assert not hospital.isna().any(axis=None) and not insurer.isna().any(axis=None)
    assert insurer["days"].min() >= 1 and insurer["cost"].min() > 0
    assert set(hospital["readmitted"]) == {0, 1} and hospital["smoker"].dtype == bool
    assert hospital["region"].nunique() == 6 and hospital["region"].str.len().max() == 10
    assert hospital.loc[hospital["age"] >= 50, "region"].nunique() == 6


def test_readmission_is_told_best_by_both_owners_columns() -> None:
    hospital, insurer = cohort()
    merged = hospital[hospital["age"] >= 50].merge(insurer, on="patient_id")

    def auc(features: list[str]) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression())
        chance = cross_val_predict(model, merged[features].astype(float), merged["readmitted"], cv=5, method="predict_proba")
        return float(roc_auc_score(merged["readmitted"], chance[:, 1]))

    theirs, ours = ["chronic", "visits", "days"], ["age", "bmi", "smoker"]
    assert 0.77 < auc(ours + theirs) < 0.85
    assert auc(ours) < auc(ours + theirs) - 0.03 and auc(theirs) < auc(ours + theirs) - 0.03


def test_the_variant_with_nulls_differs_in_nothing_else() -> None:
    with_holes = {0: ["age", "region", "bmi", "smoker"], 1: ["cost", "days", "chronic", "plan"]}
    for i, (full, holes) in enumerate(zip(cohort(), cohort("_nulls"), strict=True)):
        assert list(full.columns) == list(holes.columns) and len(full) == len(holes)
        for column in full.columns:
            null = holes[column].isna()
            assert (0.03 < null.mean() < 0.1) if column in with_holes[i] else not null.any()
            assert (holes.loc[~null, column] == full.loc[~null, column]).all()
