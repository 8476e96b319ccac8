"""``std``: exact sums and sums of squares of each group, and one root (`spuframe.spu.algorithms.moments`).

Where D fits a word, squares of the words about the public middle of their range are summed with the rest. Where it does not, the group's mean, rounded,
goes back to its rows first, and the products of the limbs of what is left of them are summed: two more shuffles.
"""

from __future__ import annotations

from spuframe.dtypes import Field, Int
from spuframe.ir.aggregates.std import Std as Spec
from spuframe.ir.aggregates.std import deviation_bits
from spuframe.ir.words import Words, words
from spuframe.spu.aggregates import Aggregate, Finish, Order, View, Wanted, counted_rows
from spuframe.spu.algorithms.divide import total
from spuframe.spu.algorithms.moments import Count, Moments, centre_of, cut_of, in_a_word, levels, limbs, moments, places, shifted
from spuframe.spu.algorithms.sums import numbers
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import BIT, Share
from spuframe.spu.table import Column, Table


class Std(Aggregate):
    """The standard deviation of the values."""

    order = Order.ANY

    def grouped(self, view: View, wanted: Wanted) -> Finish:
        box, groups, column = view.box, view.groups, view.columns[wanted.source]
        n, layout = groups.rows, words([column.field])
        bits = layout.bits
        there = view.counted(column)
        x = _word(box, column, layout)
        x = x if there is None else box.inject(there, x)
        counted = view.count(wanted.source, Field("count", Int(64)))  # in Z_2^64, as all that it multiplies
        name = wanted.source
        groups.carry(("words", name), lambda: x.prefix())
        cut = cut_of(n, bits)
        if in_a_word(n, bits):
            groups.carry(("squares", name), lambda: box.mul(x, x).prefix())
        elif cut:
            groups.carry(("coarse", name), lambda: box.trunc(x, cut).prefix())

        def finish() -> Column:
            share = counted().values
            count = Count(n, share)
            whole = groups.total(("words", name))
            if in_a_word(n, bits):
                centre, rest, squares = whole, whole, [groups.total(("squares", name))]
            else:
                centre, rest = centre_of(box, whole, groups.total(("coarse", name)) if cut else None, bits, count)
                moved = x - groups.back(centre)
                squares = groups.sums(_squares(box, limbs(box, moved if there is None else box.inject(there, moved), bits, places(n, bits)[0])))
            picks, root, inverse = levels(box, squares, rest, n, bits, count)
            found = Moments(bits, places(n, bits)[0], count, centre, rest, x, picks, root, inverse)
            return _deviation(box, found, share, layout, wanted)

        return finish

    def whole(self, box: BlackBox, table: Table, wanted: Wanted) -> Column:
        column, n = table.columns[wanted.source], table.rows
        there, layout = counted_rows(box, table, column), words([column.field])
        x, mask = box.both(lambda: _word(box, column, layout), lambda: None if there is None else box.b2a(there, 64).reshape(n, 1))
        found = moments(box, x.reshape(n, 1), layout.bits, mask)
        return _deviation(box, found, found.count.share, layout, wanted)


def _word(box: BlackBox, column: Column, layout: Words) -> Share:
    """The column in Z_2^64, as a word of its layout."""
    has = column.field.dtype.frac
    found = numbers(box, Column(column.field, column.values), None, 64)
    return box.add_public(shifted(box, found, has - layout.fractions[0]), -layout.centres[0])


def _squares(box: BlackBox, parts: list[Share]) -> list[Share]:
    """The digits of the square of every row."""
    k = len(parts)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    made = dict(zip(pairs, stacked(lambda s: box.mul(s[0], s[1]), [(parts[i], parts[j]) for i, j in pairs]), strict=True))
    return [total([made[i, t - i].scale(1 if 2 * i == t else 2) for i in range(k) if i <= t - i < k]) for t in range(2 * k - 1)]


def _deviation(box: BlackBox, found: Moments, count: Share | None, layout: Words, wanted: Wanted) -> Column:
    assert isinstance(wanted.how, Spec)
    ddof, most = wanted.how.ddof, found.count.most
    std = found.deviation(box, deviation_bits(layout, ddof)[1], ddof)
    if count is None:
        return Column(wanted.field, std, None if most > ddof else box.constant(0, BIT, (1,)))
    few = box.msb(box.add_public(count, -(ddof + 1)), max(most, ddof + 1).bit_length() + 2)
    return Column(wanted.field, std, box.not_(few))


AGGREGATE = Std()
