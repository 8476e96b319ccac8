"""The aggregates at the parties: one module for each of `spuframe.ir.aggregates`, with ``AGGREGATE``, found by name.

Each says which order its rows need within their groups, and is computed for groups (`Aggregate.grouped`) and for a whole table (`Aggregate.whole`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import ClassVar, TypeAlias, cast

import numpy as np

from spuframe.dtypes import Field, Int
from spuframe.ir.aggregates import Aggregation
from spuframe.spu.algorithms.extreme import extreme
from spuframe.spu.algorithms.group import Groups, OneGroup, keep, shift_up
from spuframe.spu.algorithms.keys import all_words, equal_above, key_bounds
from spuframe.spu.algorithms.sort import sort_order
from spuframe.spu.algorithms.sums import how_many, numbers
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.table import Column, Table


class Order(Enum):
    """The order of the rows of a group."""

    ANY = "any"
    VALUES = "values"
    """By the values, nulls last."""
    ROWS = "rows"
    """As they were, nulls last."""


By: TypeAlias = tuple[Order, str | None]
"""An order, and the column whose values or nulls it looks at."""


@dataclass(frozen=True)
class Wanted:
    """One aggregate: the result's field, what it is, and the column that it reads ("" for none)."""

    field: Field
    how: Aggregation
    source: str


@dataclass(repr=False)
class View:
    """The rows in key order: the columns in use, and their groups."""

    box: BlackBox
    columns: dict[str, Column]
    groups: Groups

    def counted(self, column: Column) -> Share | None:
        """Which rows count: where invalid rows stand at the end, what they hold does not matter."""
        valid = None if self.groups.compact else self.groups.valid
        if column.valid is None or valid is None:
            return column.valid if valid is None else valid
        return self.box.and_(valid, column.valid)

    def count(self, source: str | None, field: Field) -> Finish:
        """Carry counts of the rows that exist, or that have a value; ``field`` says in which ring."""
        box, groups, ring = self.box, self.groups, column_kind(field)[0].bits
        column = None if source is None else self.columns[source]
        nulls = column is not None and column.valid is not None
        name = ("count", source if nulls else None, ring)

        def make() -> Share:
            bits = None if groups.compact else groups.valid
            if nulls and column is not None:
                bits = self.counted(column)
            if bits is None:
                return box.constant(np.arange(1, groups.rows + 1), Arithmetic(ring), (groups.rows,))
            return box.b2a(bits, ring).cumsum()

        groups.carry(name, make)
        return lambda: Column(field, groups.total(name))

    def total(self, column: Column, ring: int) -> Callable[[], Share]:
        """Carry the sums of a column in a ring."""
        name = ("sum", column.field.name, ring)
        self.groups.carry(name, lambda: numbers(self.box, column, self.counted(column), ring).prefix())
        return lambda: self.groups.total(name)


Finish: TypeAlias = Callable[[], Column]


class Aggregate(ABC):
    """How parties compute one aggregate."""

    order: ClassVar[Order]

    @abstractmethod
    def grouped(self, view: View, wanted: Wanted) -> Finish:
        """Carry what is needed to the groups; the function returned gives the result after they are closed."""

    @abstractmethod
    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        """The aggregate of a table of one row and more, as one row."""


@cache
def aggregate(how: Aggregation) -> Aggregate:
    """How parties compute it."""
    return cast(Aggregate, import_module(f"{__name__}.{how.name}").AGGREGATE)


# ---- the rows in order ----------------------------------------------------------------------------------
def order_of(wanted: Wanted, table: Table) -> By:
    """The order that an aggregate needs."""
    order = aggregate(wanted.how).order
    named = order is Order.VALUES or (order is Order.ROWS and table.columns[wanted.source].valid is not None)
    return order, wanted.source if named else None


def in_order(box: BlackBox, table: Table, keys: Sequence[str], by: By, sources: Sequence[str], most: int) -> View:
    """Bring the columns in use into the order of the keys and, within each group, ``by``; rows with a null key do not count."""
    valid = table.valid
    for key in keys:
        bit = table.columns[key].valid
        if bit is not None:
            valid = bit if valid is None else box.and_(valid, bit)
    used = {name: table.columns[name] for name in dict.fromkeys([*keys, *sources])}
    there = tuple(keys) == table.sorted_by[: len(keys)] if keys else True
    if there and (by[0] is Order.ANY or (by == (Order.ROWS, None) and valid is None)):
        groups = Groups(box, equal_above(box, shares_of([used[k] for k in keys])), valid, valid is None, most) if keys else OneGroup(box, table.rows)
        return View(box, used, groups)
    words = [] if valid is None else [box.not_(valid)]
    columns = [Column(used[key].field, used[key].values) for key in keys]
    order, name = by
    words += all_words(box, [*columns, used[name]] if order is Order.VALUES and name is not None else columns)
    if order is Order.ROWS and name is not None:
        words.append(box.not_(cast(Share, used[name].valid)))
    sort = sort_order(box, words, table.rows)
    shares = [c.values for c in used.values()] + [c.valid for n, c in used.items() if c.valid is not None and n not in keys]
    moved = iter(sort.apply(shares if valid is None else [*shares, valid]))
    values = {n: next(moved) for n in used}
    columns_there = {n: Column(c.field, values[n], None if c.valid is None or n in keys else next(moved)) for n, c in used.items()}
    if not keys and valid is None:
        return View(box, columns_there, OneGroup(box, table.rows))
    valid = None if valid is None else next(moved)
    same = equal_above(box, [*([] if valid is None else [valid]), *shares_of([columns_there[k] for k in keys])])
    return View(box, columns_there, Groups(box, same, valid, True, most))


