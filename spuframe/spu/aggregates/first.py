"""``first``: the first row of its group, in the order of the rows, nulls put last by a sort of one bit."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, as_one_group, first_of_group
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.table import Column, Table


class First(Aggregate):
    """The first value."""

    order = Order.ROWS

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        return first_of_group(view, wanted)

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return as_one_group(box, table, wanted)


AGGREGATE = First()
