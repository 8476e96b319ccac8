"""LogisticRegression over real sessions, against scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import spuframe as sf
from spuframe.ml import LogisticRegression
from spuframe.plan import build

DATASETS = Path(__file__).resolve().parents[2] / "datasets"
COHORT = ["age", "bmi", "smoker", "chronic", "visits", "days", "cost"]


@pytest.fixture(scope="module", autouse=True)
def owners(session: sf.Session) -> list[sf.SecretFrame]:
    """Tables of all owners from the beginning: with each that comes later all workers start again, and load their kernels."""
    return [session.from_pandas(pd.DataFrame({"x": [0]}), owner=owner) for owner in "abc"]


def reference(X: Any, y: Any, **parameters: Any) -> Any:
    return make_pipeline(StandardScaler(), Reference(max_iter=10_000, tol=1e-6, **parameters)).fit(X, y)


def proba(model: LogisticRegression, X: sf.SecretFrame) -> np.ndarray:
    return model.predict_proba(X).reveal().to_numpy()


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    """120 rows of four features of unlike units: one boolean, one of integers, two of floats; seed 7."""
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {"grams": rng.normal(2000, 300, 120), "age": rng.integers(18, 90, 120), "smoker": rng.random(120) < 0.4, "ph": rng.normal(7, 0.05, 120)}
    )
    score = (table["grams"] - 2000) / 200 - (table["age"] - 50) / 30 + table["smoker"] + (table["ph"] - 7) * 20
    return table.assign(ill=(rng.random(120) < 1 / (1 + np.exp(-score))).astype(np.int64))


FEATURES = ["grams", "age", "smoker", "ph"]


# ---- against scikit-learn ---------------------------------------------------------------------------------
@pytest.mark.parametrize("parameters", [{}, {"C": 0.1}, {"penalty": None}], ids=str)
def test_coefficients_are_those_of_scikit_learn(session: sf.Session, small: pd.DataFrame, parameters: dict[str, Any]) -> None:
    frame = session.from_pandas(small, owner="a")
    model = LogisticRegression(max_iter=150, batch_size=None, **parameters).fit(frame[FEATURES], frame["ill"])
    X = small[FEATURES].astype(float)
    want = reference(X, small["ill"], C=parameters.get("C", 1.0) if "penalty" not in parameters else np.inf)
    scale, mean = want[0].scale_, want[0].mean_
    coef, intercept = model.coef_.reveal(), model.intercept_.reveal()
    assert (coef.shape, intercept.shape) == ((1, 4), (1,))
    # The fixed-point bound: the deviation's 3e-3 (ph varies by 0.05 in a public range of 8), the sigmoid's 3e-5.
    np.testing.assert_allclose(coef[0] * scale, want[1].coef_[0], atol=0.01)
    np.testing.assert_allclose(coef[0] @ mean + intercept, want[1].intercept_, atol=0.03)
    got = proba(model, frame[FEATURES])
    np.testing.assert_allclose(got, want.predict_proba(X), atol=3e-3)
    decision = model.decision_function(frame[FEATURES]).reveal()
    np.testing.assert_allclose(decision, want.decision_function(X), atol=0.02)
    predicted = model.predict(frame[FEATURES]).reveal()
    assert predicted.dtype == np.int64
    sure = np.abs(want.decision_function(X)) > 0.02
    np.testing.assert_array_equal(predicted[sure], want.predict(X)[sure])
    assert model.score(frame[FEATURES], frame["ill"]) == pytest.approx((predicted == small["ill"]).mean(), abs=1e-4)


def test_without_an_intercept_and_as_the_features_are(session: sf.Session) -> None:
    """On features in [-1, 1] with mean square 1 there is nothing to scale, so that all settings fit the same model."""
    rng = np.random.default_rng(8)
    x = np.sign(rng.normal(size=(80, 2)))
    table = pd.DataFrame(x, columns=["a", "b"]).assign(y=(rng.random(80) < 1 / (1 + np.exp(-x[:, 0] + 0.5 * x[:, 1]))).astype(int))
    frame = session.from_pandas(table, owner="a", ranges={"a": (-1, 1), "b": (-1, 1)})
    want = Reference(fit_intercept=False, tol=1e-8).fit(x, table["y"])
    for standardize in (True, False):
        model = LogisticRegression(max_iter=60, fit_intercept=False, standardize=standardize, tol=None).fit(frame[["a", "b"]], frame["y"])
        np.testing.assert_allclose(model.coef_.reveal(), want.coef_, atol=3e-3)
        assert model.intercept_.tolist() == [0.0]
        np.testing.assert_allclose(proba(model, frame[["a", "b"]]), want.predict_proba(x), atol=1e-3)
    model = LogisticRegression(max_iter=60, standardize=False, tol=None).fit(frame[["a", "b"]], frame["y"])
    want = Reference(tol=1e-8).fit(x, table["y"])
    np.testing.assert_allclose(model.coef_.reveal(), want.coef_, atol=3e-3)
    np.testing.assert_allclose(model.intercept_.reveal(), want.intercept_, atol=3e-3)


def check_auc(scores: np.ndarray, X: Any, y: Any, want: Any) -> None:
    mine, theirs = roc_auc_score(y, scores), roc_auc_score(y, want.predict_proba(X)[:, 1])
    assert abs(mine - theirs) < 0.005, f"AUC {mine:.4f}, scikit-learn's {theirs:.4f}"


def test_breast_cancer_of_three_clinics(session: sf.Session) -> None:
    """Horizontal: the rows of two owners, one fit; on the rows it was fitted on, and on a third owner's beside them in one frame."""
    data = load_breast_cancer()
    folder = DATASETS / "breast_cancer" / "horizontal"
    parts = [session.read_csv(folder / "clinic_a.csv", owner="a"), session.read_csv(folder / "clinic_b.csv", owner="b")]
    parts.append(session.read_parquet(folder / "clinic_c.parquet", owner="c"))
    features = [c for c in parts[0].columns if c not in ("patient_id", "benign")]
    plain = pd.concat(
        [pd.read_csv(folder / "clinic_a.csv"), pd.read_csv(folder / "clinic_b.csv"), pd.read_parquet(folder / "clinic_c.parquet")], ignore_index=True
    )
    assert len(plain) == len(data.target)
    train, whole = sf.concat(parts[:2]), sf.concat(parts)
    model = LogisticRegression(max_iter=40, tol=None).fit(train[features], train["benign"])
    mine, n = proba(model, whole[features])[:, 1], train.rows
    want = reference(plain[:n][features], plain[:n]["benign"])
    for rows in (slice(None, n), slice(n, None)):
        check_auc(mine[rows], plain[rows][features], plain[rows]["benign"], want)


