"""How many different values there are."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Int, Range
from spuframe.ir.aggregates import Counting


@dataclass(frozen=True)
class NUnique(Counting):
    """How many different values there are."""

    of_rows = False

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        count = source.dtype.count(source.range)
        return Int(64), (0, rows if count is None else min(rows, count))

    def ring(self, source: Field, rows: int) -> int | None:
        return None


AGGREGATION = NUnique
