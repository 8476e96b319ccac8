"""Joins of every kind against pandas, over real processes: nulls, duplicates, filtered and sorted sides, what is done after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spuframe as sf
from spuframe.errors import DuplicateKeyError, PlanError, RowLimitError, SchemaError

VISITS = pd.DataFrame(
    {
        "id": pd.array([7, 3, None, 7, 1, 9], dtype="Int64"),
        "cost": [1.5, -2.25, 8.0, 0.0, 4.5, 3.0],
        "n": pd.array([5, None, 2, 1, 0, 4], dtype="Int64"),
        "town": ["rome", "a longer town", "rome", "", "bern", "rome"],
    }
)
PEOPLE = pd.DataFrame(
    {
        "id": pd.array([3, 7, 40, None], dtype="Int64"),
        "age": [61, 33, 18, 20],
        "smoker": [True, False, True, False],
        "town": ["bern", "rome", "oslo, far away", "rome"],
        "bmi": [22.5, None, 31.25, 20.0],
    }
)
KINDS = ["inner", "left", "right", "outer", "semi", "anti"]


@pytest.fixture(scope="module")
def visits(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(VISITS, owner="clinic")


@pytest.fixture(scope="module")
def people(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(PEOPLE, owner="registry")


def merged(left: pd.DataFrame, right: pd.DataFrame, how: str, on: str = "id", **more: Any) -> pd.DataFrame:
    """What pandas gives; it has no semi and anti joins."""
    if how not in ("semi", "anti"):
        return left.merge(right, how=how, on=on, **more)
    found = left.merge(right[[on]].drop_duplicates(), how="left", on=on, indicator="found")["found"] == "both"
    return left[found.to_numpy() == (how == "semi")]


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(None if pd.isna(v) else v for v in r) for r in frame.astype(object).itertuples(index=False)]


def same(got: pd.DataFrame, want: pd.DataFrame, ordered: bool = False) -> None:
    assert list(got.columns) == list(want.columns)
    a, b = rows(got), rows(want)
    if not ordered:
        a, b = (sorted(x, key=lambda r: [(v is None, str(v)) for v in r]) for x in (a, b))
    assert a == b


@pytest.mark.every_protocol
@pytest.mark.parametrize("how", KINDS)
def test_every_kind(visits: sf.SecretFrame, people: sf.SecretFrame, how: str) -> None:
    """Either side unique; keys of one name and of two; columns of all types, some with nulls."""
    selects = how in ("semi", "anti")
    got = visits.merge(people, how=how, on="id", validate=None if selects else "m:1")
    same(got.reveal(), merged(VISITS, PEOPLE, how), ordered=how == "left")
    got = people.merge(visits, how=how, on="id", validate=None if selects else "1:m")
    same(got.reveal(), merged(PEOPLE, VISITS, how), ordered=how == "right")
    if not selects:
        got = visits.merge(people.rename(columns={"id": "who"}), how=how, left_on="id", right_on="who", validate="m:1", suffixes=("", "_of"))
        same(got.reveal(), VISITS.merge(PEOPLE.rename(columns={"id": "who"}), how=how, left_on="id", right_on="who", suffixes=("", "_of")))


@pytest.mark.parametrize("how", KINDS)
def test_of_filtered_sorted_and_kept_sides(visits: sf.SecretFrame, people: sf.SecretFrame, how: str) -> None:
    v, p = VISITS[VISITS["cost"] > 0], PEOPLE[PEOPLE["age"] < 60]
    kept = visits[visits["cost"] > 0].persist()
    few = people.persist()
    got = kept.merge(few[few["age"] < 60], how=how, on="id", **({} if how in ("semi", "anti") else {"validate": "m:1"}))
    same(got.reveal(), merged(v, p, how))
    # what is done after it: a filter of either side's columns, an aggregate by the key and by another column
    want = merged(v, p, how)
    assert got["cost"].sum().reveal() == pytest.approx(want["cost"].sum())
    counts = got.groupby("id").agg(n=("cost", "count")).reveal()
    same(counts, want.groupby("id").agg(n=("cost", "count")).reset_index())
    if "age" in want:
        same(got[(got["age"] >= 20) | got["age"].isna()].reveal(), want[(want["age"] >= 20) | want["age"].isna()])
        assert got["smoker"].isna().sum().reveal() == want["smoker"].isna().sum()


def test_rows_that_stay_keep_their_place(visits: sf.SecretFrame, people: sf.SecretFrame) -> None:
    """`head` after a left join, a sort before it; others still refuse."""
    ordered = visits.sort_values("cost").merge(people, how="left", on="id", validate="m:1")
    want = VISITS.sort_values("cost").merge(PEOPLE, how="left", on="id")
    same(ordered.head(3).reveal(), want.head(3), ordered=True)
    few = visits.sort_values("cost").merge(people, how="anti", on="id").head(1)
    assert few.reveal()["cost"].tolist() == [3.0]
    with pytest.raises(PlanError, match="sort first"):
        visits.merge(people, how="outer", on="id", validate="m:1").head(2)


def test_repeated_keys(visits: sf.SecretFrame, people: sf.SecretFrame) -> None:
    """Refused where they must be unique, by the parties; a selection does not mind."""
    with pytest.raises(DuplicateKeyError, match=r"right side.*\['id'\]"):
        people.merge(visits, how="outer", on="id", validate="m:1").reveal()
    same(people.merge(visits, how="semi", on="id").reveal(), merged(PEOPLE, VISITS, "semi"))
    text = people.merge(visits, how="semi", on="id").explain()
    assert "semi on id" in text and "unique" not in text
    assert "whether id of the right side is unique" in visits.merge(people, how="left", on="id", validate="m:1").explain()


def test_arguments(visits: sf.SecretFrame, people: sf.SecretFrame) -> None:
    with pytest.raises(PlanError, match="how must be one of 'inner', 'left', 'right', 'outer', 'semi', 'anti', 'cross', got 'lefft'"):
        visits.merge(people, how="lefft", on="id")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="leave validate out"):
        visits.merge(people, how="anti", on="id", validate="m:1")


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_which_side_a_row_is_of(visits: sf.SecretFrame, people: sf.SecretFrame, how: Any) -> None:
    got = visits.merge(people, how=how, on="id", validate="m:1", indicator=True).reveal()
    same(got, VISITS.merge(PEOPLE, how=how, on="id", indicator=True).astype({"_merge": str}))
    few = visits.merge(people[["id"]], how=how, indicator="side", validate="m:1")  # by the columns of one name
    assert few[few["side"] == "both"]["cost"].sum().reveal() == pytest.approx(VISITS.merge(PEOPLE, on="id")["cost"].sum())


def test_wrong_indicators(visits: sf.SecretFrame, people: sf.SecretFrame) -> None:
    with pytest.raises(PlanError, match="leave indicator out"):
        visits.merge(people, how="semi", on="id", indicator=True)
    with pytest.raises(SchemaError, match="name the indicator"):
        visits.merge(people, on="id", validate="m:1", indicator="cost")


@pytest.mark.every_protocol
def test_all_pairs(visits: sf.SecretFrame, people: sf.SecretFrame) -> None:
    same(visits.merge(people, how="cross").reveal(), VISITS.merge(PEOPLE, how="cross"), ordered=True)
    few, plain = people[people["age"] > 30][["age"]], PEOPLE[PEOPLE["age"] > 30][["age"]]
    pairs, want = visits[["cost"]].merge(few, how="cross"), VISITS[["cost"]].merge(plain, how="cross")
    same(pairs[pairs["cost"] > 1].reveal(), want[want["cost"] > 1])
    assert visits.head(0).merge(people, how="cross").rows == 0
    with pytest.raises(PlanError, match="leave on"):
        visits.merge(people, how="cross", on="id")


IDS = st.none() | st.integers(-4, 4)


@settings(max_examples=25)
@given(data=st.data())
def test_any_tables(session: sf.Session, data: st.DataObject) -> None:
    """Few and many rows, missing and repeated keys, two keys, either side unique, either filtered: as pandas."""
    how = data.draw(st.sampled_from(KINDS))
    keys = ["k", "s"][: data.draw(st.integers(1, 2))]
    key = st.tuples(IDS, st.sampled_from(["", "x", "a much longer key"]))
    names = list(range(len(keys)))
    ones = data.draw(st.lists(key, max_size=6, unique_by=lambda r: tuple(r[i] for i in names)))
    many = data.draw(st.lists(key, max_size=10))

    def table(found: list[tuple[int | None, str]], value: str) -> pd.DataFrame:
        plain = pd.DataFrame({"k": pd.array([r[0] for r in found], dtype="Int64"), "s": pd.array([r[1] for r in found], dtype="string")})
        plain = plain if len(keys) == 2 else plain[["k"]]
        return plain.assign(**{value: np.arange(len(plain), dtype="int64"), f"{value} 2": np.arange(len(plain)) % 2 == 0})

    sides = {"one": table(ones, "a"), "many": table(many, "b")}
    left, right = data.draw(st.sampled_from([("one", "many"), ("many", "one")]))
    validate = {} if how in ("semi", "anti") else {"validate": "1:m" if left == "one" else "m:1"}
    secret, plain = {}, {}
    for name, owner in ((left, "clinic"), (right, "registry")):
        secret[name], plain[name] = session.from_pandas(sides[name], owner=owner), sides[name]
        if data.draw(st.booleans()):
            column = {"one": "a", "many": "b"}[name]
            secret[name], plain[name] = secret[name][secret[name][column] != 1], plain[name][plain[name][column] != 1]
    got = secret[left].merge(secret[right], how=how, on=keys, **validate).reveal()
    if how in ("semi", "anti"):
        found = plain[left].merge(plain[right][keys].drop_duplicates(), how="left", on=keys, indicator="found")["found"] == "both"
        want = plain[left][found.to_numpy() == (how == "semi")]
    else:
        want = plain[left].merge(plain[right], how=how, on=keys)
    same(got, want)


REPEATED = pd.DataFrame(
    {
        "id": pd.array([7, 7, 3, None, 40, None, 7], dtype="Int64"),
        "drug": ["a", "b", "a long name", "", "b", "c", "d"],
        "dose": [0.5, 1.0, 2.0, None, 4.0, 8.0, 16.0],
    }
)


@pytest.fixture(scope="module")
def drugs(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(REPEATED, owner="shop")


@pytest.mark.every_protocol
@pytest.mark.parametrize("how", ["inner", "left", "right"])
def test_keys_that_repeat_on_both_sides(visits: sf.SecretFrame, drugs: sf.SecretFrame, how: Any) -> None:
    want = VISITS.merge(REPEATED, on="id", how=how)
    for limit in (len(want), 40):
        got = visits.merge(drugs, on="id", how=how, limit=limit)
        assert got.rows == limit
        same(got.reveal(), want, ordered=False)
    assert got.groupby("town").agg(n=("drug", "count"))["n"].max().reveal() == want.groupby("town")["drug"].count().max()
    text = got.explain()
    assert "whether there are more than 40 rows" in text


def test_a_limit_is_exact(visits: sf.SecretFrame, drugs: sf.SecretFrame, people: sf.SecretFrame) -> None:
    rows = len(VISITS.merge(REPEATED, on="id"))
    with pytest.raises(RowLimitError, match=f"more rows than the limit of {rows - 1} allows.*higher limit="):
        visits.merge(drugs, on="id", limit=rows - 1).reveal()
    with pytest.raises(PlanError, match="leave one of them out"):
        visits.merge(people, on="id", limit=5, validate="m:1")
    with pytest.raises(PlanError, match="need a public bound on the rows, limit="):
        visits.merge(drugs, on="id", validate="m:m")
    with pytest.raises(PlanError, match="is one of 'inner', 'left', 'right', got 'outer'"):
        visits.merge(drugs, on="id", how="outer", limit=9)


@settings(max_examples=12)
@given(data=st.data())
def test_any_tables_with_repeated_keys(session: sf.Session, data: st.DataObject) -> None:
    how = data.draw(st.sampled_from(["inner", "left", "right"]))
    key = st.tuples(st.none() | st.integers(-2, 2), st.sampled_from([None, "", "x"]))
    secret, plain = [], []
    for value, owner in (("a", "clinic"), ("b", "shop")):
        found = data.draw(st.lists(key, max_size=7))
        table = pd.DataFrame({"k": pd.array([r[0] for r in found], dtype="Int64"), "s": pd.array([r[1] for r in found], dtype="string")})
        table = table.assign(**{value: np.arange(len(table), dtype="int64"), "v": np.arange(len(table)) * 2})
        frame = session.from_pandas(table, owner=owner)
        if data.draw(st.booleans()):
            frame, table = frame[frame[value] != 1], table[table[value] != 1]
        secret.append(frame)
        plain.append(table)
    want = plain[0].merge(plain[1], how=how, on=["k", "s"])
    got = secret[0].merge(secret[1], how=how, on=["k", "s"], limit=len(want) + data.draw(st.integers(0, 3)), validate="m:m")
    same(got.reveal(), want)
