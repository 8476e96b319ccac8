"""The value at a quantile, or the one below it; null without any. Quantiles are in millionths: ``lower[ppm=250000]``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from spuframe.errors import PlanError
from spuframe.ir.aggregates import Picking

WHOLE = 1_000_000


@dataclass(frozen=True)
class Lower(Picking):
    """The value at or below a quantile."""

    ppm: int = WHOLE // 2
    in_order = False

    def __post_init__(self) -> None:
        share_of(self.ppm)


def share_of(ppm: int) -> Fraction:
    """Which part of the values is below a quantile.

    >>> share_of(250_000)
    Fraction(1, 4)
    """
    if not 0 <= ppm <= WHOLE:
        raise PlanError(f"a quantile is between 0 and 1, in millionths 0 to {WHOLE:,}, got {ppm:,}")
    return Fraction(ppm, WHOLE)


AGGREGATION = Lower
