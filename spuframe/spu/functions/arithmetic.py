"""add, sub, mul, neg, div: exact on integers; the errors on fixed point are stated in `spuframe.expr.functions.maths`."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import Bool, Date, Fixed, Int
from spuframe.spu.algorithms.divide import Quotient, divide
from spuframe.spu.algorithms.divide import _wide as wide_product
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import BIT, Share
from spuframe.spu.value import Call, Node, Value

HEADROOM = 62
"""A product must stay below 2^62 for `trunc` to be exact to the unit."""
SIGNIFICANT = 31
"""Bits of a public numerator that has more."""
_HALF = 31
_FAINT = 4
"""Fraction bits of an operand below a unit of its product, at least: more do not show."""


def _linear(call: Call, x: Value, y: Value, sign: int) -> Value:
    def total() -> Share:
        a, b = call.numbers(x, y, call.node.ring, call.node.frac)
        return a + b if sign > 0 else a - b

    return call.strict(total, x, y)


def _add(call: Call, x: Value, y: Value) -> Value:
    return _linear(call, x, y, 1)


def _sub(call: Call, x: Value, y: Value) -> Value:
    return _linear(call, x, y, -1)


def _neg(call: Call, x: Value) -> Value:
    return call.result(-call.number(x, call.node.ring, call.node.frac), x.valid)


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


def _mul(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: _multiplied(call, x, y), x, y)


def _multiplied(call: Call, x: Value, y: Value) -> Share:
    node = call.node
    if x.is_public or y.is_public:
        secret, factor = (y, x.number) if x.is_public else (x, y.number)
        return _times(call, secret, factor)
    if x.share is None or y.share is None:  # times null
        return call.number(x if x.share is None else y, node.ring, node.frac)
    for bit, other in ((x, y), (y, x)):
        if isinstance(bit.dtype, Bool) and not isinstance(other.dtype, Bool):
            assert bit.share is not None
            return call.box.inject(bit.share, call.number(other, node.ring, node.frac))
    if isinstance(node.dtype, Int):
        return call.box.mul(*call.numbers(x, y, node.ring))
    return _product(call, x, y)


def _times(call: Call, x: Value, factor: Fraction) -> Share:
    node = call.node
    if factor.denominator == 1 and node.frac == x.frac:
        return call.number(x, node.ring, node.frac).scale(int(factor))
    limit = max(abs(node.low), abs(node.high))
    return scale_by(call.box, call.number(x, 64, x.frac), factor * Fraction(1 << node.frac, 1 << x.frac), limit)


def _product(call: Call, x: Value, y: Value) -> Share:
    """The product of fixed-point values, or of one and an integer; in parts, where it would leave the ring before its truncation.

    With one factor in two halves: two truncations and a product more than usual, and no bit of the factors is lost.
    """
    node, drop = call.node, x.frac + y.frac - call.node.frac
    small, large = sorted((x, y), key=lambda v: max(abs(v.low), abs(v.high)))
    bits = [max(abs(v.low), abs(v.high), 1).bit_length() for v in (small, large)]
    most = min(sum(bits), max(abs(node.low), abs(node.high), 1).bit_length() + max(drop, 0))
    if drop <= 0 or most < HEADROOM:
        product = call.box.mul(call.number(x, 64, x.frac), call.number(y, 64, y.frac), max(0, drop))
        return product.shift_left(max(0, -drop))
    if min(HEADROOM - 1 - bits[0], drop) < most - HEADROOM or bits[1] > HEADROOM + 1:
        return _by_parts(call, x, y)
    return wide_product(call.box, call.number(large, 64, large.frac), call.number(small, 64, small.frac), min(bits[1], HEADROOM), bits[0], most, drop)


def _by_parts(call: Call, x: Value, y: Value) -> Share:
    """The product of fixed-point values where it leaves the ring even with one factor in two halves: both are, in four products. No bit is lost."""
    box, drop = call.box, x.frac + y.frac - call.node.frac
    whole = [(call.number(v, 64, v.frac),) for v in (x, y)]
    upper = stacked(lambda s: box.trunc(s[0], _HALF), whole)
    lower = [v - u.shift_left(_HALF) for (v,), u in zip(whole, upper, strict=True)]

    def part(a: Share, b: Share, at: int) -> Share:
        return box.mul(a, b, drop - at) if drop > at else box.mul(a, b).shift_left(at - drop)

    pairs = [(upper[0], upper[1], 2 * _HALF), (upper[0], lower[1], _HALF), (lower[0], upper[1], _HALF), (lower[0], lower[1], 0)]
    first, *rest = box.together([partial(part, *pair) for pair in pairs])
    return sum(rest, first)


def _div(call: Call, x: Value, y: Value) -> Value:
    node, box = call.node, call.box
    if y.share is None:
        if not y.is_public or y.number == 0:  # by null or zero: null
            return call.result(call.number(Value(node.dtype, True, 0, 0), 64), box.constant(0, BIT, (call.rows,)))
        return call.result(_divide_public(call, x, y.number), call.valid(x, y))
    frac = _digits(x.number, x.frac) if x.is_public else x.frac
    unit = call.scaled(x, frac)

    def quotient() -> Quotient:
        a, b = box.both(lambda: call.number(x, 64, frac), lambda: call.number(y, max(8, y.ring), y.frac))
        return divide(
            box,
            a,
            b,
            numerator=(unit, unit) if x.is_public else (x.low, x.high),
            denominator=(y.low, y.high),
            shift=node.frac + y.frac - frac,
            quotient=max(abs(node.low), abs(node.high)),
            clip=_at_limit(node),
        )

    result, valid = box.both(quotient, lambda: call.valid(x, y))
    if result.nonzero is not None:
        valid = result.nonzero if valid is None else box.and_(valid, result.nonzero)
    return call.result(result.quotient, valid)


def _digits(number: Fraction, least: int) -> int:
    """Fraction bits of a public numerator: so many that it is exact, or right to 2^-30 of itself."""
    exact = number.denominator.bit_length() - 1
    enough = SIGNIFICANT - (int(abs(number)).bit_length() or 1 - int(1 / abs(number)).bit_length()) if number else 0
    return max(least, min(exact, enough, HEADROOM - 1))


def _at_limit(node: Node) -> bool:
    """Whether the node's range is that of its type: then the plan clips quotients to it."""
    return max(abs(node.low), abs(node.high)) >= _top(node)


