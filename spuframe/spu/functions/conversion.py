"""cast: to the type of the node. Fixed point to integer rounds toward zero, exactly.

What is whole multiples of a unit is counted in the unit of the other type. units: a decimal as the number of its units; real: as the nearest number of
fixed point, half goes up.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.ratio import nearest_ratio
from spuframe.spu.algorithms.shift import shift_right
from spuframe.spu.functions import Runs
from spuframe.spu.rational import Numbers, floored, numbers, shifted, written
from spuframe.spu.shaping import fit
from spuframe.spu.share import Share
from spuframe.spu.value import Applied, Call, Inferred, Value


def _cast(call: Call, x: Value) -> Value:
    node = call.node
    if not node.dtype.has_range:
        return call.result(call.operand(x), x.valid)
    if node.dtype.exact and x.frac and x.share is not None:
        return call.result(fit(call.box, whole(call, x), node.ring), x.valid)
    times = node.dtype.factor(x.dtype) or 1
    shift = x.dtype.ORIGIN * times - node.dtype.ORIGIN  # between dates and numbers of days
    if x.share is None or x.share.is_bit or (not shift and times == 1):
        return call.result(call.number(x, node.ring, node.frac), x.valid)
    ring = max(node.ring, x.ring)
    counted = call.number(x, ring)
    counted = counted if times == 1 else counted.scale(times)
    return call.result(call.box.add_public(counted, shift) if shift else counted, x.valid)


def _units(call: Call, x: Value) -> Value:
    return call.result(call.number(x, call.node.ring), x.valid)


def whole(call: Call, x: Value) -> Share:
    """The integer part of a fixed-point value, toward zero, without error."""
    box, f = call.box, x.frac
    assert x.share is not None
    v = x.share
    if max(abs(x.low), abs(x.high)) < 1 << f:
        return box.constant(0, v.kind, v.shape)
    if x.low < 0:
        sign = box.b2a(box.msb(v, min(64, signed_bits(x.low, x.high))), 64)
        v = v + sign.scale((1 << f) - 1)
    return shift_right(box, v, f)


def _real(call: Call, x: Value) -> Value:
    most = max(abs(x.low), abs(x.high))
    return call.result(nearest_ratio(call.box, call.number(x, 64), _ratio(call.node, x), most), x.valid)


def _ratio(node: Inferred, of: Inferred) -> Fraction:
    return Fraction(of.dtype.number(1 << node.frac))


def _plain_cast(node: Applied, x: Any) -> Any:
    f, g = node.args[0].frac, node.frac
    if not node.dtype.exact:
        return shifted(x.cast(pa.int64()), g - f)
    if f:  # toward zero
        return pc.multiply(pc.sign(x).cast(pa.int64()), pc.shift_right(pc.abs(x), pa.scalar(f)) if f < 63 else pa.scalar(0))
    times = node.dtype.factor(node.args[0].dtype) or 1
    return x if times == 1 else pc.multiply(x.cast(pa.int64()), pa.scalar(times))


def _plain_real(node: Applied, x: Any) -> Any:
    counted = numbers(node, 0, x)
    one = Numbers(np.ones(1, np.int64), Fraction(1), np.zeros(1, bool), True)
    exact = replace(counted, unit=_ratio(node, node.args[0]) / (1 << node.frac))
    return written(floored(exact, one, node.frac, Fraction(1, 2)), counted.missing, counted.single)


RUNS = {
    "cast": Runs(_cast, _plain_cast),
    "units": Runs(_units, lambda node, x: x),
    "real": Runs(_real, _plain_real),
}
