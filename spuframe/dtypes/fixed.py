"""Real numbers in fixed point."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.base import DType, Range, enclosing, exponent, real
from spuframe.dtypes.measure import Measure
from spuframe.dtypes.rows import rows_text
from spuframe.errors import EncodingError, NotFiniteError, PlanError, SchemaError

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_FRACTION_BITS = 18
"""Fraction bits that a fixed-point value has at least, as long as its range leaves room for them."""


@dataclass(frozen=True, eq=False)
class Fixed(Measure):
    """Real numbers in fixed point: ``round(x * 2**f)`` in the ring Z_2^64.

    Parameters
    ----------
    f : int
        Fraction bits, 0 to 92; the resolution is ``2**-f``. With more than 61, all values are below one.
    """

    NICKNAMES: ClassVar[Mapping[str, str]] = dict.fromkeys(("float16", "float32", "float64", "double", "Float32", "Float64"), "float")
    CONSTANTS: ClassVar[tuple[type, ...]] = (float,)
    HOW: ClassVar[str] = "float, float[f=n]"

    MOST: ClassVar[int] = 92  # a bound of 2^-62 keeps its 30 bits
    SIGNIFICANT: ClassVar[int] = 30
    """Bits that a value keeps against its bound, at least: two such factors multiply below 2^62."""
    SPAN: ClassVar[int] = 46
    """Bits that a result takes against its bound, at most, to keep the fraction bits of its operands: sums of 2^15 rows of it fit."""
    ROOM: ClassVar[int] = 61
    """Bits of the largest value of any range."""

    f: int = DEFAULT_FRACTION_BITS

    def __post_init__(self) -> None:
        if isinstance(self.f, bool) or not isinstance(self.f, int) or not 0 <= self.f <= self.MOST:
            raise SchemaError(
                f"a float keeps 0 to {self.MOST} fraction bits in its ring of 64 bits, got f={self.f!r}: "
                f"use 'float' ({DEFAULT_FRACTION_BITS} bits) or 'float[f=n]'"
            )

    @classmethod
    def named(cls, head: str, inside: str | None) -> Fixed | None:
        if head != "float" or inside is None:
            return cls() if head == "float" else None
        bits = re.fullmatch(r"f=(-?\d{1,9})", inside)
        return cls(int(bits[1])) if bits else None

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        if not math.isfinite(value):
            infinite = "compare with infinity, x < np.inf, or take a finite bound"
            remedy = "a missing value is null here, use isna() and fillna()" if value != value else infinite
            raise PlanError(f"a constant must be finite, got {value}: {remedy}")
        found = cls.for_range(value, value)
        if not found.reaches(value):
            raise PlanError(f"the constant {value} is too large for {found}: |x| must be below {found.limit:g}")
        return found, value

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("number", "floating")

    @classmethod
    def for_range(cls, low: float, high: float, *, own: int = 0, span: int = SPAN) -> Fixed:
        """The type for values between two public bounds: 30 significant bits against the larger one, and 18 fraction bits, as far as they fit.

        Columns, constants and results of all functions have their type from here.

        Parameters
        ----------
        low, high : float
        own : int
            Fraction bits that what the value is computed from has: kept, if the result then takes no more than ``span`` bits.
        span : int

        >>> [Fixed.for_range(0, top).f for top in (1e-12, 1e-3, 1, 100, 1e6, 1e15)], Fixed.for_range(0, 1, own=40).f
        ([69, 39, 30, 23, 18, 11], 40)
        """
        top = max(abs(low), abs(high))
        if not top:
            return cls(max(DEFAULT_FRACTION_BITS, min(own, cls.MOST)))
        e = exponent(top)
        f = max(DEFAULT_FRACTION_BITS, cls.SIGNIFICANT - e, min(own, span - e))
        return cls(max(0, min(f, cls.ROOM - e, cls.MOST)))

    @classmethod
    def common(cls, *operands: tuple[float, int], span: int = SPAN) -> Fixed:
        """The type in which values meet, given as (bound, fraction bits): the finest one, unless the largest bound needs more than ``span`` bits in it.

        >>> Fixed.common((1.0, 30), (100.0, 23)).f, Fixed.common((1e-6, 49), (1e6, 18)).f
        (30, 26)
        """
        top = max(bound for bound, _ in operands)
        e = exponent(top)
        span = max(span, *(exponent(bound) + f for bound, f in operands))
        f = min(max(f for _, f in operands), max(span - e, DEFAULT_FRACTION_BITS, cls.SIGNIFICANT - e))
        return cls(f if top <= cls(f).limit else max(0, cls.ROOM - e))

    def summed(self, low: float, high: float, known: bool = True) -> Fixed:
        """The type in which values of this one are summed to something between the bounds: coarser, if that needs the room.

        All bits of the ring are for the sum then: n values that are cut before they are summed are off by ``n**2 * 2**-61`` of its bound at most.
        Of values of which no bounds are ``known`` but their type's, 18 fraction bits stay, whether the sum fits or not.

        >>> Fixed(40).summed(0, 2.0**30), Fixed(40).summed(0, 100.0), Fixed(18).summed(0, 50e12)
        (Fixed(f=31), Fixed(f=40), Fixed(f=15))
        """
        top = max(abs(low), abs(high))
        return self if top < self.limit else Fixed(max(0 if known else min(self.f, DEFAULT_FRACTION_BITS), self.ROOM - exponent(top)))

    def plus(self, other: DType) -> DType | None:
        return self if self == other else None

    minus = plus

    @property
    def zero(self) -> Any:
        return 0.0

    @property
    def exact(self) -> bool:
        return False

    def reaches(self, number: float) -> bool:
        return abs(number) < self.limit

    @property
    def room(self) -> tuple[float, float]:
        most = math.nextafter(self.limit, 0.0)
        return -most, most

    @property
    def ceiling(self) -> float:
        return self.limit

    @property
    def readable(self) -> tuple[float, float]:
        return -self.largest, self.largest

    def enclosed(self, bounds: Sequence[int | float | Fraction]) -> Range:
        return enclosing(bounds)

    def form(self, value: Any) -> Any:
        return real(value) if isinstance(value, int | float | Fraction) else value

    def takes(self, source: DType) -> bool:
        return source.as_number.is_numeric

    def cast(self, source: DType, value: Any) -> Any:
        return real(value)

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        return (self, real(value)) if isinstance(value, int | float) and abs(value) < self.limit else None

    @property
    def name(self) -> str:
        return "float" if self.f == DEFAULT_FRACTION_BITS else f"float[f={self.f}]"

    @property
    def family(self) -> tuple[str, ...]:
        return ("float",)

    @property
    def label(self) -> str:
        return "float"

    @property
    def is_numeric(self) -> bool:
        return True

    @property
    def limit(self) -> float:
        """The largest magnitude that every operation can take: ``|x| * 2**f < 2**62``."""
        return float(2 ** (62 - self.f))

    @property
    def largest(self) -> float:
        """The largest magnitude of a column that is read, and of a quotient: below `limit` by so much that rounding does not leave the type."""
        return min(self.limit - min(1.0, self.limit / 2), math.nextafter(self.limit, 0.0))

    def nearest(self, value: float) -> float:
        """The value of the type that a number is stored as.

        >>> Fixed(2).nearest(0.3), Fixed(2).nearest(0.375)
        (0.25, 0.5)
        """
        return round(value * 2.0**self.f) * 2.0**-self.f

    def outward(self, bounds: Range) -> Range:
        """Bounds as multiples of the resolution, which all values are rounded to: a value below a bound that is none may be stored; within `limit`.

        >>> Fixed(2).outward((0.3, 0.8)), Fixed(2).outward((-0.1, 1.5))
        ((0.25, 1.0), (-0.25, 1.5))
        """
        low, high = (min(max(b, -self.limit), self.limit) * 2.0**self.f for b in enclosing(bounds))
        return math.floor(low) * 2.0**-self.f, math.ceil(high) * 2.0**-self.f

    @property
    def frac(self) -> int:
        return self.f

    @property
    def limits(self) -> tuple[float, float]:
        return -self.limit, self.limit

    def units(self, bounds: Sequence[float] | None) -> tuple[int, int]:
        if bounds is None:
            return -(1 << 62), 1 << 62
        low, high = (min(max(b, -self.limit), self.limit) for b in enclosing(bounds))
        return math.floor(low * 2.0**self.f), math.ceil(high * 2.0**self.f)

    def holding(self, low: int, high: int) -> int:
        return 64

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.float64()

    @property
    def held(self) -> pa.DataType:
        """Words: multiples of ``2**-f``, each the nearest."""
        import pyarrow as pa

        return pa.int64()

    def numbers(self, array: Any, name: str = "") -> Any:
        """Floats as words.

        >>> import pyarrow as pa
        >>> Fixed(4).numbers(pa.array([0.3, -0.01, None])).to_pylist()
        [5, 0, None]
        """
        import numpy as np
        import pyarrow as pa

        floats = np.asarray(array.fill_null(0), np.float64)
        bad = ~np.isfinite(floats)
        if bad.any():
            raise NotFiniteError(f"column {name!r} has NaN or infinity in {rows_text(bad)}: use dropna or fillna first, or null instead of NaN")
        outside = np.abs(floats) >= self.limit
        if outside.any():
            raise EncodingError(
                f"column {name!r} has values in {rows_text(outside)} that {self} cannot hold (magnitude below {self.limit:g}): "
                "scale the column, or use fewer fraction bits"
            )
        words = np.rint(floats * 2.0**self.f).astype(np.int64)
        return pa.array(words, mask=np.asarray(array.is_null()) if array.null_count else None)

    def valued(self, array: Any) -> Any:
        import numpy as np
        import pyarrow as pa

        floats = np.asarray(array.fill_null(0)) * 2.0**-self.f
        return pa.array(floats, mask=np.asarray(array.is_null()) if array.null_count else None)

    def word(self, value: Any) -> Any:
        return None if value is None else round(Fraction(value) * (1 << self.f))

    def constant(self, value: Any) -> Any:
        return None if value is None else real(value)
