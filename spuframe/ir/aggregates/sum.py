"""The sum of the values that are there; 0 without any. Booleans count as 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from spuframe.dtypes import DType, Field, Range
from spuframe.expr.expr import col
from spuframe.expr.functions.common import checked
from spuframe.expr.stated import EXACT, Stated
from spuframe.ir.aggregates import Summing
from spuframe.ir.rings import NEEDS_ROOM, bits_lost, summing


@dataclass(frozen=True)
class Sum(Summing):
    """The sum."""

    states = MappingProxyType({"": EXACT, NEEDS_ROOM: Stated(units=1, chance=True, of="the sum a row")})

    def stated(self, source: Field, rows: int) -> Stated:
        exact, coarse = self.states.values()
        return replace(coarse, units=rows, of="") if bits_lost(source, rows) else exact

    def accepts(self, dtype: DType) -> bool:
        return dtype.adds

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        dtype, total = summing(source.dtype, source.range, rows)
        return dtype, checked(col(source), dtype, total, text=f"the sum of {source.name!r} over {rows} rows")

    def nullable(self, least: int) -> bool:
        return False

    def ring(self, source: Field, rows: int) -> int | None:
        dtype, total = self.result(source, rows)
        return dtype.ring(total)


AGGREGATION = Sum
