"""The value at a quantile, or the one above it; null without any. Quantiles are in millionths: ``higher[ppm=250000]``."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.ir.aggregates import Picking
from spuframe.ir.aggregates.lower import WHOLE, share_of


@dataclass(frozen=True)
class Higher(Picking):
    """The value at or above a quantile."""

    ppm: int = WHOLE // 2
    in_order = False

    def __post_init__(self) -> None:
        share_of(self.ppm)


AGGREGATION = Higher
