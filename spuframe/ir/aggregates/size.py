"""How many rows there are."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Counting


@dataclass(frozen=True)
class Size(Counting):
    """How many rows there are."""

    of_rows = True


AGGREGATION = Size
