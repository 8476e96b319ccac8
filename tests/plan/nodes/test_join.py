"""What may pass through a join, by its kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import Bool, Field, Int
from spuframe.errors import PlanError
from spuframe.expr import add, eq, fill_null, ge, is_null, lt
from spuframe.ir.joins import KINDS
from spuframe.plan.build import concat, filter_, join, load, reveal, scan, select, with_columns
from spuframe.plan.logical import LogicalNode, Order, Ways
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.join import Join
from spuframe.plan.optimizer import RULES, run
from tests.plan.interpret import interpret
from tests.plan.makers import Row, c, canonical

K, WORD = Field("k", Int(8), True, range=(0, 5)), Int(8)


def left() -> LogicalNode:
    return scan("s", "h", "t", [K, Field("a", WORD, range=(0, 9)), Field("both", Bool())], 6)


def right() -> LogicalNode:
    return scan("s", "i", "t", [K, Field("b", WORD, range=(0, 9)), Field("both", Bool())], 5)


def joined(how: str, a: LogicalNode | None = None, b: LogicalNode | None = None, keys: tuple[str, str] = ("k", "k"), unique: str = "right") -> Join:
    return Join(a or left(), b or right(), how, keys[:1], keys[1:], unique)


def enough(ways: Ways) -> list[set[int]]:
    return [set(e) for e in ways.enough]


# For each kind: where a filter of the left's column, of the right's, and of the key goes (sets of sides that are enough, sides that are allowed),
# and where something is computed of the left's, of the right's, and of the key.
FILTERS = {
    "inner": (([{0}], {0}), ([{1}], {1}), ([{0}, {1}], {0, 1})),
    "left": (([{0}], {0}), ([], set()), ([{0}], {0, 1})),
    "right": (([], set()), ([{1}], {1}), ([{1}], {0, 1})),
    "outer": (([], set()), ([], set()), ([{0, 1}], {0, 1})),
    "semi": (([{0}], {0}), None, ([{0}, {1}], {0, 1})),
    "anti": (([{0}], {0}), None, ([{0}], {0, 1})),
}
COMPUTATIONS = {
    "inner": ([{0}], [{1}], [{0}]),
    "left": ([{0}], [], [{0}]),
    "right": ([], [{1}], [{1}]),
    "outer": ([], [], []),
    "semi": ([{0}], None, [{0}]),
    "anti": ([{0}], None, [{0}]),
}


def test_every_kind_is_tested() -> None:
    assert set(FILTERS) == set(COMPUTATIONS) == set(KINDS)


@pytest.mark.parametrize("how", KINDS)
def test_where_a_filter_may_stand(how: str) -> None:
    j = joined(how)
    for column, want in zip("abk", FILTERS[how], strict=True):
        if want is None:
            assert column not in j.schema
            continue
        ways = j.takes_filter(frozenset(column))
        assert sorted(enough(ways), key=sorted) == want[0] and set(ways.at) == want[1], column
        assert all(set(names) == {column} for names in ways.at.values())
        assert ways.foreign <= ({0, 1} if column == "k" else set())
    if FILTERS[how][1] is not None:  # of both sides' columns: above, as what reads none
        assert j.takes_filter(frozenset("ab")).enough == () == j.takes_filter(frozenset()).enough


def test_of_copied_keys_the_parties_filter_nothing() -> None:
    """A condition on a key and a column of the unique side: its owner evaluates it there; the parties, after the merge, as without a rule."""
    kept = load("i", list(right().schema), 5, session_id="s")
    for table, want in ((right(), []), (kept, ["k < b"])):
        j = joined("inner", b=table)
        ways = j.takes_filter(frozenset("kb"))
        assert enough(ways) == [{1}] and ways.foreign == {1}
        done = run(filter_(j, lt(c(j, "k"), c(j, "b"))), RULES)
        assert [str(n.predicate) for n in done.nodes() if isinstance(n, Filter)] == want


@pytest.mark.parametrize("how", KINDS)
def test_where_something_may_be_computed(how: str) -> None:
    j = joined(how)
    for column, want in zip("abk", COMPUTATIONS[how], strict=True):
        if want is not None:
            assert enough(j.takes_computation(frozenset(column))) == want, column
    if COMPUTATIONS[how][1] is not None:
        assert j.takes_computation(frozenset("ab")).enough == ()


@pytest.mark.parametrize("how", KINDS)
def test_what_a_missing_row_makes_null(how: str) -> None:
    schema = joined(how).schema
    nullable = {f.name: f.nullable for f in schema if f.name != "k"}
    want = {"left": {"b", "both_y"}, "right": {"a", "both_x"}, "outer": {"a", "b", "both_x", "both_y"}}.get(how, set())
    assert {n for n, null in nullable.items() if null} == want


def test_where_rows_stand() -> None:
    """Rows of which each stays, or that are only selected, stand where they stood."""
    for how, unique, want in [
        ("inner", "right", Order.MERGED), ("left", "right", Order.GIVEN), ("left", "left", Order.MERGED), ("right", "left", Order.GIVEN),
        ("right", "right", Order.MERGED), ("outer", "left", Order.MERGED), ("semi", "right", Order.GIVEN), ("anti", "right", Order.GIVEN),
    ]:  # fmt: skip
        j = joined(how, unique=unique)
        assert j.shape.places.order is want and j.minds_order == (want is Order.GIVEN)
        assert j.masked == ((how, unique) not in [("left", "right"), ("right", "left")])


def test_bad_kinds_are_refused() -> None:
    with pytest.raises(PlanError, match="how must be one of 'inner', 'left'.*got 'LEFT'"):
        joined("LEFT")
    with pytest.raises(PlanError, match="a semi join looks for its left rows' keys on the right side"):
        joined("semi", unique="left")
    with pytest.raises(PlanError, match="leave validate out"):
        join(left(), right(), "anti", "k", validate="m:1")


@st.composite
def filtered(draw: st.DrawFn, how: str) -> tuple[LogicalNode, dict[tuple[str, str], list[Row]]]:
    """A condition and a computation above a join of tables of owners, of stored tables, or of many."""
    same = draw(st.booleans())
    few = [Field("k" if same else "r", K.dtype, True, range=K.range), Field("b", WORD, range=(0, 9)), Field("both", Bool())]
    one = draw(st.sampled_from([scan("s", "i", "t", few, 5), load("i", few, 5, session_id="s")]))
    many = draw(st.sampled_from([left(), concat([left(), left()]), filter_(left(), ge(c(left(), "a"), 3))]))
    node: LogicalNode = joined(how, many, one, ("k", "k" if same else "r"))
    for _ in range(draw(st.integers(1, 3))):
        x, y = (c(node, draw(st.sampled_from([f.name for f in node.schema if isinstance(f.dtype, Int)]))) for _ in range(2))
        if draw(st.integers(0, 3)):
            node = filter_(node, draw(st.sampled_from([ge(x, 2), is_null(x), eq(fill_null(x, 1), 1), ge(add(x, y), 6)])))
        else:
            node = with_columns(node, {"sum": draw(st.sampled_from([add(x, 1), fill_null(x, 4), add(x, y)]))})
    ids, values = st.none() | st.integers(0, 5), st.integers(0, 9)
    rows = draw(st.lists(st.fixed_dictionaries({"k": ids, "a": values, "both": st.booleans()}), min_size=6, max_size=6))
    others = draw(st.lists(st.fixed_dictionaries({few[0].name: ids, "b": values, "both": st.booleans()}), min_size=5, max_size=5))
    known = {r[few[0].name]: r for r in others if r[few[0].name] is not None}  # each key once, and rows without
    others = [*known.values(), *({**r, few[0].name: None} for r in others)][:5]
    some = draw(st.lists(st.sampled_from(node.schema.names), unique=True, min_size=1))
    return select(node, some), {("h", "t"): rows, ("i", "t"): others, ("", "i"): others}


@pytest.mark.parametrize("how", KINDS)
@settings(max_examples=12)
@given(data=st.data())
def test_rules_keep_the_rows_of_every_kind(how: str, data: st.DataObject) -> None:
    plan, tables = data.draw(filtered(how))
    done = run(reveal(plan), RULES)
    assert done.schema == reveal(plan).schema
    assert canonical(interpret(done, tables)) == canonical(interpret(plan, tables))
