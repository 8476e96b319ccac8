"""floor, ceil, round, floordiv, mod: exact. A quotient and a remainder by zero are null."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.ratio import floor_ratio
from spuframe.spu.algorithms.rounding import Quotient, divmod_any, floor, round_even
from spuframe.spu.algorithms.shift import round_shift
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.functions import Runs
from spuframe.spu.functions.common import TOP, Bounds, nothing, unary
from spuframe.spu.rational import floored, numbers, remainders, with_two, written
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.value import Applied, Call, Value

MOST_DIGITS = 54
"""Fraction bits of a remainder by a constant, beyond which it is below half a unit."""


def _floor(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    return (floor(call.box, x, f) if f else x), None


def _ceil(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    return (-floor(call.box, -x, f) if f else x), None


def _round(call: Call, x: Value, decimals: Value) -> Value:
    digits = int(decimals.number)
    box = call.box

    def work(_: Call, v: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
        if not f:
            return v, None
        return (_round_decimals(box, v, f, 10**digits) if digits else round_even(box, v, f)), None

    return unary(work)(call, x)


def _round_decimals(box: BlackBox, x: Share, f: int, tens: int) -> Share:
    """The multiple of ``2**-f`` nearest to n / tens, the decimal nearest to x (the even n from half way). Exact, for every x.

    With ``n 2^f = tens x + e``, it is ``x + e / tens`` rounded. Products may wrap, since ``|e| <= 2^(f-1)``; half a unit cannot occur, since
    ``n 2^f / tens`` has an odd denominator, if the last decimal is coarser than a unit.
    """
    scaled = x.scale(tens)
    e = round_even(box, scaled, f) - scaled
    return x + floor_ratio(box, e, Fraction(1, tens), 1 << f, tens // 2).quotient


def _divided(call: Call, x: Value, y: Value) -> tuple[Quotient, Share | None]:
    """Quotient, and remainder in units of the node, and the validity; constants are what they are, between the units too."""
    frac = max(v.frac for v in (x, y) if not v.is_public)
    if y.is_public:
        return _by_public(call, x, y.number, frac), call.valid(x, y)
    box = call.box
    b, low, high = call.number(y, 64, frac), y.low << (frac - y.frac), y.high << (frac - y.frac)
    sign: Share | None = box.msb(b, min(64, signed_bits(low, high))) if low < 0 else None
    dividends = _dividends(x.number * (1 << frac)) if x.is_public else None
    if dividends:
        (up, more), (down, less) = dividends
        most_a = max(abs(up), abs(down), 1)
        a, rounding = (_either(box, sign, *pair, (call.rows,)) for pair in ((up, down), (more, less)))
        b = b if sign is None else b - box.inject(sign, b).scale(2)
    else:
        a, most_a = call.number(x, 64, frac), max(abs(x.low), abs(x.high), 1) << (frac - x.frac)
        if sign is not None:
            minus = sign
            flips = stacked(lambda s: box.inject(s[0], s[1]), [(minus, a), (minus, b)])
            a, b = a - flips[0].scale(2), b - flips[1].scale(2)
    if low < 0:
        low, high = (0, max(-low, high)) if high >= 0 else (-high, -low)
    nonzero: list[Share] = []

    def near(v: Share, shift: int, most: int) -> Share:
        top = min(most_a, (most + 1) * high)
        found = divide(box, v, b, numerator=(-top, top), denominator=(low, high), shift=shift, quotient=(most + 1) << shift, exact=False)
        nonzero[:] = [] if found.nonzero is None else [found.nonzero]
        return found.quotient

    found = divmod_any(box, a, b, min(most_a // max(low, 1) + 1, TOP >> 1), high, near)
    valid = call.valid(x, y)
    if nonzero:
        valid = nonzero[0] if valid is None else box.and_(valid, nonzero[0])
    rest = found.remainder + rounding if dividends else found.remainder
    if sign is not None:
        rest = rest - box.inject(sign, rest).scale(2)
    return Quotient(found.quotient, rest), valid


def _dividends(exact: Fraction) -> list[tuple[int, int]]:
    """A constant dividend rounded down, and whether what that leaves rounds a remainder up: for positive and, with the sign turned, negative divisors."""
    return [(math.floor(v), int(v - math.floor(v) >= Fraction(1, 2))) for v in (exact, -exact)]


def _either(box: BlackBox, bit: Share | None, no: int, yes: int, shape: tuple[int, ...]) -> Share:
    """One of two numbers in every row."""
    kind = Arithmetic(64)
    return box.constant(no, kind, shape) if bit is None else box.add_public(box.b2a(bit, 64).scale(yes - no), no)


def _by_public(call: Call, x: Value, by: Fraction, frac: int) -> Quotient:
    box, ratio = call.box, 1 / (abs(by) * (1 << frac))  # of units of x
    a, most = call.number(x, 64, frac), min(max(abs(x.low), abs(x.high), 1) << (frac - x.frac), TOP)
    found = floor_ratio(box, -a if by < 0 else a, ratio, most)
    digits = ratio.numerator.bit_length() - 1  # the remainder is in units of 2^-digits of those of x
    if digits > MOST_DIGITS:
        rest = box.constant(0, a.kind, a.shape)
    else:
        rest = round_shift(box, found.remainder, digits)
    return Quotient(found.quotient, -rest if by < 0 else rest)


def _floordiv(call: Call, x: Value, y: Value) -> Value:
    if _nowhere(x, y):
        return nothing(call)
    found, valid = _divided(call, x, y)
    return call.result(found.quotient.shift_left(call.node.frac), valid)


def _mod(call: Call, x: Value, y: Value) -> Value:
    if _nowhere(x, y):
        return nothing(call)
    found, valid = _divided(call, x, y)
    return call.result(found.remainder, valid)


def _nowhere(x: Value, y: Value) -> bool:
    """Whether a quotient is null in every row."""
    never = y.number == 0 if y.is_public else not _not_zero(y.low, y.high)
    return never or any(v.share is None and v.public is None for v in (x, y))


def _not_zero(low: int, high: int) -> bool:
    return low < 0 or high > 0


# ---- over Arrow ---------------------------------------------------------------------------------
def _plain_round(node: Applied, x: Any, decimals: Any) -> Any:
    """As over shares, modulo 2^64."""
    if not node.frac:
        return x
    read, f, tens = numbers(node, 0, x), node.frac, 10 ** int(decimals.as_py())
    u, half = read.words, 1 << (f - 1)
    moved = u.astype(np.uint64) * np.uint64(tens) + np.uint64(half)
    low = (moved & np.uint64((1 << f) - 1)).astype(np.int64)
    odd = (moved >> np.uint64(f) & np.uint64(1)).astype(bool)
    e = half - low - np.where(odd & (low == 0), 1 << f, 0)
    return written(u + (2 * e + tens) // (2 * tens), read.missing, read.single)


def _whole(sign: int) -> Callable[[Applied, Any], Any]:
    """Rounded down, of a number or of its negative."""

    def run(node: Applied, x: Any) -> Any:
        read, f = numbers(node, 0, x), min(node.frac, 63)
        return written(sign * (sign * read.words >> f << f), read.missing, read.single)

    return run


RUNS = {
    "floor": Runs(unary(_floor), _whole(1)),
    "ceil": Runs(unary(_ceil), _whole(-1)),
    "round": Runs(_round, _plain_round),
    "floordiv": Runs(_floordiv, with_two(lambda node, x, y: floored(x, y, 0) << node.frac)),
    "mod": Runs(_mod, with_two(lambda node, x, y: remainders(x, y, node.frac))),
}
