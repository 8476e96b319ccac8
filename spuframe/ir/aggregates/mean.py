"""The mean of the values that are there, to the nearest unit; null without any. Booleans count as 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from spuframe.dtypes import DType, Field, Fixed, Range
from spuframe.expr.expr import bounds_of, col
from spuframe.expr.functions.common import checked
from spuframe.expr.stated import NEAREST, Stated
from spuframe.ir.aggregates import Summing
from spuframe.ir.rings import NEEDS_ROOM, bits_lost, ring_of_sum, summing


@dataclass(frozen=True)
class Mean(Summing):
    """The mean."""

    moves = True
    states = MappingProxyType({"": NEAREST, NEEDS_ROOM: Stated(units=1, chance=True, of="that sum, and one of its own")})

    def stated(self, source: Field, rows: int) -> Stated:
        nearest, coarse = self.states.values()
        lost = bits_lost(source, rows)
        more = self.result(source, rows)[0].frac - (source.dtype.frac - lost)  # fraction bits than the sum has
        return replace(coarse, units=2.0**more + 1, of="") if lost else nearest

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        low, high = bounds_of(col(source))
        within, total = summing(source.dtype, source.range, rows)
        checked(col(source), within, total, text=f"the mean needs the sum of {source.name!r} over {rows} rows, which")
        return Fixed.for_range(low, high, own=source.dtype.frac), (float(low), float(high))

    def ring(self, source: Field, rows: int) -> int | None:
        return ring_of_sum(source, rows)


AGGREGATION = Mean