@pytest.mark.slow
def test_breast_cancer_of_hospital_and_laboratory(session: sf.Session) -> None:
    """Vertical: the features of two owners, joined on the patient; nobody learns who is in both."""
    folder = DATASETS / "breast_cancer" / "vertical"
    hospital = session.read_csv(folder / "hospital.csv", owner="a")
    laboratory = session.read_parquet(folder / "laboratory.parquet", owner="b")
    both = hospital.merge(laboratory, on="patient_id")
    plain = pd.read_csv(folder / "hospital.csv").merge(pd.read_parquet(folder / "laboratory.parquet"), on="patient_id")
    features = [c for c in both.columns if c not in ("patient_id", "benign")]
    assert len(features) == 30
    model = LogisticRegression(max_iter=40, tol=None).fit(both[features], both["benign"])
    # A joined frame has no order that anybody knows, and what is revealed is shuffled: the model is judged on the rows of the hospital's patients.
    coef, intercept = model.coef_.reveal()[0], model.intercept_.reveal()
    mine = roc_auc_score(plain["benign"], plain[features] @ coef + intercept)
    got = model.predict_proba(both[features]).reveal()
    want = np.sort(1 / (1 + np.exp(-(plain[features] @ coef + intercept))))
    np.testing.assert_allclose(np.sort(got["1"]), want, atol=2e-3)
    theirs = roc_auc_score(plain["benign"], reference(plain[features], plain["benign"]).predict_proba(plain[features])[:, 1])
    assert abs(mine - theirs) < 0.005, f"AUC {mine:.4f}, scikit-learn's {theirs:.4f}"


@pytest.mark.slow
def test_ten_thousand_rows_of_a_hundred_features(session: sf.Session) -> None:
    """make_classification, seed 0; 10 epochs of batches of 1024."""
    x, y = make_classification(10_000, 100, n_informative=20, n_redundant=20, random_state=0)
    features = [f"x{j}" for j in range(100)]
    frame = session.from_pandas(pd.DataFrame(x, columns=features).assign(y=y), owner="a")
    model = LogisticRegression(max_iter=10, batch_size=1024, tol=None).fit(frame[features], frame["y"])
    want = reference(x, y)
    check_auc(proba(model, frame[features])[:, 1], x, y, want)
    assert model.score(frame[features], frame["y"]) == pytest.approx(want.score(x, y), abs=0.01)


