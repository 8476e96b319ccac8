"""Make every file of `datasets/` again: `python datasets/make.py [folder]`.

The real tables are those that ship inside scikit-learn; nothing is downloaded. They are split by columns
(`vertical`) and by rows (`horizontal`) among owners. The cohort is generated. `README.md` beside this file
says where each table comes from and what its columns mean.

All draws come from `numpy.random.RandomState`, whose streams NumPy has frozen, so that every version makes the same tables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

SPLIT_SEED = 2024
COHORT_SEED = 20240229
NULLS_SEED = 365

REGIONS = {"north": 0.22, "south": 0.20, "east": 0.17, "west": 0.15, "north-east": 0.14, "south-west": 0.12}
PLANS = {"basic": 0.5, "plus": 0.35, "full": 0.15}

Tables = Iterator[tuple[str, pd.DataFrame]]


def sklearn_frame(name: str) -> pd.DataFrame:
    """Return one of scikit-learn's tables with an id (row number + 1) in front and names that are identifiers."""
    if name == "breast_cancer":
        frame, key, target = load_breast_cancer(as_frame=True).frame, "patient_id", "benign"
    elif name == "diabetes":
        # Rounded to the four decimals of the source, as older scikit-learn has 4.803999999999999 for 4.804 (its issue 31940).
        frame, key, target = load_diabetes(as_frame=True, scaled=False).frame.round(4), "patient_id", "progression"
    elif name == "wine":
        frame, key, target = load_wine(as_frame=True).frame, "wine_id", "cultivar"
    else:
        frame, key, target = load_digits(as_frame=True).frame.astype("uint8"), "image_id", "digit"
    frame = frame.rename(columns=lambda c: target if c == "target" else re.sub(r"\W+", "_", c))
    if name != "diabetes":
        frame[target] = frame[target].astype("int8")
    frame.insert(0, key, np.arange(1, len(frame) + 1, dtype=np.int64))
    return frame


def by_columns(frame: pd.DataFrame, owners: dict[str, list[str]], alone: int, rng: np.random.RandomState) -> Tables:
    """Split among two owners: rows in different orders, and `alone` rows of each that the other does not have."""
    key, order = frame.columns[0], rng.permutation(len(frame))
    missing = [order[:alone], order[alone : 2 * alone]]
    for (file, columns), gone in zip(owners.items(), missing, strict=True):
        rows = rng.permutation(np.setdiff1d(np.arange(len(frame)), gone))
        yield file, frame[[key, *columns]].iloc[rows]


def by_rows(frame: pd.DataFrame, owners: dict[str, float], rng: np.random.RandomState) -> Tables:
    """Split among owners with the same columns; every row goes to one owner. The values are shares of the rows."""
    order = rng.permutation(len(frame))
    cuts = np.round(np.cumsum(list(owners.values()))[:-1] * len(frame)).astype(int)
    for file, rows in zip(owners, np.split(order, cuts), strict=True):
        yield file, frame.iloc[rows]


def real() -> Tables:
    """All the splits of scikit-learn's tables."""
    rng = np.random.RandomState(SPLIT_SEED)
    frame = sklearn_frame("breast_cancer")
    measured = list(frame.columns[1:-1])
    worst = [c for c in measured if c.startswith("worst_")]
    rest = [c for c in measured if c not in worst]
    yield from by_columns(
        frame,
        {"breast_cancer/vertical/hospital.csv": [*rest, "benign"], "breast_cancer/vertical/laboratory.parquet": worst},
        alone=15,
        rng=rng,
    )
    clinics = {"breast_cancer/horizontal/clinic_a.csv": 0.45, "breast_cancer/horizontal/clinic_b.csv": 0.35}
    yield from by_rows(frame, clinics | {"breast_cancer/horizontal/clinic_c.parquet": 0.2}, rng)

    frame = sklearn_frame("diabetes")
    serum = [f"s{i}" for i in range(1, 7)]
    body = ["age", "sex", "bmi", "bp", "progression"]
    yield from by_columns(frame, {"diabetes/vertical/clinic.csv": body, "diabetes/vertical/laboratory.csv": serum}, alone=10, rng=rng)
    yield from by_rows(frame, {"diabetes/horizontal/city.csv": 0.6, "diabetes/horizontal/country.csv": 0.4}, rng)

    frame = sklearn_frame("wine")
    seen = ["alcohol", "ash", "magnesium", "color_intensity", "hue", "cultivar"]
    assayed = [c for c in frame.columns[1:] if c not in seen]
    yield from by_columns(frame, {"wine/vertical/winery.csv": seen, "wine/vertical/laboratory.parquet": assayed}, alone=5, rng=rng)
    wineries = {"wine/horizontal/hill.csv": 0.4, "wine/horizontal/river.csv": 0.35, "wine/horizontal/coast.parquet": 0.25}
    yield from by_rows(frame, wineries, rng)

    frame = sklearn_frame("digits")
    upper = [c for c in frame.columns if c.startswith("pixel_") and int(c.split("_")[1]) < 4]
    lower = [c for c in frame.columns[1:] if c not in upper]  # with the label
    yield from by_columns(frame, {"digits/vertical/upper.parquet": upper, "digits/vertical/lower.parquet": lower}, alone=20, rng=rng)
    yield from by_rows(frame, {"digits/horizontal/post.parquet": 0.5, "digits/horizontal/bank.parquet": 0.5}, rng)


