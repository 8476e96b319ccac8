"""``sum``: differences of prefix sums, taken where a group ends; local, but for nulls and the conversion of booleans."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, counted_rows
from spuframe.spu.algorithms.sums import numbers, summable
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.table import Column, Table


class Sum(Aggregate):
    """The sum of the values."""

    order = Order.ANY

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        column = summable(view.box, view.columns[wanted.source], view.groups.rows)
        total = view.total(column, column_kind(wanted.field)[0].bits)
        return lambda: Column(wanted.field, total())

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        there = counted_rows(box, table, table.columns[wanted.source])
        column = summable(box, table.columns[wanted.source], table.rows)
        return Column(wanted.field, numbers(box, column, there, column_kind(wanted.field)[0].bits).sum())


AGGREGATE = Sum()
