"""The largest value; null without any."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Picking


@dataclass(frozen=True)
class Max(Picking):
    """The largest value."""

    in_order = False


AGGREGATION = Max
