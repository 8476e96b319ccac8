"""Quantiles of groups whose values stand in order: the rows next to the place ``(n - 1) p / q`` of n values, counted from 0.

Of the rows of a group that starts at row s, row i is at the place just where ``t = q (i - s) - p (n - 1)`` is zero; the row below the place has
``-q < t <= 0``, the row above it ``0 <= t < q``. What a group subtracts goes back to its rows by `Groups.back`: one more shuffle.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from spuframe.dtypes import Field, Int
from spuframe.spu.aggregates import Finish, View, Wanted
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.group import keep, shift_down
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.share import Share
from spuframe.spu.table import Column


def at_quantile(view: View, wanted: Wanted, share: Fraction, above: bool, value: Callable[[Share, int], Share] | None = None) -> Finish:
    """The value on the row below, or above, a quantile; or what ``value`` makes of its t and the bits of the result's ring."""
    box, groups, column, n = view.box, view.groups, view.columns[wanted.source], view.groups.rows
    p, q = share.numerator, share.denominator
    most = q * (n + 2)
    places = Field("place", Int(64), range=(-most, most))
    kind = column_kind(places)[0]
    counted = view.count(wanted.source, places)
    groups.carry(("end", kind), lambda: box.constant(np.arange(1, n + 1), kind, (n,)))

    def finish() -> Column:
        count, end = counted().values, groups.at_last(("end", kind))
        start = shift_down(box, end)
        place = groups.back(start.scale(q) + box.add_public(count, -1).scale(p))
        t = box.constant(q * np.arange(n), kind, (n,)) - place
        bits = signed_bits(-most, most)
        found = _between(box, t, -1, q, bits) if above else _between(box, t, -q, 1, bits)
        source = column.values if value is None else value(t, column_kind(wanted.field)[0].bits)
        (picked,) = groups.sums([keep(box, found, source)])
        return Column(wanted.field, picked, None if column.valid is None else box.not_(box.eqz(count)))

    return finish


def _between(box: BlackBox, t: Share, low: int, high: int, bits: int) -> Share:
    """``low < t < high``."""
    below, not_above = box.both(lambda: box.msb(box.add_public(t, -high), bits), lambda: box.msb(box.add_public(t, -low - 1), bits))
    return box.and_(below, box.not_(not_above))
