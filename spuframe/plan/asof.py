"""Joins by the nearest key at or before (after) each row's: planned over a window of both tables and a join by number.

Rows of both tables are sorted together by the keys. Each left row counts the right rows above it, which is the number of the last one; it may
have that if one of them is of its own group. The next one has the number that follows.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import scan
>>> trades = scan("s1", "desk", "t0", [Field("at", Int(16)), Field("size", Int(8))], 100)
>>> quotes = scan("s1", "market", "t0", [Field("at", Int(16)), Field("price", Int(32))], 300)
>>> join_asof(trades, quotes, Nearest(("at", "at"), [], backward=True, equal=True, within=None), ("_x", "_y")).schema.names
['at', 'size', 'price']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spuframe.dtypes import Int
from spuframe.errors import SchemaError
from spuframe.expr.expr import Expr, Lit, col, lit
from spuframe.expr.functions.arithmetic import add, sub
from spuframe.expr.functions.astype import cast
from spuframe.expr.functions.comparison import eq, gt, le, lt
from spuframe.expr.functions.conditional import fill_null, not_null, where
from spuframe.expr.functions.logic import and_
from spuframe.plan.build import concat, filter_, project, select
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import some
from spuframe.plan.nodes.join import Join
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.windows import Wanted, windowed


class Nearest(NamedTuple):
    """Which row of the right table a left row finds.

    Parameters
    ----------
    on : pair of str
        The keys that are compared, of the left and the right table.
    by : list of pairs of str
        Keys that must be equal.
    backward : bool
        The last one that is not after it; else the first one that is not before it.
    equal : bool
        Whether that may be at the same key.
    within : Expr or None
        How far away at most.
    """

    on: tuple[str, str]
    by: Sequence[tuple[str, str]]
    backward: bool
    equal: bool
    within: Expr | None


def join_asof(left: LogicalNode, right: LogicalNode, how: Nearest, suffixes: tuple[str, str]) -> LogicalNode:
    """``left`` with the columns of the right row that each of its rows finds, null where there is none; the rows stay as they are."""
    at = {"left": left.schema[how.on[0]], "right": right.schema[how.on[1]]}
    first = "right" if how.backward == how.equal else "left"  # of equal keys
    stacked = concat([_side(t, side, how, left, int(side != first)) for side, t in (("left", left), ("right", right))])
    keys = [col(stacked.schema[f"by {i}"]) for i in range(len(how.by))]
    level, counts = len(keys), col(stacked.schema["counts"])
    by = [*keys, col(stacked.schema["on"]), col(stacked.schema["turn"])]
    wanted = [Wanted("sum", 0, None, counts), Wanted("sum", level, None, counts), Wanted("sum", level, 0, counts)]
    base, (above, within, whole) = windowed(stacked, by, wanted)
    number, there = (above, gt(within, 0)) if how.backward else (add(above, 1), lt(within, whole))
    if at["left"].nullable:
        there = and_(there, not_null(col(base.schema["on"])))
    own = [f"left {n}" for n in left.schema.names]
    placed = project(base, {**{n: col(base.schema[n]) for n in own}, "number": where(there, number, None), "right": col(base.schema["right"])})
    first_rows = filter_(placed, eq(col(placed.schema["right"]), 0)) if placed.masked else Limit(placed, left.rows)  # which stand first
    mine = select(first_rows, [*own, "number"])
    key = right.schema[how.on[1]]
    known = filter_(right, not_null(col(key))) if key.nullable else right
    sorted_by = [col(known.schema[b]) for _, b in how.by] + [col(known.schema[how.on[1]])]
    numbered, (place,) = windowed(known, sorted_by, [Wanted("count", 0)])
    theirs = project(numbered, {**{f"right {n}": col(numbered.schema[n]) for n in right.schema.names}, "place": place})
    joined = Join(mine, theirs, "left", ("number",), ("place",), "right")
    return project(joined, _columns(left, right, joined, how, suffixes))


def _side(table: LogicalNode, side: str, how: Nearest, left: LogicalNode, turn: int) -> LogicalNode:
    """One table's keys, which side it is, and the left table's columns, which the right one's rows do not have."""
    k = int(side == "right")
    columns: dict[str, object] = {f"by {i}": col(table.schema[pair[k]]) for i, pair in enumerate(how.by)}
    on = col(table.schema[how.on[k]])
    there = cast(not_null(on), Int(8)) if k and on.nullable else cast(lit(k), Int(8))  # a row without a key is not found
    columns |= {"on": on, "turn": cast(lit(turn), Int(8)), "right": cast(lit(k), Int(8)), "counts": there}
    for field in left.schema:
        columns[f"left {field.name}"] = lit(None, field.dtype) if k else col(field)
    return project(table, columns)


def _columns(left: LogicalNode, right: LogicalNode, joined: LogicalNode, how: Nearest, suffixes: tuple[str, str]) -> dict[str, Expr]:
    """The result's, in pandas' order: keys of one name are the left table's."""
    shared = {a for a, b in [how.on, *how.by] if a == b}
    theirs = [n for n in right.schema.names if n not in shared]
    clash = set(left.schema.names) & set(theirs)
    out = dict[str, Expr]()
    for field in left.schema:
        e: Expr = col(joined.schema[f"left {field.name}"])
        out[field.name + suffixes[0] * (field.name in clash)] = e if field.nullable else fill_null(e, _zero(e))
    near = None
    if how.within is not None:
        mine, found = (col(joined.schema[f"{side} {n}"]) for side, n in zip(("left", "right"), how.on, strict=True))
        near = le(sub(mine, found) if how.backward else sub(found, mine), how.within)
    for name in theirs:
        label = name + suffixes[1] * (name in clash)
        if label in out:
            raise SchemaError(f"column {label!r} is there twice: give other suffixes")
        e = col(joined.schema[f"right {name}"])
        out[label] = e if near is None else where(near, e, None)
    return out


def _zero(e: Expr) -> Expr:
    """What nulls of a column that has none are filled with, to say so."""
    field = e.as_field("")
    return Lit(some(field, field), e.dtype)
