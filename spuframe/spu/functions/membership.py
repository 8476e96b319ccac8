"""isin: whether a value is one of several constants, never null. map: the constant that belongs to it, null where it is none of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import String
from spuframe.spu.algorithms.member import either, match_strings, matches, words_of
from spuframe.spu.encoding import RINGS
from spuframe.spu.share import Arithmetic, Share, columns, word_of
from spuframe.spu.value import Call, Inferred, Value, text_of


def _matches(call: Call, x: Value, constants: list[Value]) -> list[tuple[int, Share]]:
    """The positions of the constants that x can be, each with the bit whether it is that one."""
    box = call.box
    if isinstance(x.dtype, String):
        width = x.dtype.width
        by_word = {w: i for i, c in enumerate(constants) for w in words_of([text_of(c)], width)}
        found = match_strings(box, call.words(x, width), list(by_word), width)
        return list(zip(by_word.values(), found, strict=True))
    low, high = x.low - x.margin, x.high + x.margin
    exact = [c.number * (1 << x.frac) for c in constants]
    by_unit: dict[int, int] = {}  # of constants that are stored alike, the first
    for i, e in enumerate(exact):
        if (e.denominator == 1 or not x.dtype.exact) and low <= round(e) <= high:
            by_unit.setdefault(round(e), i)
    bits = min(max(1, (high - low).bit_length()), 64)
    ring = next(r for r in RINGS if r >= bits)
    return list(zip(by_unit.values(), matches(box, call.number(x, ring, x.frac), list(by_unit), bits), strict=True))


def _isin(call: Call, x: Value, *constants: Value) -> Value:
    found = either(call.box, [flag for _, flag in _matches(call, x, list(constants))], call.rows)
    return call.result(found if x.valid is None else call.box.and_(found, x.valid))


def _map(call: Call, x: Value, *table: Value) -> Value:
    """At most one key matches: every bit of the result is the XOR of the matches of the keys whose value has it."""
    box, node, rows = call.box, call.node, call.rows
    keys, values = list(table[: len(table) // 2]), list(table[len(table) // 2 :])
    found = _matches(call, x, keys)
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


SECRET = {"isin": _isin, "map": _map}


# ---- over Arrow ---------------------------------------------------------------------------------
def _keys(x: Any, constants: tuple[Any, ...]) -> tuple[Any, Any]:
    """The column and the constants in one type."""
    if any(c.type != x.type for c in constants) and pa.types.is_integer(x.type):  # constants may be of a wider type than the column
        x = x.cast(pa.decimal128(20))
    return x, pa.array([c.as_py() for c in constants], x.type)


def _plain_isin(node: Inferred, x: Any, *constants: Any) -> Any:
    x, values = _keys(x, constants)
    return pc.is_in(x, value_set=values, skip_nulls=True)


def _plain_map(node: Inferred, x: Any, *table: Any) -> Any:
    half = len(table) // 2
    x, keys = _keys(x, table[:half])
    values = pa.array([v.as_py() for v in table[half:]], table[half].type)
    where = pc.index_in(x, value_set=keys, skip_nulls=True)
    return values.take(where) if isinstance(where, pa.Array) else values[where.as_py()] if where.is_valid else pa.scalar(None, values.type)


PLAIN = {"isin": _plain_isin, "map": _plain_map}
