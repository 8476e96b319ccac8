"""The mean of the values that are there, to the nearest unit; null without any. Booleans count as 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Fixed, Range
from spuframe.expr.expr import bounds_of, col
from spuframe.expr.functions.common import checked
from spuframe.ir.aggregates import Summing
from spuframe.ir.rings import ring_of_sum, summing


@dataclass(frozen=True)
class Mean(Summing):
    """The mean."""

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        low, high = bounds_of(col(source))
        within, total = summing(source.dtype, source.range, rows)
        checked(col(source), within, total, text=f"the mean needs the sum of {source.name!r} over {rows} rows, which")
        return Fixed.for_range(low, high, own=source.dtype.frac), (float(low), float(high))

    def ring(self, source: Field, rows: int) -> int | None:
        return ring_of_sum(source, rows)


AGGREGATION = Mean
