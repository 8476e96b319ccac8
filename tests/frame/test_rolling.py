"""Windows of rows, of columns, frames and groups, against pandas: nulls, dropped rows, orders, short tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SpuframeError, TypeMismatchError

HOW = ("sum", "mean", "min", "max", "count")


def made(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"n": rng.integers(0, 9, rows)})
    table["g"], table["i"] = pd.array(rng.integers(0, 3, rows), "Int64"), pd.array(rng.integers(-9, 9, rows), "Int64")
    table["x"] = pd.array(rng.normal(0, 9, rows).round(3), "Float64")
    table["b"] = rng.random(rows) < 0.5
    for name in "gix":
        table.loc[rng.random(rows) < 0.25, name] = pd.NA
    return table


def near(got: Any, want: Any, what: str) -> None:
    a, b = (pd.Series(v).astype("Float64").to_numpy(float, na_value=np.nan) for v in (got, want))
    np.testing.assert_allclose(a, b, atol=1e-4, err_msg=what)


def check(frame: sf.SecretFrame, table: pd.DataFrame, makes: Any, names: Any = HOW) -> None:
    """All in one plan, beside the rows."""
    ours, theirs = frame[["n"]], table[["n"]].copy()
    for label, make in makes.items():
        for how in names:
            for c in ("i", "x", "n"):
                ours[f"{label} {how} {c}"] = getattr(make(frame[c]), how)()
                theirs[f"{label} {how} {c}"] = getattr(make(table[c].astype("Float64")), how)()
    got = ours.reveal()
    for name in theirs:
        near(got[name], theirs[name], name)


MAKES = {
    "three": lambda t: t.rolling(3),
    "some": lambda t: t.rolling(4, min_periods=2),
    "any": lambda t: t.rolling(2, min_periods=0),
    "far": lambda t: t.rolling(100, min_periods=1),
    "so far": lambda t: t.expanding(),
    "two so far": lambda t: t.expanding(2),
}


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [0, 1, 25])
def test_columns(session: sf.Session, rows: int) -> None:
    table = made(rows, rows)
    frame = session.from_pandas(table, owner="shop")
    check(frame, table, MAKES)
    ordered, plain = frame.sort_values("n"), table.sort_values("n", kind="stable")
    check(ordered[ordered["n"] > 3], plain[plain["n"] > 3], {"three": MAKES["three"], "two so far": MAKES["two so far"]})


def test_a_slice(session: sf.Session) -> None:
    table = made(11, 7)
    frame = session.from_pandas(table, owner="shop").persist()
    check(frame, table, {"three": lambda t: t.rolling(3, min_periods=1)}, ("mean", "max"))


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_frames_and_groups(session: sf.Session) -> None:
    table = made(30, 3)
    frame = session.from_pandas(table, owner="shop")
    got = frame[["i", "n", "b"]].rolling(2, min_periods=1).agg("sum").reveal()
    want = table[["i", "n", "b"]].astype("Float64").rolling(2, min_periods=1).sum()
    for name in want:
        near(got[name], want[name], name)
    for how in HOW:
        near(getattr(frame.groupby("g")["x"].rolling(3, min_periods=1), how)().reveal(), of_groups(table, "x", 3, how), how)
        near(getattr(frame.groupby("g")["i"].expanding(), how)().reveal(), of_groups(table, "i", 100, how), how)
    assert isinstance(frame.groupby("g")[["x", "i"]].rolling(2).sum(), sf.SecretFrame)


def of_groups(table: pd.DataFrame, column: str, window: int, how: str) -> Any:
    """Beside the rows, as ours."""
    found = getattr(table.astype({column: "Float64"}).groupby("g")[column].rolling(window, min_periods=1), how)()
    return found.reset_index(level=0, drop=True).reindex(table.index)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_refusals(session: sf.Session) -> None:
    frame = session.from_pandas(made(5, 1).assign(s="a"), owner="shop")
    for window in (0, -1, 1.5, "3D", None, True):
        with pytest.raises(SpuframeError, match="window"):
            frame["x"].rolling(window)
    with pytest.raises(PlanError, match="min_periods"):
        frame["x"].rolling(2, min_periods=3)
    with pytest.raises(PlanError, match="center"):
        frame["x"].rolling(3, center=True)
    with pytest.raises(TypeMismatchError, match="needs a number"):
        frame["s"].rolling(2).sum()
    with pytest.raises(SpuframeError, match="'std'"):
        frame["x"].rolling(2).std()
    joined = frame.merge(session.from_pandas(pd.DataFrame({"n": range(9)}), owner="bank"), on="n", validate="m:1")
    with pytest.raises(PlanError, match=r"order of the rows.*sort_values"):
        joined["x"].rolling(2).sum()
