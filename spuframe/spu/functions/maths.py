"""exp, exp2, power, log, log2, log10, sqrt, rsqrt, sin, cos, sigmoid, tanh, erf, floor, ceil, round, floordiv, mod.

Errors are stated by the functions in `spuframe.expr`. What has no result (the logarithm of zero, a remainder by zero) is null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from spuframe.errors import RangeOverflowError
from spuframe.spu.algorithms import roots, waves
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.exp import LOG2_E, exp2, log2_of
from spuframe.spu.algorithms.log import log
from spuframe.spu.algorithms.ratio import HEADROOM, floor_ratio
from spuframe.spu.algorithms.rounding import Quotient, divmod_any, floor, round_even
from spuframe.spu.algorithms.shift import round_shift
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.rational import Numbers, floored, numbers, remainders, rounded, with_two, written
from spuframe.spu.shaping import stacked
from spuframe.spu.share import BIT, Arithmetic, Array, Share
from spuframe.spu.value import Applied, Call, Inferred, Value

Bounds = tuple[int, int]
Work = Callable[[Call, Share, int, Bounds], tuple[Share, Share | None]]
_TOP = (1 << HEADROOM) - 1
MOST_DIGITS = 54
"""Fraction bits of a remainder by a constant, beyond which it is below half a unit."""


def _always(low: int, high: int) -> bool:
    return True


def _unary(work: Work, somewhere: Callable[[int, int], bool] = _always) -> Callable[[Call, Value], Value]:
    """A primitive of one number.

    Parameters
    ----------
    work : callable
        ``work(call, share, f, bounds)`` gives the result, and the bit of its being one.
    somewhere : callable
        Whether a number between these bounds has a result at all.
    """

    def run(call: Call, x: Value) -> Value:
        if x.share is None or not somewhere(x.low, x.high):
            return _null(call)
        bounds = max(x.low, -_TOP), min(x.high, _TOP)
        if max(map(abs, (x.low, x.high))) > 1 << HEADROOM:
            raise RangeOverflowError(f"{x.dtype} values may reach 2^62 and more, which this function cannot take: declare the column's range")
        share, defined = work(call, call.number(x, 64, x.frac), x.frac, bounds)
        valid = x.valid
        if defined is not None and call.node.nullable:
            valid = defined if valid is None else call.box.and_(valid, defined)
        return call.result(share, valid)

    return run


def _null(call: Call) -> Value:
    """Null in every row."""
    return call.result(call.box.constant(0, Arithmetic(call.node.ring), (call.rows,)), call.box.constant(0, BIT, (call.rows,)))


def _positive(low: int, high: int) -> bool:
    return high > 0


def _not_negative(low: int, high: int) -> bool:
    return high >= 0


def _not_zero(low: int, high: int) -> bool:
    return low < 0 or high > 0


# ---- exponentials and logarithms ------------------------------------------------------------------
def _exp(factor: Fraction) -> Callable[[Call, Value], Value]:
    return _unary(lambda call, x, f, bounds: (exp2(call.box, x, f, bounds, call.node.frac, factor), None))


def _power(call: Call, x: Value, base: Value) -> Value:
    """A public base to a secret power."""
    factor = log2_of(base.number)
    if factor < 0:
        turned = _unary(lambda c, v, f, b: (exp2(c.box, -v, f, (-b[1], -b[0]), c.node.frac, -factor), None))
        return turned(call, x)
    return _exp(factor)(call, x)


def _log(unit: float) -> Callable[[Call, Value], Value]:
    return _unary(lambda call, x, f, bounds: log(call.box, x, f, bounds, call.node.frac, unit), _positive)


# ---- roots -----------------------------------------------------------------------------------------
def _sqrt(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    found = roots.sqrt(call.box, x, f, bounds, call.node.frac)
    if bounds[0] >= 0:
        return found, None
    return found, call.box.not_(call.box.msb(x, min(64, signed_bits(*bounds))))


def _rsqrt(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    return roots.rsqrt(call.box, x, f, bounds, call.node.frac)


# ---- waves -----------------------------------------------------------------------------------------
def _sine(quarters: int) -> Callable[[Call, Value], Value]:
    return _unary(lambda call, x, f, bounds: (waves.sine(call.box, x, f, bounds, call.node.frac, quarters), None))


def _saturating(what: waves.Saturating) -> Callable[[Call, Value], Value]:
    return _unary(lambda call, x, f, bounds: (waves.saturating(call.box, x, f, bounds, call.node.frac, what), None))


# ---- whole numbers ---------------------------------------------------------------------------------
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

    return _unary(work)(call, x)


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

    found = divmod_any(box, a, b, min(most_a // max(low, 1) + 1, _TOP >> 1), high, near)
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
    a, most = call.number(x, 64, frac), min(max(abs(x.low), abs(x.high), 1) << (frac - x.frac), _TOP)
    found = floor_ratio(box, -a if by < 0 else a, ratio, most)
    digits = ratio.numerator.bit_length() - 1  # the remainder is in units of 2^-digits of those of x
    if digits > MOST_DIGITS:
        rest = box.constant(0, a.kind, a.shape)
    else:
        rest = round_shift(box, found.remainder, digits)
    return Quotient(found.quotient, -rest if by < 0 else rest)


def _floordiv(call: Call, x: Value, y: Value) -> Value:
    if _nowhere(x, y):
        return _null(call)
    found, valid = _divided(call, x, y)
    return call.result(found.quotient.shift_left(call.node.frac), valid)


def _mod(call: Call, x: Value, y: Value) -> Value:
    if _nowhere(x, y):
        return _null(call)
    found, valid = _divided(call, x, y)
    return call.result(found.remainder, valid)


def _nowhere(x: Value, y: Value) -> bool:
    """Whether a quotient is null in every row."""
    never = y.number == 0 if y.is_public else not _not_zero(y.low, y.high)
    return never or any(v.share is None and v.public is None for v in (x, y))


SECRET = {
    "exp": _exp(LOG2_E),
    "exp2": _exp(Fraction(1)),
    "power": _power,
    "log": _log(0.6931471805599453),  # written out: parties' libraries may differ in the last bit
    "log2": _log(1.0),
    "log10": _log(0.3010299956639812),
    "sqrt": _unary(_sqrt, _not_negative),
    "rsqrt": _unary(_rsqrt, _positive),
    "sin": _sine(0),
    "cos": _sine(1),
    "sigmoid": _saturating(waves.SIGMOID),
    "tanh": _saturating(waves.TANH),
    "erf": _saturating(waves.ERF),
    "floor": _unary(_floor),
    "ceil": _unary(_ceil),
    "round": _round,
    "floordiv": _floordiv,
    "mod": _mod,
}
EXACT = ("power", "floordiv", "mod")


# ---- over Arrow ---------------------------------------------------------------------------------
def _plain(fn: Callable[[Array], Array], undefined: Callable[[Array], Array] | None = None) -> Callable[[Applied, Any], Any]:
    """A function of floats, null where ``undefined``; within the bounds of the node."""
    return lambda node, x: _computed(node, read := numbers(node, 0, x), read.floats(), fn, undefined)


def _computed(node: Inferred, x: Numbers, values: Array, fn: Callable[[Array], Array], undefined: Callable[[Array], Array] | None = None) -> Any:
    missing = x.missing | undefined(values) if undefined is not None else x.missing
    with np.errstate(all="ignore"):
        found = fn(np.where(missing, 1.0, values))
    return written(np.clip(rounded(found * 2.0**node.frac), node.low, node.high), missing, x.single)


def _plain_wave(fn: Callable[[Array], Array]) -> Callable[[Applied, Any], Any]:
    """Of the argument as it is: what a float does not hold loses whole turns first."""

    def run(node: Applied, x: Any) -> Any:
        read = numbers(node, 0, x)
        values, far = read.floats(), np.flatnonzero(np.abs(read.words) >= 1 << 53)
        if far.size:
            values[far] = [float(n * read.unit % waves.TWO_PI) for n in read[far]]
        return _computed(node, read, values, fn)

    return run


def _plain_power(node: Applied, x: Any, base: Fraction) -> Any:
    return _plain(lambda v: np.power(float(base), v))(node, x)


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


_erf = np.vectorize(math.erf, otypes=[np.float64])

PLAIN = {
    "exp": _plain(np.exp),
    "exp2": _plain(np.exp2),
    "power": _plain_power,
    "log": _plain(np.log, lambda v: v <= 0),
    "log2": _plain(np.log2, lambda v: v <= 0),
    "log10": _plain(np.log10, lambda v: v <= 0),
    "sqrt": _plain(np.sqrt, lambda v: v < 0),
    "rsqrt": _plain(lambda v: 1 / np.sqrt(v), lambda v: v <= 0),
    "sin": _plain_wave(np.sin),
    "cos": _plain_wave(np.cos),
    "sigmoid": _plain(lambda v: 0.5 + 0.5 * np.tanh(v / 2)),
    "tanh": _plain(np.tanh),
    "erf": _plain(_erf),
    "floor": _whole(1),
    "ceil": _whole(-1),
    "round": _plain_round,
    "floordiv": with_two(lambda node, x, y: floored(x, y, 0) << node.frac),
    "mod": with_two(lambda node, x, y: remainders(x, y, node.frac)),
}
