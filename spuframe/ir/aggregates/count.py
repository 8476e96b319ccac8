"""How many values there are."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Counting


@dataclass(frozen=True)
class Count(Counting):
    """How many values there are."""

    of_rows = False


AGGREGATION = Count
