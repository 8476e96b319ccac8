"""What each row gets of its group, against pandas: nulls in keys and values, dropped rows, orders, empty tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SchemaError, TypeMismatchError

MADE: dict[str, Callable[[Any, Any], Any]] = {
    **{f: lambda t, k, f=f: t.groupby(k)["i"].transform(f) for f in ("sum", "mean", "min", "count", "size", "nunique", "first", "last")},
    "max of x": lambda t, k: t.groupby(k)["x"].transform("max"),
    "share": lambda t, k: t["n"] / t.groupby(k)["n"].transform("sum"),
    "any": lambda t, k: t.groupby(k)["b"].transform("any"),
    "cumsum of i": lambda t, k: t.groupby(k)["i"].cumsum(),
    "cumsum of x": lambda t, k: t.groupby(k)["x"].cumsum(),
    "cumcount": lambda t, k: t.groupby(k).cumcount(),
    "below": lambda t, k: t.groupby(k).cumcount(ascending=False),
    "rank": lambda t, k: t.groupby(k)["i"].rank(),
    "dense rank": lambda t, k: t.groupby(k)["n"].rank(method="dense", ascending=False),
    "share of ranks": lambda t, k: t.groupby(k)["i"].rank(pct=True),
    "dense share": lambda t, k: t.groupby(k)["x"].rank(method="dense", pct=True),
    "one by one": lambda t, k: t.groupby(k)["n"].rank(method="first"),
    "most": lambda t, k: t.groupby(k)["i"].cummax(),
    "least": lambda t, k: t.groupby(k)["x"].cummin(),
    "growth": lambda t, k: t.groupby(k)["n"].pct_change(),
    "filled": lambda t, k: t.groupby(k)["n"].shift(-1, fill_value=0),
    "above": lambda t, k: t.groupby(k)["x"].shift(),
    "two below": lambda t, k: t.groupby(k)["i"].shift(-2),
    "more": lambda t, k: t.groupby(k)["n"].diff(),
    "ngroup": lambda t, k: t.groupby(k).ngroup(),
}
FEW = ("sum", "share", "cumsum of i", "ngroup", "rank", "above", "most", "filled")


def made(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": np.arange(rows),
            "sure": rng.integers(-2, 3, rows),
            "g": pd.array(rng.choice(["", "u", "ü"], rows), "string"),
            "i": pd.array(rng.integers(-100, 100, rows), "Int64"),
            "n": rng.integers(1, 9, rows),
            "x": pd.array(rng.normal(0, 9, rows).round(3), "Float64"),
            "b": pd.array(rng.random(rows) < 0.3, "boolean"),
        }
    )
    for name in ("g", "i", "x", "b"):
        table.loc[(rng.random(rows) < 0.3) | (table["id"] == 1), name] = pd.NA
    return table


def check(frame: sf.SecretFrame, table: pd.DataFrame, keys: list[str], names: Any = tuple(MADE)) -> None:
    """All in one plan, beside the rows they are of, which are found again by id."""
    ours, theirs = frame[["id"]], table[["id"]].copy()
    for name in names:
        ours[name], theirs[name] = MADE[name](frame, keys), MADE[name](table, keys)
    got, want = ours.reveal().sort_values("id"), theirs.sort_values("id")
    assert got["id"].tolist() == want["id"].tolist()
    for name in names:
        a, b = (t[name].astype("Float64").to_numpy(float, na_value=np.nan) for t in (got, want))
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=f"{name} by {keys}")


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [0, 1, 40])
def test_as_in_pandas(session: sf.Session, rows: int) -> None:
    table = made(rows, rows)
    frame = session.from_pandas(table, owner="shop")
    check(frame, table, ["sure"])
    check(frame, table, ["g", "sure"], FEW)
    check(frame[frame["n"] > 3], table[table["n"] > 3], ["g"])  # dropped rows are in no group
    check(frame.sort_values("n"), table.sort_values("n", kind="stable"), ["g"], ("first", "cumsum of x", "cumcount", "above"))
    for ends in ("head", "tail"):
        got, want = getattr(frame.groupby("g"), ends)(2).reveal(), getattr(table.groupby("g"), ends)(2)
        assert sorted(got["id"]) == want["id"].tolist() and got.columns.tolist() == table.columns.tolist()


def test_a_slice(session: sf.Session) -> None:
    table = made(12, 7)
    check(session.from_pandas(table, owner="shop").persist(), table, ["g"], FEW)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_after_a_merge(session: sf.Session) -> None:
    """Its rows are in no order, and what they get comes to the right ones, also under a filter of either side or of what was made."""
    table = made(30, 4)
    other = pd.DataFrame({"id": np.random.default_rng(4).permutation(40)[:30], "z": np.arange(30) % 3})
    joined, plain = session.from_pandas(table, owner="shop").merge(session.from_pandas(other, owner="bank"), on="id", validate="1:m"), table.merge(other)
    names = ("sum", "size", "share", "ngroup", "rank")
    for part in (lambda t: t, lambda t: t[t["z"] > 0], lambda t: t[t["n"] > 3]):
        check(part(joined), part(plain), ["g"], names)
    few, want = joined[MADE["rank"](joined, ["z"]) > 2], plain[MADE["rank"](plain, ["z"]) > 2]
    check(few, want, ["g", "z"], names)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_shapes_and_types(session: sf.Session) -> None:
    table = made(9, 2)
    frame = session.from_pandas(table, owner="shop")
    both, want = frame.groupby("sure")[["i", "n"]].cumsum(), table.groupby("sure")[["i", "n"]].cumsum()
    assert isinstance(both, sf.SecretFrame) and both.reveal()["n"].tolist() == want["n"].tolist()
    of_n = frame.groupby("sure")["n"]
    assert isinstance(of_n.transform("sum"), sf.SecretSeries) and of_n.transform("sum").name == "n"
    assert not of_n.transform("sum").field.nullable and not of_n.cumsum().field.nullable  # each row has a group
    assert frame.groupby("g")["n"].transform("sum").field.nullable
    assert frame.groupby("sure")[["i", "n"]].transform("max").columns == ["i", "n"]
    assert of_n.head(1).columns == ["n"]
    key = frame.groupby((frame["n"] % 2).rename("odd"))["sure"].transform("sum")
    assert key.reveal().tolist() == table.groupby(table["n"] % 2)["sure"].transform("sum").tolist()
    named = frame.rename(columns={"sure": "ngroup", "n": "place", "i": "key 0"})
    got = named.groupby(["ngroup", "place"])
    assert got.ngroup().reveal().tolist() == table.groupby(["sure", "n"]).ngroup().tolist()
    assert got["key 0"].cumsum().isna().reveal().tolist() == table["i"].isna().tolist()


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_refusals(session: sf.Session) -> None:
    table = made(5, 1)
    frame = session.from_pandas(table, owner="shop")
    with pytest.raises(PlanError, match="must be one of"):
        frame.groupby("g")["n"].transform(lambda v: v - v.mean())
    with pytest.raises(TypeMismatchError, match="cumsum"):
        frame.groupby("sure")["g"].cumsum()
    with pytest.raises(SchemaError, match="besides the keys"):
        frame[["g"]].groupby("g").transform("sum")
    joined = frame.merge(session.from_pandas(table[["id"]].assign(z=1), owner="bank"), on="id", validate="one_to_many")
    assert joined.groupby("g")["n"].transform("sum").field.nullable  # needs no order
    for refused in (joined.groupby("g").cumcount, joined.groupby("g")["n"].cumsum, joined.groupby("g").head, joined.groupby("g")["n"].shift):
        with pytest.raises(PlanError, match=r"order of the rows.*sort_values"):
            refused()