# ---- rows, columns, types -----------------------------------------------------------------------------------
def test_dropped_and_incomplete_rows_take_no_part(session: sf.Session, small: pd.DataFrame) -> None:
    table = small.astype({"age": "Int64", "ill": "Int64"})
    table.loc[::10, "age"] = pd.NA
    table.loc[5::10, "ill"] = pd.NA
    frame = session.from_pandas(table, owner="a")
    kept = frame[frame["grams"] > 1800]
    model = LogisticRegression(max_iter=150, batch_size=None).fit(kept[FEATURES], kept["ill"])
    plain = table[table["grams"] > 1800]
    complete = plain.dropna().astype(float)
    want = reference(complete[FEATURES], complete["ill"])
    np.testing.assert_allclose(model.coef_.reveal()[0] * want[0].scale_, want[1].coef_[0], atol=0.02)
    shown = model.predict_proba(kept[FEATURES]).reveal()
    assert len(shown) == len(plain)
    assert shown["1"].isna().sum() == plain["age"].isna().sum()  # what a filter leaves is revealed in no order
    right = want.predict(complete[FEATURES]) == complete["ill"]
    assert model.score(kept[FEATURES], kept["ill"]) == pytest.approx(right.mean(), abs=0.02)


def test_boolean_target_and_single_rows_and_columns(session: sf.Session, small: pd.DataFrame) -> None:
    frame = session.from_pandas(small, owner="a")
    model = LogisticRegression(max_iter=5, tol=None).fit(frame[["age"]], frame["ill"] > 0)
    assert model.classes_.tolist() == [False, True]
    assert model.predict_proba(frame[["age"]]).columns == ["False", "True"]
    predicted = model.predict(frame[["age"]]).reveal()
    assert predicted.dtype == bool
    assert 0 < model.score(frame[["age"]], frame["ill"] > 0) < 1
    one = session.from_pandas(pd.DataFrame({"a": [0.25], "b": [3], "y": [1]}), owner="a", ranges={"y": (0, 1)})
    single = LogisticRegression(max_iter=3, tol=None).fit(one[["a", "b"]], one["y"])
    assert single.coef_.reveal().tolist() == [[0, 0]]  # a single row is constant
    assert single.predict(one[["a", "b"]]).reveal().tolist() == [1]


def test_constant_columns_get_no_weight(session: sf.Session, small: pd.DataFrame) -> None:
    frame = session.from_pandas(small.assign(three=3.3, four=4), owner="a")
    names = [*FEATURES, "three", "four"]
    model = LogisticRegression(max_iter=10, tol=None).fit(frame[names], frame["ill"])
    assert model.coef_.reveal()[0, 4:].tolist() == [0, 0]
    moved = session.from_pandas(small.assign(three=3.4, four=5), owner="a")
    np.testing.assert_allclose(proba(model, frame[names]), proba(model, moved[names]), atol=1e-3)


def test_order_of_the_rows_does_not_matter(session: sf.Session) -> None:
    """Sorted labels: every batch is an even sample all the same."""
    rng = np.random.default_rng(9)
    y = np.sort(rng.random(300) < 0.5).astype(int)
    table = pd.DataFrame({"a": rng.normal(size=300) + y, "y": y})
    frame = session.from_pandas(table, owner="a")
    model = LogisticRegression(max_iter=30, batch_size=50, tol=None).fit(frame[["a"]], frame["y"])
    want = reference(table[["a"]], y)
    assert model.coef_.reveal()[0, 0] * want[0].scale_[0] == pytest.approx(want[1].coef_[0, 0], abs=0.1)
    assert proba(model, frame[["a"]])[:, 1].mean() == pytest.approx(y.mean(), abs=0.03)


# ---- cost and habits -----------------------------------------------------------------------------------------
def test_explained_cost_is_what_is_measured(session: sf.Session, small: pd.DataFrame) -> None:
    frame = session.from_pandas(small, owner="a")
    kept = frame[frame["age"] > 30]
    model = LogisticRegression(max_iter=2, batch_size=50, tol=None)
    output = model.fit_plan(kept[FEATURES], kept["ill"])["model"]
    declared = session.estimate(session.physical(build.reveal(output.node))).total
    assert "tensor" in output.explain("physical")
    session.reveal(output.node)
    profile = session.last_profile
    assert profile is not None
    assert (profile.rounds, tuple(r.sent for r in profile.ranks)) == (declared.rounds, declared.sent)


def test_habits_of_scikit_learn(session: sf.Session) -> None:
    model = LogisticRegression(C=2.0, max_iter=7)
    assert repr(model) == "LogisticRegression(C=2.0, max_iter=7)"
    copy = clone(model)
    assert copy is not model
    assert copy.get_params() == model.get_params()
    assert model.set_params(C=3.0) is model
    assert (model.C, copy.C) == (3.0, 2.0)
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        model.set_params(gamma=1)
