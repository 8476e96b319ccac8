"""``size``: the rows that exist, counted."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted
from spuframe.spu.algorithms.sums import how_many
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.table import Column, Table


class Size(Aggregate):
    """How many rows there are."""

    order = Order.ANY

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        return view.count(None, wanted.field)

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return Column(wanted.field, how_many(box, table.rows, table.valid, column_kind(wanted.field)[0].bits))


AGGREGATE = Size()
