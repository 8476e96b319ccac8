"""Rows in plans: which rows a node's rows are, what is attached to them, and in which order they are kept and shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import SECRET, Bool, Field, Fixed, Int, Schema
from spuframe.errors import PlanError, SchemaError
from spuframe.expr import add, col, ge
from spuframe.expr.expr import Expr
from spuframe.ir.leakage import opened, result_flows
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.build import aggregate, filter_, is_ordered, join, limit, load, output, reveal, scan, select, sort, store, tensor, with_columns
from spuframe.plan.cumulate import cumulate
from spuframe.plan.explain import explain
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.attach import Attach
from spuframe.plan.nodes.results import Store
from spuframe.plan.nodes.tensor import TensorOutput
from spuframe.plan.optimizer import optimize
from spuframe.plan.rows import attach, spread, together
from spuframe.plan.tensor import Program
from tests.plan.interpret import interpret
from tests.plan.makers import doubled, h

FIELDS = [Field("id", Int(64), range=(0, 99)), Field("x", Fixed(), range=(0.0, 4.0)), Field("ok", Bool())]
SALES = scan("s", "shop", "t", FIELDS, 50)
OTHER = scan("s", "bank", "b", FIELDS, 20)
JOINED = join(SALES, select(OTHER, ["id"]), on="id")


def c(node: LogicalNode, name: str) -> Expr:
    return col(node.schema[name])


def score(table: LogicalNode, column: str = "x", name: str = "p", like: int | None = 0) -> LogicalNode:
    """What a program makes of a column, row by row."""
    out = TensorOutput(name, Schema((Field(name, Fixed(), False, SECRET, (0.0, 1.0)),)), table.rows, like)
    p = Program()
    p.output(name, p.input(0, [column], table.rows), [name], like)
    return output(tensor([select(table, [column])], p.to_plain(), [out]), name)


def lowered(node: LogicalNode) -> PhysicalPlan:
    plan = lower(optimize(node), protocol="aby3", parties=3)
    return PhysicalPlan.from_bytes(plan.to_bytes())


def test_attached_columns() -> None:
    t = attach(JOINED, score(JOINED))
    assert t.schema.names == [*JOINED.schema.names, "p"] and (t.rows, t.masked) == (JOINED.rows, True)
    assert attach(t, score(t)).schema.names[-2:] == ["p", "p'"]
    assert score(JOINED).masked and not score(SALES).masked and not score(JOINED, like=None).masked
    with pytest.raises(PlanError, match="20 rows are not those of a table of 50"):
        attach(SALES, score(OTHER))
    with pytest.raises(SchemaError, match="'x' is there already"):
        Attach(SALES, score(SALES), (("x", "p"),))


def test_a_number_goes_to_every_row() -> None:
    """Of the same table, of a filter of it and of another table; attached once, and there beside whatever else is added to the rows."""
    some = filter_(SALES, c(SALES, "ok"))
    for number in (aggregate(SALES, [], [("x", "max", "x")]), aggregate(some, [], [("x", "max", "x")]), aggregate(OTHER, [], [("x", "max", "x")])):
        for table in (SALES, some, JOINED, aggregate(OTHER, [], [("n", "size", None)])):
            base, e = spread(table, number)
            assert (base.rows, base.masked, e.nullable) == (table.rows, table.masked, number.schema["x"].nullable)
            assert spread(base, number) == (base, e) and base.shape.places == table.shape.places
            assert together(table, base) == (base, {}) and together(base, table) == (base, {})
    first, second = spread(SALES, aggregate(SALES, [], [("x", "max", "x")]))[0], spread(SALES, aggregate(SALES, [], [("x", "min", "x")]))[0]
    found = together(first, second)
    assert found is not None and found[0].schema.names == [*SALES.schema.names, "x'", "x''"] and str(found[1]["x'"]) == "x''"
    for other in (some, limit(sort(some, "x"), 1), aggregate(some, ["id"], [("n", "size", None)])):
        with pytest.raises(PlanError, match="a number is a table of one row that exists"):
            spread(SALES, other)


def test_nothing_is_lost_where_only_the_number_is_read() -> None:
    some = filter_(SALES, c(SALES, "ok"))
    for table in (some, limit(sort(some, "x"), 1), SALES):
        base, e = spread(table, aggregate(OTHER, [], [("x", "max", "x")]))
        done = optimize(reveal(with_columns(select(base, [str(e)]), {})))
        assert (done.rows, done.masked) == (table.rows, table.masked) and done.schema.names == ["x'"]


def test_the_same_rows_come_together() -> None:
    one, two = attach(SALES, score(SALES)), attach(cumulate(SALES, "sum", c(SALES, "x")), score(SALES, "id"))
    found = together(one, two)
    assert found is not None
    base, names = found
    assert base.schema.names == [*SALES.schema.names, "p", "sum", "p'"] and {k: str(v) for k, v in names.items()} == {"p": "p'"}
    assert together(one, one) == (one, {}) and together(one, SALES) == (one, {})
    assert together(one, attach(SALES, score(SALES))) == (one, {})  # what both have is there once
    assert together(one, filter_(SALES, c(SALES, "ok"))) is None and together(attach(OTHER, score(OTHER)), SALES) is None


def test_equal_filters_keep_the_same_rows_together() -> None:
    """Whatever was selected before; what one side has of a row is put below the filter for the other."""
    ok = c(JOINED, "ok")
    narrow, wide = select(JOINED, ["x", "ok"]), with_columns(JOINED, {"z": add(c(JOINED, "x"), 1), "x": add(c(JOINED, "x"), 2)})
    left, right = filter_(narrow, c(narrow, "ok")), filter_(wide, c(wide, "ok"))
    found = together(left, right)
    assert found is not None
    base, names = found
    assert base.schema.names == ["x", "ok", "id", "x'", "z"] and {k: str(v) for k, v in names.items()} == {"x": "x'"}
    assert together(left, filter_(JOINED, ok)) is not None and together(filter_(JOINED, ok), left) == (filter_(JOINED, ok), {})
    assert together(left, filter_(wide, ge(c(wide, "z"), 2.0))) is None and together(left, wide) is None
    scored = attach(left, score(left, name="z"))
    both = together(scored, attach(right, score(right)))
    assert both is not None and both[0].schema.names == ["x", "ok", "id", "x'", "z'", "z", "p"] and set(both[1]) == {"x", "z"}
    twice = together(filter_(scored, ge(c(scored, "x"), 1.0)), filter_(select(filter_(narrow, c(narrow, "ok")), ["x"]), ge(c(narrow, "x"), 1.0)))
    assert twice is not None and twice[1] == {}
    plan = lowered(reveal(select(both[0], ["id", "p", "z", "z'"])))
    assert [s.op for s in plan].count("join") == 1 and [s.op for s in plan].count("filter") <= 1
    deep = left
    other: LogicalNode = filter_(JOINED, ok)
    for k in range(1200):  # more than Python's calls may nest
        deep, other = filter_(deep, ge(c(deep, "x"), float(k % 3))), filter_(other, ge(c(other, "x"), float(k % 3)))
    assert together(deep, other) is not None


@st.composite
def ways(draw: st.DrawFn, bounds: list[int]) -> LogicalNode:
    """From one table, through filters of the age by these bounds; each of a selection of its own, with columns added above."""
    node: LogicalNode = h()
    for bound in [None, *bounds]:
        if bound is not None:
            more = {n: add(c(node, "id"), k) for k, n in enumerate("vw") if draw(st.booleans())}
            kept = with_columns(node, more)
            names = ["age", "id", *(n for n in kept.schema.names if n not in ("age", "id") and draw(st.booleans()))]
            node = filter_(select(kept, names), ge(c(node, "age"), bound))
        for kind in draw(st.lists(st.sampled_from(["cumulate", "attach"]), max_size=2)):
            e = c(node, draw(st.sampled_from(["id", "age"])))
            node = cumulate(node, "sum", e) if kind == "cumulate" else attach(node, doubled(node, e))
    return node


@settings(max_examples=60)
@given(data=st.data(), bounds=st.lists(st.sampled_from([30, 50, 60]), max_size=3), other=st.lists(st.sampled_from([30, 50]), max_size=2))
def test_what_comes_together_is_what_each_side_has(data: st.DataObject, bounds: list[int], other: list[int]) -> None:
    """Row by row: the left one's columns as they were, and the right one's where it says that they are. Other filters are other rows."""
    left, right = data.draw(ways(bounds)), data.draw(ways(bounds))
    rows = data.draw(st.lists(st.fixed_dictionaries({"age": st.integers(18, 97), "g": st.none(), "ok": st.booleans()}), min_size=8, max_size=8))
    tables = {("h", "t"): [{"id": 3 * k, **r} for k, r in enumerate(rows)]}
    found = together(left, right)
    assert found is not None
    for base in (found[0], optimize(reveal(found[0]))):
        merged = interpret(base, tables)
        assert [{n: r[n] for n in left.schema.names} for r in merged] == interpret(left, tables)
        there = {n: str(found[1].get(n, n)) for n in right.schema.names}
        assert [{n: r[there[n]] for n in right.schema.names} for r in merged] == interpret(right, tables)
    assert (together(left, data.draw(ways(other))) is None) == (bounds != other)


def test_what_is_read_alone_stands_alone() -> None:
    t = attach(JOINED, score(JOINED))
    both, alone, none = (lowered(reveal(select(t, names))) for names in (["id", "p"], ["p"], ["id"]))
    assert [s.op for s in both] == ["scan", "scan", "join", "project", "tensor", "output", "attach", "project", "reveal"]
    assert both.steps[-2].schema.names == ["id", "p"] and [s.op for s in both].count("join") == 1
    assert [s.op for s in alone] == ["scan", "scan", "join", "project", "tensor", "output", "reveal"]
    assert [s.op for s in none] == ["scan", "scan", "join", "reveal"]
    filtered = filter_(t, ge(c(t, "p"), 0.5))
    assert [s.op for s in lowered(reveal(filtered))][-3:] == ["attach", "filter", "reveal"]


def test_flows_go_by_column() -> None:
    ((_, flow),) = result_flows(lowered(reveal(select(attach(SALES, score(SALES)), ["id", "p"]))))
    assert {column for _, _, column in flow.values} == {"id", "x"}
    text = explain("all", attach(SALES, score(SALES)), optimize(reveal(attach(SALES, score(SALES)))), lowered(reveal(attach(SALES, score(SALES)))))
    assert "attach  p" in text


def test_the_order_that_rows_are_shown_in() -> None:
    """A meaningful order goes through what is computed row by row, and through `limit`; anything else that is masked is shuffled once."""
    by = sort(JOINED, "id")
    for t in (by, attach(by, score(by)), score(by), limit(filter_(SALES, c(SALES, "ok")), 3), aggregate(JOINED, "id", [("n", "size", None)])):
        assert is_ordered(t) and t.shape.places.packed
        plan = lowered(reveal(t))
        assert plan.steps[-1].params == {"ordered": True, "stored": None}
        assert lowered(store(t, "k")).steps[-1].params == {"name": "k", "shuffled": False}
    for t in (JOINED, attach(JOINED, score(JOINED)), filter_(SALES, c(SALES, "ok"))):
        assert not is_ordered(t)
        assert lowered(reveal(t)).steps[-1].params == {"ordered": False, "stored": None}
        kept = lowered(store(t, "k"))
        assert kept.steps[-1].params == {"name": "k", "shuffled": True} and "'k', in a random order" in "\n".join(opened(kept))
    assert lowered(store(SALES, "k")).steps[-1].params["shuffled"] is False


def test_stored_rows_keep_their_order() -> None:
    kept = load("t1", FIELDS, 50, masked=True, session_id="s")
    more = with_columns(attach(kept, score(kept)), {"z": add(c(kept, "x"), 1)})
    assert more.shape.places.stored == score(kept).shape.places.stored == "t1"
    plan = lowered(reveal(more))
    assert plan.steps[-1].params == {"ordered": False, "stored": "t1"}
    assert any("in the random order in which 't1' was stored" in line for line in opened(plan))
    # A condition that is always true is no filter; a real one hides which rows it dropped, as a join and a sort hide where they were.
    assert lowered(reveal(filter_(kept, ge(c(kept, "x"), -1.0)))).steps[-1].params["stored"] == "t1"
    for t in (filter_(more, ge(c(more, "p"), 0.5)), join(kept, select(OTHER, ["id"]), on="id"), sort(kept, "id")):
        assert t.shape.places.stored is None and lowered(reveal(t)).steps[-1].params["stored"] is None
    for t in (load("t1", FIELDS, 50, masked=False), load("t1", FIELDS, 50, ordered=True)):
        assert t.shape.places.stored is None


def test_head_needs_an_order() -> None:
    kept = load("t1", FIELDS, 9, masked=True, session_id="s")
    for t in (JOINED, attach(JOINED, score(JOINED)), score(JOINED), filter_(JOINED, c(JOINED, "ok")), kept, with_columns(kept, {})):
        with pytest.raises(PlanError, match="head depends on the order of the rows, and .*sort first"):
            limit(t, 3)
    for t in (SALES, filter_(SALES, c(SALES, "ok")), sort(JOINED, "id"), load("t1", FIELDS, 9, masked=False), score(SALES)):
        assert limit(t, 3).rows == 3


def test_what_a_store_keeps_is_what_its_step_says() -> None:
    """A filter that does nothing leaves no mask, wherever it stands: the load is built from the step."""
    always = filter_(SALES, ge(c(SALES, "x"), -1.0))
    for t in (always, sort(always, "id"), limit(always, 5), attach(always, score(always)), score(always), cumulate(always, "y", c(always, "x"))):
        node = store(t, "k")
        assert isinstance(node, Store) and node.masked
        plan = lowered(node)
        assert not any(s.masked for s in plan) and plan.steps[-1].schema.names == t.schema.names
