"""How far a quantile is above the value below it, on the way to the one above: a whole number of parts.

There are as many parts as the denominator of the quantile has, reduced: of 0.25 four. Null without any value.
"""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Int, Range
from spuframe.ir.aggregates import Picking
from spuframe.ir.aggregates.lower import WHOLE, share_of


@dataclass(frozen=True)
class Between(Picking):
    """Parts of the way between two values."""

    ppm: int = WHOLE // 2
    in_order = False

    def __post_init__(self) -> None:
        share_of(self.ppm)

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        return Int(64), (0, share_of(self.ppm).denominator - 1)


AGGREGATION = Between
