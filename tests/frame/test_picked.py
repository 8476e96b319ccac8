"""Samples, what stands beside the largest and the smallest, and covariances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SpuframeError, TypeMismatchError


def made(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"id": np.arange(rows) * 7 % 1009, "n": rng.integers(0, 9, rows)})
    table["g"], table["i"] = pd.array(rng.integers(0, 4, rows), "Int64"), pd.array(rng.integers(-3, 3, rows), "Int64")
    table["x"], table["s"] = 1e4 + rng.normal(0, 9, rows).round(3), rng.choice(["u", "ü", "w"], rows)
    for name in "gi":
        table.loc[(rng.random(rows) < 0.25) | ((table["g"] == 2) & (name == "i")), name] = pd.NA
    return table


@pytest.mark.every_protocol
def test_a_sample(session: sf.Session) -> None:
    """As many different rows, whole ones; a frame is one draw, two are two."""
    table = made(40, 1)
    frame = session.from_pandas(table, owner="shop")
    drawn = frame.sample(9)
    first, again = (drawn.reveal().sort_values("id") for _ in range(2))
    assert len(first) == 9 and first["id"].is_unique and first["id"].tolist() == again["id"].tolist()
    assert drawn["n"].sum().reveal() == first["n"].sum() == table.set_index("id").loc[first["id"], "n"].sum()
    few = frame[frame["n"] > 4].sample(30)
    assert few.rows == 30 and sorted(few.reveal()["id"]) == sorted(table[table["n"] > 4]["id"])


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_how_many(session: sf.Session) -> None:
    frame = session.from_pandas(made(40, 1), owner="shop")
    assert len(frame.sample().reveal()) == 1 and len(frame["x"].sample(frac=0.25).reveal()) == 10 and frame.sample(0).rows == 0
    draws = {tuple(sorted(frame.sample(3)["id"].reveal())) for _ in range(6)}
    assert len(draws) > 1
    for use in (lambda: frame.sample(41), lambda: frame.sample(-1), lambda: frame.sample(2, 0.5), lambda: frame.sample(frac=1.5)):
        with pytest.raises(SpuframeError, match="rows|`n`"):
            use()
    with pytest.raises(PlanError, match="random_state"):
        frame.sample(3, random_state=1)
    assert session.from_pandas(made(0, 1), owner="shop").sample(0).reveal().empty


def beside(table: pd.DataFrame, column: str, label: str, how: str) -> Any:
    """By group, null without any value."""
    found = table.dropna(subset=[column])
    places = getattr(found.groupby("g")[column], how)()
    return found.loc[places].set_index("g")[label].reindex(sorted(table["g"].dropna().unique()))


@pytest.mark.parametrize("how", ["idxmax", "idxmin"])
def test_beside_the_extreme(session: sf.Session, how: str) -> None:
    table = made(30, 4)
    frame = session.from_pandas(table, owner="shop")
    for column, label in (("i", "id"), ("x", "s")):
        got = getattr(frame.groupby("g")[column], how)(label).reveal()
        want = beside(table, column, label, how)
        assert got["g"].tolist() == want.index.tolist()
        assert [None if pd.isna(v) else v for v in got[column]] == [None if pd.isna(v) else v for v in want]
        place = getattr(table[column].dropna(), how)()
        assert getattr(frame[column], how)(frame[label]).reveal() == table.loc[place, label]
    late = frame[frame["n"] > 100]
    assert getattr(late["x"], how)(late["id"]).reveal() is None
    with pytest.raises(TypeMismatchError, match="names its rows"):
        getattr(frame["x"], how)("id")
    with pytest.raises(PlanError, match="of one column"):
        getattr(frame.groupby("g"), how)("id")


@pytest.mark.parametrize("rows", [0, 1, 2, 50])
def test_covariances(session: sf.Session, rows: int, protocol: str) -> None:
    if protocol != "plaintext" and rows != 50:
        pytest.skip("few rows on one protocol")
    table = made(rows, 2)
    frame = session.from_pandas(table, owner="shop")[["i", "x", "n"]]
    got, one = sf.reveal(frame.cov(), frame["x"].cov(frame["n"], ddof=0))
    if rows < 2:
        assert got.isna().all(axis=None) and one == (0.0 if rows else None)
        return
    want = table[["i", "x", "n"]].astype(float).cov()
    a, b = (t.astype("Float64").to_numpy(float, na_value=np.nan) for t in (got, want))
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    assert one == pytest.approx(table["x"].cov(table["n"], ddof=0), abs=1e-3)
    assert frame["x"].cov(frame["n"], min_periods=1000).reveal() is None


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_columns_beside_each_other(session: sf.Session) -> None:
    table = made(20, 3)
    frame = session.from_pandas(table, owner="shop")
    few, plain = frame[frame["n"] > 3], table[table["n"] > 3]
    got = sf.concat([few[["id", "n"]], few["x"].rank().rename("r"), few[["i"]]], axis=1)
    want = pd.concat([plain[["id", "n"]], plain["x"].rank().rename("r"), plain[["i"]]], axis=1)
    assert got.reveal().sort_values("id").astype(str).values.tolist() == want.sort_values("id").astype({"r": "Float64"}).astype(str).values.tolist()
    for wrong, words in (([frame, frame[["n"]]], "called 'n'"), ([frame[["n"]], few[["i"]]], "rows of another table")):
        with pytest.raises(SpuframeError, match=words):
            sf.concat(wrong, axis=1)
