"""Columns chosen by name and type, made column by column, by functions and `pandas.col`; rows from either end; how often values occur. Against pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SchemaError, TypeMismatchError

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
    "filtered tail": lambda t: t[t["xy"] > 1].tail(3),
    "filtered largest": lambda t: t[t["xy"] > 1].nlargest(2, "xy"),
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
    if want.dtype.kind in "fiub" and len(b):
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=1e-5, atol=1e-5, err_msg=what)
    else:
        assert a.tolist() == b.tolist(), what


def check(frame: sf.SecretFrame, plain: pd.DataFrame) -> None:
    shown = sf.reveal(*(make(frame) for make in MADE.values()), *(make(frame["x"]) for make in COLUMNS.values()))
    want = [*(make(plain) for make in MADE.values()), *(make(plain["x"]) for make in COLUMNS.values())]
    for what, got, right in zip([*MADE, *COLUMNS], shown, want, strict=True):
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
        (lambda: frame.tail(-1), TypeMismatchError, "0 or more"),
        (lambda: frame.nlargest(2, "x", keep="all"), PlanError, "first ones"),
        (lambda: frame.rename(columns={"n": "count"}).value_counts("count"), SchemaError, "rename it"),
        (lambda: frame["s"].value_counts(dropna=False), PlanError, "fillna"),
        (lambda: frame["n"].value_counts(bins=3), PlanError, "column first"),
    ):
        with pytest.raises(error, match=words):
            use()
