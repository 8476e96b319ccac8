"""Rows of which others hold the same: planned over a group-by and a join, so that nobody sees which rows these are.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("day", Int(8))], 100)
>>> distinct(visits, ["id"], "first").schema.names, duplicated(visits, ["id"], "last", "again").schema.names
(['id', 'day'], ['again'])
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Expr, Lit, col, lit
from spuframe.expr.functions.comparison import eq
from spuframe.expr.functions.conditional import fill_null, is_null, where
from spuframe.plan.build import aggregate, filter_, project, select, with_columns
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import some
from spuframe.plan.names import free
from spuframe.plan.nodes.join import Join

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
    there, kept, by = _kept(table, keys, keep)
    return select(Join(there, kept, "semi", by, by, "right"), names)


def duplicated(table: LogicalNode, keys: Sequence[str], keep: str, name: str) -> LogicalNode:
    """The column ``name``: whether a row is one that `distinct` leaves out; at the places of the table's rows."""
    there, kept, by = _kept(table, keys, keep)
    mark = free("kept", {*there.schema.names, *kept.schema.names})
    joined = Join(there, with_columns(kept, {mark: lit(True)}), "left", by, by, "right")
    return project(joined, {name: is_null(col(joined.schema[mark]))})


def _kept(table: LogicalNode, keys: Sequence[str], keep: str) -> tuple[LogicalNode, LogicalNode, tuple[str, ...]]:
    """The rows with more columns, a table of those that are kept, and the columns by which one finds them in it."""
    there, by = _keyed(table, keys)
    if keep == ALONE:
        times = free("times", there.schema)
        groups = aggregate(there, by, [(times, "size", None)])
        return there, select(filter_(groups, eq(col(groups.schema[times]), 1)), by), tuple(by)
    numbered = cumulate(there, "place", lit(1))
    groups = aggregate(numbered, by, [(numbered.name, keep, numbered.name)])
    return numbered, select(groups, [numbered.name]), (numbered.name,)


def _keyed(table: LogicalNode, keys: Sequence[str]) -> tuple[LogicalNode, list[str]]:
    """The table with columns to group by in place of those with nulls, which groups do not have; and all to group by."""
    taken, made, by = set(table.schema.names), dict[str, Expr](), list[str]()
    for key in keys:
        field = table.schema[key]
        if not field.nullable:
            by.append(key)
            continue
        for e in (is_null(col(field)), fill_null(col(field), Lit(some(field, field), field.dtype))):
            by.append(free(key, taken))
            taken.add(by[-1])
            made[by[-1]] = e
    return (with_columns(table, made) if made else table), by


def _combinations(table: LogicalNode) -> LogicalNode:
    """Each combination of values once, by its values."""
    there, by = _keyed(table, table.schema.names)
    groups = select(aggregate(there, by, [(free("times", there.schema), "size", None)]), by)
    values, out = iter(by), dict[str, Expr]()
    for field in table.schema:
        value: Expr = col(groups.schema[next(values)])
        out[field.name] = where(value, None, col(groups.schema[next(values)])) if field.nullable else value
    return project(groups, out)
