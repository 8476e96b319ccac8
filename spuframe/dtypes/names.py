"""Types by their names."""

from __future__ import annotations

import re

from spuframe.dtypes.base import DType
from spuframe.dtypes.calendar import Date
from spuframe.dtypes.measure import Bool, Fixed, Int
from spuframe.dtypes.text import String
from spuframe.errors import SchemaError


def parse_dtype(name: str) -> DType:
    """Make a type from its name, the inverse of ``str(dtype)``.

    >>> parse_dtype("int32"), parse_dtype("string[12]")
    (Int(bits=32, signed=True), String(width=12))
    """
    if name == "bool":
        return Bool()
    if name == "float":
        return Fixed()
    if name == "date":
        return Date()
    sized = re.fullmatch(r"float\[f=(-?\d{1,9})\]|string\[(\d{1,9})\]", name)
    if sized:
        return Fixed(int(sized[1])) if sized[1] else String(int(sized[2]))
    unsigned = name.startswith("u")
    digits = name.removeprefix("u").removeprefix("int")
    if name.removeprefix("u").startswith("int") and digits in {"8", "16", "32", "64"}:
        return Int(int(digits), not unsigned)
    raise SchemaError(f"unknown type {name!r}: use bool, int8..int64, uint8..uint64, float, float[f=n], date or string[n]")
