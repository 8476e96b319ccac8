"""Logical types, fields and schemas: what a column holds, who may see it, and within which range.

Nothing here touches shares. A type answers what others would have to ask by its class: its unit, its origin and its limits, the ring of its words,
the type of a sum, the type that two of them meet in, and its Arrow type. A new one of the family of numbers (`Whole`) is a class: its name, its nicknames
and its constants are found by it.
"""

from __future__ import annotations

from spuframe.dtypes.base import RINGS, DType, Range, enclosing, exponent, meet, number, real, ring_for
from spuframe.dtypes.calendar import DAY, Date, Duration, Timestamp
from spuframe.dtypes.decimals import Decimal
from spuframe.dtypes.field import PUBLIC, SECRET, Field, Schema, Visibility, private
from spuframe.dtypes.fixed import DEFAULT_FRACTION_BITS, Fixed
from spuframe.dtypes.measure import INT_LIMIT, Bool, Int, Measure, Whole
from spuframe.dtypes.names import alias, constants, known, literal, parse_dtype, plain, written
from spuframe.dtypes.rows import refuse, rows_text
from spuframe.dtypes.text import String

__all__ = [
    "DAY", "DEFAULT_FRACTION_BITS", "INT_LIMIT", "PUBLIC", "RINGS", "SECRET", "Bool", "DType", "Date", "Decimal", "Duration", "Field", "Fixed", "Int",
    "Measure", "Range", "Schema", "String", "Timestamp", "Visibility", "Whole", "alias", "constants", "enclosing", "exponent", "known", "literal",
    "meet", "number", "parse_dtype", "plain", "private", "real", "refuse", "ring_for", "rows_text", "written",
]  # fmt: skip
