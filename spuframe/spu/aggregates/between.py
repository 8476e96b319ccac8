"""``between``: how far the place of a quantile is above the row below it."""

from __future__ import annotations

from typing import cast

from spuframe.ir.aggregates import between
from spuframe.ir.aggregates.lower import share_of
from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, as_one_group
from spuframe.spu.algorithms.quantile import at_quantile
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import fit
from spuframe.spu.table import Column, Table


class Between(Aggregate):
    """Parts of the way between two values."""

    order = Order.VALUES

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        share = share_of(cast(between.Between, wanted.how).ppm)
        return at_quantile(view, wanted, share, above=False, value=lambda t, bits: fit(view.box, -t, bits))

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return as_one_group(box, table, wanted)


AGGREGATE = Between()
