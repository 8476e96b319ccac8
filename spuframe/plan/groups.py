"""What each row gets of its group. Rows whose key is null are in no group, and get null; unless nulls are a group too.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import aggregate, scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("cost", Int(8), range=(0, 9))], 100)
>>> of_group(visits, aggregate(visits, ["id"], [("total", "sum", "cost")]), ["id"]).schema["total"].range
(0, 900)
>>> base, (total,) = running(visits, Keys([col(visits.schema["id"])]), "sum", [col(visits.schema["cost"])])
>>> total.range, base.rows
((0, 900), 100)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import NamedTuple

from spuframe.dtypes import Bool
from spuframe.expr.expr import Expr, Lit, col, lit
from spuframe.expr.functions.arithmetic import add, div, sub
from spuframe.expr.functions.astype import cast
from spuframe.expr.functions.comparison import gt, le
from spuframe.expr.functions.conditional import fill_null, is_null, where
from spuframe.expr.functions.logic import or_
from spuframe.plan.build import aggregate, project, select, sort, with_columns
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import some
from spuframe.plan.names import free
from spuframe.plan.nodes.join import Join
from spuframe.plan.rows import check_order
from spuframe.plan.windows import Wanted, windowed

Rows = tuple[LogicalNode, list[Expr]]
"""The same rows with more columns, and expressions over them."""


class Keys(NamedTuple):
    """What groups are made by.

    Parameters
    ----------
    exprs : list of Expr
        Of the rows' columns.
    nulls : bool
        Whether rows whose key is null are a group, too; else they are in none.
    """

    exprs: list[Expr]
    nulls: bool = False

    @property
    def level(self) -> int:
        return len(self.exprs)

    @property
    def sure(self) -> list[Expr]:
        """The keys without which a row is in no group."""
        return [] if self.nulls else self.exprs


def grouped(table: LogicalNode, keys: Sequence[str], aggregates: Sequence[tuple[str, str, str | None]], *, nulls: bool, ordered: bool) -> LogicalNode:
    """A row for each group: sorted by its keys, or if not ``ordered`` as they come first in the rows, whose order may mean nothing.

    With ``nulls`` null is a key like others, the last.
    """
    taken, by, wanted = {*table.schema.names, *(name for name, _, _ in aggregates)}, list[str](), list(aggregates)
    made, out = dict[str, Expr](), dict[str, tuple[str, ...]]()
    for key in keys:
        field, parts = table.schema[key], dict[str, Expr]()
        if nulls and field.nullable:
            for e in (is_null(col(field)), fill_null(col(field), Lit(some(field, field), field.dtype))):
                name = free(key, taken)
                taken.add(name)
                parts[name] = e
        made |= parts
        out[key] = tuple(parts) or (key,)
        by += out[key]
    there: LogicalNode = with_columns(table, made) if made else table
    first = None
    if not ordered and table.shape.places.order.refusal is None:
        numbered = cumulate(there, free("place", taken), lit(1))
        there, first = numbered, numbered.name
        wanted.append((free(f"first {first}", taken), "first", first))
    groups = aggregate(there, by, wanted)
    if first is not None:
        groups = sort(groups, wanted[-1][0])
    if not made and first is None:
        return groups
    at = {n: col(groups.schema[n]) for n in groups.schema.names}
    found = {key: at[parts[0]] if len(parts) == 1 else where(at[parts[0]], None, at[parts[1]]) for key, parts in out.items()}
    return project(groups, {**found, **{name: at[name] for name, _, _ in aggregates}})


def of_group(table: LogicalNode, groups: LogicalNode, keys: Sequence[str], nulls: bool = False) -> LogicalNode:
    """The columns of ``groups`` besides the keys, at the places of the table's rows; ``nulls``: a null key has a group."""
    joined = Join(select(table, keys), groups, "left", tuple(keys), tuple(keys), "right")
    every = nulls or not any(table.schema[k].nullable for k in keys)
    out = dict[str, Expr]()
    for field in groups.schema:
        if field.name not in keys:
            there = joined.schema[field.name]
            sure = every and not field.nullable  # which the join does not know
            out[field.name] = fill_null(col(there), Lit(some(there, there), there.dtype)) if sure else col(there)
    return project(joined, out)


def numbered(table: LogicalNode, keys: Keys) -> Rows:
    """Which group a row is of, counted from 0 in the order of the keys."""
    base, (number,) = windowed(table, keys.exprs, [Wanted("dense", 0)])
    return base, [known(sub(number, 1), keys.sure)]


