"""Exact division by a power of two: shifts to the right, and rounding.

The kernel `trunc` gives the floor or the ceiling, y, of x / 2^f. The remainder ``x - 2^f y`` then lies strictly between -2^f and 2^f, and its
sign says which: ``floor(x / 2^f) = y - [x - 2^f y < 0]``. One `msb` of f+1 bits and the conversion of one bit: correct over every
protocol whose truncation keeps its promise, and far cheaper than the conversion of a word to bits and back.

Over aby3, k = 64 and f = 18, a row: 10 rounds (2 + 6 + 2); 12 + 4.9 + 8 bytes from party 0, 4 + 3.6 + 8 from the others.
"""

from __future__ import annotations

from typing import Literal

from spuframe.errors import PlanError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Boolean, Share

Ties = Literal["up", "even", "away"]


def shift_right(box: BlackBox, x: Share, by: int) -> Share:
    """``floor(x / 2^by)`` of signed values, exact for every ``|x| < 2^(k-2)``: the arithmetic shift.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> simulate_blackbox("aby3", lambda box, x: shift_right(box, x, 2), np.array([-5, -4, -1, 0, 3, 4])).view(np.int64)
    array([-2, -1, -1,  0,  0,  1])
    """
    if by == 0:
        return x
    y = box.trunc(x, by)
    rest = x - y.shift_left(by)
    return y - box.b2a(box.msb(rest, by + 1), x.bits)


def shift_right_unsigned(box: BlackBox, x: Share, by: int) -> Share:
    """``floor(x / 2^by)`` of unsigned values of the whole ring: the logical shift, through the bits."""
    if by == 0:
        return x
    if by >= x.bits:
        return box.constant(0, x.kind, x.shape)
    word = x.bits - by
    bits = box.a2b(x, x.bits)
    return box.b2a(bits.slice_bits(by, word), x.bits)


def round_shift(box: BlackBox, x: Share, by: int, ties: Ties = "up") -> Share:
    """``x / 2^by`` rounded to the nearest integer, exact for every ``|x| + 2^(by-1) < 2^(k-2)``.

    Parameters
    ----------
    box : BlackBox
    x : Share
    by : int
    ties : {"up", "even", "away"}
        Where the halves go: towards plus infinity (the cheapest: one `shift_right`), to the even neighbour (as NumPy and Python round; one test
        for zero of ``by`` bits more), or away from zero (as SQL rounds; one sign more).
    """
    if by == 0:
        return x
    if ties not in ("up", "even", "away"):
        raise PlanError(f"`ties` must be 'up', 'even' or 'away', got {ties!r}")
    half = 1 << (by - 1)
    moved = box.add_public(x, half)
    if ties == "away":
        moved = moved - box.b2a(box.msb(x), x.bits)
    nearest = shift_right(box, moved, by)
    if ties != "even":
        return nearest
    tie, odd = box.eqz(moved, by), box.a2b(nearest, 1)  # the low bit: no more than one plane
    return nearest - box.b2a(box.and_(tie, odd), x.bits)


def shift_bits(x: Share, by: int, arithmetic: bool = False) -> Share:
    """Boolean words shifted right by ``by``; local. ``arithmetic`` fills with the top bit, else with zeros."""
    if not isinstance(x.kind, Boolean):
        raise PlanError(f"shift_bits needs boolean words, got {x.kind}: convert with a2b, or use shift_right")
    if by == 0 or x.is_bit:
        return x
    if not arithmetic:
        return x.shift_right(by)
    by = min(by, x.bits - 1)  # that far, nothing is left but the top bit
    return x.slice_bits(by, x.bits - by).sign_extend(x.bits)
