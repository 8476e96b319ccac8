"""How far results are from the exact ones, as data: what each function and aggregate states.

The table in ``docs/design/numbers.md`` is made of it. A unit is ``2**-f`` of the result. The exact result is that of
the arguments as they are stored.

>>> exp = Stated(relative=2.0**-21, units=2, chance=True)
>>> str(exp), str(NEAREST), str(EXACT)
('2^-21 relative and 2 units', 'the nearest unit', 'none')
>>> float(exp.allowed(8, 18)) == 2.0**-18 + 2.0**-17
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType


@dataclass(frozen=True)
class Stated:
    """How far a result may be from the exact one.

    Parameters
    ----------
    relative : float
        Of the exact result.
    absolute : float
    units : float
        Of the result.
    chance : bool
        Whether it is up to the coins of a truncation: the same computation may give two results, and an owner's may
        differ from the parties'. Where it is not, there is one result: the nearest unit to the exact one.
    of : str
        What the units are of, if not of the result.
    """

    relative: float = 0.0
    absolute: float = 0.0
    units: float = 0.0
    chance: bool = False
    of: str = ""

    def __post_init__(self) -> None:
        assert self.chance or (self.relative == self.absolute == 0 and self.units in (0, 0.5)), "what is no chance is exact, or the nearest"

    def allowed(self, exact: Fraction | float, f: int) -> Fraction:
        """How far a result of ``f`` fraction bits may be from ``exact``."""
        return abs(Fraction(exact)) * Fraction(self.relative) + Fraction(self.absolute) + Fraction(self.units) / (1 << f)

    def __str__(self) -> str:
        if self == EXACT:
            return "none"
        if self == NEAREST:
            return "the nearest unit"
        units = f"{self.units:g} units" if self.units > 1 else "a unit"
        if self.of:
            units = f"{units} of {self.of}"
        parts = ((f"{_size(self.relative)} relative", self.relative), (_size(self.absolute), self.absolute), (units, self.units))
        return " and ".join(text for text, size in parts if size)


def _size(error: float) -> str:
    if not error:
        return ""
    return f"2^{int(math.log2(error))}" if math.log2(error).is_integer() else f"{error:g}".replace("e-0", "e-")


EXACT = Stated()
NEAREST = Stated(units=0.5)

Cases = Mapping[str, Stated]
"""What is stated, by the case that it is for; "" where there is one only."""


def always(what: Stated) -> Cases:
    """The same in every case."""
    return MappingProxyType({"": what})
