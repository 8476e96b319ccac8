"""Numbers of all columns of a frame, and of one column by several functions, against pandas: nulls, no rows, one row, after a filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import ColumnNotFoundError, NotAvailableError, PlanError, SchemaError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "x": pd.array([1.5, None, 3.0, -2.0, 8.0, 0.25, 1.5], "Float64"),
        "n": [4, 2, 9, 1, 5, 3, 4],
        "b": pd.array([True, None, True, False, True, None, False], "boolean"),
        "s": ["b", "a", "c", "d", "b", None, "e"],
    }
)
NUMBERS = ["x", "n"]
SUMMARIES: dict[str, Callable[[Any], Any]] = {
    "sum": lambda t: t.sum(numeric_only=True),
    "mean": lambda t: t.mean(numeric_only=True),
    "min": lambda t: t[NUMBERS].min(),
    "max": lambda t: t.max(numeric_only=True),
    "count": lambda t: t.count(),
    "std": lambda t: t[NUMBERS].std(ddof=0),
    "var": lambda t: t[NUMBERS].var(),
    "any": lambda t: t[NUMBERS].any(),
    "all": lambda t: t[["n", "b"]].all(),
    "nunique": lambda t: t.nunique(),
    "nulls": lambda t: t.isna().sum(),
    "share of nulls": lambda t: t.notna().mean(),
    "span": lambda t: (t[NUMBERS].max() - t[NUMBERS].min()) / t[NUMBERS].count(),
    "one": lambda t: t.agg("count"),
    "dict": lambda t: t.agg({"x": "min", "n": "sum"}),
    "column": lambda t: t["x"].agg(["min", "max", "sum", "count"]),
}
TABLES: dict[str, Callable[[Any], Any]] = {
    "list": lambda t: t[NUMBERS].agg(["sum", "mean", "count"]),
    "dict of lists": lambda t: t.agg({"x": ["min", "max"], "n": ["sum", "max"], "s": ["count"]}),
}
PARTS: dict[str, Callable[[Any], Any]] = {"all": lambda t: t, "some": lambda t: t[t["n"] > 3], "none": lambda t: t[t["n"] > 99]}


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(ROWS, owner="shop")


def same(got: Any, want: Any, what: str) -> None:
    assert list(got.index) == list(want.index), what
    if isinstance(want, pd.DataFrame):
        assert list(got.columns) == list(want.columns), what
        for name in want.columns:
            same(got[name], want[name], f"{what} {name}")
        return
    assert got.isna().tolist() == want.isna().tolist(), (what, got, want)
    np.testing.assert_allclose(got.dropna().astype(float), want.dropna().astype(float), rtol=2e-5, atol=1e-5, err_msg=what)


def check(frame: sf.SecretFrame, plain: pd.DataFrame) -> None:
    """All of them in one plan."""
    made = [make(frame) for make in (SUMMARIES | TABLES).values()]
    for (what, make), got in zip((SUMMARIES | TABLES).items(), sf.reveal(*made), strict=True):
        same(got, make(plain), what)
    described = frame.describe().reveal()
    want = plain.describe().drop(["25%", "50%", "75%"])
    same(described, want[NUMBERS], "describe")
    same(frame["x"].describe().reveal(), want["x"], "describe a column")


@pytest.mark.parametrize("part", PARTS)
def test_of_a_part(frame: sf.SecretFrame, part: str) -> None:
    check(PARTS[part](frame), PARTS[part](ROWS))


@pytest.mark.parametrize("rows", [0, 1])
def test_of_few_rows(session: sf.Session, rows: int) -> None:
    check(session.from_pandas(ROWS.iloc[:rows], owner="shop"), ROWS.iloc[:rows])


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_what_sorts(frame: sf.SecretFrame) -> None:
    for take in PARTS.values():
        part, plain = take(frame), take(ROWS)
        got = sf.reveal(part[NUMBERS].median(), part[NUMBERS].sem(ddof=0), part.agg({"x": "median", "n": "sem"}), part["x"].mode(), part["s"].mode())
        want = plain[NUMBERS].median(), plain[NUMBERS].sem(ddof=0), plain.agg({"x": "median", "n": "sem"}), plain["x"].mode(), plain["s"].mode()
        for name, a, b in zip(("median", "sem", "agg"), got, want, strict=False):
            same(a, b, name)
        for a, b in zip(got[3:], want[3:], strict=True):
            assert a.tolist() == b.tolist() and a.name == b.name  # in order


def test_frames_combine_with_their_summaries(frame: sf.SecretFrame) -> None:
    t, plain = frame[NUMBERS], ROWS[NUMBERS]
    made = [(t - t.mean()) / t.std(), t.max() - t, t > t.mean(), t / t.sum() * 100, frame[["x"]].fillna(t.mean())]
    want = [(plain - plain.mean()) / plain.std(), plain.max() - plain, plain > plain.mean(), plain / plain.sum() * 100, plain[["x"]].fillna(plain.mean())]
    for got, right in zip(sf.reveal(*made), want, strict=True):
        same(got, right, "frame")
    with pytest.raises(SchemaError, match="Select|select"):
        frame - t.mean()
    assert t.mean()["n"].reveal() == 4.0 and t.mean().n.reveal() == 4.0 and isinstance(t.mean()["n"], sf.SecretScalar)
    assert t.isna().sum().sum().reveal() == 1 and t.count().sum().reveal() == 13
    assert t.agg(["min", "max"])["x"].reveal().tolist() == [-2.0, 8.0] and t.agg(["min", "max"])["x"]["max"].reveal() == 8.0
    assert t.sum().round(1).reveal().tolist() == pytest.approx([12.2, 28.0], abs=1e-4) and list(t.sum()) == NUMBERS and len(t.sum()) == 2


def test_one_plan(session: sf.Session, frame: sf.SecretFrame) -> None:
    """Sums, means and counts of several columns are one aggregate."""
    found = session.physical(frame[NUMBERS].agg(["sum", "mean", "min", "count"])._rows().node)
    assert [s.op for s in found.steps].count("aggregate") == 1 and [s.op for s in found.steps].count("scan") == 1
    assert "aggregate" in frame[NUMBERS].sum().explain("logical")


def test_refusals(frame: sf.SecretFrame) -> None:
    for use, error, words in (
        (lambda: frame.mean(), TypeMismatchError, r"mean of 's'.*numeric_only=True"),
        (lambda: frame.agg("kurt"), PlanError, "there are sum, mean"),
        (lambda: frame.agg(["sum", "nope"]), PlanError, "no aggregate 'nope'"),
        (lambda: frame[["s"]].describe(), PlanError, "number columns"),
        (lambda: frame["s"].describe(), TypeMismatchError, "number columns"),
        (lambda: frame.describe(include="all"), PlanError, "count, mean, std"),
        (lambda: frame[NUMBERS].sum()["q"], ColumnNotFoundError, "'q'"),
        (lambda: frame[NUMBERS].sum().median, NotAvailableError, "median"),
        (lambda: bool(frame[NUMBERS].sum()), TypeMismatchError, "reveal"),
        (lambda: frame[[]].sum().reveal(), PlanError, "select some"),
        (lambda: frame[NUMBERS].agg(["sum"]).sum(), PlanError, "one function"),
        (lambda: frame[NUMBERS].sum() + frame[["x"]].sum(), SchemaError, "label by label"),
        (lambda: frame["x"] - frame[NUMBERS].sum(), TypeMismatchError, "one secret number"),
        (lambda: frame.nunique(dropna=False), PlanError, "isna"),
    ):
        with pytest.raises(error, match=words):
            use()
    assert "nothing is computed" in repr(frame[NUMBERS].sum()) and isinstance(frame.count(), sf.SecretSummary)
