"""Rows of which others hold the same: so that nobody sees which rows these are.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("day", Int(8))], 100)
>>> distinct(visits, ["id"], "first").schema.names, str(duplicated(visits, [col(visits.schema["id"])], "first")[1])
(['id', 'day'], 'count > 1')
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Expr, Lit, col
from spuframe.expr.functions.comparison import gt, lt
from spuframe.expr.functions.conditional import fill_null, is_null, where
from spuframe.expr.functions.logic import not_
from spuframe.plan.build import aggregate, filter_, project, select
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import some
from spuframe.plan.names import free
from spuframe.plan.rows import check_order
from spuframe.plan.windows import Wanted, windowed

ALONE = "alone"
"""Of rows that are the same none is kept."""


def distinct(table: LogicalNode, keys: Sequence[str], keep: str) -> LogicalNode:
    """The rows, but of those whose ``keys`` are the same the "first", the "last" or ("alone") none; nulls are the same.

    Raises
    ------
    PlanError
        It matters which of the rows is kept, and their order means nothing.
    """
    names = table.schema.names
    if keep != ALONE and set(keys) == set(names) and table.shape.places.order.refusal is not None:
        return _combinations(table)  # all that there is of the rows is the same
    base, again = duplicated(table, [col(table.schema[k]) for k in keys], keep)
    return select(filter_(base, not_(again)), names)


def duplicated(table: LogicalNode, keys: Sequence[Expr], keep: str) -> tuple[LogicalNode, Expr]:
    """The table with more columns, and whether a row is one that `distinct` leaves out."""
    level = len(keys)
    place, times = Wanted("count", level), Wanted("count", level, 0)
    if keep == ALONE:
        base, (size,) = windowed(table, keys, [times])
        return base, gt(size, 1)
    check_order(table, f"which of the same rows is the {keep}")
    if keep == "first":
        base, (above,) = windowed(table, keys, [place])
        return base, gt(above, 1)
    base, (above, size) = windowed(table, keys, [place, times])
    return base, lt(above, size)


def _combinations(table: LogicalNode) -> LogicalNode:
    """Each combination of values once, by its values."""
    taken, made, by = set[str](), dict[str, Expr](), list[str]()
    for field in table.schema:
        e = col(field)
        for part in (is_null(e), fill_null(e, Lit(some(field, field), field.dtype))) if field.nullable else (e,):
            by.append(free(field.name, taken))
            taken.add(by[-1])
            made[by[-1]] = part
    there = project(table, made)
    groups = select(aggregate(there, by, [(free("times", there.schema), "size", None)]), by)
    values, out = iter(by), dict[str, Expr]()
    for field in table.schema:
        value: Expr = col(groups.schema[next(values)])
        out[field.name] = where(value, None, col(groups.schema[next(values)])) if field.nullable else value
    return project(groups, out)
