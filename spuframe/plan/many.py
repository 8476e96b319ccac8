"""Joins of tables whose keys repeat on both sides, into a public bound of rows: planned over sorts, group-bys, joins and `Repeat`.

One side's rows are numbered in key order, and grouped: each key's first number, and how many there are. The other side gets both by a join on
the key, has each of its rows repeated as often, and finds its partners by number.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("day", Int(8))], 100)
>>> drugs = scan("s1", "shop", "t0", [Field("id", Int(16)), Field("cost", Int(32))], 300)
>>> found = join_many(visits, drugs, "inner", ["id"], ["id"], 1000, ("_x", "_y"))
>>> found.schema.names, found.rows
(['id', 'day', 'cost'], 1000)
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.dtypes import Field
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, Lit, col, lit
from spuframe.expr.functions.arithmetic import add
from spuframe.expr.functions.conditional import fill_null, is_null
from spuframe.ir.joins import other
from spuframe.plan.build import aggregate, project, select, sort, with_columns
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.join import Join
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.repeat import Repeat

KINDS = ("inner", "left", "right")


def join_many(
    left: LogicalNode, right: LogicalNode, how: str, left_on: Sequence[str], right_on: Sequence[str], limit: int, suffixes: tuple[str, str]
) -> LogicalNode:
    """``left.merge(right)`` of ``limit`` rows at most; keys may repeat on both sides.

    Raises
    ------
    PlanError
        The kind of join has no bound of rows.
    RowLimitError
        When the plan runs: there are more rows.
    """
    if how not in KINDS:
        raise PlanError(f"a join of keys that repeat on both sides is one of {', '.join(map(repr, KINDS))}, got {how!r}")
    like = Join(left, right, how, tuple(left_on), tuple(right_on), "right", suffixes)  # checks the keys, and knows the names
    repeated = "right" if how == "right" else "left"
    tables, keys = {"left": left, "right": right}, {"left": list(left_on), "right": list(right_on)}
    fields = {side: [tables[side].schema[k] for k in keys[side]] for side in tables}
    own = {side: _keyed(tables[side], side, fields[side], fields[other(side)]) for side in tables}
    by = [n for n in own["left"].schema.names if n in own["right"].schema]
    kind = "inner" if how == "inner" else "left"
    numbered = cumulate(sort(own[other(repeated)], by), "place", lit(1))
    groups = aggregate(numbered, by, [("times", "size", None), ("first", "first", numbered.name)])
    found: LogicalNode = Join(own[repeated], groups, kind, tuple(by), tuple(by), "right")
    if kind == "left":  # once, without a partner
        found = with_columns(found, {"times": fill_null(col(found.schema["times"]), 1)})
    rows = Repeat(found, "times", "rank", limit)
    placed = with_columns(rows, {"at": add(col(rows.schema["first"]), col(rows.schema["rank"]))})
    there = select(numbered, [n for n in numbered.schema.names if n not in by])
    joined = Join(placed, there, kind, ("at",), (numbered.name,), "right")
    return project(joined, [(name, col(joined.schema[f"{side}.{source}"])) for name, side, source in like.columns])


def _keyed(table: LogicalNode, side: str, keys: Sequence[Field], partners: Sequence[Field]) -> Project:
    """The table's columns under names of its side, and its keys without nulls: groups have none, and a missing key equals a missing one."""
    columns: list[tuple[str, Expr]] = [(f"{side}.{f.name}", col(f)) for f in table.schema]
    for i, (mine, partner) in enumerate(zip(keys, partners, strict=True)):
        key: Expr = col(mine)
        if mine.nullable or partner.nullable:
            columns.append((f"missing {i}", is_null(key)))
            key = fill_null(key, Lit(some(mine, partner), mine.dtype))
        columns.append((f"key {i}", key))
    return project(table, columns)


def some(a: Field, b: Field) -> bool | float | str:
    """A value to stand where a key is missing, in the range of both if that is known and theirs meet."""
    return max((f.range[0] for f in (a, b) if f.range is not None), default=a.dtype.zero)
