"""map: the constant that belongs to a key, null where a value is none of the keys."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import String
from spuframe.spu.algorithms.member import either
from spuframe.spu.functions import Runs
from spuframe.spu.functions.membership import keys_of, matching
from spuframe.spu.share import Arithmetic, Share, columns, word_of
from spuframe.spu.value import Call, Inferred, Value, text_of


def _map(call: Call, x: Value, *table: Value) -> Value:
    """At most one key matches: every bit of the result is the XOR of the matches of the keys whose value has it."""
    box, node, rows = call.box, call.node, call.rows
    keys, values = list(table[: len(table) // 2]), list(table[len(table) // 2 :])
    found = matching(call, x, keys)
    known = either(box, [flag for _, flag in found], rows)
    valid = known if x.valid is None else box.and_(known, x.valid)

    def word(numbers: list[int], bits: int) -> Share:
        planes = []
        for j in range(bits):
            planes.append(either(box, [flag for n, (_, flag) in zip(numbers, found, strict=True) if n >> j & 1], rows))
        return word_of(planes)

    chosen = [values[i] for i, _ in found]
    if isinstance(node.dtype, String):
        width = node.dtype.width
        texts = [int.from_bytes(text_of(v).ljust(width, b"\0"), "big") for v in chosen]
        if width <= 8:
            return call.result(word(texts, 8 * width), valid)
        count = -(-width // 8)
        padded = [t << (64 * count - 8 * width) for t in texts]
        return call.result(columns([word([t >> 64 * (count - 1 - j) & ((1 << 64) - 1) for t in padded], 64) for j in range(count)]), valid)
    if not node.dtype.has_range:
        return call.result(word([int(bool(v.public)) for v in chosen], 1), valid)
    numbers = [call.scaled(v, node.frac) for v in chosen]
    least = min(numbers, default=0)
    bits = (max(numbers, default=0) - least).bit_length()
    if bits == 0:
        return call.result(box.constant(least, Arithmetic(node.ring), (rows,)), valid)
    return call.result(box.add_public(box.b2a(word([n - least for n in numbers], bits), node.ring), least), valid)


# ---- over Arrow ---------------------------------------------------------------------------------
def _plain_map(node: Inferred, x: Any, *table: Any) -> Any:
    half = len(table) // 2
    x, keys = keys_of(x, table[:half])
    values = pa.array([v.as_py() for v in table[half:]], table[half].type)
    where = pc.index_in(x, value_set=keys, skip_nulls=True)
    return values.take(where) if isinstance(where, pa.Array) else values[where.as_py()] if where.is_valid else pa.scalar(None, values.type)


RUNS = {
    "map": Runs(_map, _plain_map),
}
