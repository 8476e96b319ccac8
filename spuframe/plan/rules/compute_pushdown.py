"""Compute push-down: what reads one owner's columns alone is computed before a join or a concatenation, so that it can reach the owner."""

from __future__ import annotations

from spuframe.expr.expr import Col, Expr, Function, rebind_all, substitute_all
from spuframe.plan.logical import LogicalNode, Ways
from spuframe.plan.names import free
from spuframe.plan.nodes.project import Project
from spuframe.plan.rules.uses import Uses


def compute_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Split off a projection the functions that may be computed below the node that it stands on, by owners in plaintext."""
    if not isinstance(node, Project) or uses.shared(node.input):
        return None
    below = node.input
    ways = {e: below.takes_computation(e.columns) for _, e in node.columns if isinstance(e, Function) and e.columns}
    places = {e: place for e, w in ways.items() if (place := _in_plaintext(below, w)) is not None}
    made = [_over(below, i, {e: ways[e] for e in places if i in places[e]}) for i in range(len(below.inputs))]
    # What has another type over an input's narrower ranges is another value.
    moved = [e for e in places if all(made[i][e].dtype == e.dtype for i in places[e])]
    if not moved:
        return None
    taken = set(below.schema.names).union(*(t.schema.names for t in below.inputs))
    names: dict[Expr, str] = {}
    for name, e in node.columns:
        if e in moved and e not in names:
            names[e] = free(name, taken)
            taken.add(names[e])
    inputs = [_with(t, [(names[e], made[i][e]) for e in moved if i in places[e]]) for i, t in enumerate(below.inputs)]
    new = below.with_children(inputs)
    kept = [(name, Col(e.as_field(names[e])) if e in names else e) for name, e in node.columns]
    out = Project(new, tuple(zip([n for n, _ in kept], rebind_all([e for _, e in kept], new.schema), strict=True)))
    return out if out.schema == node.schema else None


def _in_plaintext(below: LogicalNode, ways: Ways) -> frozenset[int] | None:
    """Inputs at which it is enough to compute, all of them one owner's."""
    return next((e for e in ways.enough if all(below.inputs[i].shape.plain for i in e)), None)


def _over(below: LogicalNode, place: int, ways: dict[Expr, Ways]) -> dict[Expr, Expr]:
    """The expressions over an input's columns."""
    columns = {name: e for w in ways.values() for name, e in w.at[place].items()}
    return dict(zip(ways, substitute_all(list(ways), columns), strict=True))


def _with(table: LogicalNode, extra: list[tuple[str, Expr]]) -> LogicalNode:
    return Project(table, (*((f.name, Col(f)) for f in table.schema), *extra)) if extra else table
