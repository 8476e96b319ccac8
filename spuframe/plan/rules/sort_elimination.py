"""Sort elimination: a sort whose order nobody sees goes."""

from __future__ import annotations

from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.sort import Sort
from spuframe.plan.rules.uses import Uses


def sort_elimination(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Drop the sorts below a node that does not mind the order of its inputs' rows, as groups and merges."""
    if node.minds_order or not any(isinstance(i, Sort) for i in node.inputs):
        return None
    new = node.with_children([i.input if isinstance(i, Sort) and not uses.shared(i) else i for i in node.inputs])
    return new if new != node and new.schema == node.schema else None
