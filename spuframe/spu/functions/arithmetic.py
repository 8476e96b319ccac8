"""add, sub, mul, neg, div: exact on integers; the errors on fixed point are stated by the functions in `spuframe.expr`."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import Fixed
from spuframe.spu.algorithms.clip import beyond, put_where
from spuframe.spu.algorithms.divide import Quotient, divide, wide_product
from spuframe.spu.algorithms.ratio import HEADROOM, nearest_ratio, scale_by
from spuframe.spu.functions import Runs
from spuframe.spu.rational import Numbers, floored, numbers, shifted, times, with_two, written
from spuframe.spu.shaping import stacked
from spuframe.spu.share import BIT, Arithmetic, Array, Share
from spuframe.spu.value import Applied, Call, Inferred, Value

_HALF = 31


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
        assert bit.share is not None and other.share is not None
        if bit.share.is_bit and not other.share.is_bit:
            return call.box.inject(bit.share, call.number(other, node.ring, node.frac))
    if node.dtype.exact:
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
    unit, frac = _numerator(x.number, node.frac + y.frac) if x.is_public else (0, x.frac)
    kind, rows = Arithmetic(64), (call.rows,)

    def quotient() -> Quotient:
        a, b = box.both(
            lambda: box.constant(unit, kind, rows) if x.is_public else call.number(x, 64, frac), lambda: call.number(y, max(8, y.ring), y.frac)
        )
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


def _numerator(number: Fraction, frac: int) -> tuple[int, int]:
    """A public numerator as an integer, and its fraction bits: with all its digits, or with those that decide the nearest quotient.

    A quotient changes where twice the numerator, in units of ``2**-frac``, is a whole number: of the digits below, it matters whether there are any.
    """
    exact = number.denominator.bit_length() - 1
    if exact <= frac + 2:
        return number.numerator, exact
    return math.floor(number * (1 << frac + 1)) * 2 + 1, frac + 2


def _at_limit(node: Inferred) -> bool:
    """Whether the node's range is that of its type: then the plan clips quotients to it."""
    return max(abs(node.low), abs(node.high)) >= _top(node)


def _top(node: Inferred) -> int:
    assert isinstance(node.dtype, Fixed)
    return int(node.dtype.largest * 2.0**node.frac)  # what a float holds, as the range of the plan does


def _divide_public(call: Call, x: Value, by: Fraction) -> Share:
    """``x / by``, rounded to the nearest; a result that could leave its type is clipped, by clipping x."""
    box, node, share = call.box, call.node, call.number(x, 64, x.frac)
    ratio, most, top = Fraction(1 << node.frac, 1 << x.frac) / by, max(abs(x.low), abs(x.high)), _top(node)
    limit = int(top / abs(ratio))
    if not _at_limit(node) or most <= limit:
        return nearest_ratio(box, share, ratio, most)
    flags = beyond(box, share, (x.low, x.high), -limit, limit)
    ends = (-top, top) if ratio > 0 else (top, -top)
    return put_where(box, nearest_ratio(box, put_where(box, share, flags, (-limit, limit)), ratio, limit), flags, ends)


# ---- over Arrow ---------------------------------------------------------------------------------
def _whole(node: Applied, *args: Any) -> list[Any]:
    """Integers, whole units and words of fixed point as 64 bits: sums modulo 2^64 are exact, since the range of the result is known to fit."""
    words = [a.cast(pa.int64(), safe=False) for a in args]
    return [shifted(w, node.frac - of.frac) for w, of in zip(words, node.args, strict=True)]


def _plain_mul(node: Applied, x: Any, y: Any) -> Any:
    a, b = numbers(node, 0, x), numbers(node, 1, y)
    missing = a.missing | b.missing
    return written(times(a, b, node.frac), missing, a.single and b.single)


def _plain_div(node: Applied, x: Any, y: Any) -> Any:
    """Rounded to the nearest, half up, as over shares; null by zero."""
    at_limit, public, constant = _at_limit(node), isinstance(y, Fraction), isinstance(x, Fraction)

    def quotients(_: Applied, a: Numbers, b: Numbers) -> Array:
        found = np.clip(floored(a, b, node.frac, Fraction(1, 2)), node.low, node.high)
        if not at_limit or public:
            return found
        # What is within the error of a rough quotient of the limit counts as it: see `spuframe.spu.algorithms.divide`.
        frac = node.args[1].frac
        word, own = _numerator(x, node.frac + frac) if constant else (0, node.args[0].frac)
        shift = node.frac + frac - own
        top = _top(node) - (_top(node) >> 26)
        limit = max(1, top >> shift if shift >= 0 else top << -shift)
        near = np.flatnonzero(np.abs(found) >= top >> 1)
        for row, n, d in zip(near.tolist(), [word] * near.size if constant else a[near], b[near], strict=True):
            if abs(n) > abs(d) * limit:
                found[row] = min(node.high, _top(node)) if (n < 0) == (d < 0) else max(node.low, -_top(node))
        return found

    return with_two(quotients)(node, x, y)


RUNS = {
    "add": Runs(_add, lambda node, x, y: pc.add(*_whole(node, x, y))),
    "sub": Runs(_sub, lambda node, x, y: pc.subtract(*_whole(node, x, y))),
    "mul": Runs(_mul, _plain_mul),
    "neg": Runs(_neg, lambda node, x: pc.negate(*_whole(node, x))),
    "div": Runs(_div, _plain_div),
}
