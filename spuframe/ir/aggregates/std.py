"""The standard deviation of the values that are there; null where there are no more than ``ddof``.

Sums and sums of squares are exact (`spuframe.spu.algorithms.moments`); the relative error is that of a root, 2^-19, whatever offset and scale.
"""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Fixed, Range
from spuframe.ir.aggregates import Summing
from spuframe.ir.words import MOST, Words, words


@dataclass(frozen=True)
class Std(Summing):
    """``sqrt(sum((x - mean)**2) / (n - ddof))``."""

    ddof: int = 1

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        f = deviation_bits(words([source]))[0]
        return Fixed(f), (0.0, 2.0 ** (MOST - f))

    def nullable(self, least: int) -> bool:
        return least <= self.ddof

    def ring(self, source: Field, rows: int) -> int | None:
        return 64


def deviation_bits(found: Words) -> tuple[int, int]:
    """The fraction bits of the deviation of one column of words, and how many more these are than the words have."""
    (fraction,), more = found.fractions, MOST - found.bits
    more -= max(0, fraction + more - Fixed.MOST)
    return fraction + more, more


AGGREGATION = Std
