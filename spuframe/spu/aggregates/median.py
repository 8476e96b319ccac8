"""``median``: of c values in order those whose places are nearest to the middle, one or two, added up.

Of the rows of a group that starts at row s, row i holds the median just where ``t = 2 i - (2 s + c - 1)`` is zero (c odd), or half of it where t is 1 or
-1 (c even). What a group subtracts goes back to its rows by `Groups.back`: one more shuffle, three tests of as many bits as the number of rows has, two
products and another shuffle.
"""

from __future__ import annotations

import numpy as np

from spuframe.dtypes import Field, Int
from spuframe.errors import TypeMismatchError
from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, as_one_group
from spuframe.spu.algorithms.group import shift_down
from spuframe.spu.algorithms.shift import round_shift
from spuframe.spu.algorithms.sums import numbers
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.shaping import stacked
from spuframe.spu.share import concat
from spuframe.spu.table import Column, Table


class Median(Aggregate):
    """The value in the middle."""

    order = Order.VALUES

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        box, groups, column = view.box, view.groups, view.columns[wanted.source]
        dtype = wanted.field.dtype
        if dtype.exact:
            raise TypeMismatchError(f"the median {wanted.field.name!r} is a float, got {dtype}")
        shift = dtype.frac - 1 - column.field.dtype.frac
        n = groups.rows
        places = Field("place", Int(64), range=(0, 4 * n))
        kind = column_kind(places)[0]
        counted = view.count(wanted.source, places)
        groups.carry(("end", kind), lambda: box.constant(np.arange(1, n + 1), kind, (n,)))

        def finish() -> Column:
            count, end = counted().values, groups.at_last(("end", kind))
            start = shift_down(box, end)
            t = box.constant(2 * np.arange(n), kind, (n,)) - groups.back(start + start + box.add_public(count, -1))
            middle, above, below = stacked(lambda s: box.eqz(s[0]), [[t], [box.add_public(t, -1)], [box.add_public(t, 1)]])
            values = numbers(box, Column(column.field, column.values), None, 64)
            twice = box.inject(concat([middle, above ^ below]), concat([values, values]))
            (total,) = groups.sums([twice.slice(0, n) + twice.slice(0, n) + twice.slice(n, 2 * n)])
            found = total.shift_left(shift) if shift >= 0 else round_shift(box, total, -shift)
            return Column(wanted.field, found, None if column.valid is None else box.not_(box.eqz(count)))

        return finish

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        return as_one_group(box, table, wanted)


AGGREGATE = Median()
