"""Joins to the nearest row before or after, against pandas: ties, groups, tolerances, nulls, dropped rows, empty sides."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SchemaError, SpuframeError


def made(rows: int, seed: int, value: str) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"at": rng.integers(0, 30, rows), "who": rng.choice(["a", "b", "c"][: 2 + seed % 2], rows), value: np.arange(rows)})
    table["x"] = pd.array(rng.normal(0, 9, rows).round(2), "Float64")
    table.loc[rng.random(rows) < 0.2, "x"] = pd.NA
    return table


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    assert got.columns.tolist() == want.columns.tolist()
    for name in want:
        a, b = ([None if pd.isna(v) else v for v in t[name]] for t in (got, want))
        assert a == b or a == pytest.approx(b, abs=1e-4), name


def check(left: sf.SecretFrame, right: sf.SecretFrame, one: pd.DataFrame, two: pd.DataFrame, **how: Any) -> None:
    got = sf.merge_asof(left, right, **how).reveal().sort_values("v").reset_index(drop=True)
    key = how.get("on", how.get("left_on"))
    other = how.get("on", how.get("right_on"))
    want = pd.merge_asof(one.sort_values(key, kind="stable"), two.sort_values(other, kind="stable"), **how).sort_values("v").reset_index(drop=True)
    same(got, want)


def test_a_slice(session: sf.Session) -> None:
    one, two = made(9, 1, "v"), made(7, 2, "w")
    left, right = session.from_pandas(one, owner="desk"), session.from_pandas(two, owner="market")
    check(left, right, one, two, on="at", by="who", tolerance=6)
    check(left, right, one, two, on="at", direction="forward", allow_exact_matches=False)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize(("rows", "others"), [(0, 5), (5, 0), (1, 1), (40, 60)])
def test_as_in_pandas(session: sf.Session, rows: int, others: int) -> None:
    one, two = made(rows, 3, "v"), made(others, 4, "w")
    left, right = session.from_pandas(one, owner="desk"), session.from_pandas(two, owner="market")
    for direction in ("backward", "forward"):
        for exact in (True, False):
            how = {"direction": direction, "allow_exact_matches": exact}
            check(left, right, one, two, on="at", **how)
            check(left, right, one, two, on="at", by="who", tolerance=2, **how)
    assert sf.merge_asof(left, right, on="at").reveal()["v"].tolist() == one["v"].tolist()
    early = left[left["v"] > 3].merge(right[["w"]], left_on="v", right_on="w", how="semi")
    check(early, right[right["w"] != 2], one[(one["v"] > 3) & (one["v"] < others)], two[two["w"] != 2], on="at", by="who")
    renamed, plain = right.rename(columns={"at": "then", "who": "whom"}), two.rename(columns={"at": "then", "who": "whom"})
    check(left, renamed, one, plain, left_on="at", right_on="then", left_by="who", right_by="whom", suffixes=("", "_there"))


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_types_and_nulls(session: sf.Session) -> None:
    days = pd.to_datetime(["2024-02-28", "2024-03-01", "2024-03-09"])
    one = pd.DataFrame({"day": days, "v": [0, 1, 2]})
    two = pd.DataFrame({"day": days[:2] + pd.Timedelta(days=1), "w": [7, 8]})
    left, right = session.from_pandas(one, owner="desk"), session.from_pandas(two, owner="market")
    check(left, right, one, two, on="day", tolerance=pd.Timedelta(days=7))
    assert sf.merge_asof(left, right, on="day", tolerance=datetime.timedelta(days=7))["w"].count().reveal() == 2
    gaps = pd.DataFrame({"at": pd.array([1.5, None, 4.0], "Float64"), "v": [0, 1, 2]})
    there = pd.DataFrame({"at": pd.array([None, 1.5, 2.0], "Float64"), "w": [7, 8, 9]})
    got = sf.merge_asof(session.from_pandas(gaps, owner="desk"), session.from_pandas(there, owner="market"), on="at").reveal()
    assert got["w"].fillna(-1).tolist() == [8, -1, 9]


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_refusals(session: sf.Session) -> None:
    left, right = (session.from_pandas(made(4, 1, v), owner="desk") for v in ("v", "w"))
    for how, words in (
        ({"on": "at", "direction": "nearest"}, "direction"),
        ({"on": "who"}, "numbers, dates and times"),
        ({}, "needs one key"),
        ({"on": "at", "left_on": "at"}, "not both"),
        ({"on": "nope"}, "nope"),
        ({"on": "at", "by": "x", "left_by": "x"}, "not both"),
        ({"on": "at", "left_index": True}, "left_index"),
        ({"on": "at", "suffixes": 3}, "suffixes"),
    ):
        with pytest.raises(SpuframeError, match=words):
            sf.merge_asof(left, right, **how)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="twice"):
        sf.merge_asof(left.rename(columns={"v": "x_y"}), right, on="at", by="who")
    with pytest.raises(PlanError):
        sf.merge_asof(left, right, on="at", tolerance="far")
