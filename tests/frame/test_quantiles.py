"""Quantiles of columns, frames and groups, and describe, against pandas: ties, nulls, dropped rows, empty and single groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SpuframeError, TypeMismatchError

HOW = ("linear", "lower", "higher", "midpoint")


def made(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    table = pd.DataFrame(
        {
            "g": pd.array(rng.integers(0, 6, rows), "Int64"),
            "i": pd.array(rng.integers(-9, 9, rows), "Int64"),
            "x": pd.array(rng.normal(0, 99, rows).round(3), "Float64"),
            "n": rng.integers(-(2**40), 2**40, rows),
        }
    )
    table.loc[(rng.random(rows) < 0.3) | (table["g"] == 2), "i"] = pd.NA
    table.loc[rng.random(rows) < 0.2, "g"] = pd.NA
    return table


def near(got: Any, want: Any) -> None:
    a, b = (pd.Series(v).astype("Float64").to_numpy(float, na_value=np.nan) for v in (got, want))
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [1, 40])
def test_columns_and_groups(session: sf.Session, rows: int) -> None:
    table, shares = made(rows), [0, 0.1, 0.5, 0.999, 1]
    frame = session.from_pandas(table, owner="shop")
    for t, f in ((table, frame), (table[table["x"] > 0], frame[frame["x"] > 0])):
        groups, plain = f.groupby("g"), t.groupby("g")
        of_columns = sf.reveal(*(f["i"].quantile(shares, how) for how in HOW))
        of_groups = sf.reveal(*(groups[["i", "x", "n"]].quantile(0.3, interpolation=how) for how in HOW))
        for how, column, got in zip(HOW, of_columns, of_groups, strict=True):
            near(column, t["i"].dropna().astype(float).quantile(shares, how))
            want = plain[["i", "x", "n"]].quantile(0.3, how)
            assert got["g"].tolist() == want.index.tolist()
            for name in ("i", "x", "n"):
                near(got[name], want[name])
    of_frame, several = sf.reveal(frame[["x", "n"]].quantile(0.25), frame.groupby("g")["x"].quantile([0.25, 0.75]))
    near(of_frame, table[["x", "n"]].astype(float).quantile(0.25))
    near(several["x_0.75"], table.groupby("g")["x"].quantile(0.75))


def test_a_slice(session: sf.Session) -> None:
    table = made(14)
    frame = session.from_pandas(table, owner="shop").persist()
    got = frame.groupby("g", dropna=False).agg(low=("x", "quantile[ppm=100000]"), middle=("i", "quantile")).reveal()
    groups = table.groupby("g", dropna=False)
    near(got["low"], groups["x"].quantile(0.1))
    near(got["middle"], groups["i"].median())
    near(frame["x"].quantile(0.9).reveal(), [table["x"].quantile(0.9)])


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_describe(session: sf.Session) -> None:
    table = made(30)
    frame = session.from_pandas(table, owner="shop")
    shares = [0.9, 0.25, 0.5]
    got, want = frame[["i", "x"]].describe(percentiles=shares).reveal(), table[["i", "x"]].astype("Float64").describe(percentiles=shares)
    assert got.index.tolist() == want.index.tolist()
    for name in ("i", "x"):
        near(got[name], want[name])
    near(frame["n"].describe([0.5]).reveal(), table["n"].describe(percentiles=[0.5]))
    groups, plain = frame.groupby("g").describe([0.25]).reveal(), table.groupby("g")[["i", "x"]].describe(percentiles=[0.25])
    assert [c for c in groups.columns if c.startswith("x_")] == ["x_count", "x_mean", "x_std", "x_min", "x_25%", "x_max"]
    for name in ("i", "x"):
        for label in ("count", "mean", "std", "25%", "max"):
            near(groups[f"{name}_{label}"], plain[name][label])


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_nothing_and_refusals(session: sf.Session) -> None:
    frame = session.from_pandas(made(9), owner="shop")
    assert frame[frame["n"] > 2**41]["x"].quantile(0.3).reveal() is None
    text = session.from_pandas(pd.DataFrame({"s": ["a"]}), owner="shop")
    with pytest.raises(TypeMismatchError, match="quantile.* of 's'"):
        text["s"].quantile()
    for q in (1.5, -0.1, "a", None, [], [0.1, 0.1], 1 / 3, True):
        with pytest.raises(SpuframeError, match="`q`"):
            frame["x"].quantile(q)
    with pytest.raises(PlanError, match="interpolation"):
        frame["x"].quantile(0.5, "nearest")
    with pytest.raises(PlanError, match="between 0 and 1"):
        frame.groupby("g").agg(q=("x", "lower[ppm=1000001]"))
