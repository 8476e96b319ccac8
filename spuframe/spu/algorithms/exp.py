"""``exp`` and ``2**x`` of fixed point.

``x * log2(e) = i + r`` with the integer i nearest, give or take 1/32: i is read off the bits of a product with few fraction bits, so that only they
are converted; r then follows without error but the rounding of the constant. ``2**r`` is a minimax polynomial, ``2**i`` the product
of ``1 + b_j (2^(2^j) - 1)`` over the bits of i.

Rounds, for the 5 bits of i of [-10, 10] at f = 18: 6 (bits) + 2 (to numbers) + 2 (r) + 6 (polynomial, beside the power) + 2; about 0.2 KB a row from
the busiest party. Ranges that leave what the result can hold cost two comparisons more.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from spuframe.spu.algorithms.clip import clip
from spuframe.spu.algorithms.coefficients import EXP2
from spuframe.spu.algorithms.polynomial import polynomial
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share, weighted

P = 28
"""Fraction bits of r and of the polynomial."""
TOP = 61
"""Results stay below 2^61."""


def log2_of(number: Fraction) -> Fraction:
    """``log2`` of a positive public number to 40 digits: the same on every machine, which a C library's is not. Exact for powers of two.

    >>> log2_of(Fraction(1, 8))
    Fraction(-3, 1)
    """
    whole = number.numerator.bit_length() - number.denominator.bit_length()
    rest = number / Fraction(2) ** whole
    digits = decimal.Context(prec=40)
    mantissa = digits.divide(decimal.Decimal(rest.numerator), decimal.Decimal(rest.denominator))
    return whole + Fraction(digits.divide(digits.ln(mantissa), digits.ln(decimal.Decimal(2))))


LOG2_E = 1 / Fraction(decimal.Context(prec=40).ln(decimal.Decimal(2)))


def exp2(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, factor: Fraction = Fraction(1)) -> Share:
    """``2 ** (factor * x)``; ``factor`` is 1, or log2 of the base.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, within ``bounds``, below 2^62.
    f : int
    bounds : tuple of int
        In units of ``2**-f``.
    out : int
        Fraction bits of the result. What would reach ``2**(61 - out)`` becomes that.
    factor : Fraction
        Positive.

    Returns
    -------
    Share
        Relative error below ``2**-21``, and two units of ``2**-out``.
    """
    low, high = bounds
    if f > P:
        x, low, high, f = box.trunc(x, f - P), (low >> (f - P)) - 1, (high >> (f - P)) + 1, P
    unit = factor / (1 << f)
    least, most = math.ceil(-(out + 1) / unit), math.floor((TOP - out) / unit)
    if high <= least or low >= most:  # the same in all rows
        return box.constant(0 if high <= least else 1 << TOP, x.kind, x.shape)
    x = clip(box, x, (low, high), (least if low < least else None, most if high > most else None))
    low, high = max(low, least), min(high, most)

    few = 0 if factor == 1 else max(abs(low), abs(high), 1).bit_length() - f + 4  # then the rounded factor is right to 1/32
    few = max(few, 0)
    scale, full = round(factor * (1 << few)), TOP - f
    point, exact = f + few, round(factor * (1 << full))
    first = math.floor(low * unit - Fraction(1, 16))
    bits = (math.ceil(high * unit + Fraction(1, 16)) - first).bit_length()
    if bits > 6:
        bits = 6  # the ends are at most 62 + 1/8 apart: the margins do not matter
    half = 1 << (point - 1) if point else 0
    z = box.add_public(x.scale(scale), half - (first << point))
    word = box.a2b(z, point + bits)
    top = word.slice_bits(point, bits)
    flags = stacked(lambda s: box.b2a(s[0], 64), [(top.bit(j),) for j in range(bits)])

    def mantissa() -> Share:
        # r, with 61 fraction bits: the wraps cancel, and of i only three bits matter
        rest = weighted([x, *flags[:3]], [exact, *(-1 << (TOP + j) for j in range(min(3, bits)))])
        return polynomial(box, box.trunc(box.add_public(rest, -first << TOP), TOP - P), P, EXP2, P)

    factors = box.together([lambda: powers_of_two(box, flags[:5]), *([mantissa] if point else [])])
    power, p = factors[0], P if point else 0
    drop = p - first - out  # the product times 2**-drop is the result in its units

    def scaled(by: int) -> Share:
        if by > TOP - 1:
            return box.constant(0, x.kind, x.shape)
        if by > 0:
            return box.mul(power, factors[1], by) if point else box.trunc(power, by)
        plain = box.mul(power, factors[1]) if point else power
        return plain.shift_left(-by)

    if bits <= 5:
        return scaled(drop)
    large, small = box.together([partial(scaled, drop - 32), partial(scaled, drop)])
    return box.select(top.bit(5), large, small)


def powers_of_two(box: BlackBox, flags: Sequence[Share]) -> Share:
    """``2**i`` for i given by its bits as numbers 0 and 1, lowest first; a tree of exact products."""
    factors = [box.add_public(flag.scale((1 << (1 << j)) - 1), 1) for j, flag in enumerate(flags)]
    while len(factors) > 1:
        pairs = [(factors[i], factors[i + 1]) for i in range(0, len(factors) - 1, 2)]
        factors = stacked(lambda s: box.mul(s[0], s[1]), pairs) + factors[len(factors) & ~1 :]
    return factors[0]
