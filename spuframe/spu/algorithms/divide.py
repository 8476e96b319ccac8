"""Division of secret by secret numbers, fixed point or integer.

The denominator is normalised by its leading bit [Catrina & Saxena, FC 2010]: ``x = b * v / 2**nb`` in [1/2, 1) with ``v`` a power of two that no one
sees; its reciprocal starts at a linear approximation of relative error 0.06 and is improved by Goldschmidt's iteration
``w (1 + e) (1 + e^2) (1 + e^4)``, whose two products per step share their round. Then ``a / b = a v w``.

Error of the approximation: ``2**-27 |a/b| + 6 units`` (a unit is ``2**-f`` of the result), for every denominator of the given range, tested over the
whole of it. Its remainder corrects it: the result is the nearest unit, so that it is the same at every run, and where an owner computes it. A factor
too wide for a product in 64 bits is split in two, so that small operands keep their bits beside large ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import add

from spuframe.spu.algorithms.coefficients import INVERSE_LINE
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import fit, stacked
from spuframe.spu.share import Share

ROOM = 62
"""`trunc` takes what is below 2^62."""
X_BITS = 29
"""Fraction bits of the normalised denominator: its product with the first approximation stays below 2^62."""
W_BITS = 32
"""Fraction bits of the reciprocal, and of the error in it."""
GUARD = 7
"""Fraction bits of the last factor of a quotient of at most `NEAR` bits: its error is then little more than that of one truncation."""
NEAR = 21
_PIECE = 31


@dataclass(frozen=True)
class Quotient:
    """A quotient, and the bit of the denominator's not being zero (None if its range excludes zero)."""

    quotient: Share
    nonzero: Share | None


def divide(
    box: BlackBox,
    a: Share,
    b: Share,
    *,
    numerator: tuple[int, int],
    denominator: tuple[int, int],
    shift: int = 0,
    quotient: int | None = None,
    clip: bool = False,
    exact: bool = True,
) -> Quotient:
    """``a / b * 2**shift``, rounded to the nearest, half up, the same at every run; arbitrary where b is zero.

    Parameters
    ----------
    a : Share
        In the ring of 64 bits, below 2^62 in magnitude.
    b : Share
        In any ring.
    numerator, denominator : tuple of int
        Their inclusive bounds, as integers of the ring.
    shift : int
        ``f(result) + f(b) - f(a)``.
    quotient : int, optional
        A bound on the magnitude of the result, below 2^62, as an integer of the ring; the tighter, the cheaper.
    clip : bool
        Whether results beyond ``quotient`` occur and become ``±quotient``; costs two comparisons and the sign of ``a``. Without it
        the caller vouches for the bound.
    exact : bool
        False: the rough quotient, to 2^-27 of itself and 6 units, for less than two thirds of the cost.
    """
    low, high = denominator
    nonzero_range = low > 0 or high < 0
    smallest = 1 if not nonzero_range else min(abs(low), abs(high))
    top = _shifted(max(map(abs, numerator)), shift) // smallest + 1
    clip = clip and quotient is not None and top > quotient
    if quotient is not None:
        top = min(top, quotient)
    sign: Share | None = None
    if clip and numerator[0] < 0:
        (a, sign), (b, sign_b) = box.both(
            lambda: _magnitude(box, a, signed_bits(*numerator)), lambda: _magnitude(box, b, signed_bits(low, high)) if low < 0 else (b, None)
        )
        sign = sign if sign_b is None or sign is None else sign ^ sign_b
    elif low < 0:
        sign = minus = box.msb(b, min(b.bits, signed_bits(low, high)))
        if clip:
            b = b - box.inject(minus, b).scale(2)
        else:
            a, b = box.together([lambda: a - box.inject(minus, a).scale(2), lambda: b - box.inject(minus, b).scale(2)])
    dividend, divisor = a, b

    def inside() -> tuple[Share, Share]:
        bits = min(_length(numerator), ROOM), max(_length(denominator), 2)
        return _positive(box, dividend, divisor, *bits, shift, min(top.bit_length(), ROOM), exact)

    def outside() -> Share:
        return _beyond(box, dividend, fit(box, divisor, 64), max(map(abs, numerator)), top, shift, max(abs(low), abs(high)) >= 1 << 63)

    (found, nonzero), large = box.both(inside, outside) if clip else (inside(), None)
    if large is not None:
        found = box.select(large, box.constant(top, found.kind, found.shape), found)
        if sign is not None:
            found = found - box.inject(sign, found).scale(2)
    return Quotient(found, None if nonzero_range else nonzero)


