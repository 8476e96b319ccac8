"""and, or, xor, not: Kleene logic; false decides an `and`, true an `or`, whatever the other operand is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.functions import Runs
from spuframe.spu.shaping import and_pairs
from spuframe.spu.share import Share
from spuframe.spu.value import Call, Inferred, Value


def _known(call: Call, operands: list[Value], negate: bool) -> list[tuple[Share, Share]]:
    """For each operand the bits "is known to be true" and "is known to be false", the two exchanged if ``negate``."""
    bits = [call.bit(x) for x in operands]
    nullable = [(b, x.valid) for b, x in zip(bits, operands, strict=True) if x.valid is not None]
    true = iter(and_pairs(call.box, nullable) if nullable else [])
    out = []
    for b, x in zip(bits, operands, strict=True):
        t = b if x.valid is None else next(true)
        f = call.box.not_(b) if x.valid is None else x.valid ^ t
        out.append((f, t) if negate else (t, f))
    return out


def _kleene(call: Call, x: Value, y: Value, negate: bool) -> Value:
    box = call.box
    if x.valid is None and y.valid is None:
        a, b = call.bit(x), call.bit(y)
        return call.result(box.or_(a, b) if negate else box.and_(a, b))
    (tx, fx), (ty, fy) = _known(call, [x, y], negate)
    both, either = and_pairs(box, [(tx, ty), (fx, fy)])
    either = fx ^ fy ^ either  # an operand is known to be false
    return call.result(either if negate else both, both ^ either)


def _and(call: Call, x: Value, y: Value) -> Value:
    return _kleene(call, x, y, False)


def _or(call: Call, x: Value, y: Value) -> Value:
    return _kleene(call, x, y, True)


def _xor(call: Call, x: Value, y: Value) -> Value:
    return call.result(call.bit(x) ^ call.bit(y), call.valid(x, y))


def _not(call: Call, x: Value) -> Value:
    return call.result(call.box.not_(call.bit(x)), x.valid)


def _arrow(name: str) -> Any:
    def apply(node: Inferred, *args: Any) -> Any:
        return getattr(pc, name)(*(a.cast(pa.bool_()) for a in args))

    return apply


RUNS = {
    "and": Runs(_and, _arrow("and_kleene")),
    "or": Runs(_or, _arrow("or_kleene")),
    "xor": Runs(_xor, _arrow("xor")),
    "not": Runs(_not, _arrow("invert")),
}
