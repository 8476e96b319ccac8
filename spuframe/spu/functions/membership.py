"""isin: whether a value is one of several constants, never null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import String
from spuframe.spu.algorithms.member import either, match_strings, matches, words_of
from spuframe.spu.encoding import RINGS
from spuframe.spu.functions import Runs
from spuframe.spu.share import Share
from spuframe.spu.value import Call, Inferred, Value, text_of


def matching(call: Call, x: Value, constants: list[Value]) -> list[tuple[int, Share]]:
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
    found = either(call.box, [flag for _, flag in matching(call, x, list(constants))], call.rows)
    return call.result(found if x.valid is None else call.box.and_(found, x.valid))


# ---- over Arrow ---------------------------------------------------------------------------------
def keys_of(x: Any, constants: tuple[Any, ...]) -> tuple[Any, Any]:
    """The column and the constants in one type."""
    if any(c.type != x.type for c in constants) and pa.types.is_integer(x.type):  # constants may be of a wider type than the column
        x = x.cast(pa.decimal128(20))
    return x, pa.array([c.as_py() for c in constants], x.type)


def _plain_isin(node: Inferred, x: Any, *constants: Any) -> Any:
    x, values = keys_of(x, constants)
    return pc.is_in(x, value_set=values, skip_nulls=True)


RUNS = {
    "isin": Runs(_isin, _plain_isin),
}
