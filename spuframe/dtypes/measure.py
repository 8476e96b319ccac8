"""The family of numbers, whole multiples of a unit from an origin; integers, and booleans, which count as 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.base import RINGS, DType, Range
from spuframe.errors import PlanError

if TYPE_CHECKING:
    import pyarrow as pa

INT_LIMIT = 1 << 62
"""Magnitude that an integer result may not reach: two of them still add up in Z_2^64."""


@dataclass(frozen=True, eq=False)
class Measure(DType):
    """Base of all that is shared as a number: whole multiples of a unit (`frac`), counted from an origin (`ORIGIN`).

    What is here reads these two and `limits`; a type of the family differs in them, in its Arrow type and in its words.
    """

    @property
    def has_range(self) -> bool:
        return True

    def units(self, bounds: Sequence[float] | None) -> tuple[int, int]:
        low, high = self.limits if bounds is None else bounds
        return math.floor(low) - self.ORIGIN, math.ceil(high) - self.ORIGIN

    def ring(self, bounds: Sequence[float] | None) -> int:
        return self.holding(*self.units(bounds))

    def around(self, value: Any) -> Range:
        return self.outward((0, 0)) if value is None else self.enclosed((value, value))



@dataclass(frozen=True, eq=False)
class Whole(Measure):
    """Base of the exact ones: nothing of them is ever rounded, and all values between two bounds can be listed."""

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest value."""
        raise NotImplementedError

    @property
    def limits(self) -> tuple[int, int]:
        return self.bounds

    def count(self, bounds: Range | None) -> int | None:
        return None if bounds is None else int(bounds[1]) - int(bounds[0]) + 1

    @property
    def counted(self) -> bool:
        return True

    def takes(self, source: DType) -> bool:
        return self.factor(source) is not None

    def cast_bounds(self, source: DType, bounds: Range) -> Range:
        return self.cast(source, bounds[0]), self.cast(source, bounds[1])

    def cast(self, source: DType, value: Any) -> Any:
        return value * (self.factor(source) or 1)

    @property
    def held(self) -> pa.DataType:
        """Whole numbers of units."""
        import pyarrow as pa

        return pa.int64()

    def numbers(self, array: Any, name: str = "") -> Any:
        return array.cast(self.held)


@dataclass(frozen=True, eq=False)
class Bool(DType):
    """True or false; shared as one bit."""

    NICKNAMES: ClassVar[Mapping[str, str]] = {"boolean": "bool"}
    CONSTANTS: ClassVar[tuple[type, ...]] = (bool,)

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        return (column, cls()) if column.type == cls().arrow else None

    @property
    def limits(self) -> tuple[int, int]:
        return 0, 1

    @property
    def of_numbers(self) -> bool:
        return True

    @property
    def as_number(self) -> Int:
        return Int(64)

    @property
    def counted(self) -> bool:
        return True

    @property
    def adds(self) -> bool:
        return True

    @property
    def bits(self) -> int:
        return 1

    @property
    def zero(self) -> bool:
        return False

    def count(self, bounds: Range | None) -> int:
        return 2

    def summed(self, low: float, high: float, known: bool = True) -> Int:
        return Int(64)

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.bool_()


@dataclass(frozen=True, eq=False)
class Int(Whole):
    """Exact integers of 8, 16, 32 or 64 bits.

    Parameters
    ----------
    bits : {8, 16, 32, 64}
    signed : bool
    """

    NICKNAMES: ClassVar[Mapping[str, str]] = {"int": "int64", **{f"{u}Int{b}": f"{u.lower()}int{b}" for u in ("", "U") for b in RINGS}}
    CONSTANTS: ClassVar[tuple[type, ...]] = (int,)
    HOW: ClassVar[str] = "int8..int64, uint8..uint64"

    bits: int = 64
    signed: bool = True

    @classmethod
    def named(cls, head: str, inside: str | None) -> Int | None:
        sizes = {f"{u}int{b}": (b, not u) for u in ("", "u") for b in RINGS}
        return cls(*sizes[head]) if inside is None and head in sizes else None

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        if not cls().reaches(value):
            raise PlanError(f"a constant of {value.bit_length()} bits is too large: integers here have 64, from -2**63 to 2**64 - 1")
        return cls(64, signed=value < 1 << 63), value

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        import pyarrow as pa

        kind = column.type
        return (column, cls(kind.bit_width, pa.types.is_signed_integer(kind))) if pa.types.is_integer(kind) else None

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("number", "integer")

    @property
    def name(self) -> str:
        return f"{'int' if self.signed else 'uint'}{self.bits}"

    @property
    def is_numeric(self) -> bool:
        return True

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and the largest value."""
        return (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1) if self.signed else (0, (1 << self.bits) - 1)

    @property
    def room(self) -> tuple[int, int]:
        return -INT_LIMIT + 1, INT_LIMIT - 1

    @property
    def called(self) -> str:
        return "an integer result"

    def summed(self, low: float, high: float, known: bool = True) -> Int:
        return Int(64)

    def plus(self, other: DType) -> DType | None:
        return Int(64) if isinstance(other, Int) else None

    minus = times = plus

    def factor(self, source: DType) -> int | None:
        """What counts in days or microseconds is converted to their number."""
        return 1 if source.counted else None

    def takes(self, source: DType) -> bool:
        return source.counted or source.is_numeric

    def cast_bounds(self, source: DType, bounds: Range) -> Range:
        return math.floor(bounds[0]), math.ceil(bounds[1])

    def cast(self, source: DType, value: Any) -> Any:
        """Toward zero."""
        return int(value)

    def reaches(self, number: float) -> bool:
        return Int(64).bounds[0] <= number <= Int(64, signed=False).bounds[1]

    def placed(self, number: int | float | Fraction) -> tuple[DType, Fraction] | None:
        return Int(64, signed=number < 1 << 63), Fraction(number)

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        return (self, int(value)) if isinstance(value, bool | int) and self.bounds[0] <= value <= self.bounds[1] else None

    def like(self, other: DType) -> bool:
        return isinstance(other, Int)

    def united(self, other: DType) -> DType | None:
        return self if self == other else Int(64) if isinstance(other, Int) else None

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.from_numpy_dtype(self.name)

    @property
    def held(self) -> pa.DataType:
        return self.arrow

    def numbers(self, array: Any, name: str = "") -> Any:
        return array
