"""Expressions and plans are graphs: whatever is done with them costs their distinct nodes, and no recursion."""

from __future__ import annotations

import copy
import weakref
from functools import reduce

from spuframe.dtypes import Field, Int
from spuframe.expr import Expr, add, and_, col, gt, lit, mod, mul, ne, not_null, or_
from spuframe.ir.leakage import leakage_report, result_flows
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.build import filter_, join, limit, project, reveal, scan, select, sort, with_columns
from spuframe.plan.cumulate import cumulate
from spuframe.plan.explain import explain, tree
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.project import Project
from spuframe.plan.optimizer import optimize

DEPTH = 10_000


def table(names: list[str], owner: str = "ann", top: int = 1) -> LogicalNode:
    return scan("s", owner, "t", [Field(n, Int(64), range=(0, top)) for n in [*names, "id"]], 100, unique=["id"])


def both(top: int = 1) -> LogicalNode:
    """Columns of two owners: what is computed of both is computed at the parties."""
    return join(table(["x"], top=top), table(["y"], "bob", top), on="id")


def c(node: LogicalNode, name: str) -> Expr:
    return col(node.schema[name])


def shipped(node: LogicalNode) -> PhysicalPlan:
    """Optimised, lowered, and read again from its bytes."""
    plan = lower(optimize(node), protocol="aby3", parties=3, owners=("ann", "bob"))
    read = PhysicalPlan.from_bytes(plan.to_bytes())
    assert read.to_plain() == plan.to_plain()
    result_flows(read), leakage_report(read, "", False)
    explain("all", node, optimize(node), plan)
    return read


def sizes(plan: PhysicalPlan) -> dict[str, int]:
    return {s.op: len(s.params["expressions"]) for s in plan if "expressions" in s.params}


def doubled(e: Expr, times: int) -> Expr:
    for _ in range(times):
        e = add(e, e)
    return e


def chain(t: LogicalNode, length: int) -> Expr:
    e = c(t, "x")
    for i in range(length // 2):
        e = mod(add(mul(e, e), c(t, "y")), 7) if i % 3 else add(e, c(t, "y"))
    return e


def test_shared_parts_are_shipped_once() -> None:
    t = both()
    plan = shipped(reveal(project(t, {"e": doubled(add(c(t, "x"), c(t, "y")), 40)})))
    assert sizes(plan)["project"] == 2 + 1 + 40 and len(plan.to_bytes()) < 10_000
    x = c(table(["x"]), "x")
    own = shipped(reveal(project(table(["x"]), {"a": doubled(x, 40), "b": doubled(x, 39)})))
    assert [s.op for s in own] == ["scan", "reveal"] and sizes(own)["scan"] == 1 + 40


def test_a_deep_expression_is_planned() -> None:
    t = both()
    e = chain(t, DEPTH)
    distinct = sum(1 for _ in e.walk())
    plan = shipped(reveal(project(t, {"e": e})))
    assert sizes(plan)["project"] <= distinct and len(plan.to_bytes()) < 200 * distinct
    assert len(str(e)) < 300 and len(repr(e)) < 300 and copy.deepcopy(e) is e is copy.copy(e)


def test_equal_graphs_are_compared_at_once() -> None:
    """Built apart, and equal: one stands for both, and dictionaries find the one for the other."""
    one, other = doubled(chain(both(), DEPTH), 0), doubled(chain(both(), DEPTH), 0)
    assert one is not other and one == other and one.same is other.same and {one: 1}[other] == 1
    assert add(one, 1) != add(other, 2) and add(one, 1) == add(other, 1)
    a, b = select(both(), ["x"]), select(both(), ["x"])
    assert a == b and a.same is b.same and repr(a) == "<Project of 100 rows: x>"


def test_what_nobody_holds_is_let_go() -> None:
    e = chain(both(), DEPTH)
    some = [weakref.ref(n) for n in e.walk()][:: DEPTH // 10]
    kept, top = col(Field("kept", Int(64), range=(0, 1))), weakref.ref(e)
    del e
    assert top() is None and not any(r() for r in some[2:-1]) and kept.columns == {"kept"}


def test_sums_and_conditions_over_many_columns() -> None:
    names = [f"c{i}" for i in range(700)]
    t = table(names)
    plan = shipped(reveal(project(t, {"sum": reduce(add, [c(t, n) for n in names])})))
    assert [s.op for s in plan] == ["scan", "reveal"] and sizes(plan)["scan"] == 2 * 700 - 1
    for fold in (and_, or_):
        plan = shipped(reveal(filter_(t, reduce(fold, [gt(c(t, n), 0) for n in names]))))
        assert [s.op for s in plan] == ["scan", "reveal"] and sizes(plan)["scan"] == 700 + 1 + 700 + 699 + 1  # columns, 0, >, &, id


def test_chains_of_filters_become_one() -> None:
    t = both(top=10**6)
    for i in range(300):
        t = filter_(t, ne(add(c(t, "x"), c(t, "y")), i))
    assert [s.op for s in shipped(reveal(t))] == ["scan", "scan", "join", "filter", "reveal"]


def test_chains_of_projections_become_one() -> None:
    t = both()
    for _ in range(300):
        t = with_columns(t, {"x": mod(add(c(t, "x"), c(t, "y")), 7)})
    plan = shipped(reveal(t))
    assert [s.op for s in plan] == ["scan", "scan", "join", "project", "reveal"] and sizes(plan)["project"] == 3 + 1 + 2 * 300


def test_filters_sink_through_projections() -> None:
    t = both(top=10**6)
    for i in range(60):
        t = with_columns(t, {"x": add(c(t, "x"), c(t, "y"))})
        t = filter_(t, ne(c(t, "x"), i))
    done = optimize(reveal(t))
    assert [n.op for n in done.nodes()] == ["scan", "scan", "join", "filter", "project", "reveal"]


def test_deep_plans_of_steps_that_stay() -> None:
    t: LogicalNode = table(["x"])
    for i in range(1000):
        t = cumulate(t, f"s{i % 2}", c(t, "x")) if i % 10 == 0 else limit(t, 100 - i // 20)
        t = select(t, ["x", "id"]) if i % 10 == 0 else t
    deep = reveal(sort(t, "id"))
    assert len(tree(deep)) < 1_000_000 and len(repr(deep)) < 200 and copy.deepcopy(deep) is deep
    shipped(deep)


def test_folding_and_pushing_down_keep_what_is_shared() -> None:
    """A part that two columns read stays one part in every rule's result."""
    t = both(top=9)
    shared = doubled(add(c(t, "x"), add(lit(1), 2)), 20)
    plan = optimize(reveal(project(filter_(t, not_null(c(t, "y"))), {"a": add(shared, c(t, "y")), "b": mod(add(shared, c(t, "y")), 5)})))
    outer = next(n for n in plan.nodes() if isinstance(n, Project | Filter))
    assert isinstance(outer, Project)
    assert len({n for _, e in outer.columns for n in e.walk()}) < 40
