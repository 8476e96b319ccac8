"""The last value that is there, in the order of the rows; null without any."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Picking


@dataclass(frozen=True)
class Last(Picking):
    """The last value."""

    in_order = True


AGGREGATION = Last
