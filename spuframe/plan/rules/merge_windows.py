"""Merge windows: what rows get of rows sorted alike, they get of one sort."""

from __future__ import annotations

from spuframe.expr.expr import Col, col
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.adds import Adds
from spuframe.plan.nodes.project import Project, exactly
from spuframe.plan.nodes.window import WindowNode
from spuframe.plan.rules.uses import Uses


def merge_windows(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Compute windows beside earlier ones of the same sort that nobody else reads, if they read nothing that was made in between."""
    if not isinstance(node, WindowNode):
        return None
    reads = frozenset(node.by).union(*(w.reads for w in node.windows))
    between, below = list[LogicalNode](), node.input
    while not uses.shared(below):
        if isinstance(below, WindowNode) and (below.by, below.ascending) == (node.by, node.ascending) and reads <= set(below.input.schema.names):
            made: LogicalNode = WindowNode(below.input, node.by, node.ascending, below.windows + node.windows)
            for step in reversed(between):
                made = _over(step, made, node.added)
            return exactly(made, node.schema.names)
        free = isinstance(below, Adds) and not reads & set(below.added)
        kept = isinstance(below, Project) and below.picks and reads <= set(below.schema.names)
        if not (free or kept) or set(node.added) & set(below.inputs[0].schema.names):
            return None
        between.append(below)
        below = below.inputs[0]
    return None


def _over(step: LogicalNode, table: LogicalNode, added: tuple[str, ...]) -> LogicalNode:
    """A step that passes columns on, over a table with more of them."""
    if isinstance(step, Project):
        names = [n for n, e in step.columns if isinstance(e, Col)]
        return Project(table, tuple((n, col(table.schema[n])) for n in (*names, *added)))
    return step.with_children([table, *step.inputs[1:]])
