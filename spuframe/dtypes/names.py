"""Types by their names."""

from __future__ import annotations

import re

from spuframe.dtypes.base import DType
from spuframe.dtypes.calendar import Date, Duration, Timestamp
from spuframe.dtypes.decimals import Decimal
from spuframe.dtypes.measure import Bool, Fixed, Int
from spuframe.dtypes.text import String
from spuframe.errors import SchemaError

_PLAIN: dict[str, type[DType]] = {"bool": Bool, "float": Fixed, "date": Date, "timestamp": Timestamp, "duration": Duration}


def parse_dtype(name: str) -> DType:
    """Make a type from its name, the inverse of ``str(dtype)``.

    >>> parse_dtype("int32"), parse_dtype("string[12]"), parse_dtype("timestamp[Europe/Berlin]"), parse_dtype("decimal[12,2]")
    (Int(bits=32, signed=True), String(width=12), Timestamp(zone='Europe/Berlin'), Decimal(precision=12, scale=2))
    """
    if name in _PLAIN:
        return _PLAIN[name]()
    sized = re.fullmatch(r"(float\[f=|string\[|decimal\[)(-?\d{1,9})(?:,(\d{1,9}))?\]", name)
    if sized and (sized[3] is not None) == (sized[1] == "decimal["):
        size = int(sized[2])
        if sized[3] is not None:
            return Decimal(size, int(sized[3]))
        if sized[1] == "float[f=":
            return Fixed(size)
        if size >= 0:
            return String(size)
    if name.startswith("timestamp[") and name.endswith("]"):
        return Timestamp(name[10:-1])
    unsigned = name.startswith("u")
    digits = name.removeprefix("u").removeprefix("int")
    if name.removeprefix("u").startswith("int") and digits in {"8", "16", "32", "64"}:
        return Int(int(digits), not unsigned)
    known = "bool, int8..int64, uint8..uint64, float, float[f=n], decimal[p,s], date, timestamp, timestamp[zone], duration or string[n]"
    raise SchemaError(f"unknown type {name!r}: use {known}")