def _magnitude(box: BlackBox, x: Share, bits: int) -> tuple[Share, Share | None]:
    """``|x|`` of a value of ``bits`` bits, and its sign."""
    sign = box.msb(x, min(bits, x.bits))
    return x - box.inject(sign, x).scale(2), sign


def _beyond(box: BlackBox, a: Share, b: Share, largest: int, top: int, shift: int, unsigned: bool) -> Share:
    """Whether ``a / b * 2**shift`` reaches ``top``, for positive a and b.

    Only denominators up to a public bound can do that, and their product with ``top / 2**shift`` does not overflow. What is within the error
    of a division below ``top`` counts as reaching it, so that no result can leave the ring. A divisor that may be 2^63 is a word without a sign.
    """
    limit = max(1, _shifted(top - (top >> 26), -shift))
    small = largest // limit  # above it, no quotient reaches the limit
    low, over, *large = stacked(lambda s: box.msb(s[0]), [(box.add_public(b, -(small + 1)),), (b.scale(limit) - a,), *[(b,)] * unsigned])
    both = box.and_(low, over)
    return box.and_(both, box.not_(large[0])) if large else both


@dataclass(frozen=True)
class _Divisor:
    """A positive divisor, ready to divide by: ``b < 2**bits``, the reciprocal of its normalised value, and the power of two that normalises it."""

    b: Share
    bits: int
    reciprocal: Share
    pieces: list[tuple[int, int, Share]]
    nonzero: Share

    def divide(self, box: BlackBox, a: Share, na: int, shift: int, nq: int, guard: int) -> Share:
        """``a / b * 2**shift``, below ``2**nq``, for ``|a| < 2**na``: to 2^-27 of itself, and to 6 units, or to 1.2 with `GUARD` and ``nq <= NEAR``."""
        nb, w = self.bits, self.reciprocal
        if shift > nb:  # |a| 2^(shift - nb) is below the bound of the quotient, since b < 2^nb
            a, na, shift = a.shift_left(shift - nb), min(na + shift - nb, nq + 1), nb
        t = max(0, nb - shift - guard)
        product = nq + nb - shift + 1
        parts = [partial(wide_product, box, a, piece, na, bits, product - at, t - at) for at, bits, piece in self.pieces]
        scaled = total(box.together(parts))
        w_bits, scaled_bits = W_BITS, min(nq + nb - shift - t + 1, na + nb - t)
        if scaled_bits + 2 * (W_BITS + 1) > 2 * ROOM - 1:  # too wide even in two halves
            w, w_bits = box.trunc(w, W_BITS - _PIECE + 2), _PIECE - 2
        drop = nb + w_bits - shift - t
        return wide_product(box, scaled, w, scaled_bits, w_bits + 1, nq + drop + 1, drop)


@dataclass(frozen=True)
class _Pass:
    """A part of a quotient: all its bits from ``level`` on, roughly.

    Parameters
    ----------
    bits : int
        Of what is divided.
    up : int
        It is divided times ``2**up``.
    level : int
    quotient : int
        Bits of the part.
    brought : int
        Bits of the dividend that are brought down to the remainder, and divided on their own: for both there may be no room.
    """

    bits: int
    up: int
    level: int
    quotient: int
    brought: int = 0

    def guard(self, rough: bool) -> int:
        return GUARD if self.quotient <= NEAR and not rough else max(0, min(2, ROOM - self.quotient))


