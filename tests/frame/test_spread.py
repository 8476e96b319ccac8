"""A secret number in every row: centred and scaled columns, shares of a total, filters by a mean; against pandas, with what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import ForeignFrameError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "id": range(11),
        "x": pd.array([1.5, None, 3.0, -2.0, 8.0, 0.25, 1.0, 2.0, 4.0, None, -7.5], "Float64"),
        "n": pd.array([4, 2, 9, 1, 5, 3, 7, 8, 6, 0, 10], "Int64"),
        "s": ["b", "a", "c", "d", "b", "a", "e", "c", "b", "a", "d"],
    }
)
OTHER = pd.DataFrame({"id": [1, 3, 5, 20], "y": [10.0, 20.5, -3.0, 7.0]})
MADE: dict[str, Callable[[Any], Any]] = {
    "centred": lambda t: t["x"] - t["x"].mean(),
    "reversed": lambda t: t["x"].mean() - t["x"],
    "z": lambda t: (t["x"] - t["x"].mean()) / t["x"].std(),
    "share": lambda t: t["n"] / t["n"].sum(),
    "span": lambda t: (t["n"] - t["n"].min()) / (t["n"].max() - t["n"].min()),
    "above": lambda t: t["x"] > t["x"].mean(),
    "below": lambda t: t["x"].mean() > t["x"],
    "first": lambda t: t["s"] == t["s"].min(),
    "filled": lambda t: t["x"].fillna(t["x"].mean()),
    "var": lambda t: t["x"] / t["x"].var(),
    "clipped": lambda t: t["n"].clip(upper=t["n"].mean()),
    "between": lambda t: t["n"].between(t["x"].min(), t["x"].max()),
    "chosen": lambda t: t["n"].where(t["n"] > t["n"].mean(), t["n"].sum()),
    "of a part": lambda t: t["n"] - t[t["n"] > 4]["n"].min(),
    "of an empty part": lambda t: t["n"] - t[t["n"] > 40]["n"].max(),
}


def same(got: pd.Series, want: pd.Series, what: str) -> None:
    assert got.isna().tolist() == want.isna().tolist(), what
    a, b = got.dropna(), want.dropna()
    np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=2e-5, atol=2e-5, err_msg=what)


@pytest.fixture(scope="module", params=["scanned", "kept as shares"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    read = session.from_pandas(ROWS, owner="shop")
    return read if request.param == "scanned" else read.persist()


def check(frame: sf.SecretFrame, plain: pd.DataFrame) -> None:
    """All of `MADE` in one plan, by id: what a filter leaves has no order."""
    got = frame.assign(**MADE).reveal().sort_values("id").reset_index(drop=True)
    want = plain.assign(**MADE).sort_values("id").reset_index(drop=True)
    for name in MADE:
        same(got[name], want[name], name)


def test_of_the_same_rows(frame: sf.SecretFrame) -> None:
    check(frame, ROWS)


def test_after_a_filter_and_a_merge(session: sf.Session, frame: sf.SecretFrame) -> None:
    check(frame[frame["n"] > 3], ROWS[ROWS["n"] > 3])
    joined = frame.merge(session.from_pandas(OTHER, owner="bank"), on="id")
    joined["d"], want = joined["y"] - joined["n"].mean(), ROWS.merge(OTHER, on="id")
    same(joined.reveal().sort_values("id")["d"].reset_index(drop=True), want["y"] - want["n"].mean(), "after a merge")


@pytest.mark.parametrize("rows", [0, 1])
def test_of_few_rows(session: sf.Session, rows: int) -> None:
    check(session.from_pandas(ROWS.iloc[:rows], owner="shop"), ROWS.iloc[:rows])


def test_of_another_table(session: sf.Session, frame: sf.SecretFrame) -> None:
    """A number is a number: of other rows, kept, and computed from numbers of several tables."""
    other, few = session.from_pandas(OTHER, owner="bank"), frame[frame["n"] > 4]
    kept = other["y"].max().persist()
    number = (frame["x"].std() + few["n"].mean()) * other["y"].sum() / kept
    plain = (ROWS["x"].std() + ROWS["n"][ROWS["n"] > 4].mean()) * OTHER["y"].sum() / OTHER["y"].max()
    assert number.reveal() == pytest.approx(plain, rel=1e-5)
    shown = sf.reveal(frame["n"] - kept, frame["n"] * number, frame["n"])
    same(shown[0], ROWS["n"] - OTHER["y"].max(), "kept")
    same(shown[1], ROWS["n"] * plain, "computed")
    empty = session.from_pandas(OTHER.iloc[:0], owner="bank")
    assert (frame["n"] - empty["y"].mean()).isna().all().reveal() and (frame["n"] + empty["y"].sum() == frame["n"]).all().reveal()


def test_filters(frame: sf.SecretFrame) -> None:
    few = frame[frame["x"] > frame["x"].mean()]
    want = ROWS[ROWS["x"] > ROWS["x"].mean()]
    assert sorted(few.reveal()["id"]) == want["id"].tolist() and few["n"].sum().reveal() == want["n"].sum()
    assert few.columns == frame.columns
    nested = few[few["n"] < few["n"].mean()]
    assert sorted(nested["id"].reveal()) == want["id"][want["n"] < want["n"].mean()].tolist()
    groups = frame.assign(high=frame["n"] > frame["n"].mean()).groupby("high").agg(k=("id", "count")).reveal()
    assert groups["k"].tolist() == [6, 5]


def test_frames_and_columns(frame: sf.SecretFrame) -> None:
    t = frame[["x", "n"]] - frame["n"].mean()
    same(t.reveal()["x"], ROWS["x"] - ROWS["n"].mean(), "frame")
    for made in (np.maximum(frame["n"], frame["n"].mean()), np.maximum(frame["n"].mean(), frame["n"])):
        same(made.reveal(), ROWS["n"].clip(lower=ROWS["n"].mean()), "maximum")
    chosen = np.where(frame["n"] > frame["n"].mean(), frame["n"].max(), frame["n"].min())
    assert chosen.reveal().tolist() == np.where(ROWS["n"] > 5, 10, 0).tolist()
    f = frame.copy()
    f["total"] = f["n"].sum()
    assert f["total"].reveal().tolist() == [55] * 11 and f["n"].reveal().tolist() == ROWS["n"].tolist()


def test_it_costs_no_round(session: sf.Session, frame: sf.SecretFrame) -> None:
    plan = session.physical((frame["x"] - frame["x"].mean()).to_frame().node)
    found = session.estimate(plan)
    (cost,) = [s.cost for s, step in zip(found.steps, plan.steps, strict=True) if step.op == "attach"]
    assert cost.rounds == 0 and not sum(cost.sent)


def test_long_chains_of_numbers_stay_one_row(session: sf.Session, frame: sf.SecretFrame) -> None:
    """What is computed of a number again and again holds each aggregate once, whoever computed it; nothing grows but the expression."""
    total, most, kept = frame["n"].sum(), frame["x"].max(), frame["n"].mean().persist()
    e: sf.SecretScalar = frame["n"].count()
    for k in range(300):
        e = e + (total, most, kept, frame["n"].sum())[k % 4]
    assert e.reveal() == 11 + 75 * (55 + 8 + 5 + 55) and len(repr(e)) < 200
    made = [n for n in e.node.nodes() if n.op in ("aggregate", "attach")]
    assert sorted(n.op for n in made) == ["aggregate", "attach"] and len(e.node.inputs[0].schema) == 4


def test_refusals(session: sf.Session, frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match=r"sum of n is secret.*constant.*reveal"):
        frame["n"].isin([frame["n"].sum()])
    total = frame["n"].sum()
    foreign = sf.SecretScalar(sf.Session.__new__(sf.Session), total.node, "sum of y")
    for use in (lambda: frame["n"] - foreign, lambda: foreign < frame["n"], lambda: frame.assign(y=foreign), lambda: total + foreign):
        with pytest.raises(ForeignFrameError, match="two sessions"):
            use()
