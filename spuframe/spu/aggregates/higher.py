"""``higher``: the value on the row at a quantile or the one above it, in the order of the values."""

from __future__ import annotations

from typing import cast

from spuframe.ir.aggregates import higher
from spuframe.ir.aggregates.lower import share_of
from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, as_one_group
from spuframe.spu.algorithms.quantile import at_quantile
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.table import Column, Table


class Higher(Aggregate):
    """The value at or above a quantile."""

    order = Order.VALUES

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        return at_quantile(view, wanted, share_of(cast(higher.Higher, wanted.how).ppm), above=True)

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return as_one_group(box, table, wanted)


AGGREGATE = Higher()
