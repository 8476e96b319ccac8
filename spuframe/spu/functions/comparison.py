"""eq, ne, lt, le, gt, ge: a comparison costs what the bits of its operands' ranges cost; with null it is null."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import String
from spuframe.errors import TypeMismatchError
from spuframe.spu.algorithms.compare import differs, string_equal, string_less
from spuframe.spu.algorithms.compare import less as less_words
from spuframe.spu.encoding import RINGS, string_words
from spuframe.spu.functions import Runs
from spuframe.spu.rational import shifted
from spuframe.spu.share import BIT, Share
from spuframe.spu.value import Applied, Call, Value, text_of


def _eq(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: _equal(call, x, y), x, y)


def _ne(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: call.box.not_(_equal(call, x, y)), x, y)


def _lt(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: _less(call, x, y), x, y)


def _gt(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: _less(call, y, x), x, y)


def _le(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: call.box.not_(_less(call, y, x)), x, y)


def _ge(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: call.box.not_(_less(call, x, y)), x, y)


def _null(call: Call, x: Value, y: Value) -> bool:
    return any(v.share is None and v.public is None for v in (x, y))


def _constant(call: Call, truth: bool) -> Share:
    return call.box.constant(int(truth), BIT, (call.rows,))


def _width(x: Value, y: Value) -> int | None:
    """Bytes of the words in which two strings are compared; None of numbers and bits."""
    widths = [max(1, v.dtype.width if v.share is not None else len(text_of(v))) for v in (x, y) if isinstance(v.dtype, String)]
    if len(widths) == 1:
        raise TypeMismatchError(f"{x.dtype} and {y.dtype} cannot be compared: cast one of them")
    return max(widths, default=None)


def _bools(x: Value, y: Value) -> bool:
    """Whether both are bits (a public number that is 0 or 1 counts as one)."""
    return all(v.number in (0, 1) if v.share is None else v.share.is_bit for v in (x, y))


def _equal(call: Call, x: Value, y: Value) -> Share:
    box = call.box
    if _null(call, x, y):
        return _constant(call, False)
    width = _width(x, y)
    if width is not None:
        return string_equal(box, call.words(x, width), call.words(y, width), width)
    if _bools(x, y):
        return box.not_(call.bit(x) ^ call.bit(y))
    frac = max(x.frac, y.frac)
    limits = []
    for v in (x, y):
        if v.is_public:
            exact = v.number * (1 << frac)
            if not _fixed(x, y) and exact.denominator != 1:
                return _constant(call, False)  # no integer equals it
            limits.append((round(exact), round(exact)))
        else:
            limits.append(_limits(v, frac))
    (low_x, high_x), (low_y, high_y) = limits
    if low_x > high_y or low_y > high_x:
        return _constant(call, False)
    bits = max(abs(low_x - high_y), abs(high_x - low_y), 1).bit_length()
    ring = next((r for r in RINGS if r >= bits), 64)
    return box.not_(differs(box, *call.numbers(x, y, ring, frac), min(bits, 64)))


def _less(call: Call, x: Value, y: Value) -> Share:
    """``x < y``."""
    box = call.box
    if _null(call, x, y):
        return _constant(call, False)
    width = _width(x, y)
    if width is not None:
        if x.share is None and y.share is None:
            return _constant(call, text_of(x) < text_of(y))
        left, right = (call.words(v, width) if v.share is not None else np.asarray(string_words([text_of(v)], width)) for v in (x, y))
        return string_less(box, left, right, width, call.rows)
    if _bools(x, y):
        return box.and_(box.not_(call.bit(x)), call.bit(y))
    frac = max(x.frac if not x.is_public else 0, y.frac if not y.is_public else 0)
    down, up = (round, round) if _fixed(x, y) else (math.floor, math.ceil)
    a, low_x, high_x = _operand(x, frac, down)
    b, low_y, high_y = _operand(y, frac, up)
    if high_x < low_y or low_x >= high_y:
        return _constant(call, high_x < low_y)
    bounds_x = (low_x, high_x) if x.is_public else _limits(x, frac)
    bounds_y = (low_y, high_y) if y.is_public else _limits(y, frac)
    return less_words(box, a, b, bounds_x, bounds_y, lambda v, ring: call.number(v, ring, frac), call.rows)


def _limits(x: Value, frac: int) -> tuple[int, int]:
    """Between which bounds the words of a share lie, in units of ``2**-frac``."""
    shift = frac - x.frac
    return x.low - x.margin << shift, x.high + x.margin << shift


def _fixed(x: Value, y: Value) -> bool:
    """Whether a column of fixed point is compared: a constant beside it is rounded as a value of it would be."""
    return any(not v.dtype.exact and not v.is_public for v in (x, y))


def _operand(x: Value, frac: int, rounding: Callable[[Fraction], int]) -> tuple[Value | int, int, int]:
    """An operand, and its bounds in units of ``2**-frac``.

    A public number beside integers is rounded so that the comparison stays exact: ``n < 2.5`` is ``n < 3``, ``2.5 < n`` is ``2 < n``.
    """
    if not x.is_public:
        shift = frac - x.frac
        return x, x.low << shift, x.high << shift
    unit = rounding(x.number * (1 << frac))
    return unit, unit, unit


# ---- over Arrow ---------------------------------------------------------------------------------
def _common(node: Applied, x: Any, y: Any) -> tuple[Any, Any]:
    """Operands of one type in which the comparison is exact."""
    frac = max(of.frac for of in node.args)
    x, y = (shifted(a.cast(pa.int64()) if pa.types.is_boolean(a.type) else a, frac - of.frac) for a, of in zip((x, y), node.args, strict=True))
    kinds = {x.type, y.type}
    if pa.uint64() in kinds and len(kinds) > 1 and all(map(pa.types.is_integer, kinds)):
        return x.cast(pa.decimal128(20)), y.cast(pa.decimal128(20))
    return x, y


def _arrow(name: str) -> Any:
    def compare(node: Applied, x: Any, y: Any) -> Any:
        return getattr(pc, name)(*_common(node, x, y))

    return compare


RUNS = {
    "eq": Runs(_eq, _arrow("equal")),
    "ne": Runs(_ne, _arrow("not_equal")),
    "lt": Runs(_lt, _arrow("less")),
    "le": Runs(_le, _arrow("less_equal")),
    "gt": Runs(_gt, _arrow("greater")),
    "ge": Runs(_ge, _arrow("greater_equal")),
}
