"""The standard deviation of the values that are there; null where there are no more than ``ddof``.

Sums and sums of squares are exact (`spuframe.spu.algorithms.moments`); the relative error is that of a root, 2^-19, whatever offset and scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from spuframe.dtypes import DType, Field, Fixed, Range, exponent
from spuframe.expr.stated import Stated, always
from spuframe.ir.aggregates import Summing
from spuframe.ir.words import MOST, Words, words


@dataclass(frozen=True)
class Std(Summing):
    """``sqrt(sum((x - mean)**2) / (n - ddof))``."""

    ddof: int = 1
    moves = False
    states = always(Stated(relative=2.0**-19, units=2, chance=True))

    def stated(self, source: Field, rows: int) -> Stated:
        return self.states[""]

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        layout = words([source])
        f = deviation_bits(layout, self.ddof)[0]
        return Fixed(f), (0.0, _largest(self.ddof) * 2.0 ** (layout.bits - 1 - layout.fractions[0]))

    def nullable(self, least: int) -> bool:
        return least <= self.ddof

    def ring(self, source: Field, rows: int) -> int | None:
        return 64


def _largest(ddof: int) -> float:
    """A deviation of words up to one in magnitude, at most: that of ``ddof + 1`` rows; with the error of a root."""
    return math.sqrt(ddof + 1) * (1 + 2.0**-18)


def deviation_bits(found: Words, ddof: int) -> tuple[int, int]:
    """The fraction bits of the deviation of one column of words, and how many more these are than the words have.

    It stays below 2^60 units, so that quotients by it are the nearest.
    """
    (fraction,), more = found.fractions, MOST - found.bits - exponent(_largest(ddof))
    more -= max(0, fraction + more - Fixed.MOST)
    return fraction + more, more


AGGREGATION = Std
