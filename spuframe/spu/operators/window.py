"""window: rows are sorted by some columns, get columns of those above them in their groups, and are brought back to where they stood.

One sort serves all of them. Sums and counts are differences of prefix sums, taken where groups end, as in a group-by; the largest and the smallest so
far are scans in log2 n comparisons. Rows that do not exist stand at the end, in groups of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np

from spuframe.dtypes import Field
from spuframe.ir.windows import Window
from spuframe.spu.algorithms.keys import Layout, equal_above, key_bounds, key_words
from spuframe.spu.algorithms.permute import open_move
from spuframe.spu.algorithms.segments import Segments, move, steps
from spuframe.spu.algorithms.sort import partition, sort_order
from spuframe.spu.algorithms.sums import numbers, summable
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind, column_shape
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.table import Column, Table

Back = Callable[[Sequence[Share]], list[Share]]


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Add what ``params["windows"]`` say to ``inputs[0]``."""
    box, table, p = env.box, inputs[0], step.params
    windows = [Window(*w).checked(len(p["by"])) for w in p["windows"]]
    fields = {f.name: f for f in step.schema}
    old = [f for f in step.schema if f.name in table.columns]
    columns = conform_all(box, table.columns, old, wider=True)
    if table.rows == 0:
        columns |= {w.name: _blank(box, fields[w.name]) for w in windows}
    else:
        once = {w[1:]: w for w in windows}  # what several ask for is there once
        rows, back = _in_order(box, table, tuple(p["by"]), list(p["ascending"]), list(once.values()))
        made = dict(zip(once, _made(rows, list(once.values()), fields), strict=True))
        there = iter(back([s for c in made.values() for s in (c.values, c.valid) if s is not None]))
        made = {what: replace(c, values=next(there), valid=None if c.valid is None else next(there)) for what, c in made.items()}
        columns |= {w.name: replace(made[w[1:]], field=fields[w.name]) for w in windows}
    return Table({f.name: columns[f.name] for f in step.schema}, table.rows, table.valid, table.sorted_by)


@dataclass(repr=False)
class _Rows:
    """The rows in order: what windows take of them, and the words of the columns that make groups.

    Parameters
    ----------
    box : BlackBox
    rows : int
    columns : dict of str to Column
    valid : Share or None
    packed : bool
        Whether rows that do not exist stand at the end.
    keys : list of list of Share
    """

    box: BlackBox
    rows: int
    columns: dict[str, Column]
    valid: Share | None
    packed: bool
    keys: list[list[Share]]

    def segments(self, level: int) -> Segments:
        """The groups of rows that agree in so many columns."""
        words = [word for key in self.keys[:level] for word in key]
        if not level:
            return Segments(self.box, self.rows, None)
        if self.valid is not None:
            words.append(self.valid)
        every = self.box.constant((np.arange(self.rows) > 0).astype(np.uint8), BIT, (self.rows,))  # of keys that have one value only
        return Segments(self.box, self.rows, equal_above(self.box, words) if words else every)

    def counted(self, column: Column | None, w: Window) -> Share | None:
        """Which rows count. Those that do not exist are in groups of their own, or below all others, and count where a window looks down."""
        down = w.span == 0 or (w.function == "shift" and (w.span or 0) < 0)
        valid = self.valid if w.level == 0 and (down or not self.packed) else None
        own = None if column is None else column.valid
        return own if valid is None else valid if own is None else self.box.and_(valid, own)


def _in_order(box: BlackBox, table: Table, by: tuple[str, ...], ascending: Sequence[bool], windows: Sequence[Window]) -> tuple[_Rows, Back]:
    """The rows sorted, and what brings columns back."""
    used = {w.column: table.columns[w.column] for w in windows if w.column is not None}
    tasks = [partial(key_words, box, c, Layout.of(c), not up) for c, up in zip((table.columns[n] for n in by), ascending, strict=True)]
    keys = box.together(tasks)
    needed = keys[: max([w.level for w in windows] + [len(by) * any(w.function == "dense" for w in windows)])]
    shares = [w for key in needed for w in key] + [c.values for c in used.values()] + [c.valid for c in used.values() if c.valid is not None]
    shares += [] if table.valid is None else [table.valid]
    there, back = all(ascending) and by == table.sorted_by[: len(by)], cast(Back, list)
    packed = table.valid is None or not there or any(_minds_gaps(w) for w in windows)
    moved = shares
    if not there:
        words = [w for key in keys for w in key]
        order = sort_order(box, words if table.valid is None else [box.not_(table.valid), *words], table.rows)
        moved, back = order.apply(shares) if shares else [], order.undo
    elif packed and table.valid is not None:
        to_front, moved = open_move(box, partition(box, table.valid), shares)
        back = to_front.gather
    found = iter(moved)
    in_order = [[next(found) for _ in key] for key in needed]
    values = {n: next(found) for n in used}
    columns = {n: replace(c, values=values[n], valid=None if c.valid is None else next(found)) for n, c in used.items()}
    return _Rows(box, table.rows, columns, None if table.valid is None else next(found), packed, in_order), back


