"""Compute push-down: what reads one owner's columns alone is computed before a join or a concatenation, so that it can reach the owner."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Col, Expr, Function, rebind_all
from spuframe.plan.logical import Concat, Join, LogicalNode, Project
from spuframe.plan.names import free
from spuframe.plan.rules.uses import Uses, is_plain


def compute_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Split the functions that one plain side of a join can compute off a projection over it; move a projection below a concatenation."""
    if not isinstance(node, Project) or uses.shared(node.input):
        return None
    if isinstance(node.input, Concat):
        tables = node.input.tables
        if not all(is_plain(t) for t in tables) or not any(isinstance(e, Function) for _, e in node.columns):
            return None
        new = Concat(tuple(_rebound(t, node.columns) for t in tables))
        return new if new.schema == node.schema else None
    return _below_join(node, node.input) if isinstance(node.input, Join) else None


def _rebound(table: LogicalNode, columns: Sequence[tuple[str, Expr]]) -> Project:
    """The same expressions over another table."""
    return Project(table, tuple(zip([n for n, _ in columns], rebind_all([e for _, e in columns], table.schema), strict=True)))


def _below_join(node: Project, join: Join) -> LogicalNode | None:
    sides = {"left": join.left, "right": join.right}
    found: dict[str, dict[Expr, str]] = {"left": {}, "right": {}}
    taken = {*join.schema.names, *join.left.schema.names, *join.right.schema.names}
    columns: list[tuple[str, Expr]] = []
    for name, e in node.columns:
        side = next((s for s in sides if _only(e, join, s) and is_plain(sides[s])), None)
        if side is None:
            columns.append((name, e))
            continue
        new = found[side].setdefault(e, free(name, taken))
        taken.add(new)
        columns.append((name, Col(e.as_field(new))))  # bound to the join below
    if not any(found.values()):
        return None
    below = {}
    for side, table in sides.items():
        sources = {name: source for name, where, source in join.columns if where == side}
        extra = tuple(zip(found[side].values(), rebind_all(list(found[side]), table.schema, sources), strict=True))
        below[side] = Project(table, (*((f.name, Col(f)) for f in table.schema), *extra)) if extra else table
    rejoined = Join(below["left"], below["right"], join.how, join.left_on, join.right_on, join.unique, join.suffixes)
    out = _rebound(rejoined, columns)
    return out if out.schema == node.schema else None


def _only(e: Expr, join: Join, side: str) -> bool:
    return isinstance(e, Function) and bool(e.columns) and e.columns <= {name for name, where, _ in join.columns if where == side}
