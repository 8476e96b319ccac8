"""What operators say of themselves: all of it, or they are none."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

import spuframe.spu.operators
from spuframe.dtypes import Field, Int, Schema
from spuframe.errors import PlanError
from spuframe.expr import col, ge
from spuframe.ir.flows import Flow
from spuframe.ir.leakage import flows, opened, result_flows
from spuframe.ir.operator import Operator
from spuframe.ir.operators import operators
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.rings import Use
from spuframe.ir.step import Step
from spuframe.plan import build
from spuframe.plan.lower import lower
from spuframe.plan.rows import attach
from tests.ir.test_shapes import whole

X, Y = Field("x", Int(64), range=(0, 9)), Field("y", Int(64), range=(0, 9))
T, U = build.scan("s", "ann", "t", [X, Y], 8), build.scan("s", "bob", "u", [X, Y], 8)
SOURCES = {"x": frozenset({("ann", "t", "x")}), "y": frozenset({("ann", "t", "y")})}


def test_every_operator_is_specified_and_run() -> None:
    assert set(operators()) == {m.name for m in iter_modules(spuframe.spu.operators.__path__)}


def test_an_operator_that_is_silent_cannot_be_made() -> None:
    full = dict(vars(operators()["limit"].__class__))
    kept = {n: full[n] for n in ("arity", "params", "expressions", "flow", "opens", "rings", "detail")}
    type("Whole", (Operator,), dict(kept))()
    for name in kept:
        with pytest.raises(TypeError, match=name):
            type("Silent", (Operator,), {n: v for n, v in kept.items() if n != name})()


def test_what_is_read_and_is_not_there_has_no_flow() -> None:
    """Every step of a plan with every operator, over inputs without columns: those that read one by its name refuse."""
    plan = PhysicalPlan.from_plain(whole())
    assert len(flows(plan)) == len(plan.steps) and opened(plan)
    silent = set()
    for step in plan.steps:
        empty = [Flow({}, frozenset()) for _ in step.inputs]
        try:
            found = operators()[step.op].flow(step, empty)
        except PlanError as error:
            assert "does not have" in str(error)
        else:
            if found.columns.keys() >= set(step.schema.names) and len(step.schema):
                silent.add(step.op)
    assert silent <= {"scan", "load", "output"}  # an output is what its program made


def test_a_secret_single_row_tells_on_what_it_was_chosen_by() -> None:
    first = build.limit(build.sort(build.select(U, ["x", "y"]), "y"), 1)
    plan = lower(build.reveal(attach(T, build.rename(build.select(first, ["x"]), {"x": "z"}))), protocol="aby3", parties=3)
    ((_, flow),) = result_flows(plan)
    assert flow.columns["z"] == {("bob", "u", "x"), ("bob", "u", "y")} and not flow.rows


def test_flows_of_rows() -> None:
    t = build.filter_(T, ge(col(T.schema["y"]), 3))
    joined = build.join(t, build.select(U, ["x"]), on="x", validate="m:1")
    ((_, flow),) = result_flows(lower(build.reveal(build.select(joined, ["y"])), protocol="aby3", parties=3))
    assert flow.values == {("ann", "t", "y")} and flow.rows == {("ann", "t", "x"), ("ann", "t", "y"), ("bob", "u", "x")}


@pytest.mark.parametrize("op", [name for name in operators() if operators()[name].arity == 1 and name not in ("filter", "project", "cumulate")])
def test_what_may_be_moved_or_revealed_stays_narrow(op: str) -> None:
    """But for what only passes rows on, and for sums of the whole table."""
    params = {"keys": ["x"], "aggregates": [], "by": ["x"], "ascending": [True], "rows": 3, "name": "n", "columns": [], "windows": []}
    step, use = Step(op, (0,), params, Schema.of([X]), 8, False), Use()
    source = frozenset({(0, "x")})
    passed = operators()[op].rings(1, step, [Step("scan", (), {}, Schema.of([X]), 8, False)], [{"x": source}], use)
    assert passed == {"x": source} if op == "limit" else use.fixed == source
