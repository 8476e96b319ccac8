"""Columns brought to mean 0 and deviation 1: those of which the moments are, and others, with bounds of their own.

A row of the columns themselves is at most ``sqrt(n)`` deviations away from their mean, so that its product with ``2**g / deviation`` fits the ring
whatever the range is. Of other rows nothing but their range is known: they are taken in pieces, so that no product leaves the ring; where the result may,
a comparison with ``2**HELD`` deviations says of which values it is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from spuframe.ir.words import HELD, WIDE
from spuframe.spu.algorithms.divide import total
from spuframe.spu.algorithms.moments import Moments, least, places, shifted
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share, concat

KEPT = 9
"""Bits of a deviation that are looked at, at least."""
KEPT_IN_FIT = 18
"""The same of the rows that the moments are of: their products with the factor fit the ring whatever is left out."""
MOST_WEIGHT = 127
"""Where coefficients of scaled columns stop."""
TOP = 61
"""No value has more bits."""
DIGITS = 11
"""Bits of the factor ``2**g / deviation``, at least, in a fit."""


@dataclass(frozen=True)
class Scaling:
    """What `apply` needs; vectors have a row for each column.

    Parameters
    ----------
    rows : int
        Of the table that it was found in: deviations are at least ``rows ** -0.5`` units.
    fraction : int
        Fraction bits of the factor.
    drops : tuple of int
        For each level the bits that are left out of a value.
    centre, factor, lean, limit : Share
        ``lean`` is taken off the result; it has the result's fraction bits. ``limit``: `HELD` deviations, at most ``2**TOP``.
    picks : tuple of Share
        Whose level it is; none where all drops are zero.
    """

    rows: int
    fraction: int
    drops: tuple[int, ...]
    centre: Share
    factor: Share
    lean: Share
    limit: Share
    picks: tuple[Share, ...] = ()

    def matrix(self, box: BlackBox, rows: int) -> Share:
        """All of it as a matrix of so many rows."""
        parts = [self.centre, self.factor, self.lean, self.limit, *self.picks]
        parts += [box.constant(0, self.centre.kind, self.centre.shape)] * (rows - len(parts))
        return concat([p.reshape(1, p.size) for p in parts])


def read(matrix: Share, n: int, bits: int) -> Scaling:
    """What `Scaling.matrix` gave of n rows of so many bits."""
    less = drops(n, bits, WIDE)
    row = [matrix.slice(i, i + 1).reshape(matrix.shape[1]) for i in range(4 + len(less) * any(less))]
    return Scaling(n, precision(n, bits), less, row[0], row[1], row[2], row[3], tuple(row[4:]))


def precision(n: int, bits: int) -> int:
    """Fraction bits of the factor: as many as leave the pieces of a value as few as they are with `KEPT` bits of it."""
    bits, room = min(bits, WIDE) + 1, 60 - (n.bit_length() + 1) // 2
    pieces = -(-bits // max(1, room - bits - KEPT))
    return room - -(-bits // pieces)


def drops(n: int, bits: int, wide: int, kept: int = KEPT) -> tuple[int, ...]:
    """For each level the bits of a value that do not show beside its deviation; none in ranges of up to ``wide`` bits."""
    limb, top = places(n, bits)
    return tuple(max(0, least(n, limb, t) - kept) if t and bits > wide else 0 for t in range(top + 1))


def scaling(box: BlackBox, m: Moments, f: int, units: Sequence[int], room: Sequence[int]) -> Scaling:
    """The scaling to be applied to other rows, with results of f fraction bits; of constant columns, whose words have ``units`` fraction bits, by one.

    A deviation may have ``room`` fraction bits more than the words of its column.
    """
    n = m.count.most
    fraction, less = precision(n, m.bits), drops(n, m.bits, WIDE)
    tasks = [partial(m.factor, box, [fraction + t for t in less]), partial(m.lean, box, f), partial(_limit, box, m, room), partial(_constant, box, m)]
    factor, lean, limit, constant = box.together(tasks)
    one, far = ([1 << min(TOP, shift) if shift >= 0 else 0 for shift in (by - unit * way for unit in units)] for by, way in ((fraction, 1), (HELD, -1)))
    factor, limit = (x + constant.scale(np.array(by, np.uint64)) for x, by in ((factor, one), (limit, far)))
    return Scaling(n, fraction, less, m.centre, factor, lean, limit, m.picks if any(less) else ())


def _limit(box: BlackBox, m: Moments, room: Sequence[int]) -> Share:
    more = [min(HELD, bits) for bits in room]
    deviation = m.deviation(box, more)
    if min(more) < HELD:
        deviation = stopped(box, deviation.reshape(1, deviation.size), 61, [1 << TOP - HELD + bits for bits in more]).reshape(deviation.size)
    return deviation.scale(np.array([1 << HELD - bits for bits in more], np.uint64))


def _constant(box: BlackBox, m: Moments) -> Share:
    """1 for columns that are constant, else 0."""
    return box.b2a(box.msb(box.add_public(m.root, -1)), 64)


def standardised(box: BlackBox, m: Moments, f: int, mask: Share | None) -> Share:
    """The columns themselves, standardised, with f fraction bits; zero in rows that take no part."""
    n, d = m.centred.shape
    fraction = 60 - (n.bit_length() + 1) // 2
    less = drops(n, m.bits, fraction - DIGITS, KEPT_IN_FIT)
    x = _chosen(box, m.centred, less, m.picks)
    factor, lean = box.both(lambda: m.factor(box, [fraction + t for t in less]), lambda: m.lean(box, fraction))
    there = box.constant(1, x.kind, (n, 1)) if mask is None else mask
    return box.dot([x, there.broadcast((n, d))], [factor.reshape(1, d).broadcast((n, d)), (-lean).reshape(1, d).broadcast((n, d))], fraction - f)


def lifted(box: BlackBox, m: Moments, f: int, lifts: Sequence[int]) -> Share:
    """Public numbers, divided by the columns' deviations just as `standardised` divides its rows: (1, d), with f fraction bits."""
    n, d = m.centred.shape
    fraction = 60 - (n.bit_length() + 1) // 2
    less = drops(n, m.bits, fraction - DIGITS, KEPT_IN_FIT)
    cut = [np.array([lift >> t for lift in lifts], np.int64).view(np.uint64) for t in less]
    x = total([pick.scale(c) for pick, c in zip(m.picks, cut, strict=True)]) if m.picks else box.constant(cut[0], m.centre.kind, (d,))
    return box.mul(x, m.factor(box, [fraction + t for t in less]), fraction - f).reshape(1, d)


