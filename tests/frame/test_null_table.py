"""Every row of the table in docs/design/nulls.md, by its name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SpuframeError

TABLE = Path(__file__).parents[2] / "docs" / "design" / "nulls.md"
NULL = None


@pytest.fixture(scope="module")
def frame(session):
    data = {"r": [0, 1, 2], "g": [7, 7, 8], "x": pd.array([1, NULL, 3], "Int64"), "b": pd.array([True, NULL, False], "boolean")}
    data["none"] = pd.array([NULL] * 3, "Int64")
    return session.from_pandas(pd.DataFrame(data), owner="alice")


def rows(column):
    """A column's values, with None for null."""
    return [NULL if pd.isna(v) else v for v in column.tolist()]


ROWS = {
    "comparison": [(lambda f: f.x != 1, [False, NULL, True])],
    "not": [(lambda f: ~(f.x == 1), [False, NULL, True])],
    "and, or, xor": [
        (lambda f: f.b & False, [False, False, False]),
        (lambda f: f.b & True, [True, NULL, False]),
        (lambda f: f.b | True, [True, True, True]),
        (lambda f: f.b | False, [True, NULL, False]),
        (lambda f: f.b ^ True, [False, NULL, True]),
    ],
    "NaN constant": [(lambda f: f.x == np.nan, [False, NULL, False]), (lambda f: f.x != np.nan, [True, NULL, True])],
    "far constants": [
        (lambda f: f.x < np.inf, [True, NULL, True]),
        (lambda f: f.x == 2**70, [False, NULL, False]),
        (lambda f: f.x > -1e15, [True, NULL, True]),
    ],
    "arithmetic": [(lambda f: f.x + 1, [2, NULL, 4]), (lambda f: abs(f.x), [1, NULL, 3]), (lambda f: np.maximum(f.x, 2), [2, NULL, 3])],
    "division": [
        (lambda f: f.x / (f.r - 2), [-0.5, NULL, NULL]),
        (lambda f: f.x // (f.r - 2), [-1, NULL, NULL]),
        (lambda f: f.x % (f.r - 2), [-1, NULL, NULL]),
    ],
    "domain": [(lambda f: np.log(f.x - 1).isna(), [True, True, False]), (lambda f: np.sqrt(f.x - 2), [NULL, NULL, pytest.approx(1, abs=1e-4)])],
    "where": [(lambda f: f.x.where(f.b, 9), [1, 9, 9])],
    "mask": [(lambda f: f.x.mask(f.b, 9), [9, 9, 3])],
    "written null": [
        (lambda f: f.r.where(f.r > 0, sf.null), [NULL, 1, 2]),
        (lambda f: f.r.mask(f.r > 0, sf.null), [0, NULL, NULL]),
        (lambda f: np.where(f.r > 0, f.g, sf.null), [NULL, 7, 8]),
        (lambda f: f.assign(y=sf.null.astype("int64")).y + f.x, [NULL] * 3),
        (lambda f: f.assign(r=sf.null).r, [NULL] * 3),
    ],
    "between": [(lambda f: f.x.between(0, 2), [True, NULL, False]), (lambda f: f.x.between(0, np.inf), [True, NULL, True])],
    "isin": [(lambda f: f.x.isin([1]), [True, False, False])],
    "isin with null": [(lambda f, none=none: f.x.isin([1, none]), [True, True, False]) for none in (None, pd.NA, np.nan, sf.null)],
    "clip": [(lambda f: f.x.clip(2, np.inf), [2, NULL, 3])],
    "fillna": [(lambda f: f.x.fillna(0), [1, 0, 3])],
    "map": [(lambda f: f.x.map({1: 10}), [10, NULL, NULL])],
    "cast": [(lambda f: f.x.astype("bool"), [True, NULL, True]), (lambda f: f.x.astype("float"), [1.0, NULL, 3.0])],
    "cumsum": [(lambda f: f.x.cumsum(), [1, NULL, 4])],
    "groups to rows": [
        (lambda f: f.groupby("x")["r"].transform("sum"), [0, NULL, 2]),
        (lambda f: f.groupby("x")["r"].cumsum(), [0, NULL, 2]),
        (lambda f: f.groupby("x").cumcount(), [0, NULL, 0]),
        (lambda f: f.groupby("x").ngroup(), [0, NULL, 1]),
    ],
    "rank": [(lambda f: f.x.rank(), [1, NULL, 2])],
    "shift, diff": [(lambda f: f.x.shift(), [NULL, 1, NULL]), (lambda f: f.r - f.x.shift(), [NULL, 0, NULL]), (lambda f: f.r.diff(), [NULL, 1, 1])],
}
"""By case: columns of the table, and their values."""

SCALARS = {
    "sum, mean, count, min, max": [
        (lambda f, name=name: getattr(f.x, name)(), right) for name, right in (("sum", 4), ("mean", 2), ("count", 2), ("min", 1), ("max", 3))
    ],
    "of nothing": [
        (lambda f, name=name: getattr(f.none, name)(), right) for name, right in (("sum", 0), ("count", 0), ("mean", NULL), ("min", NULL), ("max", NULL))
    ],
    "any, all": [(lambda f: f.b.any(), True), (lambda f: f.b.all(), False), (lambda f: f.b.mask(f.b.isna() | (f.r > 1)).all(), True)],
    "dot": [(lambda f: f.x.dot(f.x), NULL)],
}
TABLES = {
    "filter": [(lambda f: f[f.x != 1][["x"]], {"x": [3]}), (lambda f: f[~(f.x == 1)][["x"]], {"x": [3]})],
    "dropna": [(lambda f: f[["r", "x"]].dropna().sort_values("r"), {"r": [0, 2], "x": [1, 3]})],
    "groupby key": [(lambda f: f.groupby("x", as_index=False).agg(n=("r", "count")), {"x": [1, 3], "n": [1, 1]})],
    "groupby value": [(lambda f: f.groupby("g", as_index=False).agg(s=("x", "sum")), {"g": [7, 8], "s": [1, 3]})],
    "the same rows": [(lambda f: f[["none"]].drop_duplicates(), {"none": [NULL]}), (lambda f: f.none.unique().to_frame(), {"none": [NULL]})],
    "sort": [(lambda f, up=up: f[["x"]].sort_values("x", ascending=up), {"x": [*([1, 3] if up else [3, 1]), NULL]}) for up in (True, False)],
    "merge key": [(lambda f: f[["x", "r"]].merge(f[["x", "g"]], on="x")[["r", "g"]].sort_values("r"), {"r": [0, 1, 2], "g": [7, 7, 8]})],
}
REFUSED = {
    "division": [lambda f: f.x / 0, lambda f: f.x // 0, lambda f: f.x % 0],
    "null constant": [lambda f, none=none: f.x == none for none in (None, pd.NA, sf.null)],
    "written null": [lambda f: f.assign(y=sf.null), lambda f: f.assign(y=None)],
    "fillna": [lambda f, none=none: f.x.fillna(none) for none in (None, pd.NA, np.nan, sf.null)],
}
REMEDIES = {"division": "divides by zero", "null constant": r"isna\(\) and notna\(\)", "written null": "sf.null.astype", "fillna": "a value"}


def test_the_table_has_these_rows():
    found = [m[1].strip() for m in re.finditer(r"^\| ((?:[^|\\]|\\\|)+)\|", TABLE.read_text(), re.MULTILINE)][1:]
    assert sorted(found) == sorted({*ROWS, *SCALARS, *TABLES, *REFUSED})


def test_rows(frame):
    asked = {f"{case} {k}": pair for case, pairs in ROWS.items() for k, pair in enumerate(pairs)}
    out = frame[["r"]]
    for name, (made, _) in asked.items():
        out[name] = made(frame)
    found = out.reveal()
    for name, (_, right) in asked.items():
        assert rows(found[name]) == right, name


@pytest.mark.parametrize("case", SCALARS)
def test_scalars(frame, case):
    for found, (_, right) in zip(sf.reveal(*(made(frame) for made, _ in SCALARS[case])), SCALARS[case], strict=True):
        assert pd.isna(found) if right is NULL else found == right


@pytest.mark.parametrize("case", TABLES)
def test_tables(frame, case):
    for made, right in TABLES[case]:
        found = made(frame).reveal()
        assert {n: rows(found[n]) for n in found} == right


@pytest.mark.parametrize("case", REFUSED)
def test_refused(frame, case):
    for made in REFUSED[case]:
        with pytest.raises(PlanError, match=REMEDIES[case]):
            made(frame)


def test_null_is_one_thing_and_no_truth():
    import copy
    import pickle

    assert copy.deepcopy(sf.null) is sf.null is pickle.loads(pickle.dumps(sf.null))
    assert repr(sf.null.astype("float")) == "sf.null.astype('float')"
    with pytest.raises(SpuframeError, match="isna"):
        bool(sf.null)
