"""Prefix sums against pandas, over real processes: nulls, filters, orders, combinations with other columns, and what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, RangeOverflowError, SchemaError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "id": range(8),
        "i": pd.array([5, -3, None, 100, -128, 127, None, 1], dtype="Int64"),
        "n": [3, 1, 4, 1, 5, 9, 2, 6],
        "x": [0.5, None, -2.25, 1000.0, 0.1, 0.3, -1e-4, None],
        "b": pd.array([True, None, True, False, True, True, None, False], dtype="boolean"),
        "key": ["b", "a", "b", "c", "a", "b", "c", "a"],
    }
)
COLUMNS = ["i", "n", "x", "b"]


@pytest.fixture(scope="module", params=["scanned", "kept as shares"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    read = session.from_pandas(ROWS, owner="shop")
    return read if request.param == "scanned" else read.persist()


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    for name in want.columns:
        a, b = got[name], want[name]
        assert a.isna().tolist() == b.isna().tolist(), name
        np.testing.assert_allclose(a.dropna().astype(float), b.dropna().astype(float), atol=1e-4, err_msg=name)


def test_every_type(frame: sf.SecretFrame) -> None:
    f, p = frame.copy(), ROWS.copy()
    for t in (f, p):
        for c in COLUMNS:
            t[f"sum {c}"] = t[c].cumsum()
    same(f.reveal(), p.drop(columns="key"))
    assert [f[f"sum {c}"].dtype.label for c in COLUMNS] == ["int64", "int64", "float", "int64"]
    assert f["sum b"].field.range == (0, 8) and f["sum i"].field.nullable and not f["sum n"].field.nullable


def test_combinations(frame: sf.SecretFrame) -> None:
    """Prefix sums taken at different times, from different copies, of expressions and of each other, on one set of rows."""
    f, p = frame.copy(), ROWS.copy()
    first, other = f["n"].cumsum(), f.copy()["x"].cumsum()
    f["share"], p["share"] = f["n"] / f["n"].cumsum(), p["n"] / p["n"].cumsum()
    f["both"], p["both"] = first * 2 + other - f["i"], p["n"].cumsum() * 2 + p["x"].cumsum() - p["i"].astype(float)
    for t in (f, p):
        t["twice"] = t["n"].cumsum().cumsum()
        t["of a product"] = (t["n"] * t["i"]).cumsum() - (t["n"] * t["i"])
        t["of it"] = t["share"].cumsum()
    f["again"], p["again"] = first.rename("other name").clip(2, 7), p["n"].cumsum().clip(2, 7)
    f["dot"], p["dot"] = f["n"].cumsum() * first, p["n"].cumsum() ** 2
    same(f.reveal(), p.drop(columns="key"))
    assert first.dot(f["n"]).reveal() == int(p["n"].cumsum() @ p["n"])
    plan = [s.params.get("name") for s in f.session.physical(f[["again", "dot"]].node) if s.op == "cumulate"]
    assert plan == ["cumsum of n"]  # once, and nothing that is not read


def test_rows_that_a_filter_dropped_count_nothing(frame: sf.SecretFrame) -> None:
    f, p = frame[(frame["n"] > 1) & (frame["id"] != 4)].copy(), ROWS[(ROWS["n"] > 1) & (ROWS["id"] != 4)].copy()
    for t in (f, p):
        t["s"], t["x"] = t["i"].cumsum(), t["x"].cumsum()
    same(f.reveal().sort_values("id").reset_index(drop=True), p.drop(columns=["key", "b"]).reset_index(drop=True))
    after, want = f[f["s"] >= 2], p[p["s"].fillna(0) >= 2]
    assert sorted(after.reveal()["id"]) == sorted(want["id"])
    g, q = frame[frame["n"].cumsum() <= 9], ROWS[ROWS["n"].cumsum() <= 9]  # the sums are those before the filter
    same(g.reveal().sort_values("id").reset_index(drop=True), q.drop(columns="key"))
    none = frame[frame["n"] > 99]
    assert none.assign(s=none["n"].cumsum()).reveal().shape[0] == 0


def test_orders(session: sf.Session, frame: sf.SecretFrame) -> None:
    f, p = frame.sort_values("n"), ROWS.sort_values("n", kind="stable").reset_index(drop=True)
    f["s"], p["s"] = f["i"].cumsum(), p["i"].cumsum()
    same(f.reveal(), p.drop(columns="key"))
    g, q = f[f["x"].notna()], p[p["x"].notna()].reset_index(drop=True)
    g["s"], q["s"] = g["n"].cumsum(), q["n"].cumsum()
    same(g.reveal(), q.drop(columns="key"))  # in order, too
    top, best = g.head(3), q.head(3)
    same(top.assign(s=top["s"].cumsum()).reveal(), best.assign(s=best["s"].cumsum()).drop(columns="key"))
    groups, want = frame.groupby("key").agg(n=("n", "sum")), ROWS.groupby("key", as_index=False).agg(n=("n", "sum"))
    assert groups["n"].cumsum().reveal().tolist() == want["n"].cumsum().tolist()
    both = sf.concat([frame[["n"]], frame[["n"]]])
    assert both["n"].cumsum().reveal().tolist() == pd.concat([ROWS["n"], ROWS["n"]]).cumsum().tolist()


def test_an_order_that_means_nothing_is_refused(session: sf.Session, frame: sf.SecretFrame) -> None:
    joined = frame.merge(session.from_pandas(ROWS[["id"]].assign(z=ROWS["n"] * 2), owner="bank"), on="id")
    for rows in (joined, joined[joined["n"] > 2], joined.persist(), joined.assign(y=joined["n"] + joined["z"])):
        with pytest.raises(PlanError, match=r"order of the rows.*sort_values"):
            rows["z"].cumsum()
    ordered = joined.sort_values("id")
    assert ordered["z"].cumsum().reveal().tolist() == (ROWS["n"] * 2).cumsum().tolist()
    assert ordered.persist()["z"].cumsum().reveal().tolist() == (ROWS["n"] * 2).cumsum().tolist()


def test_refusals(session: sf.Session, frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match="cumsum of 'key'"):
        frame["key"].cumsum()
    wide = session.from_pandas(pd.DataFrame({"w": [2**60, 1, -(2**60)]}), owner="shop")
    with pytest.raises(RangeOverflowError, match="the sum of 'w' over 3 rows"):
        wide["w"].cumsum()
    filtered = frame[frame["n"] > 1]
    with pytest.raises(SchemaError, match="Merge"):
        frame["n"] + filtered["n"].cumsum()
    with pytest.raises(SchemaError, match="merge"):
        frame.copy()["s"] = filtered["n"].cumsum()


def test_what_it_costs(session: sf.Session) -> None:
    """Sums are local: nothing but what leaves out nulls and missing rows is sent."""
    read = session.from_pandas(ROWS, owner="shop", ranges={"n": (0, 9), "i": (-128, 127)}).persist()

    def cost(column: sf.SecretSeries) -> tuple[int, int]:
        node = column.to_frame().node
        steps = session.physical(node).steps
        found = session.estimate(session.physical(node))
        return next((s.cost.rounds, sum(s.cost.sent)) for s, step in zip(found.steps, steps) if step.op == "cumulate")

    ring = read["n"].astype("int64").cumsum()
    assert cost(ring)[0] <= 2  # to the ring of the sums
    if session.config.protocol != "plaintext":
        assert cost(read["i"].cumsum())[0] == 2  # the nulls; it is in the ring already
    assert "cumulate cumsum of n" in read["n"].cumsum().explain("physical") and "cumsum of n = n" in read["n"].cumsum().explain("logical")
