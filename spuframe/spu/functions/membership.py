"""isin: whether a value is one of several constants; never null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import Fixed, String
from spuframe.spu.algorithms.member import is_in, reachable, string_in, words_of
from spuframe.spu.encoding import RINGS
from spuframe.spu.value import Call, Node, Value, text_of


def _isin(call: Call, x: Value, *constants: Value) -> Value:
    box = call.box
    if isinstance(x.dtype, String):
        width = x.dtype.width
        found = string_in(box, call.words(x, width), words_of([text_of(c) for c in constants], width), width)
    else:
        exact = [c.number * (1 << x.frac) for c in constants]
        units = [round(e) for e in exact if x.frac or e.denominator == 1]
        slack = 16 + (x.high - x.low >> 8) if isinstance(x.dtype, Fixed) else 0  # computed values may leave their range by their error
        wanted, bits = reachable(units, x.low - slack, x.high + slack)
        ring = next(r for r in RINGS if r >= min(bits, 64))
        found = is_in(box, call.number(x, ring, x.frac), wanted, min(bits, 64))
    return call.result(found if x.valid is None else box.and_(found, x.valid))


SECRET = {"isin": _isin}


def _plain(node: Node, x: Any, *constants: Any) -> Any:
    if pa.types.is_integer(x.type):  # constants may be of a wider type than the column
        x = x.cast(pa.decimal128(20))
    values = pa.array([c.as_py() for c in constants], x.type if not pa.types.is_decimal(x.type) else pa.decimal128(20))
    return pc.is_in(x, value_set=values, skip_nulls=True)


PLAIN = {"isin": _plain}
