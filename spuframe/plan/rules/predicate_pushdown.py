"""Predicate push-down: a filter goes as near to the tables as it can, where its owner evaluates it in plaintext.

Where it may go, the node below it says; never below a node that others read as well, which would then be computed twice.
"""

from __future__ import annotations

from spuframe.expr.expr import substitute
from spuframe.expr.functions.logic import all_of, conjuncts
from spuframe.plan.logical import LogicalNode, Ways
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.rules.merge_projects import is_trivial
from spuframe.plan.rules.uses import Uses


def predicate_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Move the parts of a filter that may pass one step down; two filters become one."""
    if not isinstance(node, Filter):
        return None
    below = node.input
    if uses.shared(below) and not is_trivial(below):
        return None
    if isinstance(below, Filter):
        return Filter(below.input, all_of([below.predicate, *conjuncts(node.predicate)]))
    found: dict[frozenset[str], tuple[Ways, frozenset[int]]] = {}
    parts = []
    for part in conjuncts(node.predicate):
        columns = part.columns
        if columns not in found:
            found[columns] = _targets(below, columns)
        parts.append((part, *found[columns]))
    stays = [part for part, _, targets in parts if not targets]
    if len(stays) == len(parts):
        return None
    whole = _targets(below, node.predicate.columns)
    if not stays and all(targets == whole[1] for _, _, targets in parts):
        parts = [(node.predicate, *whole)]  # as it was written
    inputs = list(below.inputs)
    for i, table in enumerate(below.inputs):
        here = [substitute(part, ways.at[i]) for part, ways, targets in parts if i in targets]
        if here:
            inputs[i] = Filter(table, all_of(here))
    new = below.with_children(inputs)
    return Filter(new, all_of(stays)) if stays else new


def _targets(below: LogicalNode, columns: frozenset[str]) -> tuple[Ways, frozenset[int]]:
    """The inputs to filter instead: those where that is done in plaintext, and enough others with no more rows, whose columns it reads; none if
    that is not enough.
    """
    ways = below.takes_filter(columns)
    plain = frozenset(i for i in ways.at if below.inputs[i].shape.plain)
    few = next((e for e in ways.enough if not e & ways.foreign and sum(below.inputs[i].rows for i in e) <= below.rows), frozenset[int]())
    targets = plain | few
    return ways, targets if any(e <= targets for e in ways.enough) else frozenset()
