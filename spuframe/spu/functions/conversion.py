"""cast: to the type of the node. Fixed point to integer rounds toward zero, exactly; a number to bool asks whether it is zero."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import Bool, Fixed, Int, String
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.shift import shift_right
from spuframe.spu.rational import shifted
from spuframe.spu.shaping import fit
from spuframe.spu.share import Share
from spuframe.spu.value import Applied, Call, Value


def _cast(call: Call, x: Value) -> Value:
    node = call.node
    if isinstance(node.dtype, String):
        return call.result(call.words(x, node.dtype.width), x.valid)
    if isinstance(node.dtype, Bool):
        if x.share is None or x.share.is_bit:
            return call.result(call.bit(x), x.valid)
        bits = max(abs(x.low), abs(x.high), 1).bit_length()
        ring = next(r for r in (8, 16, 32, 64) if r >= min(bits, 64))
        return call.result(call.box.not_(call.box.eqz(call.number(x, ring, x.frac), min(bits, 64))), x.valid)
    if isinstance(node.dtype, Int) and isinstance(x.dtype, Fixed) and x.share is not None:
        return call.result(fit(call.box, whole(call, x), node.ring), x.valid)
    shift = x.dtype.ORIGIN - node.dtype.ORIGIN  # between dates and numbers of days
    if shift and x.share is not None:
        ring = max(node.ring, x.ring)
        return call.result(call.box.add_public(call.number(x, ring), shift), x.valid)
    return call.result(call.number(x, node.ring, node.frac), x.valid)


def whole(call: Call, x: Value) -> Share:
    """The integer part of a fixed-point value, toward zero, without error."""
    box, f = call.box, x.frac
    assert x.share is not None
    v = x.share
    if f == 0:
        return v
    if max(abs(x.low), abs(x.high)) < 1 << f:
        return box.constant(0, v.kind, v.shape)
    if x.low < 0:
        sign = box.b2a(box.msb(v, min(64, signed_bits(x.low, x.high))), 64)
        v = v + sign.scale((1 << f) - 1)
    return shift_right(box, v, f)


SECRET = {"cast": _cast}



def _plain_cast(node: Applied, x: Any) -> Any:
    if isinstance(node.dtype, Bool) and not pa.types.is_boolean(x.type):
        return pc.not_equal(x, pa.scalar(0, x.type))
    f, g = node.args[0].frac, node.frac
    if isinstance(node.dtype, Fixed):
        return shifted(x.cast(pa.int64()), g - f)
    if isinstance(node.dtype, Int) and f:  # toward zero
        return pc.multiply(pc.sign(x).cast(pa.int64()), pc.shift_right(pc.abs(x), pa.scalar(f)) if f < 63 else pa.scalar(0))
    return x


PLAIN = {"cast": _plain_cast}