def cohort() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Generate a hospital's patients and an insurer's claims, which share most of their patients."""
    rng = np.random.RandomState(COHORT_SEED)
    known, strangers, uninsured = 2000, 180, 240
    n = known + strangers
    ids = rng.choice(np.arange(100_000, 1_000_000), size=n, replace=False)

    age = np.clip(np.round(rng.normal(57, 16, n)), 18, 97)
    bmi = np.clip(np.round(rng.normal(27, 4.5, n), 1), 15.5, 49.5)
    smoker = rng.uniform(size=n) < 0.24
    region = rng.choice(list(REGIONS), size=n, p=list(REGIONS.values()))
    chronic = np.minimum(rng.poisson(0.4 + np.clip(age - 40, 0, None) / 25), 7)
    visits = np.minimum(rng.poisson(1.0 + 0.7 * chronic), 20)
    days = np.clip(1 + rng.poisson(2 + 1.5 * chronic + 2 * smoker), 1, 60)
    # Skewed, as bills are, and dearer in some regions, so that the groups of the demo differ.
    price = pd.Series(region).map({"north": 1.25, "south": 0.9, "east": 0.85, "west": 1.1}).fillna(1.0).to_numpy()
    cost = np.round(np.exp(rng.normal(6.3, 0.45, n)) * days**0.9 * price, 2)

    # Half of what decides is known to the hospital alone and half to the insurer alone.
    score = 0.045 * (age - 57) + 0.10 * (bmi - 27) + 0.9 * smoker + 0.55 * (chronic - 1.2) + 0.22 * (visits - 1.8) + 0.06 * (days - 5)
    readmitted = rng.uniform(size=n) < 1 / (1 + np.exp(-(score - 0.75)))

    everyone = pd.DataFrame(
        {
            "patient_id": ids.astype("int64"),
            "age": age.astype("int64"),
            "sex": rng.choice(["f", "m"], size=n, p=[0.52, 0.48]),
            "region": region,
            "bmi": bmi,
            "smoker": smoker,
            "readmitted": readmitted.astype("int64"),
            "cost": cost,
            "days": days.astype("int32"),
            "chronic": chronic.astype("int8"),
            "visits": visits.astype("int16"),
            "plan": rng.choice(list(PLANS), size=n, p=list(PLANS.values())),
        }
    )
    hospital = everyone.loc[: known - 1, ["patient_id", "age", "sex", "region", "bmi", "smoker", "readmitted"]]
    insured = rng.permutation(np.arange(uninsured, n))
    insurer = everyone.loc[insured, ["patient_id", "cost", "days", "chronic", "visits", "plan"]]
    return hospital.iloc[rng.permutation(known)], insurer


def with_nulls(frame: pd.DataFrame, columns: list[str], rng: np.random.RandomState, share: float = 0.06) -> pd.DataFrame:
    """Return a copy in which a share of each of the columns is null."""
    # pandas' nullable types, so that integers stay integers and booleans booleans.
    nullable = {"bool": "boolean", "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64"}
    frame = frame.astype({c: nullable[str(frame[c].dtype)] for c in columns if str(frame[c].dtype) in nullable})
    for column in columns:
        frame[column] = frame[column].mask(rng.uniform(size=len(frame)) < share)
    return frame


def generated() -> Tables:
    """The cohort, and the same cohort with nulls."""
    hospital, insurer = cohort()
    yield "cohort/hospital.csv", hospital
    yield "cohort/insurer.parquet", insurer
    rng = np.random.RandomState(NULLS_SEED)
    yield "cohort/hospital_nulls.csv", with_nulls(hospital, ["age", "region", "bmi", "smoker"], rng)
    yield "cohort/insurer_nulls.parquet", with_nulls(insurer, ["cost", "days", "chronic", "plan"], rng)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as its file name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = frame.reset_index(drop=True)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, lineterminator="\n")
        return
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    # pandas 2 and 3 hand over strings of different Arrow types.
    fields = [pa.field(f.name, pa.string()) if pa.types.is_large_string(f.type) else f for f in table.schema]
    pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd", compression_level=9)


def main(folder: Path) -> list[Path]:
    """Write all tables under a folder and return their paths."""
    paths = []
    for name, frame in [*real(), *generated()]:
        write(frame, folder / name)
        paths.append(folder / name)
    return paths


if __name__ == "__main__":
    here = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    for made in main(here):
        print(f"{made.stat().st_size:>8} {made.relative_to(here)}")
