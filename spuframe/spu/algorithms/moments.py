"""Mean and standard deviation of columns, exact up to the last rounding, whatever their offset, their unit and their outliers.

Words are integers. With c the mean rounded to one (secret), the sum S of ``x - c`` and the sum Q of its squares are exact, and so is

    D = n Q - S^2 = n^2 variance,

which is zero just where the column is constant. Where squares do not fit the ring, ``x - c`` is cut into limbs of L bits, whose products are summed
without traffic (a product of matrices sends its result only), and D is a number of digits of L bits: ``D = sum D_t 2^(L t)``. The level of a column is
the t for which ``H = D / 2^(L t)`` has the bits of one word; it stays secret, as words 0 and 1 (`Moments.picks`). One root of H and its inverse then
give the deviation and what divides by it, with public shifts for each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import sqrt

import numpy as np

from spuframe.spu.algorithms.divide import divide, total
from spuframe.spu.algorithms.ratio import scale_by
from spuframe.spu.algorithms.roots import root_pair, rsqrt
from spuframe.spu.algorithms.shift import round_shift
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Arithmetic, Array, Share, columns, concat

MOST = 61
"""Bits of the width of a range, at most: a word may not reach 2^62."""
LEAST = 24
"""Significant bits of D in its level, at least, where it has so many."""
LIMB = 30
ROOT = 28
"""Fraction bits of the root of H, which is below 2^30."""
INVERSE = 46
"""Fraction bits of its inverse."""
HALF = 30
"""Bits of the lower half of a word."""
GUARD = 8
RING = Arithmetic(64)
TOP = 1 << 61


@dataclass(frozen=True)
class Count:
    """How many rows take part: a public number, or a share of at most ``most`` (zero among them)."""

    most: int
    share: Share | None = None

    def times(self, box: BlackBox, x: Share) -> Share:
        return x.scale(self.most) if self.share is None else box.mul(x, self.share.broadcast(x.shape))

    def quotient(self, box: BlackBox, x: Share, shift: int, bound: int) -> Share:
        """``x / count * 2**shift`` for ``abs(result) < bound``; off by 2^-26 of it and 8 units."""
        if self.share is None:
            return scale_by(box, x, Fraction(1 << shift, self.most), bound)
        largest = min(self.most * bound >> shift, TOP)
        by = self.share.broadcast(x.shape)
        return divide(box, x, by, numerator=(-largest, largest), denominator=(1, self.most), shift=shift, quotient=min(bound, TOP)).quotient


@dataclass(frozen=True)
class Moments:
    """What is known of the columns of a matrix; vectors have a row for each.

    Parameters
    ----------
    bits : int
        Of the width of their ranges.
    limb : int
        L; even.
    count : Count
    centre : Share
        The mean, rounded to the nearest integer.
    rest : Share
        The sum of ``x - centre``.
    centred : Share
        The matrix ``x - centre``, zero in rows that take no part.
    picks : tuple of Share
        Words 0 and 1 for each level; none where there is but one level.
    root, inverse : Share
        Of H, with `ROOT` and `INVERSE` fraction bits; zero for constant columns.
    """

    bits: int
    limb: int
    count: Count
    centre: Share
    rest: Share
    centred: Share
    picks: tuple[Share, ...]
    root: Share
    inverse: Share

    @property
    def levels(self) -> int:
        return max(1, len(self.picks))

    def picked(self, box: BlackBox, values: Sequence[Share]) -> Share:
        """Of a value for each level the one of the column's level; the others may be anything."""
        return box.dot(list(self.picks), list(values)) if self.picks else values[0]

    def mean(self, box: BlackBox, more: Shift) -> Share:
        """The mean with ``more`` fraction bits than the words have."""
        most = max(0, more if isinstance(more, int) else max(more))
        fine = self.count.quotient(box, self.rest, most, 1 << most + 1)
        whole, left = box.together([partial(shifted, box, self.centre, times(more, -1)), partial(shifted, box, fine, plus(times(more, -1), most))])
        return whole + left

    def deviation(self, box: BlackBox, more: Shift, ddof: int = 0) -> Share:
        """The standard deviation with ``more`` fraction bits than the words have; anything where no more than ``ddof`` rows take part."""
        n = self.count.most
        if self.count.share is None:
            scaled = scale_by(box, self.root, Fraction(1 / sqrt(max(n * (n - ddof), 1))), TOP)
        else:
            count = self.count.share
            degrees = box.mul(count, box.add_public(count, -ddof))
            by = rsqrt(box, degrees, 0, (0, max(n * n, 2)), 40)[0].broadcast(self.root.shape)
            scaled = product(box, self.root, by, [40])[0]
        return self.picked(box, together(box, scaled, [plus(times(more, -1), ROOT - self.limb * t // 2) for t in range(self.levels)]))

    def factor(self, box: BlackBox, fractions: Sequence[Shift]) -> Share:
        """``2**fractions[t] / deviation`` in the level t; zero for a constant column."""
        inverse = self.count.times(box, self.inverse)
        by = [[fraction] if isinstance(fraction, int) else fraction for fraction in fractions]
        return self.picked(box, together(box, inverse, [[INVERSE + self.limb * t // 2 - f for f in level] for t, level in enumerate(by)]))

    def lean(self, box: BlackBox, fraction: int) -> Share:
        """``(mean - centre) / deviation * 2**fraction``: at most about one, and what it is only matters where the deviation is a few units."""
        inverse = box.mul(self.rest, self.inverse)
        return self.picked(box, together(box, inverse, [INVERSE + self.limb * t // 2 - fraction for t in range(self.levels)]))


Shift = int | Sequence[int]
"""A number of bits, or one for each row."""


def shifted(box: BlackBox, x: Share, by: Shift) -> Share:
    """``x / 2**by``, to the left where by is negative."""
    if not isinstance(by, int):
        amounts = sorted(set(by))
        if len(amounts) > 1:
            places = [np.flatnonzero(np.array(by) == amount) for amount in amounts]
            tasks = [partial(shifted, box, x.take(place), amount) for place, amount in zip(places, amounts, strict=True)]
            return concat(box.together(tasks)).take(np.argsort(np.concatenate(places)))
        by = amounts[0]
    if by <= 0:
        return x.shift_left(-by) if by > -64 else box.constant(0, x.kind, x.shape)
    return box.trunc(x, by) if by <= 60 else box.constant(0, x.kind, x.shape)


def plus(one: Shift, other: int) -> Shift:
    """The sum of amounts."""
    return one + other if isinstance(one, int) else [a + other for a in one]


def times(one: Shift, factor: int) -> Shift:
    """A multiple of amounts."""
    return one * factor if isinstance(one, int) else [a * factor for a in one]


def product(box: BlackBox, x: Share, y: Share, drops: Sequence[Shift]) -> list[Share]:
    """``x * y / 2**drop`` for each drop, of words below 2^60 in magnitude, right where the result is below 2^61; off by three units."""
    upper = stacked(lambda s: box.trunc(s[0], HALF), [[x], [y]])
    lower = [x - upper[0].shift_left(HALF), y - upper[1].shift_left(HALF)]
    pairs = [(upper[0], upper[1]), (upper[0], lower[1]), (lower[0], upper[1]), (lower[0], lower[1])]
    high, one, other, low = stacked(lambda s: box.mul(s[0], s[1]), pairs)
    parts = ((high, 2 * HALF), (one + other, HALF), (low, 0))
    cut = box.together([partial(shifted, box, part, plus(drop, -at)) for drop in drops for part, at in parts])
    return [total(cut[i : i + 3]) for i in range(0, len(cut), 3)]


def together(box: BlackBox, x: Share, shifts: Sequence[Shift]) -> list[Share]:
    """`shifted` by each of several amounts, in common rounds."""
    return box.together([partial(shifted, box, x, by) for by in shifts])


def moments(box: BlackBox, x: Share, bits: int, mask: Share | None = None, centred: bool = True, lifts: Sequence[int] = ()) -> Moments:
    """Find the moments of the columns of a matrix.

    Parameters
    ----------
    box : BlackBox
    x : Share
        (n, d), `Arithmetic(64)`; magnitudes at most ``2**(bits - 1)`` in rows that take part, anything in others.
    bits : int
        At most `MOST`.
    mask : Share, optional
        (n, 1): 1 for rows that take part, else 0.
    centred : bool
        False: about zero in place of the mean.
    lifts : sequence of int, optional
        Of each column a public number, at most ``2**(bits - 1)``: its square is added to Q, as if it were one row's ``x - c`` more.
    """
    n, d = x.shape
    count = Count(n, None if mask is None else mask.sum(0))

    def summed(y: Share) -> Share:
        return y.sum(0) if mask is None else box.matmul(mask.transpose(), y).reshape(d)

    if centred:
        cut = cut_of(n, bits)
        centre, rest = centre_of(box, summed(x), summed(box.trunc(x, cut)) if cut else None, bits, count)
    else:
        centre = rest = box.constant(0, RING, (d,))
    moved = x - centre.reshape(1, d)
    if mask is not None:
        moved = box.mul(mask.broadcast(x.shape), moved)
    limb = places(n, bits)[0]
    squares = _squares(box, [moved] if in_a_word(n, bits) else limbs(box, moved, bits, limb))
    if any(lifts):
        squares = [box.add_public(q, part) for q, part in zip(squares, _digits([lift * lift for lift in lifts], limb, len(squares)), strict=True)]
    picks, root, inverse = levels(box, squares, rest, n, bits, count)
    return Moments(bits, limb, count, centre, rest, moved, picks, root, inverse)


def levels(box: BlackBox, squares: Sequence[Share], rest: Share, n: int, bits: int, count: Count) -> tuple[tuple[Share, ...], Share, Share]:
    """`Moments.picks`, `root` and `inverse`, of the digits of Q, the sums of squares, and of S, the sums: those of one word or of `limbs`."""
    limb, top = places(n, bits)
    digits = [count.times(box, q) for q in (squares if in_a_word(n, bits) else carried(box, squares, limb, top))]
    digits[0] = digits[0] - box.mul(rest, rest)
    digits = carried(box, digits, limb, top)
    highs = [total([digit.shift_left(limb * s) for s, digit in enumerate(digits[top:]) if limb * s < 64])]
    for digit in reversed(digits[:top]):
        highs.insert(0, digit + highs[0].shift_left(limb))
    picks = _picks(box, highs)
    high = box.dot(picks, highs) if picks else highs[0]
    root, inverse = root_pair(box, high, 0, (0, 1 << (LEAST + limb if picks else 60)), ROOT, INVERSE)
    return tuple(picks), root, inverse


def in_a_word(n: int, bits: int) -> bool:
    """Whether D fits one word, for n rows of so many bits."""
    return 2 * bits + 2 * n.bit_length() + 1 <= 60


def places(n: int, bits: int) -> tuple[int, int]:
    """The bits of a digit of D, and the highest level, for n rows of so many bits."""
    lg = n.bit_length()
    if in_a_word(n, bits):
        return LIMB, 0
    limb = min(LIMB, (58 - lg) // 2 // 2 * 2)
    return limb, max(0, -(-(2 * bits + 2 * lg - LEAST - limb) // limb))


def least(n: int, limb: int, t: int) -> int:
    """The logarithm of a bound that deviations of level t are not below."""
    return (limb * t + LEAST) // 2 - n.bit_length() if t else -(n.bit_length() + 1) // 2


def cut_of(n: int, bits: int) -> int:
    """How many low bits words are summed without first, for their sum to fit the ring."""
    return max(0, bits - 1 + n.bit_length() - 60)


def centre_of(box: BlackBox, whole: Share, coarse: Share | None, bits: int, count: Count) -> tuple[Share, Share]:
    """The mean to the nearest integer, and what is left of the sum. Sums may leave the ring: what is left does not.

    Parameters
    ----------
    whole : Share
        The sums of the words.
    coarse : Share or None
        Where `cut_of` is not 0, the sums of the words without so many low bits.
    """
    cut = cut_of(count.most, bits)
    near = 1 << bits  # how near the centre is by now
    centre: Share | None = None
    while cut or near > 1 << 24:
        if centre is None:
            part = count.quotient(box, whole if coarse is None else coarse, 0, 1 << (bits - cut)).shift_left(cut)
            rest = whole
        else:
            part = count.quotient(box, rest, 0, 2 * near)
        centre = part if centre is None else centre + part
        rest = rest - count.times(box, part)
        near, cut = (near >> 25) + (16 << cut), 0
    left = whole if centre is None else rest
    part = round_shift(box, count.quotient(box, left, GUARD, 4 * near << GUARD), GUARD)
    return (part if centre is None else centre + part), left - count.times(box, part)


def limbs(box: BlackBox, x: Share, bits: int, limb: int) -> list[Share]:
    """``x = sum limbs[i] 2**(limb i)``, each below ``2**limb`` in magnitude."""
    out = []
    while bits + 1 > limb:
        upper = box.trunc(x, limb)
        out.append(x - upper.shift_left(limb))
        x, bits = upper, bits - limb
    return [*out, x]


def _squares(box: BlackBox, parts: Sequence[Share]) -> list[Share]:
    """The sums over the rows of the square's digits."""
    k, d = len(parts), parts[0].shape[1]

    def gram(j: int) -> Share:
        side = columns([part.column(j) for part in parts])
        return box.matmul(side.transpose(), side).reshape(1, k * k)

    products = concat(box.together([partial(gram, j) for j in range(d)]))
    return [total([products.column(i * k + t - i) for i in range(k) if 0 <= t - i < k]) for t in range(2 * k - 1)]


def _digits(numbers: Sequence[int], limb: int, count: int) -> list[Array]:
    """Public numbers as so many digits; the highest holds all that is left."""
    cut = [[n >> limb * t if t == count - 1 else (n >> limb * t) % (1 << limb) for n in numbers] for t in range(count)]
    return [np.array(digit, np.int64).view(np.uint64) for digit in cut]


def carried(box: BlackBox, digits: Sequence[Share], limb: int, top: int) -> list[Share]:
    """The same number, its digits below ``top`` less than ``2**limb`` in magnitude."""
    out = list(digits)
    while len(out) <= top:
        out.append(box.constant(0, RING, out[0].shape))
    for t in range(top):
        carry = box.trunc(out[t], limb)
        out[t] = out[t] - carry.shift_left(limb)
        out[t + 1] = out[t + 1] + carry
    return out


def _picks(box: BlackBox, highs: Sequence[Share]) -> list[Share]:
    """Words 0 and 1: whether a level is the highest with `LEAST` bits; the lowest if none is. Those below it may have left the ring."""
    if len(highs) == 1:
        return []
    small = stacked(lambda s: box.msb(s[0]), [[box.add_public(h, -(1 << LEAST))] for h in highs[1:]])
    found = [box.not_(small[-1])]
    seen = found[0]
    for s in reversed(small[:-1]):
        this = box.and_(box.not_(s), box.not_(seen))
        seen = seen ^ this
        found.insert(0, this)
    words = stacked(lambda s: box.b2a(s[0], 64), [[f] for f in found])
    return [box.add_public(-total(words), 1), *words]