def placed(table: LogicalNode, keys: Keys, ascending: bool = True) -> Rows:
    """How many rows of its group are above each row, or below it."""
    check_order(table, "cumcount")
    place = Wanted("count", keys.level)
    if ascending:
        base, (above,) = windowed(table, keys.exprs, [place])
        return base, [known(sub(above, 1), keys.sure)]
    base, (above, size) = windowed(table, keys.exprs, [place, Wanted("count", keys.level, 0)])
    return base, [known(sub(size, above), keys.sure)]


def running(table: LogicalNode, keys: Keys, function: str, values: Sequence[Expr]) -> Rows:
    """The "sum", "max" or "min" of each value and those above it in its group; nulls are skipped, and stay null."""
    check_order(table, f"cum{function}")
    taken = [cast(e, "int64") if isinstance(e.dtype, Bool) else e for e in values]
    base, found = windowed(table, keys.exprs, [Wanted(function, keys.level, None, e) for e in taken])
    return base, [known(out, [*keys.sure, e]) for out, e in zip(found, values, strict=True)]


def shifted(table: LogicalNode, keys: Keys, values: Sequence[Expr], periods: int, fill: Expr | None = None) -> Rows:
    """Each value so many rows above in its group; ``fill``, or null, where there is no row."""
    check_order(table, "shift")
    level, place = keys.level, [Wanted("count", keys.level), Wanted("count", keys.level, 0)][: 2 if periods < 0 else 1]
    wanted = [Wanted("shift", level, periods, e) for e in values]
    base, found = windowed(table, keys.exprs, wanted if fill is None else [*wanted, *place])
    if fill is not None:
        *found, above = found if periods >= 0 else [*found[:-2], sub(found[-1], found[-2])]
        none = reduce(or_, [is_null(k) for k in keys.sure if k.nullable], le(above, periods) if periods >= 0 else gt(-periods, above))
        return base, [where(none, fill, e) for e in found]
    return base, [known(e, keys.sure) for e in found]


def ranked(table: LogicalNode, keys: Keys, values: Sequence[Expr], method: str, ascending: bool, share: bool = False) -> Rows:
    """The place, from 1, of each row's value among those that are there in its group, by what `METHODS` makes of equal ones.

    ``share``: as a share of how many there are; of different ones, if dense.
    """
    if method == "first":
        check_order(table, "rank")
    base, level, out = table, keys.level, list[Expr]()
    for value in values:
        wanted = [*METHODS[method][0](level), *_number(method, level, value, share)]
        base, found = windowed(base, [*keys.exprs, value], wanted, [*(True for _ in keys.exprs), ascending])
        count = len(METHODS[method][0](level))
        rank = METHODS[method][1](*found[:count])
        if share:
            rank = div(rank, _total(found[count:]))
        out.append(known(rank, [*keys.sure, value]))
    return base, out


def _number(method: str, level: int, value: Expr, share: bool) -> list[Wanted]:
    """What tells how many values there are in a group."""
    if not share:
        return []
    there = Wanted("count", level, 0, value)
    if method != "dense":
        return [there]
    return [Wanted("dense", level, 0), *([there, Wanted("count", level, 0)] if value.nullable else [])]


def _total(found: Sequence[Expr]) -> Expr:
    """Of `_number`: a null among the values is counted by dense, as one more."""
    return found[0] if len(found) == 1 else sub(found[0], cast(gt(found[2], found[1]), "int64"))


def known(e: Expr, keys: Sequence[Expr]) -> Expr:
    """The value; null where one of the keys is."""
    nulls = [is_null(k) for k in dict.fromkeys(keys) if k.nullable]
    return where(reduce(or_, nulls), None, e) if nulls else e


def _places(level: int) -> list[Wanted]:
    """A row's place in its group, that among equal values, and how many these are."""
    return [Wanted("count", level), Wanted("count", level + 1), Wanted("count", level + 1, 0)]


METHODS: Mapping[str, tuple[Callable[[int], list[Wanted]], Callable[..., Expr]]] = MappingProxyType(
    {
        "average": (_places, lambda place, own, times: add(sub(place, own), div(add(times, 1), 2))),
        "min": (lambda level: _places(level)[:2], lambda place, own: add(sub(place, own), 1)),
        "max": (_places, lambda place, own, times: add(sub(place, own), times)),
        "first": (lambda level: _places(level)[:1], lambda place: place),
        "dense": (lambda level: [Wanted("dense", level)], lambda number: number),
    }
)
"""What is needed of sorted values, and the rank of each that it makes."""
