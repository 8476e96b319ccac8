"""Projection push-down: columns that nobody reads are dropped where they arise; at best they are never shared."""

from __future__ import annotations

from spuframe.plan.logical import LogicalNode
from spuframe.plan.rules.uses import Uses


def projection_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Rebuild a whole plan so that each node keeps the columns that any of its users reads.

    It works on the plan at once: a node that two others read keeps what either needs, and stays one node.
    """
    kept: dict[LogicalNode, LogicalNode] = {}
    for n in node.nodes():
        if n in kept:
            continue
        wanted = frozenset(n.schema.names) if n is node else uses.required(n)
        kept[n] = n.narrowed([kept[i] for i in n.inputs], wanted)
    return kept[node] if kept[node] != node else None
