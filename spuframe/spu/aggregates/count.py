"""``count``: the values that are there, counted."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, counted_rows
from spuframe.spu.algorithms.sums import how_many
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.table import Column, Table


class Count(Aggregate):
    """How many values there are."""

    order = Order.ANY

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        return view.count(wanted.source, wanted.field)

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        there = counted_rows(box, table, table.columns[wanted.source])
        return Column(wanted.field, how_many(box, table.rows, there, column_kind(wanted.field)[0].bits))


AGGREGATE = Count()