def _passes(na: int, nb: int, shift: int, nq: int, exact: bool) -> tuple[list[_Pass], bool]:
    """How a quotient is found, and whether it is the nearest then: the last pass is at most one off.

    After each pass the remainder must fit the ring. Where that of a rough quotient does not, its first bits are found alone: as in long division.
    """
    rough = [_Pass(na, shift, 0, nq)]
    passes: list[_Pass] = []
    most_b, up, least, brought = 1 << (nb + max(-shift, 0)), shift, min(shift, 0), 0
    while nq > NEAR or brought:
        error, level = (1 << nq >> 26) + 8 + 2 * (brought > 0), 0
        left = min(error * most_b, (1 << max(na + up - least, 0) >> 26) + (8 + 2 * (brought > 0)) * most_b)
        if left >= 1 << ROOM - 1 or nq <= NEAR:
            error, level = 3 if brought else 2, max(nq - NEAR, 0)
            left = (2 * error - 1) * most_b // 2
            if left >= 1 << ROOM:
                return rough, False
        passes.append(_Pass(na, up - level, level, nq - level, brought and brought - level))
        na, nq, up = left.bit_length(), (error << level).bit_length(), level + least
        brought = level if level > max(shift, 0) else 0
    done = [*passes, _Pass(na, up, 0, nq)]
    return (done, True) if exact and most_b <= 1 << ROOM - 1 else (rough, False)


def _prepared(box: BlackBox, b: Share, nb: int, passes: Sequence[_Pass]) -> _Divisor:
    widest = max(p.bits if p.up <= nb else min(p.bits + p.up - nb, p.quotient + 1) for p in passes)
    wide, prefix = box.both(lambda: fit(box, b, 64), lambda: prefix_or(box, box.a2b(b, nb)))
    leading = prefix ^ prefix.shift_right(1)
    power = leading.reverse()  # bit nb - length(b): the factor that brings b to nb bits
    v, pieces = _power(box, power, widest + 2 * (nb - 1) > 2 * ROOM - 1)
    return _Divisor(wide, nb, _reciprocal(box, _normalised(box, wide, v, nb)), pieces, prefix.bit(0))


def _positive(box: BlackBox, a: Share, b: Share, na: int, nb: int, shift: int, nq: int, exact: bool) -> tuple[Share, Share]:
    """``a / b * 2**shift`` for ``0 < b < 2**nb`` and ``|a| < 2**na``, rounded to the nearest (half up), and whether b is not zero.

    A rough quotient leaves a remainder, whose quotient is shorter by 26 bits; the last one is at most one off, which its remainder tells. What is
    divided may leave the ring, as ``a * 2**shift``: remainders do not. Where even they would (of a divisor that may reach 2^61; or 2^60, if the
    dividend is longer than the part that is found first), the result keeps the error of the rough one.
    """
    passes, nearest = _passes(na, nb, shift, nq, exact)
    divisor = _prepared(box, b, nb, passes)
    by, unit = divisor.b.shift_left(max(-shift, 0)), max(shift, 0)
    quotient, rest = box.constant(0, a.kind, a.shape), a
    below: Share | None = a  # what of the dividend no remainder holds yet, in units of ``2**unit``
    for p in passes:
        last = p is passes[-1]
        more: Share | None = None
        if below is not None and p.level > unit:
            more = box.trunc(below, p.level - unit)
            below = below - more.shift_left(p.level - unit)
        elif below is not None:
            more, below = below.shift_left(unit - p.level), None
        part = divisor.divide(box, rest, p.bits, p.up, p.quotient, p.guard(last and not nearest))
        if p.brought:
            assert more is not None
            part = part + divisor.divide(box, more, p.brought + 1, min(shift, 0), p.brought + 2, GUARD)
        quotient = quotient + part.shift_left(p.level)
        if last and not nearest:
            return quotient, divisor.nonzero
        left = -box.mul(part, by) if more is None else more - box.mul(part, by)
        rest = left if p is passes[0] else left + rest.shift_left(p.up + max(-shift, 0))
    twice = rest.scale(2)
    width = min(64, nb + max(-shift, 0) + 4)
    under, over = stacked(lambda s: box.msb(s[0], width), [(twice + by,), (box.add_public(by - twice, -1),)])
    less, more = stacked(lambda s: box.b2a(s[0], 64), [(under,), (over,)])
    return quotient + more - less, divisor.nonzero


