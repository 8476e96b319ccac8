"""floor, rounding to even, integer quotient and remainder: exact, whatever the protocol's truncation does.

The low bits are read off as bits, so that what is divided by a power of two is a multiple of it. A quotient comes from an approximation that is off by
at most one, and two comparisons of the remainder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share

NEAR = 24
"""Bits of a quotient whose approximation is off by less than a half."""
GUARD = 5
"""Fraction bits of that approximation."""


def fraction(box: BlackBox, x: Share, f: int) -> Share:
    """``x mod 2**f``, in 0 .. 2^f - 1. As many rounds as the bits of f and their way back need: 1 + log2(f), and 2 to 8."""
    return box.b2a(box.a2b(x, f), x.bits)


def floor(box: BlackBox, x: Share, f: int) -> Share:
    """The largest multiple of ``2**f`` that is not above x."""
    return x - fraction(box, x, f)


def round_even(box: BlackBox, x: Share, f: int) -> Share:
    """The nearest multiple of ``2**f``; the even one of two. Exact for f >= 1."""
    x = box.add_public(x, 1 << (f - 1))
    word = box.a2b(x, f + 1)
    low = word.slice_bits(0, f)
    tie = box.not_(low) if low.is_bit else box.eqz(low, f)
    back = box.and_(tie, word.bit(f))  # half way, and the floor is odd
    return x - box.b2a(low, x.bits) - box.b2a(back, x.bits).shift_left(f)


@dataclass(frozen=True)
class Quotient:
    """``a = quotient * b + remainder``; the remainder has the sign of b."""

    quotient: Share
    remainder: Share


def divmod_power(box: BlackBox, a: Share, bits: int) -> Quotient:
    """Quotient and remainder by ``2**bits``."""
    if bits == 0:
        return Quotient(a, a - a)
    low = fraction(box, a, bits)
    return Quotient(box.trunc(a - low, bits), low)


def divmod_any(
    box: BlackBox,
    a: Share,
    b: Share | int,
    most: int,
    largest: int,
    near: Callable[[Share, int, int], Share],
    first: Callable[[int, int], Share] | None = None,
) -> Quotient:
    """Quotient and remainder by a positive ``b``, public or shared; arbitrary where it is zero.

    Parameters
    ----------
    a : Share
        ``Arithmetic(64)``, below 2^61.
    b : Share or int
        ``Arithmetic(64)``.
    most : int
        A bound on the magnitude of the quotient.
    largest : int
        A bound on b.
    near : callable
        ``near(a, shift, most)``: ``a / b * 2**shift`` up to ``2**-26`` of itself and 7 units, for a quotient of magnitude ``most``.
    first : callable, optional
        ``first(shift, most)``: that of ``a`` itself, if it is no value below 2^61: its remainders are.
    """
    if first is None:
        first = partial(near, a)

    def times(x: Share) -> Share:
        return x.scale(b) if isinstance(b, int) else box.mul(x, b)

    total: Share | None = None
    while most.bit_length() > NEAR:  # the remainder of a rough quotient has one that is shorter by 26 bits
        part = first(0, most)
        a = a - times(part)
        total = part if total is None else total + part
        most = (most >> 26) + 9
        first = partial(near, a)
    found = box.trunc(box.add_public(first(GUARD, most), -(1 << (GUARD - 1))), GUARD)  # right, or one off
    rest = a - times(found)
    bits = min(64, signed_bits(-2 * largest, 2 * largest))
    last = box.add_public(-rest, b - 1) if isinstance(b, int) else box.add_public(b - rest, -1)
    under, over = stacked(lambda s: box.msb(s[0], bits), [(rest,), (last,)])
    less, more = stacked(lambda s: box.b2a(s[0], a.bits), [(under,), (over,)])
    change = more - less
    quotient = found + change
    return Quotient(quotient if total is None else total + quotient, rest - times(change))
