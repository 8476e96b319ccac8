"""``min``: the first row of its group, in the order of the values. A whole table's: a tournament."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, extreme_of_all, first_of_group
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.table import Column, Table


class Min(Aggregate):
    """The smallest value."""

    order = Order.VALUES

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        return first_of_group(view, wanted)

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return extreme_of_all(box, table, wanted, largest=False)


AGGREGATE = Min()
