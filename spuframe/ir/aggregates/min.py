"""The smallest value; null without any."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Picking


@dataclass(frozen=True)
class Min(Picking):
    """The smallest value."""

    in_order = False


AGGREGATION = Min