def apply(box: BlackBox, s: Scaling, x: Share, bits: int, f: int) -> tuple[Share, Share | None]:
    """Rows ``abs(x - centre) < 2**bits`` (n, d), standardised, with f fraction bits.

    And the bits of the values that are held, a column below the other; None where all are. The others are anything.
    """
    n, d = x.shape
    moved = x - s.centre.reshape(1, d)
    x = _chosen(box, moved, s.drops, s.picks)
    inside = _held(box, moved, s.limit) if bits + (s.rows.bit_length() + 1) // 2 > HELD else None
    size = 60 - s.fraction - (s.rows.bit_length() + 1) // 2
    parts = []
    while bits > size:
        upper = box.trunc(x, size)
        parts.append(x - upper.shift_left(size))
        x, bits = upper, bits - size
    parts.append(x)
    factor = s.factor.reshape(1, d).broadcast((n, d))
    amounts = [s.fraction - f - size * i for i in range(len(parts))]
    made = box.together([partial(_times, box, part, factor, amount) for part, amount in zip(parts, amounts, strict=True)])
    return total(made) - s.lean.reshape(1, d), inside


def _held(box: BlackBox, x: Share, limit: Share) -> Share:
    """Whether ``abs(x) <= limit``, a column below the other."""
    flat, edge = x.transpose().reshape(x.size), limit.reshape(1, limit.size).broadcast(x.shape).transpose().reshape(x.size)
    over, under = stacked(lambda s: box.msb(s[0]), [[edge - flat], [edge + flat]])
    return box.not_(over ^ under)


def _times(box: BlackBox, x: Share, factor: Share, by: int) -> Share:
    return box.mul(x, factor, by) if by > 0 else box.mul(x, factor).shift_left(-by)


def _chosen(box: BlackBox, x: Share, less: Sequence[int], picks: Sequence[Share]) -> Share:
    """The column without as many low bits as its level says."""
    if not any(less):
        return x
    amounts = sorted(set(less))
    shape = x.shape
    cut = box.together([partial(shifted, box, x, amount) for amount in amounts])
    chosen = [total([p for p, t in zip(picks, less, strict=True) if t == amount]).reshape(1, shape[1]).broadcast(shape) for amount in amounts]
    return box.dot(cut, chosen)


def stopped(box: BlackBox, x: Share, bits: int, most: int | Sequence[int]) -> Share:
    """x, or ``±most`` where it lies beyond; one for all, or for each."""
    shape, flat = x.shape, x.reshape(x.size)
    width = min(64, bits + 2)
    edge = box.constant(most if isinstance(most, int) else np.array(most, np.uint64), x.kind, flat.shape)
    over, under = stacked(lambda s: box.msb(s[0], width), [[edge - flat], [edge + flat]])
    high, low = stacked(lambda s: box.inject(s[0], s[1]), [[over, edge - flat], [under, -edge - flat]])
    return (flat + high + low).reshape(*shape)
