"""Prefix sums in plans: their schema, what the rules make of them, how they are lowered and explained, and how two sets of them become one."""

from __future__ import annotations

import pytest

from spuframe.dtypes import SECRET, Bool, Field, Fixed, Int, String
from spuframe.errors import PlanError, RangeOverflowError, SchemaError, TypeMismatchError
from spuframe.expr import add, col, ge, mul
from spuframe.expr.expr import Expr
from spuframe.ir.leakage import result_flows
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.build import aggregate, concat, filter_, is_ordered, join, load, project, reveal, scan, select, sort
from spuframe.plan.cumulate import cumulate
from spuframe.plan.explain import explain
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.cumulate import Cumulate
from spuframe.plan.optimizer import optimize
from spuframe.plan.rows import together

FIELDS = [Field("id", Int(64), range=(0, 99)), Field("n", Int(8), True, range=(-2, 9)), Field("x", Fixed(), range=(0.0, 4.0)), Field("ok", Bool())]
SALES = scan("s", "shop", "t", FIELDS, 50)


def c(node: LogicalNode, name: str) -> Expr:
    return col(node.schema[name])


def lowered(node: LogicalNode) -> PhysicalPlan:
    return lower(optimize(reveal(node)), protocol="aby3", parties=3)


def test_schema() -> None:
    t = cumulate(SALES, "sums", c(SALES, "n"))
    assert t.schema["sums"] == Field("sums", Int(64), True, SECRET, (-100, 450), frozenset({"shop"})) and (t.rows, t.masked) == (50, False)
    assert t.schema.names[:4] == SALES.schema.names and cumulate(t, "sums", c(t, "sums")).schema.names[-1] == "sums'"
    assert cumulate(SALES, "y", c(SALES, "ok")).schema["y"].range == (0, 50) and str(cumulate(SALES, "y", c(SALES, "x")).schema["y"].dtype) == "float"
    masked = filter_(SALES, c(SALES, "ok"))
    assert cumulate(masked, "y", c(masked, "x")).masked


def test_checks() -> None:
    with pytest.raises(SchemaError, match="'n' is there already"):
        Cumulate(SALES, "n", c(SALES, "n"))
    text = scan("s", "shop", "t", [Field("s", String(3)), Field("big", Int(64), range=(0, 2**60))], 9)
    with pytest.raises(TypeMismatchError, match="'s'"):
        cumulate(text, "y", c(text, "s"))
    with pytest.raises(RangeOverflowError, match="the sum of 'big' over 9 rows"):
        cumulate(text, "y", c(text, "big"))
    with pytest.raises(SchemaError, match="not the one of this frame"):
        cumulate(text, "y", col(Field("big", Int(8))))


def test_the_order_of_the_rows_must_mean_something() -> None:
    joined = join(SALES, select(scan("s", "bank", "b", FIELDS, 20), ["id"]), on="id")
    kept = load("t1", FIELDS, 9, masked=True, session_id="s")
    for rows in (joined, filter_(joined, c(joined, "ok")), concat([select(joined, ["x"]), select(SALES, ["x"])]), kept):
        with pytest.raises(PlanError, match="sort_values"):
            cumulate(rows, "y", c(rows, "x"))
    by, plain = sort(joined, "id"), load("t1", FIELDS, 9, masked=False, session_id="s")
    for rows in (by, filter_(by, c(by, "ok")), plain, load("t1", FIELDS, 9, True, "s", ordered=True), aggregate(joined, "id", [("x", "sum", "x")])):
        assert cumulate(rows, "y", c(rows, "x")).rows == rows.rows
    summed = cumulate(by, "y", c(by, "x"))
    assert is_ordered(summed) and summed.shape.places.packed
    assert not is_ordered(cumulate(SALES, "y", c(SALES, "x")))


def test_filters_stay_above() -> None:
    t = cumulate(SALES, "y", c(SALES, "n"))
    plan = lowered(filter_(t, ge(c(t, "n"), 3)))
    assert [s.op for s in plan] == ["scan", "cumulate", "filter", "reveal"] and plan.steps[0].params["filter"] is None
    below = filter_(SALES, ge(c(SALES, "n"), 3))
    assert [s.op for s in lowered(cumulate(below, "y", c(below, "n")))] == ["scan", "cumulate", "reveal"]


def test_what_is_not_read_goes() -> None:
    first = cumulate(SALES, "a", c(SALES, "n"))
    both = cumulate(first, "b", c(first, "x"))
    plan = lowered(select(both, ["b"]))
    assert [s.op for s in plan] == ["scan", "cumulate", "project", "reveal"]
    assert plan.steps[0].schema.names == ["x"] and plan.steps[1].params["name"] == "b"
    assert [s.op for s in lowered(select(both, ["x"]))] == ["scan", "reveal"]


def test_the_owner_computes_what_is_added_up() -> None:
    t = cumulate(SALES, "y", mul(c(SALES, "n"), add(c(SALES, "x"), 1)))
    plan = lowered(t)
    assert [s.op for s in plan] == ["scan", "cumulate", "project", "reveal"]
    below, value = plan.steps[0].params, plan.steps[1].params
    assert value["expressions"][value["value"]]["col"] == "y'"
    assert any(name == "y'" and "fn" in below["expressions"][e] for name, e in below["columns"])
    kept = load("t1", FIELDS, 9, masked=False, session_id="s")
    on_shares = lowered(cumulate(kept, "y", mul(c(kept, "n"), 2)))
    assert [s.op for s in on_shares] == ["load", "project", "cumulate", "project", "reveal"]


def test_plans_travel_and_are_explained() -> None:
    t = cumulate(filter_(SALES, c(SALES, "ok")), "y", c(SALES, "n"))
    plan = lowered(select(t, ["y"]))
    assert PhysicalPlan.from_bytes(plan.to_bytes()).to_plain() == plan.to_plain()
    assert sorted(result_flows(plan)[0][1].values) == [("shop", "t", "n"), ("shop", "t", "ok")]  # which rows there are decides on the sums
    text = explain("all", reveal(t), optimize(reveal(t)), plan)
    assert "cumulate  y = n" in text and "cumulate y" in text


def test_together() -> None:
    n, x = c(SALES, "n"), c(SALES, "x")
    left = cumulate(SALES, "sum", n)
    right = cumulate(cumulate(SALES, "sum", x), "other", n)
    found = together(left, right)
    assert found is not None
    base, names = found
    assert [f.name for f in base.schema][4:] == ["sum", "sum'"]  # what both have is there once
    assert {k: str(v) for k, v in names.items()} == {"sum": "sum'", "other": "sum"} and base.schema["sum'"].dtype == Fixed()
    assert together(left, left) == (left, {}) and together(SALES, left) == (left, {}) and together(left, SALES) == (left, {})
    assert together(left, filter_(SALES, c(SALES, "ok"))) is None
    nested = cumulate(right, "nested", c(right, "sum"))
    on_top = together(left, nested)
    assert on_top is not None and str(on_top[0].value) == "sum'" and isinstance(on_top[0], Cumulate)  # type: ignore[attr-defined]
    both = project(on_top[0], {"y": add(c(on_top[0], "nested"), c(on_top[0], "sum"))})
    assert both.schema["y"].nullable
