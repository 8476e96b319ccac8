"""where, is_null, fill_null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import String
from spuframe.spu.functions import Runs
from spuframe.spu.rational import shifted
from spuframe.spu.share import BIT, Share
from spuframe.spu.value import Applied, Call, Value


def _validity(call: Call, x: Value) -> Share:
    return call.box.constant(1, BIT, (call.rows,)) if x.valid is None else x.valid


def _choose(call: Call, bit: Share, x: Value, y: Value) -> Share:
    """``x`` where the bit is set, else ``y``."""
    box, node = call.box, call.node
    if x.share is None and y.share is None and not isinstance(node.dtype, String):
        a, b = call.scaled(x, node.frac), call.scaled(y, node.frac)
        if node.dtype.has_range:
            return box.add_public(box.b2a(bit, node.ring).scale(a - b), b)
        return box.constant(a, BIT, (call.rows,)) if a == b else bit if a else box.not_(bit)
    return box.select(bit, *box.both(lambda: call.operand(x), lambda: call.operand(y)))


def _where(call: Call, condition: Value, x: Value, y: Value) -> Value:
    box = call.box
    if condition.share is None:
        chosen = x if condition.public else y
        return call.result(call.operand(chosen), chosen.valid)
    bit = call.bit(condition)
    if condition.valid is not None:  # null is not true
        bit = box.and_(bit, condition.valid)
    if x.valid is None and y.valid is None:
        return call.result(_choose(call, bit, x, y))
    return call.result(*box.both(lambda: _choose(call, bit, x, y), lambda: box.select(bit, _validity(call, x), _validity(call, y))))


def _is_null(call: Call, x: Value) -> Value:
    return call.result(call.box.constant(0, BIT, (call.rows,)) if x.valid is None else call.box.not_(x.valid))


def _fill_null(call: Call, x: Value, default: Value) -> Value:
    if x.valid is None:
        return call.result(call.operand(x))
    valid = None if default.valid is None else call.box.or_(x.valid, default.valid)
    if x.share is None:
        return call.result(call.operand(default), valid)
    return call.result(_choose(call, x.valid, x, default), valid)


# ---- over Arrow ---------------------------------------------------------------------------------
def _typed(node: Applied, *args: Any) -> list[Any]:
    """Operands of one type; integers of which some may not fit the result's in one that holds them all: those that do not are not chosen."""
    target = node.dtype.held
    if pa.types.is_integer(target):
        unsigned = {pa.types.is_uint64(a.type) for a in args}
        target = pa.decimal128(20) if len(unsigned) > 1 else pa.uint64() if True in unsigned else pa.int64()
    found = [a if a.type == target else a.cast(target, safe=pa.types.is_integer(target)) for a in args]
    return [shifted(a, node.frac - of.frac) for a, of in zip(found, node.args[-2:], strict=True)]


def _plain_where(node: Applied, condition: Any, x: Any, y: Any) -> Any:
    return pc.if_else(pc.fill_null(condition, False), *_typed(node, x, y))


RUNS = {
    "where": Runs(_where, _plain_where),
    "is_null": Runs(_is_null, lambda node, x: pc.is_null(x)),
    "fill_null": Runs(_fill_null, lambda node, x, default: pc.coalesce(*_typed(node, x, default))),
}
