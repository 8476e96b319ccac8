"""Predicate push-down: a filter goes as near to the tables as it can, where its owner evaluates it in plaintext.

Below a projection, a sort, a concatenation, and to the sides of a join that it reads; never below a limit or an aggregate, which would give another
result, and never below a node that others read as well, which would then be computed twice.
"""

from __future__ import annotations

from spuframe.expr.expr import Expr, rebind, substitute
from spuframe.expr.functions.logic import all_of, conjuncts
from spuframe.plan.logical import Concat, Filter, Join, LogicalNode, Project, Sort
from spuframe.plan.rules.merge_projects import is_trivial
from spuframe.plan.rules.uses import Uses, is_plain


def predicate_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Move a filter one step down; two filters become one."""
    if not isinstance(node, Filter):
        return None
    below = node.input
    if isinstance(below, Filter) and not uses.shared(below):
        return Filter(below.input, all_of([below.predicate, *conjuncts(node.predicate)]))
    if isinstance(below, Project) and (not uses.shared(below) or is_trivial(below)):
        predicate = substitute(node.predicate, dict(below.columns))
        return Project(Filter(below.input, predicate), below.columns)
    if uses.shared(below):
        return None
    if isinstance(below, Sort):
        return Sort(Filter(below.input, rebind(node.predicate, below.input.schema)), below.by, below.ascending)
    if isinstance(below, Concat):
        return Concat(tuple(Filter(t, rebind(node.predicate, t.schema)) for t in below.tables))
    return _into_join(node, below) if isinstance(below, Join) else None


def _into_join(node: Filter, join: Join) -> LogicalNode | None:
    sides: dict[str, list[Expr]] = {"left": [], "right": []}
    rest: list[Expr] = []
    tables = {"left": join.left, "right": join.right}
    names = {side: _names(join, side) for side in sides}
    own = {side: {name for name, where, _ in join.columns if where == side} for side in sides}
    for part in conjuncts(node.predicate):
        # A side that has the columns, where evaluating it costs no more: in plaintext, or on no more rows, once.
        able = [side for side in sides if part.columns and part.columns <= names[side].keys()]
        targets = [s for s in able if is_plain(tables[s]) or (part.columns <= own[s] and tables[s].rows <= join.rows)]
        for side in targets:
            sides[side].append(rebind(part, tables[side].schema, names[side]))
        rest += [] if targets else [part]
    if not sides["left"] and not sides["right"]:
        return None
    left = Filter(join.left, all_of(sides["left"])) if sides["left"] else join.left
    right = Filter(join.right, all_of(sides["right"])) if sides["right"] else join.right
    new = Join(left, right, join.how, join.left_on, join.right_on, join.unique, join.suffixes)
    return Filter(new, all_of(rest)) if rest else new


def _names(join: Join, side: str) -> dict[str, str]:
    """The result's columns that the side has, by its own names; a key is on both sides."""
    names = {name: source for name, where, source in join.columns if where == side}
    pairs = {a: b for a, b in zip(join.left_on, join.right_on, strict=True)}
    if side == "left":
        pairs = {b: a for a, b in pairs.items()}
    for name, where, source in join.columns:
        if where != side and source in pairs:
            names[name] = pairs[source]
    return names
