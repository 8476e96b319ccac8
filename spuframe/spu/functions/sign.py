"""sign: -1, 0 or 1 in the type of the node."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.magnitude import signum
from spuframe.spu.functions import Runs
from spuframe.spu.value import Call, Inferred, Value


def _sign(call: Call, x: Value) -> Value:
    box, node = call.box, call.node
    if x.share is None:  # null in every row
        return call.result(call.number(x, node.ring, node.frac), x.valid)
    share, most = call.number(x, x.ring, x.frac), max(abs(x.low), abs(x.high), 1)
    bits = min(share.bits, signed_bits(-most, most) + (not x.dtype.exact))  # a bit more: bounds of computed values are not exact
    if x.low >= 0:
        found = box.b2a(box.msb(-share, bits), node.ring)
    elif x.high <= 0:
        found = -box.b2a(box.msb(share, bits), node.ring)
    else:
        found = signum(box, share, bits, node.ring)
    return call.result(found.shift_left(node.frac), x.valid)


def _plain(node: Inferred, x: Any) -> Any:
    return pc.multiply(pc.sign(x).cast(pa.int64()), pa.scalar(1 << node.frac, pa.int64()))


RUNS = {
    "sign": Runs(_sign, _plain),
}
