"""Sort elimination: a sort whose order nobody sees goes."""

from __future__ import annotations

from spuframe.ir.aggregates import aggregation
from spuframe.plan.logical import Aggregate, LogicalNode, Sort
from spuframe.plan.rules.uses import Uses


def sort_elimination(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """An aggregate does not depend on the order of its input's rows, unless it says so."""
    if isinstance(node, Aggregate) and isinstance(node.input, Sort) and not uses.shared(node.input):
        if any(aggregation(how).in_order for _, how, _ in node.aggregates):
            return None
        new = Aggregate(node.input.input, node.keys, node.aggregates)
        return new if new.schema == node.schema else None
    return None
