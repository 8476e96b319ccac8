"""Which columns of a logical plan hold no value twice, as far as is known without looking."""

from __future__ import annotations

from spuframe.expr.expr import Col
from spuframe.plan.logical import Aggregate, Filter, Join, Limit, LogicalNode, Project, Scan, Sort


def unique_columns(node: LogicalNode) -> frozenset[str]:
    """Columns that are known to be unique, each by itself: published by their owners, or the one key of an aggregate."""
    below: list[Project | Join] = []
    while isinstance(node, Project | Join | Filter | Sort | Limit):
        if isinstance(node, Project | Join):
            below.append(node)
        node = (node.left if node.unique == "right" else node.right) if isinstance(node, Join) else node.input
    known = frozenset[str]()
    if isinstance(node, Scan):
        known = frozenset(n for n, e in node.outputs if isinstance(e, Col) and e.field.name in node.unique)
    elif isinstance(node, Aggregate):
        known = frozenset(node.keys if len(node.keys) == 1 else ())
    for above in reversed(below):
        if isinstance(above, Project):
            known = frozenset(n for n, e in above.columns if isinstance(e, Col) and e.field.name in known)
        else:
            many = "right" if above.unique == "left" else "left"
            known = frozenset(n for n, side, source in above.columns if side == many and source in known)
    return known
