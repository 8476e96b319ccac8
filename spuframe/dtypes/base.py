"""The base of the logical types: what every type answers, whoever asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.errors import TypeMismatchError

if TYPE_CHECKING:
    import pyarrow as pa

Range = tuple[float, float] | tuple[int, int]
"""Inclusive public bounds of a column's values; Python numbers, in the column's own unit."""

RINGS = (8, 16, 32, 64)
"""Bits of the rings that integers are shared in."""


def ring_for(low: int, high: int) -> int:
    """Bits of the narrowest ring in which values of ``low..high`` and their differences fit; at most 64.

    >>> ring_for(0, 63), ring_for(0, 64), ring_for(-(2**63), 2**63 - 1)
    (8, 16, 64)
    """
    need = max(abs(low), abs(high)).bit_length() + 2
    return next((bits for bits in RINGS if bits >= need), 64)


def exponent(bound: float) -> int:
    """The least e with ``bound <= 2**e``; that of one for zero.

    >>> exponent(8.0), exponent(8.1), exponent(0.3)
    (3, 4, -1)
    """
    mantissa, e = math.frexp(bound)
    return e - (mantissa == 0.5)


def number(bound: float) -> str:
    """A bound as messages print it: large ones that end a type as what they are.

    >>> number(97), number(2**64 - 1), number(-(2.0**62)), number(3e15)
    ('97', '2^64 - 1', '-2^62', '3e+15')
    """
    size = int(abs(bound)) if math.isfinite(bound) else 0
    for below in (0, 1) if size >= 1 << 53 else ():
        if (size + below) & (size + below - 1) == 0:
            power = f"2^{(size + below).bit_length() - 1}{' - 1' * below}"
            return power if bound > 0 else f"-({power})" if below else f"-{power}"
    return f"{bound:g}" if isinstance(bound, float) or abs(bound) > 10**12 else str(bound)


def real(value: int | float | Fraction) -> int | float | Fraction:
    """A number as the constant of a float's type: the float that it is, or itself where it is none.

    >>> real(3), real(2**53 + 1)
    (3.0, 9007199254740993)
    """
    found = float(value)
    return found if found == value else value


def enclosing(bounds: Sequence[int | float | Fraction]) -> tuple[float, float]:
    """Bounds as floats, rounded outward where they are none.

    >>> enclosing((-(2**53) - 1, 2**53 + 1))
    (-9007199254740994.0, 9007199254740994.0)
    """
    low, high = map(float, bounds)
    return (math.nextafter(low, -math.inf) if low > bounds[0] else low, math.nextafter(high, math.inf) if high < bounds[1] else high)


@dataclass(frozen=True, eq=False)
class DType:
    """Base of the logical types. Compare with ``==``, with names too, as NumPy's; make one from its name with :func:`parse_dtype`.

    >>> from spuframe.dtypes import Fixed, Int
    >>> Int(64) == Int(64), Int(64) == "int64", Int(64) == int, Fixed() == "float64", Int(32) == "int64"
    (True, True, True, True, False)
    """

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return type(self) is type(other) and vars(self) == vars(other)
        if isinstance(other, type):
            other = other.__name__
        elif type(other).__module__.split(".")[0] in ("numpy", "pandas"):
            other = getattr(other, "name", None)
        return isinstance(other, str) and (other == str(self) or (self.nicknamed(other) or other) in self.family)

    def __hash__(self) -> int:  # unlike a name's, although they compare equal: NumPy's types do the same
        return hash((type(self), *vars(self).values()))

    # ---- its names, and the values of Python that are constants of it -----------------------------------
    NICKNAMES: ClassVar[Mapping[str, str]] = {}
    """Names of Python, NumPy and pandas, and ours for them."""
    CONSTANTS: ClassVar[tuple[type, ...]] = ()
    """Types of Python whose values are constants of it."""
    HOW: ClassVar[str] = ""
    """How its names are written, if there are several."""

    @classmethod
    def named(cls, head: str, inside: str | None) -> DType | None:
        """The type called ``head`` or ``head[inside]``, if it is one of these."""
        return cls() if inside is None and head == cls.__name__.lower() else None

    @classmethod
    def nicknamed(cls, name: str) -> str | None:
        """Our name of a type of these that Python, NumPy or pandas calls ``name``."""
        return cls.NICKNAMES.get(name)

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        """A value of `CONSTANTS` as a constant: its type, and the form that constants have."""
        return cls(), cls().constant(value)

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        """An owner's Arrow column in the Arrow type of one of these types, and that type; None if it holds none of their values.

        Raises
        ------
        TypeMismatchError, EncodingError
            No type of these holds all values; the message names the rows.
        """
        return None

    @classmethod
    def plain(cls, value: Any) -> bool | int | float | str:
        """A value of `CONSTANTS` as plain data, which `constant` reads again."""
        return value  # type: ignore[no-any-return]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names that pandas and NumPy have for it and other types, where columns are chosen by their types."""
        return ()

    @property
    def family(self) -> tuple[str, ...]:
        """Names that fit the type whatever its parameters, as pandas' types have none of them."""
        return (self.name,)

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @property
    def label(self) -> str:
        """What users are shown: the name, without what only the encoding of a float knows."""
        return self.name

    @property
    def is_numeric(self) -> bool:
        return False

    @property
    def has_range(self) -> bool:
        """Whether values lie on a line of numbers, so that public bounds narrow them: numbers and dates."""
        return self.is_numeric

    # ---- which numbers its values stand for --------------------------------------------------------------
    @property
    def exact(self) -> bool:
        """Whether nothing of it is ever rounded, and no computed value leaves its bounds."""
        return True

    @property
    def of_numbers(self) -> bool:
        """Whether its values stand for numbers (`number`), as those of booleans do for 0 and 1, and go with all types that do."""
        return self.is_numeric

    @property
    def as_number(self) -> DType:
        """The type in which its values count as numbers: of booleans that of 0 and 1."""
        return self

    def number(self, value: Any) -> Any:
        """The number that a constant stands for, exactly."""
        return value

    def reaches(self, number: float) -> bool:
        """Whether there may be a constant beside its values, of numbers, that is so large; beyond, and of NaN, it is known how all of them compare."""
        return True

    def placed(self, number: int | float | Fraction) -> tuple[DType, Fraction] | None:
        """A number among its values: how many units that is, maybe none or between two, and the type of whole ones; None where values are rounded."""
        return None

    @property
    def tick(self) -> int | None:
        """Microseconds of its unit, of what is a day or a point in time and counts from 1970-01-01."""
        return None

    # ---- how its values are shared: the answers of a type that is no number ---------------------------
    ORIGIN: ClassVar[int] = 0
    """What the word zero stands for."""

    @property
    def frac(self) -> int:
        """Fraction bits: the unit is ``2**-frac``."""
        return 0

    @property
    def limits(self) -> Range:
        """The smallest and the largest value, as far as values are numbers here: booleans count as 0 and 1."""
        raise TypeMismatchError(f"{self} has no smallest and no largest number")

    @property
    def room(self) -> Range:
        """Between which bounds a computed value may lie."""
        return self.limits

    @property
    def ceiling(self) -> int | float:
        """What a computed value must stay below."""
        return self.room[1] + 1

    @property
    def called(self) -> str:
        """What messages call a computed value."""
        return f"a {self}"

    def enclosed(self, bounds: Sequence[int | float | Fraction]) -> Range:
        """Bounds of computed values, in the form that those of its columns have."""
        return int(bounds[0]), int(bounds[1])

    @property
    def readable(self) -> Range:
        """Between which bounds a column may lie that is read."""
        return self.limits

    def outward(self, bounds: Range) -> Range:
        """Bounds as multiples of the unit, which all values are rounded to; equal ones in one form, so that equal fields read alike.

        >>> from spuframe.dtypes import Int
        >>> Int(8).outward((0.0, 1.0))
        (0, 1)
        """
        low, high = (int(b) if isinstance(b, float) and b.is_integer() else b for b in bounds)
        return low, high

    def count(self, bounds: Range | None) -> int | None:
        """How many different values there can be between public bounds; None where they do not say."""
        return None

    def units(self, bounds: Sequence[float] | None) -> tuple[int, int]:
        """Bounds of a column (by default those of the type) as words: in the unit of the type, from its origin."""
        return 0, 1

    def holding(self, low: int, high: int) -> int:
        """Bits of the ring that holds words between the two."""
        return ring_for(low, high)

    def ring(self, bounds: Sequence[float] | None) -> int:
        """Bits of the ring of a column with the bounds; 0 for what is shared as bits."""
        return 0

    @property
    def bits(self) -> int:
        """Bits of a value, of what is shared as bits, in which the words are ordered as the values."""
        return 0

    # ---- what its values are computed to: types of words that are added and multiplied as they are -----
    @property
    def counted(self) -> bool:
        """Whether an integer stands for so many units of it, and converts to and from it so."""
        return False

    @property
    def adds(self) -> bool:
        """Whether its values have a sum."""
        return self.is_numeric

    @property
    def of_units(self) -> bool:
        """Whether its values have sums, although they are no numbers but so many units: decimals and durations."""
        return self.adds and self.has_range and not self.is_numeric

    @property
    def span(self) -> DType | None:
        """The type of differences of its values, if these are so many units."""
        found = self.minus(self)
        return found if found is not None and found.of_units else None

    @property
    def zero(self) -> Any:
        """The constant that stands where there is nothing; of what `adds`, nothing."""
        return 0

    def summed(self, low: float, high: float, known: bool = True) -> DType:
        """The type of a sum between the bounds; ``known``: they follow from bounds of the terms."""
        raise TypeMismatchError(f"values of {self} have no sum")

    def plus(self, other: DType) -> DType | None:
        """The type of ``x + y`` with y of the other type; None where words of the two are not added. As `minus` and `times`."""
        return None

    def minus(self, other: DType) -> DType | None:
        return None

    def times(self, other: DType) -> DType | None:
        return None

    # ---- how it meets other types ----------------------------------------------------------------------
    def like(self, other: DType) -> bool:
        """Whether words of both are compared and moved as they are."""
        return self == other

    def united(self, other: DType) -> DType | None:
        """The type of a column with values of both, if they need no conversion."""
        return self if self == other else None

    def wider(self, other: DType) -> DType | None:
        """The type that both convert to without loss, as far as this one knows it (see `meet`)."""
        return self.united(other)

    def factor(self, source: DType) -> int | None:
        """How many units of this type one of the other is, if it is converted by counting in these; None where it is not."""
        return 1 if self == source else None

    # ---- how its values are shown ------------------------------------------------------------------------
    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of a revealed column."""
        raise NotImplementedError

    @property
    def held(self) -> pa.DataType:
        """The Arrow type in which an owner computes with its values."""
        return self.arrow

    def numbers(self, array: Any, name: str = "") -> Any:
        """A column of `arrow`, as it is held; what cannot be is refused under its ``name``."""
        return array

    def word(self, value: Any) -> Any:
        """A constant as it is held."""
        return value

    def valued(self, array: Any) -> Any:
        """What is held, as a column of `arrow`."""
        return array.cast(self.arrow)

    def constant(self, value: Any) -> Any:
        """A value that a user writes, in the form that constants and ranges have."""
        return value

    def moving(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """`adopted`, of a constant that is added to its values or subtracted."""
        return self.adopted(value, dtype)

    def moved_by(self, other: DType) -> DType:
        """The type that its values are converted to before values of the other are added to them, or subtracted."""
        return self

    def scaling(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A constant that multiplies its values, in the type that it has then; None where that is its own."""
        return None

    # ---- what constants are ------------------------------------------------------------------------------
    def around(self, value: Any) -> Range | None:
        """The bounds of a constant, or of null."""
        return None

    def form(self, value: Any) -> Any:
        """A computed value in the form that constants have."""
        return value

    def takes(self, source: DType) -> bool:
        """Whether values of the other type are cast to it."""
        return False

    def cast_bounds(self, source: DType, bounds: Range) -> Range:
        """Between which bounds values of a type that it `takes` lie after a cast, if they lie between those before."""
        return bounds

    def cast(self, source: DType, value: Any) -> Any:
        """A value of a type that it `takes`, as one of this."""
        return value

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A constant of another type as one of this type, or of one that values of this type convert to; None where it is none.

        It has the form that constants have; a type of times, decimals and durations takes it for a constant that stands beside its columns, too.
        """
        return None

    def shown(self, value: Any) -> str:
        """A constant as people write it."""
        return repr(value)

    def bound(self, value: Any) -> str:
        """An end of a range as people write it."""
        return number(value)

    def __str__(self) -> str:
        return self.name


def meet(a: DType, b: DType) -> DType | None:
    """The type that both convert to without loss, as far as one of the two knows it."""
    return a.wider(b) or b.wider(a)
