"""Lookup in a small public table: map (pandas' Series.map of a dict).

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, map_
>>> region = col(Field("region", Int(8), range=(0, 3)))
>>> e = map_(region, {0: 10.5, 1: 12})
>>> str(e), str(e.dtype), e.range, e.nullable
('map(region, 0: 10.5, 1: 12.0)', 'float[f=26]', (10.5, 12.0), True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spuframe.dtypes import Bool, Range
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr
from spuframe.expr.functions.common import mismatch
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.conversion import convert
from spuframe.expr.functions.membership import constant_of
from spuframe.expr.functions.promotion import same_type
from spuframe.expr.stated import EXACT, always

__all__ = ["map_"]

LARGEST = 4096
"""Entries of a table: each costs a few bits a row."""


@dataclass(frozen=True, eq=False, repr=False)
class Map(Function):
    """The value of the key that the operand equals; null where it equals none. Keys and values are constants, each of one type."""

    operand: Expr
    keys: tuple[Expr, ...]
    values: tuple[Expr, ...]
    fn = "map"
    states = always(EXACT)
    last_place = "kept"

    def inferred(self) -> Info:
        good = len(self.keys) == len(self.values) and bool(self.keys)
        if not good or not all(isinstance(e, Lit) and e.value is not None for e in (*self.keys, *self.values)):
            raise PlanError("map needs as many constants as keys, at least one: build it with spuframe.expr.map_")
        first = self.values[0]
        for v in self.values:
            if v.dtype != first.dtype:
                raise mismatch("map to", (first, v), "build it with spuframe.expr.map_, which converts them")
        bounds: Range | None = None
        if first.dtype.has_range:
            ends = [r for v in self.values if v.range is not None for r in v.range]
            bounds = (min(ends), max(ends))
        return self.info_of(first.dtype, bounds, nullable=True)

    def row(self, *args: Scalar) -> Scalar:
        count = len(self.keys)
        table = dict(zip(args[1 : 1 + count], args[1 + count :], strict=True))
        return None if args[0] is None else table.get(args[0])

    def text(self, args: Sequence[str]) -> str:
        count = len(self.keys)
        entries = ", ".join(f"{k}: {v}" for k, v in zip(args[1 : 1 + count], args[1 + count :], strict=True))
        return f"{self.fn}({args[0]}, {entries})"


def map_(operand: object, table: Mapping[object, object]) -> Expr:
    """The value of the key that the operand equals, by a small public table; null for other values, and for a key of value None."""
    e = as_expr(operand)
    if not isinstance(table, Mapping):
        raise PlanError(f"map needs a dict of keys and values, got {type(table).__name__}: use where for conditions")
    if len(table) > LARGEST:
        raise PlanError(f"map takes tables of at most {LARGEST} entries, got {len(table)}: share the table and merge with it")
    entries = {k: v for k, v in table.items() if k is not None and v is not None}
    values = [as_expr(v) for v in entries.values()]
    if not values:
        raise PlanError("map needs at least one key with a value that is not None: the result has no type")
    widest = values[0]
    for v in values[1:]:
        widest, _ = same_type("map to", widest, v)
    values = [same_type("map to", v, widest)[0] if widest.dtype.exact else convert(v, widest.dtype) for v in values]
    if isinstance(e.dtype, Bool):
        by_key = dict(zip((bool(k) for k in entries), values, strict=True))
        chosen = where(e, by_key.get(True), by_key.get(False)) if len(by_key) == 2 else _one(e, by_key)
        return where(is_null(e), None, chosen) if e.nullable else chosen
    known = [(k, v) for key, v in zip(entries, values, strict=True) if (k := constant_of(e, key)) is not None]
    if not known:
        return where(is_null(e), None, where(is_null(e), values[0], None))
    return Map(e, tuple(k for k, _ in known), tuple(v for _, v in known))


def _one(e: Expr, by_key: Mapping[bool, Expr]) -> Expr:
    return where(e, by_key[True], None) if True in by_key else where(e, None, by_key[False])
