"""The value in the middle, or the mean of the two there; null without any."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Fixed, Range
from spuframe.expr.expr import bounds_of, col
from spuframe.expr.functions.common import checked
from spuframe.expr.stated import NEAREST, Stated, always
from spuframe.ir.aggregates import Summing


@dataclass(frozen=True)
class Median(Summing):
    """The value in the middle."""

    moves = True
    states = always(NEAREST)

    def stated(self, source: Field, rows: int) -> Stated:
        return NEAREST

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        low, high = bounds_of(col(source))
        checked(col(source), Fixed(source.dtype.frac), (2 * low, 2 * high), text=f"the median needs twice the values of {source.name!r}, which")
        return Fixed.for_range(low, high, own=source.dtype.frac), (float(low), float(high))

    def ring(self, source: Field, rows: int) -> int | None:
        return None


AGGREGATION = Median
