"""Random plans with every kind of node: what rules are tried on. A kind of node has its maker here, or the tests of the rules fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from typing import Any

from hypothesis import strategies as st

from spuframe.dtypes import SECRET, Bool, Field, Fixed, Int, Schema
from spuframe.errors import RangeOverflowError
from spuframe.expr import add, and_, col, eq, fill_null, ge, lit, lt, mul, sub
from spuframe.expr.expr import Expr, bounds_of
from spuframe.ir.joins import KINDS
from spuframe.ir.windows import Window
from spuframe.plan import nodes
from spuframe.plan.build import (
    aggregate,
    concat,
    filter_,
    join,
    limit,
    load,
    output,
    project,
    rename,
    reveal,
    roots,
    scan,
    select,
    sort,
    store,
    tensor,
    with_columns,
)
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.attach import Attach
from spuframe.plan.nodes.concat import Concat
from spuframe.plan.nodes.cross import Cross
from spuframe.plan.nodes.cumulate import Cumulate
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.join import Join
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.nodes.load import Load
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.repeat import Repeat
from spuframe.plan.nodes.results import Reveal, Roots, Store
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.nodes.shuffle import Shuffle
from spuframe.plan.nodes.sort import Sort
from spuframe.plan.nodes.tensor import Output, Tensor, TensorOutput
from spuframe.plan.nodes.window import WindowNode
from spuframe.plan.rows import attach


@cache
def kinds() -> tuple[type[LogicalNode], ...]:
    """All kinds of nodes, found by listing their package."""
    modules = [import_module(f"{nodes.__name__}.{m.name}") for m in iter_modules(nodes.__path__)]
    own = {v for m in modules for v in vars(m).values() if isinstance(v, type) and issubclass(v, LogicalNode) and not isabstract(v)}
    return tuple(sorted(own, key=lambda kind: kind.__name__))


ID = Field("id", Int(64), range=(0, 30))
Row = dict[str, Any]


def h(rows: int = 8) -> Scan:
    return scan("s", "h", "t", [ID, Field("age", Int(64), range=(18, 97)), Field("g", Int(8), True, range=(0, 3)), Field("ok", Bool())], rows)


def i(rows: int = 6) -> Scan:
    return scan("s", "i", "t", [ID, Field("cost", Fixed(), range=(0.0, 64.0)), Field("days", Int(8), range=(0, 9))], rows)


def kept(masked: bool = True, ordered: bool = False) -> Load:
    return load("k", [ID, Field("w", Int(8), range=(0, 5)), Field("v", Int(8), True, range=(-2, 2))], 7, masked, "s", ordered)


def c(node: LogicalNode, name: str) -> Expr:
    return col(node.schema[name])


@st.composite
def numbers(draw: st.DrawFn, node: LogicalNode, depth: int = 2) -> Expr:
    names = [f.name for f in node.schema if f.dtype.is_numeric and f.range is not None and max(map(abs, f.range)) < 10**4]
    if depth == 0 or not names or draw(st.integers(0, 2)) == 0:
        return c(node, draw(st.sampled_from(names))) if names and draw(st.booleans()) else lit(draw(st.integers(-3, 60)))
    a, b = draw(numbers(node, depth - 1)), draw(numbers(node, depth - 1))
    made = draw(st.sampled_from([add, sub, mul, fill_null]))
    try:
        return made(a, b)
    except RangeOverflowError:  # products of products of what others made
        return a


@st.composite
def predicates(draw: st.DrawFn, node: LogicalNode) -> Expr:
    e = draw(st.sampled_from([ge, lt, eq]))(draw(numbers(node, 1)), draw(numbers(node, 1)))
    return and_(e, draw(predicates(node))) if draw(st.integers(0, 3)) == 0 else e


def doubled(node: LogicalNode, e: Expr) -> LogicalNode:
    """Row by row, by a tensor program."""
    low, high = bounds_of(e)
    field = Field("twice", Fixed(), False, SECRET, (2.0 * min(low, 0), 2.0 * max(high, 0)), e.owners)
    return output(tensor([project(node, {"x": e})], {"op": "double"}, [TensorOutput("twice", Schema((field,)), node.rows, like=0)]), "twice")


# ---- each kind of node, over a plan ----------------------------------------------------------------------
def in_order(node: LogicalNode) -> LogicalNode:
    """By all columns: one order only."""
    return sort(node, node.schema.names) if node.shape.places.order.refusal is not None else node


def _attach(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    if draw(st.booleans()):
        return attach(node, doubled(node, draw(numbers(node))))
    from_ = draw(st.sampled_from([node, h(), filter_(h(), draw(predicates(h())))]))
    return attach(node, aggregate(from_, [], [("most", "max", draw(st.sampled_from(from_.schema.names)))]))


def _aggregate(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    keys = draw(st.sampled_from([list[str](), node.schema.names[:1]]))
    some = draw(st.sampled_from(node.schema.names))
    below = draw(st.sampled_from([node, sort(node, some)]))
    return aggregate(below, keys, [("n", "size", None), ("m", "max", some)] if "n" not in keys and "m" not in keys else [])


def _join(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    """With a table of unique ids, on either side."""
    if "id" not in node.schema or not isinstance(node.schema["id"].dtype, Int):
        node = h()
    one = draw(st.sampled_from([h(), i(), filter_(i(), draw(predicates(i()))), sort(h(), "age"), kept()]))
    how = draw(st.sampled_from(list(KINDS)))
    if KINDS[how].selects:
        return join(node, one, how, "id")
    n = next(n for n in range(99) if not any(name.endswith((f"_x{n}", f"_y{n}")) for name in (*node.schema.names, *one.schema.names)))
    left, right, validate = (node, one, "m:1") if draw(st.booleans()) else (one, node, "1:m")
    return join(left, right, how, "id", validate=validate, suffixes=(f"_x{n}", f"_y{n}"))


def _cross(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    """Few rows beside few, of names that clash and of others."""
    if node.rows > 60:
        node = h()
    n = next(n for n in range(99) if not any(name.endswith((f"_a{n}", f"_b{n}")) for name in node.schema.names))
    one = draw(st.sampled_from([select(i(3), ["id", "cost"]), filter_(select(h(3), ["age"]), ge(c(h(3), "age"), 40)), rename(i(2), {"id": f"new{n}"})]))
    return Cross(*draw(st.sampled_from([(node, one), (one, node)])), (f"_a{n}", f"_b{n}"))


def _repeat(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    e = draw(numbers(node))
    low, high = bounds_of(e)
    whole = isinstance(e.dtype, Int) and low >= 0 and high < 100
    n = next(n for n in range(99) if not {f"times{n}", f"rank{n}"} & set(node.schema.names))
    many = with_columns(node, {f"times{n}": e if whole else lit(2)})
    return Repeat(many, f"times{n}", f"rank{n}", 1000)


def _window(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    """Sorted by all columns at last, so that there is one order only; of several kinds, some of groups."""
    by = [draw(st.sampled_from(node.schema.names)), *node.schema.names]
    whole = [f.name for f in node.schema if isinstance(f.dtype, Int) and f.range is not None and max(map(abs, f.range)) < 10**4]
    n = next(n for n in range(99) if not any(name.startswith(f"w{n}.") for name in node.schema.names))
    windows = [Window(f"w{n}.0", "count", 1, draw(st.sampled_from([None, 0, 2])), None), Window(f"w{n}.1", "dense", 0, None, None)]
    for i, (function, span) in enumerate(draw(st.lists(st.sampled_from([("sum", 2), ("max", None), ("min", 3), ("shift", 1), ("shift", -2)])))):
        if whole:
            windows.append(Window(f"w{n}.{i + 2}", function, draw(st.integers(0, 2)), span, draw(st.sampled_from(whole))))
    return WindowNode(node, tuple(by), tuple(draw(st.booleans()) for _ in by), tuple(windows))


def _concat(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    if draw(st.booleans()):
        return concat([h(4), h(5)])
    return concat([node, filter_(node, draw(predicates(node)))])


def _roots(draw: st.DrawFn, node: LogicalNode) -> LogicalNode:
    if draw(st.booleans()):
        return roots([reveal(node), reveal(select(node, node.schema.names[:1])), store(node, "y")])
    return roots([reveal(filter_(node, draw(predicates(node)))), reveal(with_columns(node, {"p": draw(numbers(node))}))])


Maker = Callable[[st.DrawFn, LogicalNode], LogicalNode]

SOURCES: dict[type[LogicalNode], Maker] = {
    Scan: lambda draw, _: draw(st.sampled_from([h(), i()])),
    Load: lambda draw, _: kept(draw(st.booleans()), draw(st.booleans())),
}
STEPS: dict[type[LogicalNode], Maker] = {
    Project: lambda draw, node: (
        select(node, draw(st.lists(st.sampled_from(node.schema.names), min_size=1, unique=True)))
        if draw(st.booleans())
        else with_columns(node, {draw(st.sampled_from(["age", "p", "q"])): draw(numbers(node)) for _ in range(2)})
    ),
    Filter: lambda draw, node: filter_(node, draw(predicates(node))),
    Join: _join,
    Aggregate: _aggregate,
    Sort: lambda draw, node: sort(node, node.schema.names, draw(st.booleans())),
    Limit: lambda draw, node: limit(sort(node, node.schema.names), draw(st.integers(0, 5))),
    Concat: _concat,
    Repeat: _repeat,
    Cross: _cross,
    Cumulate: lambda draw, node: cumulate(ordered := in_order(node), "total", draw(numbers(ordered))),
    Attach: _attach,
    WindowNode: _window,
    Shuffle: lambda draw, node: Shuffle(node),
    Output: lambda draw, node: doubled(node, draw(numbers(node))),
    Tensor: lambda draw, node: doubled(node, draw(numbers(node))),
}
ENDS: dict[type[LogicalNode], Maker] = {
    Reveal: lambda draw, node: reveal(node),
    Store: lambda draw, node: store(node, "x"),
    Roots: _roots,
}
MAKERS = SOURCES | STEPS | ENDS


@st.composite
def plans(draw: st.DrawFn, kind: type[LogicalNode] | None = None) -> LogicalNode:
    """A plan, with this kind of node in it, others below and above."""

    def made(makers: dict[type[LogicalNode], Maker], node: LogicalNode, one: type[LogicalNode] | None = None) -> LogicalNode:
        return makers[one or draw(st.sampled_from(list(makers)))](draw, node)

    node = made(SOURCES, h(), kind if kind in SOURCES else None)
    for _ in range(draw(st.integers(0, 3))):
        node = _with_kind(kind, node, made(STEPS, node))
    if kind in STEPS:
        node = made(STEPS, node, kind)
        for _ in range(draw(st.integers(0, 3))):
            node = _with_kind(kind, node, made(STEPS, node))
    return made(ENDS, node, kind if kind in ENDS else None)


def _with_kind(kind: type[LogicalNode] | None, before: LogicalNode, after: LogicalNode) -> LogicalNode:
    """The plan after a step, unless the step did away with the node that the plan is for."""
    return before if _has(before, kind) and not _has(after, kind) else after  # some steps begin anew


def _has(plan: LogicalNode, kind: type[LogicalNode] | None) -> bool:
    return any(type(n) is kind for n in plan.nodes())


@st.composite
def rows(draw: st.DrawFn) -> dict[tuple[str, str], list[Row]]:
    """The owners' tables and the stored one."""
    ages, costs = st.integers(18, 97), st.integers(0, 64).map(float)
    first = draw(st.lists(st.fixed_dictionaries({"age": ages, "g": st.none() | st.integers(0, 3), "ok": st.booleans()}), min_size=8, max_size=8))
    second = draw(st.lists(st.fixed_dictionaries({"cost": costs, "days": st.integers(0, 9)}), min_size=6, max_size=6))
    third = draw(st.lists(st.fixed_dictionaries({"w": st.integers(0, 5), "v": st.none() | st.integers(-2, 2)}), min_size=7, max_size=7))
    return {
        ("h", "t"): [{"id": 3 * k, **r} for k, r in enumerate(first)],
        ("i", "t"): [{"id": 2 * k, **r} for k, r in enumerate(second)],
        ("", "k"): [{"id": 2 * k + 3, **r} for k, r in enumerate(third)],
    }


def canonical(found: list[Row]) -> list[tuple[Any, ...]]:
    """Rows in one order, with nulls that compare."""
    return sorted((tuple((v is None, 0 if v is None else v) for v in r.values()) for r in found), key=repr)
