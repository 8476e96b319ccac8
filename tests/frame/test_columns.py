"""Columns chosen by name and type, made column by column, by functions and `pandas.col`; rows from either end; how often values occur. Against pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import ColumnNotFoundError, PlanError, SchemaError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "id": range(9),
        "x": [1.5, None, 3.0, -2.0, 8.0, 0.25, 1.5, 4.0, -7.5],
        "xy": [1.26, 2.0, -3.51, 4.0, 5.5, 6.25, 7.0, 0.0, 9.0],
        "n": pd.array([4, 2, 9, None, 5, 3, 4, 2, 4], "Int64"),
        "b": [True, False, True, True, False, False, True, True, True],
        "s": ["b", "a", "c", "a", "b", None, "b", "a", "b"],
    }
)


def written(t: Any) -> Any:
    t = t[["id", "x", "n", "b"]].copy()
    t.loc[t["n"] > 3, "x"] = 0.5
    t.loc[t["x"].isna(), ["x", "n"]] = 1
    t.loc[t["b"], "n"] = t["id"] * 2
    t.loc[:, "new"] = t["id"] + 1
    return t


def popped(t: Any) -> Any:
    t = t[["id", "x", "n"]].copy()
    t["y"] = t.pop("id") * 2
    return t


MADE: dict[str, Callable[[Any], Any]] = {
    "filter": lambda t: t.filter(["id", "x", "nope"]),
    "like": lambda t: t.filter(like="x"),
    "regex": lambda t: t.filter(regex="^(id|n)$"),
    "numbers": lambda t: t.select_dtypes("number"),
    "no floats": lambda t: t[["id", "x", "n", "b"]].select_dtypes(exclude=[float, "bool"]),
    "of bools": lambda t: t.select_dtypes(include=["bool", np.floating]),
    "isna": lambda t: t.isna(),
    "notnull": lambda t: t[["id", "x"]].notnull(),
    "round": lambda t: t[["x", "xy"]].round(1),
    "round one": lambda t: t[["x", "xy", "b"]].round({"xy": 0}),
    "astype": lambda t: t[["id", "b"]].astype("float"),
    "astype one": lambda t: t[["id", "b"]].astype({"b": "int64"}),
    "clip": lambda t: t[["x", "xy"]].clip(0, 4),
    "isin": lambda t: t[["id", "xy"]].isin([2, 4]),
    "isin one": lambda t: t[["id", "xy"]].isin({"id": [1, 5]}),
    "where": lambda t: t[["x", "xy"]].where(t["id"] > 3, 1.5),
    "where frame": lambda t: t[["xy", "id"]].where(t[["id", "xy"]] > 3),
    "mask": lambda t: t[["x", "xy"]].mask(lambda d: d["xy"] > 3, lambda d: d * 2),
    "cumsum": lambda t: t[["x", "id"]].cumsum(),
    "names": lambda t: t[["x", "id"]].add_prefix("a ").add_suffix(" b"),
    "pop": popped,
    "assign": lambda t: t.assign(a=lambda d: d["xy"] * 2, c=pd.col("xy") - pd.col("xy").mean(), d=1)[["a", "c", "d"]],
    "col": lambda t: t.assign(z=(pd.col("id") + 1) / 2 > pd.col("xy"))[["z"]],
    "pipe": lambda t: t.pipe(lambda d, k, *, add: d[["id"]] * k + add, 3, add=1),
    "pipe to a keyword": lambda t: t.pipe((lambda k, data: data[["id"]] * k, "data"), 3),
    "head": lambda t: t.head(4),
    "tail": lambda t: t.tail(3),
    "tail of all": lambda t: t.tail(99),
    "tail of none": lambda t: t.tail(0),
    "sorted tail": lambda t: t.sort_values("xy").tail(2),
    "largest": lambda t: t[["id", "x", "xy"]].nlargest(3, "x"),
    "smallest": lambda t: t[["id", "n", "xy"]].nsmallest(4, ["n", "xy"]),
    "columns by loc": lambda t: t.loc[:, ["x", "n"]],
    "columns between": lambda t: t.loc[:, "x":"n"],
    "rows by loc": lambda t: t.loc[t["xy"] > 1].sort_values("id"),
    "both by loc": lambda t: t.loc[lambda d: d["n"] > 2, ["id", "n"]].sort_values("id"),
    "written by loc": written,
    "filtered tail": lambda t: t[t["xy"] > 1].tail(3),
    "filtered largest": lambda t: t[t["xy"] > 1].nlargest(2, "xy"),
}
BY_ROW: dict[str, Callable[[Any], Any]] = {
    "sum": lambda t: t[["x", "xy", "n", "b"]].sum(axis=1),
    "mean": lambda t: t[["x", "n"]].mean(axis=1),
    "mean without nulls": lambda t: t[["xy", "id"]].mean(axis="columns"),
    "min": lambda t: t[["x", "n"]].min(axis=1),
    "max": lambda t: t[["x", "xy", "n"]].max(axis=1),
    "numbers only": lambda t: t[["xy", "s", "id"]].max(axis=1, numeric_only=True),
    "count": lambda t: t[["x", "n", "s"]].count(axis=1),
    "any": lambda t: t[["x", "b"]].fillna(0).any(axis=1),
    "all": lambda t: t[["xy", "b"]].all(axis=1),
    "loc": lambda t: t.loc[:, "xy"],
    "replace": lambda t: t["x"].replace(1.5, 7),
    "replace at once": lambda t: t["s"].replace({"a": "b", "b": "a"}),
    "replace nulls": lambda t: t["x"].replace(np.nan, -1.5),
    "replace several": lambda t: t["id"].replace([1, 3, 5], 0),
    "replace by null": lambda t: t["x"].replace(4.0, np.nan),
}
COLUMNS: dict[str, Callable[[Any], Any]] = {
    "sorted": lambda c: c.sort_values(),
    "falling": lambda c: c.sort_values(ascending=False),
    "head": lambda c: c.head(2),
    "tail": lambda c: c.tail(4),
    "largest": lambda c: c.nlargest(3),
    "smallest": lambda c: c.nsmallest(2),
}


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(ROWS, owner="shop")


def same(got: Any, want: Any, what: str) -> None:
    if isinstance(want, pd.DataFrame):
        assert list(got.columns) == list(want.columns) and len(got) == len(want), what
        for name in want.columns:
            same(got[name], want[name], f"{what} {name}")
        return
    assert got.isna().tolist() == want.isna().tolist(), what
    a, b = got.dropna(), want.dropna()
    if (want.dtype.kind in "fiub" or isinstance(b.iloc[0] if len(b) else None, float)) and len(b):
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=1e-5, atol=1e-5, err_msg=what)
    else:
        assert a.tolist() == b.tolist(), what


def check(frame: sf.SecretFrame, plain: pd.DataFrame) -> None:
    shown = sf.reveal(*(make(frame) for make in (MADE | BY_ROW).values()), *(make(frame["x"]) for make in COLUMNS.values()))
    want = [*(make(plain) for make in (MADE | BY_ROW).values()), *(make(plain["x"]) for make in COLUMNS.values())]
    for what, got, right in zip([*MADE, *BY_ROW, *COLUMNS], shown, want, strict=True):
        same(got, right, what)


def test_of_all_rows(frame: sf.SecretFrame) -> None:
    check(frame, ROWS)


@pytest.mark.parametrize("rows", [0, 1])
def test_of_few_rows(session: sf.Session, rows: int) -> None:
    check(session.from_pandas(ROWS.iloc[:rows], owner="shop"), ROWS.iloc[:rows])


def test_conditions(frame: sf.SecretFrame) -> None:
    for rows in (frame[pd.col("xy") > 4], frame[lambda d: d["xy"] > 4], frame[frame["xy"] > 4]):
        assert sorted(rows["id"].reveal()) == ROWS["id"][ROWS["xy"] > 4].tolist()
    assert sorted(frame["x"].dropna().reveal()) == sorted(ROWS["x"].dropna())


@pytest.mark.parametrize("options", [{}, {"normalize": True}, {"ascending": True}, {"sort": False}])
def test_value_counts(frame: sf.SecretFrame, options: dict[str, Any]) -> None:
    """The values of equal counts come in their order; pandas has them as they were met."""
    for names in (["s"], ["s", "b"], ["n"]):
        got = frame.value_counts(names, **options).reveal()
        want = ROWS.value_counts(names, **options).reset_index()
        out = got.columns[-1]
        assert list(got.columns) == list(want.columns) and out == want.columns[-1]
        if "sort" not in options:
            assert got[out].is_monotonic_increasing if options.get("ascending") else got[out].is_monotonic_decreasing
        by = [out, *names]
        same(got.sort_values(by, ignore_index=True), want.sort_values(by, ignore_index=True), str(names))
    few = frame[frame["xy"] > 99]["s"].value_counts(**options).reveal()
    assert len(few) == 0 and few.columns[0] == "s"


def test_numbers_of_different_values(frame: sf.SecretFrame) -> None:
    for name in ROWS.columns:
        assert frame[name].nunique().reveal() == ROWS[name].nunique(), name
    assert frame[frame["xy"] > 4]["n"].nunique().reveal() == ROWS[ROWS["xy"] > 4]["n"].nunique()
    assert frame[frame["xy"] > 99]["n"].nunique().reveal() == 0


def test_what_is_public(frame: sf.SecretFrame) -> None:
    x = frame["x"]
    assert (frame.shape, frame.size, frame.ndim, frame.empty) == (ROWS.shape, ROWS.size, 2, False)
    assert (x.shape, x.size, x.ndim, x.empty) == ((9,), 9, 1, False)
    assert list(dict(frame)) == frame.columns == list(frame.keys()) and dict(frame.items())["x"].name == "x"


def test_refusals(session: sf.Session, frame: sf.SecretFrame) -> None:
    joined = frame.merge(session.from_pandas(ROWS[["id"]].iloc[:4], owner="bank"), on="id")
    for use, error, words in (
        (lambda: frame.filter(), PlanError, "one of items, like and regex"),
        (lambda: frame.filter(regex="("), PlanError, "no regular expression"),
        (lambda: frame.filter(like="x", axis=0), PlanError, "condition"),
        (lambda: frame.select_dtypes(), PlanError, "include or exclude"),
        (lambda: frame.select_dtypes(3), TypeMismatchError, "types or their names"),
        (lambda: frame.assign(z=pd.col("nope") + 1), PlanError, "has no value here: the columns are"),
        (lambda: frame.pipe("x"), TypeMismatchError, "function"),
        (lambda: joined.tail(2), PlanError, r"tail depends on the order.*sort"),
        (lambda: frame.loc[0], TypeMismatchError, "condition on the rows"),
        (lambda: frame.loc[frame["b"], "nope"], ColumnNotFoundError, "'nope'"),
        (lambda: frame.loc[:, "nope":], TypeMismatchError, "slice between two names"),
        (lambda: frame.loc.__setitem__((frame["b"], "nope"), 1), ColumnNotFoundError, "'nope'"),
        (lambda: frame[["x", "n"]].std(axis=1), PlanError, "of the columns of each row"),
        (lambda: frame[["x"]].sum(axis=2), PlanError, "`axis`"),
        (lambda: frame["x"].replace(1.5), PlanError, "new value"),
        (lambda: len(frame.groupby("s")), TypeMismatchError, "secret"),
        (lambda: list(frame.groupby("s")), TypeMismatchError, "secret"),
        (lambda: frame.groupby("s", as_index=True), PlanError, "no index.*set_index"),
        (lambda: frame[frame["b"]].size, TypeMismatchError, "secret"),
        (lambda: frame.tail(-1), TypeMismatchError, "0 or more"),
        (lambda: frame.nlargest(2, "x", keep="all"), PlanError, "first ones"),
        (lambda: frame.rename(columns={"n": "count"}).value_counts("count"), SchemaError, "rename it"),
        (lambda: frame["s"].value_counts(dropna=False), PlanError, "fillna"),
        (lambda: frame["n"].value_counts(bins=3), PlanError, "column first"),
    ):
        with pytest.raises(error, match=words):
            use()
