"""Logarithms of fixed point: ``log2(x) = position of the leading bit + log2(u)`` with u in [1/2, 1), a minimax polynomial of degree 8.

The position's bits are parities of the one-hot word of the leading bit, so that they cost one conversion of 6 bits.
"""

from __future__ import annotations

from spuframe.spu.algorithms.coefficients import LOG2
from spuframe.spu.algorithms.normalise import leading
from spuframe.spu.algorithms.polynomial import polynomial
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share

P = 27
"""Fraction bits inside: the result times 2^54 stays below 2^62."""


def log(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, unit: float = 1.0) -> tuple[Share, Share | None]:
    """``unit * log2(x)``, and whether x is positive (None where ``bounds`` say so); arbitrary where it is not.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, below 2^62.
    f : int
    bounds : tuple of int
        In units of ``2**-f``; the upper one positive.
    out : int
        Fraction bits of the result, at most 30.
    unit : float
        At most 1: log2 of the base, inverted.

    Returns
    -------
    Share
        Absolute error below ``3e-7`` and one unit of ``2**-out``.
    Share or None
    """
    found = leading(box, x, bounds)
    v, index = box.both(lambda: box.b2a(found.reversed(), 64), lambda: box.b2a(found.index(), 64))
    u = scaled_product(box, x, v, found.top, P)
    s = box.add_public(u.shift_left(2), -3 << P)
    # x = u 2^(top - f) / v, and 1 / v = 2^(index + 1 - bits)
    step = round(unit * (1 << (2 * P)))
    exponent = box.add_public(index.scale(step), round(unit * (found.top - f + 1 - found.word.bits) * (1 << (2 * P))))
    return polynomial(box, s, P, [unit * c for c in LOG2], out, exponent), found.positive


def scaled_product(box: BlackBox, x: Share, v: Share, top: int, p: int) -> Share:
    """``x * v / 2**top`` with p fraction bits, where ``0 <= x * v < 2**top``, top at most 63."""
    if top <= p:
        return box.mul(x, v).shift_left(p - top)
    if top < 63:
        return box.mul(x, v, top - p)
    middle = 1 << 62  # brings the product to where trunc is right
    return box.add_public(box.trunc(box.add_public(box.mul(x, v), -middle), top - p), middle >> (top - p))
