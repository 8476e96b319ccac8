"""How it runs, as the family of the same name in ``spuframe/spu/functions`` would have it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.functions import Runs
from spuframe.spu.functions.common import nothing
from spuframe.spu.value import Applied, Call, Value


def _signbit(call: Call, x: Value) -> Value:
    if x.share is None:
        return nothing(call)
    return call.result(call.box.b2a(call.box.msb(call.number(x, 64, x.frac), 64), call.node.ring), x.valid)


def _plain(node: Applied, x: Any) -> Any:
    return pc.less(x, pa.scalar(0, x.type)).cast(pa.int64())


RUNS = {"signbit": Runs(_signbit, _plain)}
