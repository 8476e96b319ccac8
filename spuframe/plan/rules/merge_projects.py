"""Merge projects: a projection of a projection is one, so that later rules see the expressions over what they really read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spuframe.expr.expr import Col, Expr, Lit, substitute_all
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.project import Project
from spuframe.plan.rules.uses import Uses


def merge_projects(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Put the inner expressions into the outer ones; drop a projection that changes nothing.

    An inner projection that others read too, and that computes something, stays: it would be computed again for each.
    """
    if not isinstance(node, Project):
        return None
    inner = node.input
    if node.changes_nothing:
        return inner
    if not isinstance(inner, Project) or (uses.shared(inner) and not is_trivial(inner)):
        return None
    below = dict(inner.columns)
    merged = Project(inner.input, over(node.columns, below))
    return merged if merged.schema == node.schema else None


def over(columns: Sequence[tuple[str, Expr]], below: Mapping[str, Expr]) -> tuple[tuple[str, Expr], ...]:
    """Named expressions over what the columns that they read are computed from."""
    return tuple(zip([n for n, _ in columns], substitute_all([e for _, e in columns], below), strict=True))


def is_trivial(node: LogicalNode) -> bool:
    """Whether it only picks and renames columns."""
    return isinstance(node, Project) and all(isinstance(e, Col | Lit) for _, e in node.columns)