def _top(node: Node) -> int:
    return (1 << HEADROOM) - (1 << node.frac)


def _divide_public(call: Call, x: Value, by: Fraction) -> Share:
    """``x / by``; a result that could leave its type is clipped, by clipping x."""
    box, node = call.box, call.node
    most = int(abs(by) * _top(node) * Fraction(1 << x.frac, 1 << node.frac))
    if not _at_limit(node) or max(abs(x.low), abs(x.high)) <= most:
        return _times(call, x, 1 / by)
    share = call.number(x, 64, x.frac)
    for bound, above in ((most, True), (-most, False)):
        edge = box.constant(bound, share.kind, share.shape)
        share = box.select(box.msb(edge - share if above else share - edge), edge, share)
    return _times(call, Value(x.dtype, x.nullable, -most, most, share), 1 / by)


SECRET = {"add": _add, "sub": _sub, "mul": _mul, "neg": _neg, "div": _div}
EXACT = ("mul", "div")


# ---- over Arrow ---------------------------------------------------------------------------------
def _exact(node: Node, *args: Any) -> list[Any]:
    """The operands in one type in which the operation is exact: float64, or 64 bits modulo 2^64, since the range of the result is known to fit."""
    kind = pa.int64() if isinstance(node.dtype, Int | Bool | Date) else pa.float64()
    days = [a.cast(pa.int32()) if pa.types.is_date32(a.type) else a for a in args]
    return [a.cast(kind, safe=False) for a in days]


def _plain_div(node: Node, x: Any, y: Any) -> Any:
    x, y = x.cast(pa.float64(), safe=False), y.cast(pa.float64(), safe=False)
    nothing = pa.scalar(None, pa.float64())
    found = pc.divide(x, pc.if_else(pc.equal(y, 0.0), nothing, y))
    if not isinstance(node.dtype, Fixed):
        return found
    top = node.dtype.largest
    return pc.max_element_wise(pc.min_element_wise(found, top, skip_nulls=False), -top, skip_nulls=False)


PLAIN = {
    "add": lambda node, x, y: pc.add(*_exact(node, x, y)),
    "sub": lambda node, x, y: pc.subtract(*_exact(node, x, y)),
    "mul": lambda node, x, y: pc.multiply(*_exact(node, x, y)),
    "neg": lambda node, x: pc.negate(*_exact(node, x)),
    "div": _plain_div,
}
