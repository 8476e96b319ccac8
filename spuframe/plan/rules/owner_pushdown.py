"""Owner push-down: what one owner can compute alone, it computes in plaintext before sharing; a comparison there is free.

The number of rows stays: rows that the owner's filter drops are shared as invalid, so that nobody learns how many they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Expr, Function, substitute
from spuframe.expr.functions.logic import And
from spuframe.expr.node import walk
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.rules.merge_projects import is_trivial, over
from spuframe.plan.rules.uses import Uses


def owner_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Fold a projection or a filter over a scan into the scan."""
    if not isinstance(node, Project | Filter) or not isinstance(node.input, Scan):
        return None
    scan = node.input
    below = dict(scan.outputs)
    if isinstance(node, Filter):
        added = substitute(node.predicate, below)
        if not _alone([added], scan.owner):
            return None
        predicate = added if scan.predicate is None else And(scan.predicate, added)
        new = scan.sharing(scan.columns, predicate)
    else:
        if uses.shared(scan) and is_trivial(node):
            return None  # picking columns is free after sharing, and the scan is shared once
        columns = over(node.columns, below)
        if not columns or not _alone([e for _, e in columns], scan.owner):
            return None
        new = scan.sharing(columns, scan.predicate)
    return new if new.schema == node.schema else None


def _alone(exprs: Sequence[Expr], owner: str) -> bool:
    """Whether the owner's plaintext gives what the parties would: a quotient that they clip, it would refuse."""
    return all(e.owners <= {owner} for e in exprs) and not any(n.clips for n in walk(exprs) if isinstance(n, Function))
