"""How many different values there are."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import Bool, Date, DType, Field, Int, Range
from spuframe.ir.aggregates import Counting


@dataclass(frozen=True)
class NUnique(Counting):
    """How many different values there are."""

    of_rows = False

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        most = rows
        if isinstance(source.dtype, Bool):
            most = min(rows, 2)
        elif isinstance(source.dtype, Int | Date) and source.range is not None:
            most = min(rows, int(source.range[1]) - int(source.range[0]) + 1)
        return Int(64), (0, most)

    def ring(self, source: Field, rows: int) -> int | None:
        return None


AGGREGATION = NUnique
