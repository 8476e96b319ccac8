"""bit_and, bit_or, bit_xor, shift_right, bit_count of integers: exact, two's complement.

One AND of words serves all: ``x | y = x + y - (x & y)`` and ``x ^ y = x + y - 2 (x & y)``. It takes as many bits as the operand that is never negative
has, or both where either may be; with a constant, it is local between the conversion to bits and back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.shift import shift_right, shift_right_unsigned
from spuframe.spu.functions import Runs
from spuframe.spu.rational import numbers, written
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.value import Applied, Call, Inferred, Value


def _bit_and(call: Call, x: Value, y: Value) -> Value:
    return call.strict(lambda: _and(call, x, y), x, y)


def _less_and(times: int) -> Any:
    """``x + y - times * (x & y)``, in the ring of the result."""

    def run(call: Call, x: Value, y: Value) -> Value:
        def total() -> Share:
            (a, b), both = call.box.both(lambda: call.numbers(x, y, call.node.ring), lambda: _and(call, x, y))
            return a + b - both.scale(times)

        return call.strict(total, x, y)

    return run


def _and(call: Call, x: Value, y: Value) -> Share:
    """``x & y`` modulo 2^k of the result's ring."""
    box, ring = call.box, call.node.ring
    if x.share is None or y.share is None:
        word, mask = (y, x) if x.share is None else (x, y)
        if word.share is None or mask.public is None:  # null
            return box.constant(0, Arithmetic(ring), (call.rows,))
        by = int(mask.number)
        return _low(call, word, by) if by >= 0 else call.number(word, ring) - _low(call, word, ~by)
    if x.share is y.share:
        return call.number(x, ring)
    never = [_width(v) for v in (x, y) if v.low >= 0]
    bits = min(min(never) if never else max(_width(x), _width(y)), ring)
    a, b = box.together([lambda: _word(call, x, bits), lambda: _word(call, y, bits)])
    return _number(call, box.and_(a, b), ring, signed=not never)


def _low(call: Call, x: Value, mask: int) -> Share:
    """``x & mask`` for a mask of low bits, modulo 2^k of the result's ring."""
    box, ring = call.box, call.node.ring
    mask &= (1 << min(ring, _width(x) if x.low >= 0 else ring)) - 1
    if not mask:
        return box.constant(0, Arithmetic(ring), (call.rows,))
    if x.low >= 0 and mask == (1 << _width(x)) - 1:
        return call.number(x, ring)
    skip = (mask & -mask).bit_length() - 1
    bits = mask.bit_length() - skip
    word = _word(call, x, mask.bit_length()).slice_bits(skip, bits)
    if bits > 1:
        word = word.and_public(mask >> skip)
    return box.b2a(word, ring).shift_left(skip)


def _width(x: Value) -> int:
    """Bits of every value: of two's complement if one may be negative."""
    return min(64, signed_bits(x.low, x.high) if x.low < 0 else max(1, x.high.bit_length()))


def _word(call: Call, x: Value, bits: int) -> Share:
    """The low bits of an operand; those above its own are filled with its sign, which is local."""
    assert x.share is not None
    own = min(_width(x), bits)
    word = call.box.a2b(x.share, own)
    if own == bits:
        return word
    return word.widen(bits) if x.low >= 0 else word.sign_extend(bits)


def _number(call: Call, word: Share, ring: int, signed: bool) -> Share:
    """Words as numbers of a ring that is not narrower: unsigned, or two's complement."""
    box, top = call.box, word.bits - 1
    if not signed or word.bits == ring:
        return box.b2a(word, ring)
    flipped = word ^ box.constant(1 << top, word.kind, word.shape)
    return box.add_public(box.b2a(flipped, ring), -(1 << top))


def _shift_right(call: Call, x: Value, by: Value) -> Value:
    if x.share is None:  # null in every row
        return call.result(call.number(x, call.node.ring), x.valid)
    count = int(by.number)
    share = call.number(x, x.ring)
    if max(abs(x.low), abs(x.high)) < 1 << (x.ring - 2):
        return call.result(shift_right(call.box, share, min(count, x.ring - 2)), x.valid)
    if x.low >= 0:  # too wide for a truncation: through the bits
        return call.result(shift_right_unsigned(call.box, share, count), x.valid)
    word = call.box.a2b(share, x.ring).slice_bits(count, x.ring - count)
    return call.result(_number(call, word, x.ring, signed=True), x.valid)


def _bit_count(call: Call, x: Value) -> Value:
    """Every bit as a number of the result's ring, added up."""
    box, ring = call.box, call.node.ring
    if x.share is None:  # null in every row
        return call.result(call.number(x, ring), x.valid)
    width = _width(x)
    word = _word(call, x, width)
    first, *rest = stacked(lambda s: box.b2a(s[0], ring), [(word.slice_bits(k, 1),) for k in range(width)])
    return call.result(sum(rest, first), x.valid)


# ---- over Arrow ---------------------------------------------------------------------------------
def _words(x: Any) -> Any:
    return x.cast(pa.int64(), safe=False)  # uint64 modulo 2^64: the bits stay what they are


def _arrow(name: str) -> Any:
    return lambda node, x, y: getattr(pc, name)(_words(x), _words(y))


def _plain_shift(node: Inferred, x: Any, by: Any) -> Any:
    kind, count = pa.uint64() if pa.types.is_uint64(x.type) else pa.int64(), by.as_py()
    half = pc.shift_right(x.cast(kind), pa.scalar(count // 2, kind))  # Arrow does not shift by 63
    return pc.shift_right(half, pa.scalar(count - count // 2, kind))


def _plain_count(node: Applied, x: Any) -> Any:
    read = numbers(node, 0, x)
    return written(np.bitwise_count(read.words).astype(np.int64), read.missing, read.single)


RUNS = {
    "bit_count": Runs(_bit_count, _plain_count),
    "bit_and": Runs(_bit_and, _arrow("bit_wise_and")),
    "bit_or": Runs(_less_and(1), _arrow("bit_wise_or")),
    "bit_xor": Runs(_less_and(2), _arrow("bit_wise_xor")),
    "shift_right": Runs(_shift_right, _plain_shift),
}
