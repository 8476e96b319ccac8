"""Sums of columns: what a prefix sum adds up is computed by a projection below it, which the other rules can bring to the owner."""

from __future__ import annotations

from spuframe.expr.expr import Col
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.nodes.cumulate import Cumulate
from spuframe.plan.nodes.project import Project
from spuframe.plan.rules.uses import Uses


def sums_of_columns(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Take the expression out of a prefix sum; the column that it becomes is gone again above."""
    if not isinstance(node, Cumulate) or isinstance(node.value, Col):
        return None
    source = free(node.name, node.schema)
    columns = tuple((f.name, Col(f)) for f in node.input.schema)
    below = Project(node.input, (*columns, (source, node.value)))
    summed = Cumulate(below, node.name, Col(below.schema[source]))
    return Project(summed, tuple((f.name, Col(summed.schema[f.name])) for f in node.schema))