def shares_of(columns: Sequence[Column]) -> list[Share]:
    """The values of columns as vectors: a string of several words as several."""
    shares: list[Share] = []
    for c in columns:
        shares += [c.values] if len(c.values.shape) == 1 else [c.values.column(j) for j in range(c.values.shape[1])]
    return shares


# ---- a row of each group ----------------------------------------------------------------------------------
def first_of_group(view: View, wanted: Wanted) -> Finish:
    """The value on the first row of a group; null only if the whole group is, since nulls stand last."""
    box, groups, column = view.box, view.groups, view.columns[wanted.source]
    groups.carry(("first", wanted.source), lambda: shift_up(box, column.values))
    nulls = _first_validity(view, column, wanted.source)
    return lambda: Column(wanted.field, groups.at_first(("first", wanted.source), column.values.slice(0, 1)), nulls())


def last_of_group(view: View, wanted: Wanted) -> Finish:
    """The value on the last row of a group, of a nullable column the last that is not null."""
    box, groups, column = view.box, view.groups, view.columns[wanted.source]
    valid = column.valid
    if valid is None:
        groups.carry(("last", wanted.source), lambda: column.values)
        return lambda: Column(wanted.field, groups.at_last(("last", wanted.source)))

    def last_known() -> Share:
        follows = box.and_(shift_up(box, groups.same), shift_up(box, valid))
        return keep(box, box.and_(valid, box.not_(follows)), column.values).prefix()  # one row a group is not zero

    groups.carry(("last known", wanted.source), last_known)
    nulls = _first_validity(view, column, wanted.source)
    return lambda: Column(wanted.field, groups.total(("last known", wanted.source)), nulls())


def _first_validity(view: View, column: Column, source: str) -> Callable[[], Share | None]:
    groups, valid = view.groups, column.valid
    if valid is None:
        return lambda: None
    groups.carry(("first valid", source), lambda: shift_up(view.box, valid))
    return lambda: groups.at_first(("first valid", source), valid.slice(0, 1))


# ---- the whole table ----------------------------------------------------------------------------------------
def counted_rows(box: BlackBox, table: Table, column: Column) -> Share | None:
    """The rows of a whole table that exist and have a value; None: all."""
    if table.valid is None or column.valid is None:
        return column.valid if table.valid is None else table.valid
    return box.and_(column.valid, table.valid)


def as_one_group(box: BlackBox, table: Table, wanted: Wanted) -> Column:
    """An aggregate of the whole table, where it is no cheaper than that of a group: rows that do not exist are nulls."""
    column = table.columns[wanted.source]
    alone = Table({wanted.source: Column(column.field, column.values, counted_rows(box, table, column))}, table.rows)
    view = in_order(box, alone, (), order_of(wanted, alone), [wanted.source], 1)
    finish = aggregate(wanted.how).grouped(view, wanted)
    view.groups.close()
    return finish()


def extreme_of_all(box: BlackBox, table: Table, wanted: Wanted, largest: bool) -> Column:
    """The smallest or the largest value by a tournament, in log2 n comparisons of halves; strings and booleans by a sort."""
    column, rows = table.columns[wanted.source], table.rows
    if not isinstance(column.values.kind, Arithmetic):
        return as_one_group(box, table, wanted)
    there = counted_rows(box, table, column)

    def known() -> Share | None:
        return None if there is None else box.not_(box.eqz(how_many(box, rows, there, column_kind(Field("count", Int(64), range=(0, rows)))[0].bits)))

    def found() -> Share:
        values, (low, high) = column.values, key_bounds(column.field)
        if there is not None:
            values = box.select(there, values, box.constant(low if largest else high, values.kind, (rows,)))
        return extreme(box, values, (low, high), largest)

    valid, value = box.both(known, found)
    return Column(wanted.field, value, valid)
