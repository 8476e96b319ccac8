"""``nunique``: rows in the order of the values that are not as the row above, counted."""

from __future__ import annotations

from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, as_one_group, shares_of
from spuframe.spu.algorithms.keys import equal_above
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


class NUnique(Aggregate):
    """How many different values there are."""

    order = Order.VALUES

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        box, column, name = view.box, view.columns[wanted.source], ("different", wanted.source)

        def make() -> Share:
            seen = box.and_(view.groups.same, equal_above(box, shares_of([column])))  # nulls stand last: above a value stands a value
            new = box.not_(seen)
            return box.b2a(new if column.valid is None else box.and_(new, column.valid), column_kind(wanted.field)[0].bits).prefix()

        view.groups.carry(name, make)
        return lambda: Column(wanted.field, view.groups.total(name))

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return as_one_group(box, table, wanted)


AGGREGATE = NUnique()
