"""``aggregate``: groups by keys, or the whole table as one group; size, count, sum, mean, min, max, with nulls skipped.

The rows are sorted by the keys once, unless they are already; sums and counts are differences of prefix sums. Min and max need the value
as the last sort key, one sort for each such column; the first of them serves everything else too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from spuframe.dtypes import Bool, Date, Field, Fixed, Int, String
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.ir.rings import ring_of_sum, units
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.extreme import extreme
from spuframe.spu.algorithms.group import Groups, keep, prefix, shift_up
from spuframe.spu.algorithms.keys import all_words, equal_above, key_bounds
from spuframe.spu.algorithms.sort import sort_order
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind, column_shape
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import fit
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.table import Column, Table

_LARGEST = (1 << 62) - 1
FUNCTIONS = ("size", "count", "sum", "mean", "min", "max")


@dataclass(frozen=True)
class _Wanted:
    """One aggregate: the result's field, the function, and the column it reads."""

    field: Field
    function: str
    source: str


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Aggregate ``inputs[0]`` by ``params["keys"]``."""
    (table,), keys = inputs, tuple(step.params["keys"])
    fields = {f.name: f for f in step.schema}
    wanted = [_Wanted(fields[name], function, source) for name, function, source in step.params["aggregates"]]
    for w in wanted:
        if w.function not in FUNCTIONS:
            raise PlanError(f"this SPU has no aggregate {w.function!r}: use one of {', '.join(FUNCTIONS)}")
        dtype = table.columns[w.source].field.dtype if w.function in ("sum", "mean") else None
        if isinstance(dtype, String | Date):
            raise TypeMismatchError(f"column {w.source!r} holds {dtype}, which has no {w.function}: use size, count, min or max")
    rows = step.rows
    if table.rows == 0:
        columns = {f.name: _blank(env.box, f, rows, zero_is_null=_null_of_nothing(f, wanted)) for f in step.schema}
        return Table(columns, rows, env.box.constant(0, BIT, (rows,)) if keys and step.masked else None, keys)
    result = _by_keys(env.box, table, keys, wanted, fields) if keys else _whole(env.box, table, wanted)
    if rows < result.rows:  # the planner knows a smaller bound; groups stand first
        result = _head(result, rows)
    return Table({f.name: result.columns[f.name] for f in step.schema}, rows, result.valid, result.sorted_by)


# ---- by keys --------------------------------------------------------------------------------------
@dataclass(repr=False)
class _Sorted:
    """The rows in key order: the columns in use, and their groups."""

    columns: dict[str, Column]
    groups: Groups


def _by_keys(box: BlackBox, table: Table, keys: tuple[str, ...], wanted: Sequence[_Wanted], fields: dict[str, Field]) -> Table:
    extremes = list(dict.fromkeys(w.source for w in wanted if w.function in ("min", "max")))
    summed = [w.source for w in wanted if w.function not in ("min", "max", "size")]
    sorts = [partial(_sorted, box, table, keys, name, [] if i else summed) for i, name in enumerate(extremes or [None])]
    found = box.together(sorts)
    main, views = found[0], dict(zip(extremes, found, strict=False))
    for key in keys:
        main.groups.carry(("key", key), lambda key=key: main.columns[key].values)  # type: ignore[misc]
    finish: list[Callable[[], Column]] = [_prepare(box, views[w.source] if w.function in ("min", "max") else main, w) for w in wanted]
    box.together([view.groups.close for view in found])
    columns = {key: Column(fields[key], main.groups.at_last(("key", key))) for key in keys}
    columns |= {w.field.name: done for w, done in zip(wanted, box.together(finish), strict=True)}
    return Table(columns, table.rows, main.groups.flag, keys)


def _sorted(box: BlackBox, table: Table, keys: tuple[str, ...], value: str | None, others: Sequence[str]) -> _Sorted:
    """Bring the columns in use into the order of the keys and, last, of ``value``; rows with a null key do not count."""
    valid = table.valid
    for key in keys:
        bit = table.columns[key].valid
        if bit is not None:
            valid = bit if valid is None else box.and_(valid, bit)
    used = {name: table.columns[name] for name in dict.fromkeys([*keys, *others, *([] if value is None else [value])])}
    if value is None and keys == table.sorted_by[: len(keys)]:
        same = equal_above(box, _key_shares(used, keys)) if keys else _one_group(box, table.rows)
        return _Sorted(used, Groups(box, same, valid, compact=valid is None))
    words = [] if valid is None else [box.not_(valid)]
    by = [Column(used[key].field, used[key].values) for key in keys]
    words += all_words(box, by if value is None else [*by, used[value]])
    order = sort_order(box, words, table.rows)
    shares = [c.values for c in used.values()] + [c.valid for name, c in used.items() if c.valid is not None and name not in keys]
    moved = iter(order.apply(shares if valid is None else [*shares, valid]))
    values = {name: next(moved) for name in used}
    columns = {n: Column(c.field, values[n], None if c.valid is None or n in keys else next(moved)) for n, c in used.items()}
    valid = None if valid is None else next(moved)
    compared = [*([] if valid is None else [valid]), *_key_shares(columns, keys)]
    same = equal_above(box, compared) if compared else _one_group(box, table.rows)
    return _Sorted(columns, Groups(box, same, valid, compact=True))


def _key_shares(columns: dict[str, Column], keys: Sequence[str]) -> list[Share]:
    shares: list[Share] = []
    for key in keys:
        values = columns[key].values
        shares += [values] if len(values.shape) == 1 else [values.column(j) for j in range(values.shape[1])]
    return shares


def _one_group(box: BlackBox, rows: int) -> Share:
    return box.constant((np.arange(rows) > 0).astype(np.uint8), BIT, (rows,))


def _prepare(box: BlackBox, view: _Sorted, w: _Wanted) -> Callable[[], Column]:
    """Carry what the aggregate needs; the function returned reads its result after the groups are closed."""
    groups = view.groups
    if w.function == "size":
        return _count(box, view, None, w.field)
    column = view.columns[w.source]
    if w.function == "count":
        return _count(box, view, w.source if column.valid is not None else None, w.field)
    if w.function == "min":
        return _minimum(box, view, column, w)
    if w.function == "max":
        return _maximum(box, view, column, w)
    column = summable(box, column, groups.rows)
    ring = ring_of_sum(column.field, groups.rows) if w.function == "mean" else column_kind(w.field)[0].bits
    name = ("sum", w.source, ring)
    groups.carry(name, lambda: prefix(numbers(box, column, _counted(box, view, column), ring)))
    if w.function == "sum":
        return lambda: Column(w.field, groups.total(name))
    counted = _count(box, view, w.source if column.valid is not None else None, Field("count", Int(64), range=(0, groups.rows)))

    def mean() -> Column:
        count = counted().values
        valid = None if column.valid is None else box.not_(box.eqz(count))
        return _mean(box, groups.total(name), count, valid, column.field, w.field, groups.rows)

    return mean


def summable(box: BlackBox, column: Column, rows: int) -> Column:
    """The column with as many fraction bits as the sum of so many rows leaves room for, as the plan says too."""
    field = column.field
    if not isinstance(field.dtype, Fixed):
        return column
    low, high = (-field.dtype.limit, field.dtype.limit) if field.range is None else field.range
    dtype = field.dtype.summed(min(0, low * rows), max(0, high * rows), known=field.range is not None)
    if dtype == field.dtype:
        return column
    return Column(replace(field, dtype=dtype), box.trunc(column.values, field.dtype.f - dtype.f), column.valid)


def _counted(box: BlackBox, view: _Sorted, column: Column) -> Share | None:
    """Which rows count: where invalid rows stand at the end, what they hold does not matter."""
    valid = None if view.groups.compact else view.groups.valid
    if column.valid is None or valid is None:
        return column.valid if valid is None else valid
    return box.and_(valid, column.valid)


def _count(box: BlackBox, view: _Sorted, source: str | None, field: Field) -> Callable[[], Column]:
    groups, ring = view.groups, column_kind(field)[0].bits
    name = ("count", source, ring)

    def make() -> Share:
        valid = None if groups.compact else groups.valid
        bits = valid if source is None else _counted(box, view, view.columns[source])
        if bits is None:
            return box.constant(np.arange(1, groups.rows + 1), Arithmetic(ring), (groups.rows,))
        return box.b2a(bits, ring).cumsum()

    groups.carry(name, make)
    return lambda: Column(field, groups.total(name))


def _minimum(box: BlackBox, view: _Sorted, column: Column, w: _Wanted) -> Callable[[], Column]:
    """The first row of its group; null only if the whole group is, since nulls stand last."""
    groups = view.groups
    groups.carry(("first", w.source), lambda: shift_up(box, column.values))
    nulls = _first_validity(box, view, column, w.source)
    return lambda: Column(w.field, groups.at_first(("first", w.source), column.values.slice(0, 1)), nulls())


def _first_validity(box: BlackBox, view: _Sorted, column: Column, source: str) -> Callable[[], Share | None]:
    groups, valid = view.groups, column.valid
    if valid is None:
        return lambda: None
    groups.carry(("first valid", source), lambda: shift_up(box, valid))
    return lambda: groups.at_first(("first valid", source), valid.slice(0, 1))


def _maximum(box: BlackBox, view: _Sorted, column: Column, w: _Wanted) -> Callable[[], Column]:
    """The last row of its group; the last that is not null, of a nullable column."""
    groups, valid = view.groups, column.valid
    if valid is None:
        groups.carry(("last", w.source), lambda: column.values)
        return lambda: Column(w.field, groups.at_last(("last", w.source)))

    def last_known() -> Share:
        follows = box.and_(shift_up(box, groups.same), shift_up(box, valid))
        return prefix(keep(box, box.and_(valid, box.not_(follows)), column.values))  # one row a group is not zero

    groups.carry(("last known", w.source), last_known)
    nulls = _first_validity(box, view, column, w.source)
    return lambda: Column(w.field, groups.total(("last known", w.source)), nulls())


# ---- sums and means ---------------------------------------------------------------------------------
def numbers(box: BlackBox, column: Column, counted: Share | None, ring: int) -> Share:
    """The column in the ring of the sum, zero where it does not count."""
    values = column.values
    if isinstance(column.field.dtype, Bool):
        return box.b2a(values if counted is None else box.and_(values, counted), ring)
    values = fit(box, values, ring)
    return values if counted is None else box.inject(counted, values)


def _mean(box: BlackBox, total: Share, count: Share, valid: Share | None, source: Field, field: Field, rows: int) -> Column:
    """Arbitrary where the count is zero."""
    if not isinstance(field.dtype, Fixed):
        raise TypeMismatchError(f"the mean {field.name!r} is a float, got {field.dtype}")
    shift = field.dtype.f - (source.dtype.f if isinstance(source.dtype, Fixed) else 0)
    low, high = units(source.dtype, source.range)
    bounds = max(low * rows, -_LARGEST), min(high * rows, _LARGEST)
    largest = max(abs(low), abs(high)) + 1
    quotient = largest << shift if shift >= 0 else (largest >> -shift) + 1
    found = divide(box, fit(box, total, 64), count, numerator=bounds, denominator=(1, rows), shift=shift, quotient=min(quotient, 1 << 60))
    return Column(field, found.quotient, valid)


# ---- the whole table as one group -----------------------------------------------------------------------
def _whole(box: BlackBox, table: Table, wanted: Sequence[_Wanted]) -> Table:
    made = box.together([partial(_of_whole, box, table, w) for w in wanted])
    return Table({c.field.name: c for c in made}, 1, None)


def _of_whole(box: BlackBox, table: Table, w: _Wanted) -> Column:
    if w.function == "size":
        return Column(w.field, _whole_count(box, table, table.valid, w.field))
    column = table.columns[w.source]
    counted = column.valid if table.valid is None else table.valid if column.valid is None else box.and_(column.valid, table.valid)
    if w.function == "count":
        return Column(w.field, _whole_count(box, table, counted, w.field))
    if w.function in ("sum", "mean"):
        column = summable(box, column, table.rows)
    if w.function == "sum":
        return Column(w.field, numbers(box, column, counted, column_kind(w.field)[0].bits).sum())

    def counts() -> tuple[Share, Share | None]:
        count = _whole_count(box, table, counted, Field("count", Int(64), range=(0, table.rows)))
        return count, None if counted is None else box.not_(box.eqz(count))

    if w.function == "mean":
        ring = ring_of_sum(column.field, table.rows)
        (count, known), total = box.both(counts, lambda: numbers(box, column, counted, ring).sum())
        return _mean(box, total, count, known, column.field, w.field, table.rows)
    (_, known), found = box.both(counts, lambda: _whole_extreme(box, table, column, counted, w))
    return Column(w.field, found, known)


def _whole_count(box: BlackBox, table: Table, bits: Share | None, field: Field) -> Share:
    ring = column_kind(field)[0].bits
    return box.constant(table.rows, Arithmetic(ring), (1,)) if bits is None else box.b2a(bits, ring).sum()


def _whole_extreme(box: BlackBox, table: Table, column: Column, counted: Share | None, w: _Wanted) -> Share:
    """By a tournament in log2 n comparisons of halves; strings and booleans by a sort."""
    values, smallest = column.values, w.function == "min"
    if not isinstance(values.kind, Arithmetic):
        alone = Table({w.source: Column(column.field, values, counted)}, table.rows)
        view = _sorted(box, alone, (), w.source, [])
        finish = _prepare(box, view, w)
        view.groups.close()
        return finish().values.slice(0, 1)
    low, high = key_bounds(column.field)
    if counted is not None:
        neutral = box.constant(high if smallest else low, values.kind, (table.rows,))
        values = box.select(counted, values, neutral)
    return extreme(box, values, (low, high), largest=not smallest)


# ---- shapes -----------------------------------------------------------------------------------------
def _null_of_nothing(field: Field, wanted: Sequence[_Wanted]) -> bool:
    return any(w.field.name == field.name and w.function in ("mean", "min", "max") for w in wanted)


def _blank(box: BlackBox, field: Field, rows: int, zero_is_null: bool) -> Column:
    values = box.constant(0, column_kind(field)[0], column_shape(field, rows))
    return Column(field, values, box.constant(0, BIT, (rows,)) if zero_is_null else None)


def _head(table: Table, rows: int) -> Table:
    columns = {}
    for name, c in table.columns.items():
        columns[name] = Column(c.field, c.values.slice(0, rows), None if c.valid is None else c.valid.slice(0, rows))
    return Table(columns, rows, None if table.valid is None else table.valid.slice(0, rows), table.sorted_by)
