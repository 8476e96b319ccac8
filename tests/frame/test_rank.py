"""Ranks, and values of rows above and below, against pandas: ties, nulls, dropped rows, orders, empty tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, TypeMismatchError

MADE: dict[str, Callable[[Any], Any]] = {
    **{f"{how} {c}": lambda t, how=how, c=c: t[c].rank(method=how) for how in ("average", "min", "max", "dense", "first") for c in ("i", "s")},
    "down": lambda t: t["x"].rank(ascending=False),
    "least down": lambda t: t["i"].rank(method="min", ascending=False),
    "dense down": lambda t: t["i"].rank(method="dense", ascending=False),
    "share": lambda t: t["i"].rank(pct=True),
    "dense share": lambda t: t["i"].rank(method="dense", pct=True),
    "above": lambda t: t["i"].shift(),
    "below": lambda t: t["x"].shift(-2),
    "last down": lambda t: t["i"].rank(method="first", ascending=False),
    "most so far": lambda t: t["i"].cummax(),
    "least so far": lambda t: t["x"].cummin(),
    "filled": lambda t: t["i"].shift(2, fill_value=7),
    "filled below": lambda t: t["n"].shift(-1, fill_value=0),
    "itself": lambda t: t["i"].shift(0),
    "far": lambda t: t["i"].shift(50),
    "more": lambda t: t["i"].diff(),
    "more of x": lambda t: t["x"].diff(-1),
    "growth": lambda t: t["n"].pct_change(),
}
FEW = ("average i", "first i", "least down", "above", "more of x", "most so far", "filled below")


def made(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": np.arange(rows),
            "i": pd.array(rng.integers(-3, 3, rows), "Int64"),
            "n": rng.integers(1, 9, rows),
            "x": pd.array(rng.normal(0, 9, rows).round(1), "Float64"),
            "s": pd.array(rng.choice(["", "u", "ü"], rows), "string"),
        }
    )
    for name in ("i", "x", "s"):
        table.loc[rng.random(rows) < 0.25, name] = pd.NA
    return table


def check(frame: sf.SecretFrame, table: pd.DataFrame, names: Any = tuple(MADE)) -> None:
    """All in one plan, beside the rows they are of, which are found again by id."""
    ours, theirs = frame[["id"]], table[["id"]].copy()
    for name in names:
        ours[name], theirs[name] = MADE[name](frame), MADE[name](table)
    got, want = ours.reveal().sort_values("id"), theirs.sort_values("id")
    assert got["id"].tolist() == want["id"].tolist()
    for name in names:
        a, b = (t[name].astype("Float64").to_numpy(float, na_value=np.nan) for t in (got, want))
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [0, 1, 30])
def test_as_in_pandas(session: sf.Session, rows: int) -> None:
    table = made(rows, rows)
    frame = session.from_pandas(table, owner="shop")
    check(frame, table)
    check(frame[frame["n"] > 3], table[table["n"] > 3], FEW)  # dropped rows have no place
    check(frame.sort_values("n"), table.sort_values("n", kind="stable"), FEW)
    for method in ("cummax", "cummin", "cumsum"):
        assert getattr(frame[["n", "i"]], method)().reveal()["i"].tolist() == getattr(table[["n", "i"]], method)()["i"].tolist()
    both = frame[["n", "id"]].diff().reveal(), table[["n", "id"]].diff()
    assert both[0].astype("Float64").equals(both[1].astype("Float64"))


def test_a_slice(session: sf.Session) -> None:
    table = made(12, 7)
    check(session.from_pandas(table, owner="shop").persist(), table, FEW)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_types_and_refusals(session: sf.Session) -> None:
    frame = session.from_pandas(made(6, 1), owner="shop")
    assert frame["n"].rank("min").dtype.label == "int64" and not frame["n"].rank().field.nullable and frame["n"].shift().field.nullable
    assert frame["n"].rank().name == "n" and frame[["n", "s"]].rank("dense").columns == ["n", "s"]
    with pytest.raises(PlanError, match="`method` must be one of"):
        frame["n"].rank("last")  # type: ignore[arg-type]
    with pytest.raises(TypeMismatchError, match="cummax of 's'"):
        frame["s"].cummax()
    joined = frame.merge(session.from_pandas(made(6, 2)[["id"]].assign(z=1), owner="bank"), on="id", validate="one_to_many")
    assert joined["n"].rank().dtype.label == "float"  # needs no order
    for refused in (joined["n"].shift, joined["n"].diff, joined[["n"]].shift, joined["n"].cummax, lambda: joined["n"].rank("first")):
        with pytest.raises(PlanError, match=r"order of the rows.*sort_values"):
            refused()
