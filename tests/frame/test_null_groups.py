"""Groups of missing keys, and groups as they come first, against pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError
from tests.frame.test_of_groups import FEW, MADE, made


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got.astype(object).where(got.notna(), None), want.astype(object).where(want.notna(), None), check_column_type=False)


def options() -> list[dict[str, Any]]:
    return [{"dropna": False}, {"dropna": False, "sort": False}, {"sort": False}]


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [0, 1, 40])
def test_aggregates(session: sf.Session, rows: int) -> None:
    table = made(rows, rows)
    frame = session.from_pandas(table, owner="shop")
    for how in options():
        for keys in (["g"], ["i", "g"], ["sure", "b"]):
            named = {"n": ("n", "sum"), "most": ("id", "max"), "rows": ("id", "size")}
            for t, f in ((table, frame), (table[table["n"] > 3], frame[frame["n"] > 3])):
                same(f.groupby(keys, **how).agg(**named).reveal(), t.groupby(keys, as_index=False, **how).agg(**named))
    sums = [frame.groupby("g", dropna=dropped)["n"].sum() for dropped in (True, False)]
    assert [f.schema["g"].nullable for f in sums] == [False, frame.schema["g"].nullable]


def check(session: sf.Session, table: pd.DataFrame, names: Any) -> None:
    ours, theirs = session.from_pandas(table, owner="shop"), table.copy()
    frame = ours.copy()
    for name in names:
        for k in ("g", ["sure", "b"]):
            with_nulls = [Given(t, k) for t in (frame, table)]
            ours[f"{name} by {k}"], theirs[f"{name} by {k}"] = (MADE[name](t, k) for t in with_nulls)
    got, want = ours.reveal(), theirs
    for name in [n for n in want.columns if " by " in n]:
        a, b = (t[name].astype("Float64").to_numpy(float, na_value=np.nan) for t in (got, want))
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=name)


class Given:
    """A table whose groups have missing keys."""

    def __init__(self, table: Any, keys: Any) -> None:
        self.table = table

    def __getitem__(self, name: str) -> Any:
        return self.table[name]

    def groupby(self, keys: Any) -> Any:
        return self.table.groupby(keys, dropna=False)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_rows_of_groups(session: sf.Session) -> None:
    check(session, made(40, 3), tuple(MADE))


def test_a_slice(session: sf.Session) -> None:
    table = made(12, 7)
    check(session, table, FEW)
    frame = session.from_pandas(table, owner="shop")
    same(frame.groupby("g", dropna=False, sort=False)["n"].sum().reveal(), table.groupby("g", dropna=False, sort=False, as_index=False)["n"].sum())


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_orders(session: sf.Session) -> None:
    table = made(20, 5)
    frame = session.from_pandas(table, owner="shop")
    with pytest.raises(PlanError, match="leave sort out"):
        frame.groupby("g", sort=False).ngroup()
    joined = frame.merge(session.from_pandas(table[["id"]].assign(z=1), owner="bank"), on="id", validate="1:m")
    got = joined.groupby("g", sort=False)["n"].sum().reveal()  # no order means something: as good as any
    same(got, table.groupby("g", as_index=False)["n"].sum())


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_missing_values_first(session: sf.Session) -> None:
    table = made(20, 6)
    frame = session.from_pandas(table, owner="shop")
    for by, up in (("i", True), (["g", "i"], [False, True]), ("sure", False)):
        got = frame.sort_values(by, ascending=up, na_position="first").reveal()
        assert got["id"].tolist() == table.sort_values(by, ascending=up, na_position="first", kind="stable")["id"].tolist()
    assert frame["i"].sort_values(na_position="first").isna().reveal().tolist()[: table["i"].isna().sum()] == [True] * table["i"].isna().sum()
