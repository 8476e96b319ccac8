"""Public factors and divisors: approximate products, and exact quotients.

A quotient by a public number is that by an integer, of a multiple: ``x / c = x N / D``, for a float c too, since it is a whole number over a power of
two. The multiple may leave the ring, since only remainders are looked at, which are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from spuframe.spu.algorithms.rounding import Quotient, divmod_any, divmod_power
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share

HEADROOM = 62
"""A product must stay below 2^62 for `trunc` to be exact to the unit."""
_HALF = 31
_FAINT = 4
"""Fraction bits of an operand below a unit of its product, at least: more do not show."""


def scale_by(box: BlackBox, x: Share, factor: Fraction, limit: int) -> Share:
    """``x * factor`` for a public factor, given that the result stays within ``±limit``; local if the factor is an integer.

    Otherwise the factor is rounded to as many fraction bits as the ring has room for, and the product truncated: relative error 2^-29 or
    better, and 2.5 units. Where the ring has little room, x is taken in two halves; low bits of it that the result does not feel are dropped first.
    """
    room = max(0, HEADROOM - 1 - limit.bit_length())
    digits = factor.denominator.bit_length() - 1
    exact = factor.denominator == 1 << digits and digits <= room
    if exact:
        return box.trunc(x.scale(int(factor * (1 << digits))), digits)
    magnitude = max(0, int(abs(factor)).bit_length()) or 1 - int(1 / abs(factor)).bit_length()  # |factor| < 2^magnitude
    if room + magnitude >= _HALF - 1:
        return box.trunc(x.scale(round(factor * (1 << room))), room)
    if magnitude <= -HEADROOM:  # below half a unit for every x
        return box.constant(0, x.kind, x.shape)
    if magnitude < -_FAINT:
        return scale_by(box, box.trunc(x, -magnitude - _FAINT), factor * (1 << (-magnitude - _FAINT)), limit)
    g = max(0, _HALF - 1 - magnitude)
    by = round(factor * (1 << g))
    upper = box.trunc(x, _HALF)
    lower = box.trunc((x - upper.shift_left(_HALF)).scale(by), g)
    high = upper.scale(by)
    return lower + (box.trunc(high, g - _HALF) if g > _HALF else high.shift_left(_HALF - g))


def floor_ratio(box: BlackBox, x: Share, ratio: Fraction, most: int, offset: int = 0) -> Quotient:
    """``(x * N + offset) / D`` rounded down, exactly, and the remainder, for ``ratio = N / D`` positive with D below 2^61.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)``.
    ratio : Fraction
    most : int
        A bound on the magnitude of x, below 2^62.
    offset : int
        0 to D - 1.
    """
    whole, n = divmod(ratio.numerator, ratio.denominator)
    by, found = ratio.denominator, x.scale(whole)
    if n == 0:
        return Quotient(found, box.constant(offset, x.kind, x.shape))
    if by & (by - 1) == 0 and most * n + offset < 1 << (HEADROOM - 1):
        power = divmod_power(box, box.add_public(x.scale(n), offset), by.bit_length() - 1)
        return Quotient(found + power.quotient, power.remainder)
    terms, reach = [(x, n)], most * n // by + 2
    if reach >> 24 and by * ((reach >> 26) + 9) >= 1 << (HEADROOM - 1):  # too wide for one remainder: in two halves
        upper = box.trunc(x, _HALF)
        more, m = divmod(n << _HALF, by)
        found = found + upper.scale(more)
        terms = [(upper, m), (x - upper.shift_left(_HALF), n)]
        reach = (((most >> _HALF) + 2) * m + (n << (_HALF + 1))) // by + 2
    rest = _floored(box, terms, by, offset, reach)
    return Quotient(found + rest.quotient, rest.remainder)


def _floored(box: BlackBox, terms: Sequence[tuple[Share, int]], by: int, offset: int, most: int) -> Quotient:
    """``(sum of x * n + offset) / by``, rounded down; of magnitude ``most`` at most."""
    numerator = box.add_public(_sum([x.scale(n) for x, n in terms]), offset)
    less = max(0, by.bit_length() - 32)  # low bits of a remainder that the quotient hardly feels

    def first(shift: int, most: int) -> Share:
        parts = [scale_by(box, x, Fraction(n << shift, by), (most + 1) << shift) for x, n in terms]
        return box.add_public(_sum(parts), (offset << shift) // by)

    def near(v: Share, shift: int, most: int) -> Share:
        return scale_by(box, box.trunc(v, less), Fraction(1 << (shift + less), by), (most + 1) << shift)

    return divmod_any(box, numerator, by, most, by, near, first)


def _sum(parts: Sequence[Share]) -> Share:
    out = parts[0]
    for part in parts[1:]:
        out = out + part
    return out


def nearest_ratio(box: BlackBox, x: Share, ratio: Fraction, most: int) -> Share:
    """``x * ratio`` rounded to the nearest integer, exactly; half goes up. ``most`` is a bound on the magnitude of x."""
    if ratio < 0:
        return nearest_ratio(box, -x, -ratio, most)
    if ratio.denominator == 1:
        return x.scale(ratio.numerator)
    if ratio.denominator >= 1 << (HEADROOM - 2):  # of a divisor near the limit of its type: low bits do not show
        return scale_by(box, x, ratio, int(most * ratio) + 1)
    return floor_ratio(box, x, ratio, most, ratio.denominator // 2).quotient  # of an odd D: the half that is left out reaches no multiple of D
