"""Frames against pandas on the same data, over real processes, on every protocol."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spuframe as sf
from spuframe.plan import build

PEOPLE = pd.DataFrame(
    {
        "id": [4, 1, 9, 7, 3, 12],
        "age": [50, 61, 17, 99, 50, 33],
        "region": ["north", "south-west", "north", "east", "south-west", "north"],
        "smoker": [True, False, False, True, True, False],
        "bmi": [22.5, 31.25, 18.0, 27.75, 40.5, 25.0],
    }
)
CLAIMS = pd.DataFrame({"id": [1, 3, 4, 5, 9, 12, 40], "cost": [120.5, 80.25, 0.0, 9.5, 1000.75, 3.125, 7.0], "days": [3, 1, 0, 2, 9, 4, 5]})


@pytest.fixture(scope="module")
def people(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(PEOPLE, owner="hospital")


@pytest.fixture(scope="module")
def claims(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(CLAIMS, owner="insurer")


def same(got: pd.DataFrame, want: pd.DataFrame, by: list[str] | None = None, tolerance: float = 1e-3) -> None:
    """Equal columns and values; rows in any order if ``by`` names a key."""
    assert list(got.columns) == list(want.columns)
    assert len(got) == len(want)
    if by is not None:
        got, want = got.sort_values(by), want.sort_values(by)
    for name in want.columns:
        a, b = got[name].reset_index(drop=True), want[name].reset_index(drop=True)
        assert a.isna().tolist() == b.isna().tolist(), name
        a, b = a[a.notna()], b[b.notna()]
        if pd.api.types.is_float_dtype(b.dtype):
            np.testing.assert_allclose(a.astype(float), b.astype(float), atol=tolerance, rtol=tolerance, err_msg=name)
        else:
            assert a.tolist() == b.tolist(), name


def test_reveal_gives_back_what_was_shared(people: sf.SecretFrame) -> None:
    same(people.reveal(), PEOPLE)
    table = people.reveal("arrow")
    assert isinstance(table, pa.Table) and table.column_names == list(PEOPLE.columns)


def test_arithmetic_on_columns(people: sf.SecretFrame) -> None:
    f, p = people.copy(), PEOPLE.copy()
    for t in (f, p):
        t["next"] = t["age"] + 1
        t["double"] = 2 * t["bmi"] - 0.5
        t["product"] = t["age"] * t["bmi"]
        t["ratio"] = t["age"] / t["bmi"]
        t["both"] = (t["age"] >= 50) & ~t["smoker"] | (t["region"] == "north")
        t["minus"] = -t["age"] - t["id"]
        t["per"] = 1 / t["bmi"]
    same(f.reveal(), p)


def test_comparisons_of_columns(people: sf.SecretFrame) -> None:
    f, p = people[["id", "age"]], PEOPLE[["id", "age"]].copy()
    for t in (f, p):
        for name in ("lt", "le", "gt", "ge", "eq", "ne"):
            t[name] = getattr(t["id"] * 5, f"__{name}__")(t["age"])
    same(f.reveal(), p)


def test_a_filter_keeps_the_rows_where_it_holds(people: sf.SecretFrame) -> None:
    got = people[(people["age"] >= 50) & (people["bmi"] < 30)]
    same(got.reveal(), PEOPLE[(PEOPLE["age"] >= 50) & (PEOPLE["bmi"] < 30)], by=["id"])
    nothing = people[people["age"] > 200]
    assert len(nothing.reveal()) == 0
    shadowed = people.assign(age=people["age"] * 0 + 1)[people["age"] >= 50]
    assert shadowed.reveal()["age"].tolist() == [1, 1, 1, 1]


def test_filters_on_computed_columns_stack(people: sf.SecretFrame) -> None:
    f, p = people.copy(), PEOPLE.copy()
    for t in (f, p):
        t["score"] = t["age"] * 2 - t["bmi"]
    f, p = f[f["score"] > 40], p[p["score"] > 40]
    f, p = f[f["smoker"]], p[p["smoker"]]
    same(f[["id", "score"]].reveal(), p[["id", "score"]], by=["id"])


@pytest.mark.every_protocol(light=True)
def test_the_main_job(people: sf.SecretFrame, claims: sf.SecretFrame) -> None:
    cohort = people[people["age"] >= 30].merge(claims, on="id", how="inner")
    cohort["per_day"] = cohort["cost"] / cohort["days"]
    wanted = {"n": ("id", "count"), "cost": ("cost", "sum"), "mean": ("per_day", "mean"), "low": ("age", "min"), "high": ("cost", "max")}
    answer = cohort.groupby("region").agg(**wanted)
    p = PEOPLE[PEOPLE["age"] >= 30].merge(CLAIMS, on="id")
    p["per_day"] = (p["cost"] / p["days"]).where(p["days"] != 0)
    want = p.groupby("region", as_index=False).agg(**wanted)
    same(answer.reveal(), want)
    session = answer.session
    assert session.last_profile is not None
    physical = session.physical(build.reveal(answer.node))
    cost = session.estimate(physical).total
    assert (cost.rounds, cost.sent) == (session.last_profile.rounds, session.last_profile.sent)


def test_merge_needs_one_unique_side(people: sf.SecretFrame, session: sf.Session) -> None:
    twice = session.from_pandas(pd.DataFrame({"id": [1, 1, 3], "x": [1, 2, 3]}), owner="insurer")
    with pytest.raises(sf.SpuframeError, match="unique") as failed:
        people.merge(twice, on="id", validate="many_to_one").reveal()
    assert type(failed.value).__name__ == "DuplicateKeyError"
    same(people.merge(twice, on="id", validate="one_to_many").reveal(), PEOPLE.merge(twice_plain(), on="id"), by=["id", "x"])


def twice_plain() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 1, 3], "x": [1, 2, 3]})


def test_suffixes_and_differently_named_keys(people: sf.SecretFrame, session: sf.Session) -> None:
    other = pd.DataFrame({"who": [1, 9, 50], "age": [0, 1, 2]})
    got = people[["id", "age"]].merge(session.from_pandas(other, owner="insurer"), left_on="id", right_on="who", suffixes=("_a", "_b"))
    same(got.reveal(), PEOPLE[["id", "age"]].merge(other, left_on="id", right_on="who", suffixes=("_a", "_b")), by=["id"])


def test_sort_values_and_head(people: sf.SecretFrame) -> None:
    same(people.sort_values("age").reveal(), PEOPLE.sort_values("age", kind="stable"))
    got = people.sort_values(["region", "bmi"], ascending=[True, False]).reveal()
    same(got, PEOPLE.sort_values(["region", "bmi"], ascending=[True, False]))
    same(people.sort_values("bmi", ascending=False).head(2).reveal(), PEOPLE.sort_values("bmi", ascending=False).head(2))
    same(people[people["smoker"]].sort_values("id").head(2).reveal(), PEOPLE[PEOPLE["smoker"]].sort_values("id").head(2))


def test_groupby_forms(people: sf.SecretFrame) -> None:
    got, want = people.groupby("region"), PEOPLE.groupby("region", as_index=False)
    same(got.size().reveal(), want.size())
    same(got[["age", "bmi"]].mean().reveal(), want[["age", "bmi"]].mean())
    same(got["age"].sum().reveal(), want["age"].sum())
    same(got.agg({"age": "max", "bmi": "min"}).reveal(), want.agg({"age": "max", "bmi": "min"}))
    two, both = people.groupby(["smoker", "region"]), PEOPLE.groupby(["smoker", "region"], as_index=False)
    same(two.agg(n=("id", "count"), s=("bmi", "sum")).reveal(), both.agg(n=("id", "count"), s=("bmi", "sum")))


def test_scalars_of_a_column(people: sf.SecretFrame) -> None:
    assert people["age"].sum().reveal() == PEOPLE["age"].sum()
    assert people["age"].count().reveal() == 6
    assert people["bmi"].mean().reveal() == pytest.approx(PEOPLE["bmi"].mean(), abs=1e-4)
    assert people["bmi"].max().reveal() == 40.5 and people["age"].min().reveal() == 17
    assert people[people["age"] > 200]["bmi"].mean().reveal() is None
    assert people["smoker"].sum().reveal() == 3


@pytest.mark.every_protocol(light=True)
def test_concat_and_persist(session: sf.Session, people: sf.SecretFrame) -> None:
    both = sf.concat([people, people[people["age"] > 40]])
    assert both["age"].sum().reveal() == PEOPLE["age"].sum() + PEOPLE["age"][PEOPLE["age"] > 40].sum()
    kept = people[people["smoker"]].persist()
    same(kept.reveal(), PEOPLE[PEOPLE["smoker"]], by=["id"])
    assert any(name.startswith("t-") for name in session.stored())


def test_nulls_as_pandas_treats_them(session: sf.Session) -> None:
    p = pd.DataFrame(
        {
            "k": pd.array(["a", None, "b", "a", "b", None], "string"),
            "x": pd.array([1, None, 3, None, 5, 6], "Int64"),
            "y": [1.5, 2.5, None, None, 4.5, 0.25],
            "b": pd.array([True, None, False, None, True, False], "boolean"),
        }
    )
    f = session.from_pandas(p, owner="hospital")
    same(f.reveal(), p)
    f2, p2 = f.copy(), p.copy()
    for t in (f2, p2):
        t["sum"] = t["x"] + t["y"].fillna(0)
        t["and"] = t["b"] & (t["x"] > 2)
        t["or"] = t["b"] | (t["x"] > 2)
        t["missing"] = t["y"].isna()
    p2["sum"] = (p["x"] + p["y"].fillna(0)).astype("Float64")
    same(f2.reveal(), p2)
    same(f[f["x"] > 2].reveal(), p[(p["x"] > 2).fillna(False)], by=["x"])
    same(f.dropna().reveal(), p.dropna(), by=["x"])
    got = f.groupby("k").agg(n=("x", "count"), s=("y", "sum"), m=("y", "mean"), low=("x", "min"))
    want = p.groupby("k", as_index=False).agg(n=("x", "count"), s=("y", "sum"), m=("y", "mean"), low=("x", "min"))
    same(got.reveal(), want)
    same(f.groupby("k").size().reveal(), p.groupby("k", as_index=False).size())


def test_empty_and_one_row(session: sf.Session) -> None:
    one = session.from_pandas(PEOPLE.head(1), owner="hospital")
    same(one.sort_values("age").reveal(), PEOPLE.head(1))
    same(one.groupby("region").agg(n=("id", "count")).reveal(), pd.DataFrame({"region": ["north"], "n": [1]}))
    none = session.from_pandas(PEOPLE.head(0).astype({"region": "string"}), owner="hospital")
    assert len(none.reveal()) == 0
    assert len(none.merge(one, on="id").reveal()) == 0
    assert len(none.groupby("region").agg(n=("id", "count")).reveal()) == 0
    assert none["age"].sum().reveal() == 0


def test_where_clip_isin_between_astype(people: sf.SecretFrame) -> None:
    f, p = people[["age", "bmi", "region"]], PEOPLE[["age", "bmi", "region"]].copy()
    for t in (f, p):
        t["w"] = t["age"].where(t["bmi"] > 25, 0)
        t["m"] = t["age"].mask(t["bmi"] > 25, -1)
        t["c"] = t["bmi"].clip(20, 30)
        t["i"] = t["region"].isin(["east", "north"])
        t["b"] = t["age"].between(33, 61)
        t["n"] = (t["bmi"] > 25).astype("int64")
        t["f"] = t["age"].astype("float")
        t["a"] = (t["age"] - 50).abs()
    same(f.reveal(), p)


HUNDREDTHS = st.integers(-(10**6), 10**6).map(lambda v: v / 100)


@pytest.mark.every_protocol
@settings(max_examples=8, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(-5, 5), st.integers(-(2**40), 2**40), HUNDREDTHS), max_size=12), bound=st.integers(-3, 3))
def test_any_small_table(session: sf.Session, rows: list[tuple[int, int, float]], bound: int) -> None:
    p = pd.DataFrame(rows, columns=["k", "x", "y"]).astype({"k": "int64", "x": "int64", "y": "float64"})
    f = session.from_pandas(p, owner="hospital")
    got = f[f["k"] >= bound].groupby("k").agg(n=("x", "count"), s=("x", "sum"), m=("y", "mean"), high=("x", "max"))
    kept = p[p["k"] >= bound]
    want = kept.groupby("k", as_index=False).agg(n=("x", "count"), s=("x", "sum"), m=("y", "mean"), high=("x", "max"))
    same(got.reveal(), want)


def test_explain_runs_nothing_and_tells_the_cost(people: sf.SecretFrame, claims: sf.SecretFrame) -> None:
    before = people.session.last_profile
    text = people.merge(claims, on="id").groupby("region").agg(n=("id", "count")).explain()
    assert people.session.last_profile is before
    for word in ("join", "aggregate", "rounds", "bytes", "hospital", "insurer"):
        assert word in text.lower()


def test_repr_shows_no_values(people: sf.SecretFrame) -> None:
    for text in (repr(people), people._repr_html_(), repr(people["bmi"]), people["bmi"]._repr_html_(), repr(people["bmi"].mean())):
        assert "31.25" not in text and "south" not in text
    assert "private(hospital)" in repr(people) and "float" in repr(people) and "6 rows" in repr(people)
    assert "at most 6 rows" in repr(people[people["age"] > 20])




def test_a_persisted_frame_keeps_its_order_and_its_cost(people: sf.SecretFrame) -> None:
    kept = people[people["age"] > 20].sort_values("age").persist()
    same(kept.reveal(), PEOPLE[PEOPLE["age"] > 20].sort_values("age", kind="stable"))
    same(kept.head(2).reveal(), PEOPLE[PEOPLE["age"] > 20].sort_values("age", kind="stable").head(2))
    answer = kept.groupby("age").size()
    assert answer.reveal()["size"].tolist() == [1, 2, 1, 1]
    cost, measured = people.session.estimate(people.session.physical(build.reveal(answer.node))).total, people.session.last_profile
    assert measured is not None and (cost.rounds, cost.sent) == (measured.rounds, measured.sent)


def test_filter_after_a_join_keeps_the_join_order_for_the_group_by(people: sf.SecretFrame, claims: sf.SecretFrame) -> None:
    joined = people.merge(claims, on="id")
    got = joined[joined["cost"] > 50].groupby("id").agg(n=("id", "count"), c=("cost", "sum"))
    p = PEOPLE.merge(CLAIMS, on="id")
    same(got.reveal(), p[p["cost"] > 50].groupby("id", as_index=False).agg(n=("id", "count"), c=("cost", "sum")))
    text = got.explain("physical")
    assert "aggregate" in text


def test_a_filter_keeps_the_order_of_a_sort(people: sf.SecretFrame) -> None:
    ordered = people.sort_values("bmi", ascending=False)
    got, want = ordered[ordered["age"] > 40], PEOPLE.sort_values("bmi", ascending=False)
    same(got.reveal(), want[want["age"] > 40])
    same(got.persist().reveal(), want[want["age"] > 40])
    sums = people.groupby("region").agg(n=("id", "count"))
    same(sums[sums["n"] > 1].reveal(), pd.DataFrame({"region": ["north", "south-west"], "n": [3, 2]}))
