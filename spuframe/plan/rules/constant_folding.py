"""Constant folding: what is known without data is computed now.

``(age > 10 + 8) & True`` becomes ``age > 18``; ``age >= 0`` with a range of [18, 97] is true; a filter that is always true goes
(unless an aggregate of the whole table says "null if there are no rows" above it).
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Expr, Function, Lit, folded
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.project import Project
from spuframe.plan.rules.uses import Uses


def constant_folding(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Fold the expressions of a projection or a filter."""
    if isinstance(node, Filter):
        predicate = fold(node.predicate)
        if isinstance(predicate, Lit) and predicate.value is True and (node.input.masked or not uses.counted(node)):
            return node.input
        return Filter(node.input, predicate) if predicate != node.predicate else None
    if isinstance(node, Project):
        folded = fold_all([e for _, e in node.columns])
        columns = tuple((name, _as_it_was(e, f)) for (name, e), f in zip(node.columns, folded, strict=True))
        return Project(node.input, columns) if columns != node.columns else None
    return None


def _as_it_was(e: Expr, folded: Expr) -> Expr:
    """Folded, if the column stays what it is in the schema; else with folded arguments."""
    if folded.info == e.info:
        return folded
    if isinstance(e, Function):
        rebuilt = e.with_children(fold_all(e.args))
        if rebuilt.info == e.info:
            return rebuilt
    return e


def fold(e: Expr) -> Expr:
    """The same value with less to compute.

    >>> from spuframe.dtypes import Field, Int
    >>> from spuframe.expr import add, col, ge, lit
    >>> str(fold(ge(col(Field("age", Int(64), range=(18, 97))), add(lit(10), 8))))
    'True'
    """
    return fold_all([e])[0]


def fold_all(exprs: Sequence[Expr]) -> list[Expr]:
    """`fold` for several expressions: what they have in common is folded once, also by later passes over the plan."""
    new: dict[int, Expr] = {}
    stack = [(e, False) for e in exprs]
    while stack:
        e, opened = stack.pop()
        if id(e.same) in new:
            continue
        known = e.__dict__.get("_folded")
        if known is not None:
            new[id(e.same)] = known or e
        elif not opened and e.children:
            stack.append((e, True))
            stack += [(c, False) for c in e.children if isinstance(c, Expr)]
        else:
            rebuilt = e.with_children([new[id(c)] for c in e.children])
            folded = _fold(rebuilt)
            new[id(e.same)] = done = rebuilt if folded is None else folded
            e.set("_folded", False if done == e else done)  # no reference to itself
    return [new[id(e.same)] for e in exprs]


def _fold(e: Expr) -> Expr | None:
    if not isinstance(e, Function):
        return None
    return folded(e) or _same_type(e, e.simpler())


def _same_type(e: Expr, simpler: Expr | None) -> Expr | None:
    return simpler if simpler is not None and simpler.dtype == e.dtype else None
