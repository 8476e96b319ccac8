"""``mean``: the sum over the count, to the nearest unit (`spuframe.spu.algorithms.divide`)."""

from __future__ import annotations

from spuframe.dtypes import Field, Int
from spuframe.errors import TypeMismatchError
from spuframe.ir.rings import ring_of_sum
from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, counted_rows
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.sums import how_many, numbers, summable
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.shaping import fit
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table

_LARGEST = (1 << 62) - 1


class Mean(Aggregate):
    """The mean of the values."""

    order = Order.ANY

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        box, rows = view.box, view.groups.rows
        column = summable(box, view.columns[wanted.source], rows)
        total = view.total(column, ring_of_sum(column.field, rows))
        counted = view.count(wanted.source, _counts(rows))

        def finish() -> Column:
            n = counted().values
            valid = None if column.valid is None else box.not_(box.eqz(n))
            return _mean(box, total(), n, valid, column.field, wanted.field, rows)

        return finish

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        there, rows = counted_rows(box, table, table.columns[wanted.source]), table.rows
        column = summable(box, table.columns[wanted.source], rows)

        def counts() -> tuple[Share, Share | None]:
            n = how_many(box, rows, there, column_kind(_counts(rows))[0].bits)
            return n, None if there is None else box.not_(box.eqz(n))

        (n, valid), total = box.both(counts, lambda: numbers(box, column, there, ring_of_sum(column.field, rows)).sum())
        return _mean(box, total, n, valid, column.field, wanted.field, rows)


def _counts(rows: int) -> Field:
    return Field("count", Int(64), range=(0, rows))


def _mean(box: BlackBox, total: Share, count: Share, valid: Share | None, source: Field, field: Field, rows: int) -> Column:
    """Arbitrary where the count is zero."""
    if field.dtype.exact:
        raise TypeMismatchError(f"the mean {field.name!r} is a float, got {field.dtype}")
    shift = field.dtype.frac - source.dtype.frac
    low, high = source.dtype.units(source.range)
    bounds = max(low * rows, -_LARGEST), min(high * rows, _LARGEST)
    largest = max(abs(low), abs(high)) + 1
    quotient = largest << shift if shift >= 0 else (largest >> -shift) + 1
    found = divide(box, fit(box, total, 64), count, numerator=bounds, denominator=(1, rows), shift=shift, quotient=min(quotient, 1 << 60))
    return Column(field, found.quotient, valid)


AGGREGATE = Mean()