def _power(box: BlackBox, word: Share, split: bool) -> tuple[Share, list[tuple[int, int, Share]]]:
    """The power of two that a boolean word holds as a number, and its pieces: (their place, the bits of their largest value, themselves)."""
    if not split:
        v = box.b2a(word, 64)
        return v, [(0, word.bits - 1, v)]
    cuts = [(at, min(_PIECE, word.bits - at)) for at in range(0, word.bits, _PIECE)]
    found = box.together([partial(box.b2a, word.slice_bits(at, count), 64) for at, count in cuts])
    v = total([piece.shift_left(at) for piece, (at, _) in zip(found, cuts, strict=True)])
    return v, [(at, count - 1, piece) for piece, (at, count) in zip(found, cuts, strict=True)]


def total(parts: Sequence[Share]) -> Share:
    """The sum of some shares; local."""
    return reduce(add, parts)


def _length(bounds: tuple[int, int]) -> int:
    return max(abs(bounds[0]), abs(bounds[1]), 1).bit_length()


def _shifted(x: int, by: int) -> int:
    return x << by if by >= 0 else x >> -by


def prefix_or(box: BlackBox, x: Share) -> Share:
    """Every bit ORed with all bits above it, in ``log2`` rounds."""
    bits, d = x.bits, 1
    while d < bits:
        below, above = x.slice_bits(0, bits - d), x.slice_bits(d, bits - d)
        either = above ^ box.and_(below, above)  # what the low bits gain; the d bits above have nothing over them
        x = x ^ either.widen(bits)
        d *= 2
    return x


def _normalised(box: BlackBox, b: Share, v: Share, nb: int) -> Share:
    """``b * v`` in [2^(nb-1), 2^nb), brought to `X_BITS` fraction bits."""
    drop = nb - X_BITS
    if drop <= 0:
        return box.mul(b, v).shift_left(-drop)
    if nb < ROOM:
        return box.mul(b, v, drop)
    middle = 3 << (nb - 2)  # keeps the magnitude below 2^(nb-2), where trunc is right
    return box.add_public(box.trunc(box.add_public(box.mul(b, v), -middle), drop), middle >> drop)


def _reciprocal(box: BlackBox, x: Share) -> Share:
    """``1 / x`` for x in [1/2, 1) with `X_BITS` fraction bits; the result has `W_BITS`. Relative error below 2^-30."""

    def both(pairs: list[tuple[Share, Share]]) -> list[Share]:
        return stacked(lambda s: box.mul(s[0], s[1], W_BITS), pairs)

    start, slope = INVERSE_LINE
    w = box.add_public(x.scale(round(slope * 2 ** (W_BITS - X_BITS))), round(start * 2**W_BITS))
    e = box.add_public(-box.mul(x, w, X_BITS), 1 << W_BITS)  # 1 - x w, |e| <= 0.06
    gain, square = both([(w, e), (e, e)])
    w = w + gain
    gain, fourth = both([(w, square), (square, square)])
    w = w + gain
    return w + box.mul(w, fourth, W_BITS)


def wide_product(box: BlackBox, x: Share, y: Share, x_bits: int, y_bits: int, product: int, t: int) -> Share:
    """``x * y / 2**t`` for ``|x| < 2**x_bits``, ``0 <= y <= 2**y_bits`` and ``|x * y| < 2**product``; error below three units."""
    if t < 0:
        return wide_product(box, x, y, x_bits, y_bits, product, 0).shift_left(-t)
    if t >= ROOM:  # more than one truncation can drop; bits of x that far down do not reach the result
        less = t - ROOM + 1
        x, x_bits, product, t = box.trunc(x, less), x_bits - less, product - less, ROOM - 1
    product = min(product, x_bits + y_bits)
    if product < ROOM or t == 0:
        return box.mul(x, y, t)
    h = min(ROOM - y_bits - 1, t)
    upper = box.trunc(x, h)
    lower = x - upper.shift_left(h)
    return total(box.together([lambda: box.mul(upper, y, t - h), lambda: box.mul(lower, y, t)]))