def _minds_gaps(w: Window) -> bool:
    """Whether rows that do not exist must not stand between the others."""
    return w.level > 0 or w.function in ("shift", "dense") or bool(w.span)


def _made(rows: _Rows, windows: Sequence[Window], fields: dict[str, Field]) -> list[Column]:
    """All windows' columns, over the rows in order: groups are found and closed by their level, then each is finished."""
    box, levels = rows.box, sorted({w.level for w in windows})
    deepest = len(rows.keys) if any(w.function == "dense" for w in windows) else 0
    every = sorted({*levels, deepest})
    found = dict(zip(every, box.together([partial(rows.segments, level) for level in every]), strict=True))
    look = {level: {d for w in windows if w.level == level for d in _distances(w, rows.rows)} for level in levels}
    prefixes = box.together([partial(_prefix, rows, w, fields[w.name], found[deepest]) for w in windows])
    for i, (w, prefix) in enumerate(zip(windows, prefixes, strict=True)):
        if prefix is not None:
            found[w.level].carry(str(i), prefix)
    ready: list[Callable[[], object]] = []
    for level in levels:
        ready.append(partial(found[level].look, look[level]))
        groups = found[level].groups
        if groups is not None and any(w.level == level and prefix is not None for w, prefix in zip(windows, prefixes, strict=True)):
            ready.append(groups.close)
    box.together(ready)
    return box.together(
        [partial(_finished, rows, found[w.level], w, fields[w.name], str(i), prefix) for i, (w, prefix) in enumerate(zip(windows, prefixes, strict=True))]
    )


def _distances(w: Window, rows: int) -> list[int]:
    """How far up or down it looks, within the table."""
    if w.function == "shift":
        found = [abs(w.span or 0)]
    elif w.function in ("max", "min"):
        found = steps(w.rows(rows))
    else:
        found = [w.span] if w.span else []
    return [d for d in found if 0 < d < rows]


def _prefix(rows: _Rows, w: Window, field: Field, every: Segments) -> Share | None:
    """What is added up, from the top of the table; None for what is no sum."""
    box, kind = rows.box, column_kind(field)[0]
    column = None if w.column is None else rows.columns[w.column]
    if w.function == "sum" and column is not None:
        return numbers(box, summable(box, column, w.rows(rows.rows)), rows.counted(column, w), kind.bits).prefix()
    if w.function == "dense" and every.same is not None:
        first, counted = box.not_(every.same), rows.counted(None, w)
        return box.b2a(first if counted is None else box.and_(first, counted), kind.bits).prefix()
    if w.function != "count":
        return None
    counted = rows.counted(column, w)
    if counted is None:
        return box.constant(np.arange(1, rows.rows + 1), Arithmetic(kind.bits), (rows.rows,))
    return box.b2a(counted, kind.bits).prefix()


def _finished(rows: _Rows, segments: Segments, w: Window, field: Field, name: str, prefix: Share | None) -> Column:
    box = rows.box
    if prefix is not None:
        if w.span is None:
            return Column(field, segments.above(name, prefix))
        return Column(field, segments.last(name, prefix, w.span) if w.span else segments.whole(name, prefix))
    column = rows.columns[w.column or ""]
    if w.function == "shift":
        return _shifted(rows, segments, w, field)
    counted, bounds = rows.counted(column, w), column.field.dtype.units(column.field.range)
    values, largest = column.values, w.function == "max"
    if counted is not None:
        values = box.select(counted, values, box.constant(bounds[not largest], values.kind, (rows.rows,)))
    return Column(field, segments.extreme(values, key_bounds(column.field), w.rows(rows.rows), largest))


def _shifted(rows: _Rows, segments: Segments, w: Window, field: Field) -> Column:
    """Rows above, or below; null where there is none, or where it is."""
    box, column, by = rows.box, rows.columns[w.column or ""], w.span or 0
    counted = rows.counted(column, w)
    if abs(by) >= rows.rows:
        return Column(field, column.values, box.constant(0, BIT, (rows.rows,)))
    there = segments.there(by)
    if counted is not None:
        there = box.and_(there, move(box, counted, by))
    return Column(field, move(box, column.values, by), there)


def _blank(box: BlackBox, field: Field) -> Column:
    values = box.constant(0, column_kind(field)[0], column_shape(field, 0))
    return Column(field, values, box.constant(0, BIT, (0,)) if field.nullable else None)
