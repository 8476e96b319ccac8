"""Decimals: exact numbers with a fixed number of digits after the point."""

from __future__ import annotations

import decimal
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.base import DType
from spuframe.dtypes.measure import Int, Whole
from spuframe.dtypes.rows import refuse
from spuframe.errors import PlanError, SchemaError, TypeMismatchError

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS = {8: 3, 16: 5, 32: 10, 64: 18}
"""Digits that an integer counts as beside decimals; of 64 bits as many as there are, if its range says that they do."""


@dataclass(frozen=True, eq=False)
class Decimal(Whole):
    """Exact numbers of ``precision`` digits, ``scale`` of them after the point: whole multiples of ``10**-scale``, also in ranges and literals of plans.

    Sums, differences and products are exact, and their types those of Arrow and SQL, at most 18 digits: beyond, the public range must tell that they fit.

    Parameters
    ----------
    precision : int
        1 to 18.
    scale : int
        0 to ``precision``.
    """

    CONSTANTS: ClassVar[tuple[type, ...]] = (decimal.Decimal,)
    HOW: ClassVar[str] = "decimal[p,s]"

    MOST: ClassVar[int] = 18

    precision: int = 18
    scale: int = 0

    def __post_init__(self) -> None:
        good = all(isinstance(n, int) and not isinstance(n, bool) for n in (self.precision, self.scale))
        if not good or not 1 <= self.precision <= self.MOST or not 0 <= self.scale <= self.precision:
            raise SchemaError(
                f"a decimal has 1 to {self.MOST} digits, and of these 0 or more after the point, got decimal[{self.precision},{self.scale}]: "
                "round it, or take a float"
            )

    @classmethod
    def named(cls, head: str, inside: str | None) -> Decimal | None:
        digits = re.fullmatch(r"(-?\d{1,9}),(\d{1,9})", inside or "")
        return cls(int(digits[1]), int(digits[2])) if head == "decimal" and digits else None

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        found = cls.of(value)
        if found is None:
            raise PlanError(f"the constant {value!s} has more than {cls.MOST} digits: round it, or give a float")
        return found

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        """18 digits at most; of a wider type if all values have no more."""
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = column.type
        if not pa.types.is_decimal(kind):
            return None
        scale = max(kind.scale, 0)
        if scale > cls.MOST:
            raise TypeMismatchError(f"column {name!r} has {scale} digits after the point, of at most {cls.MOST}. Round it at the owner.")
        dtype = cls(max(scale, 1, min(kind.precision - min(kind.scale, 0), cls.MOST)), scale)
        wide = column.cast(pa.decimal256(76, scale))
        limit = pa.scalar(decimal.Decimal(10) ** (dtype.precision - scale), pa.decimal256(76, scale))
        refuse(name, pc.greater_equal(pc.abs(wide), limit), f"of more than {dtype.precision} digits", "Round them at the owner, or take floats")
        return wide.cast(dtype.arrow), dtype

    @classmethod
    def plain(cls, value: Any) -> str:
        return str(value)

    @property
    def name(self) -> str:
        return f"decimal[{self.precision},{self.scale}]"

    @property
    def family(self) -> tuple[str, ...]:
        return ("decimal", f"decimal128({self.precision}, {self.scale})[pyarrow]")

    @property
    def bounds(self) -> tuple[int, int]:
        return 1 - 10**self.precision, 10**self.precision - 1

    @property
    def of_numbers(self) -> bool:
        return True

    @property
    def counted(self) -> bool:
        return self.scale == 0

    @property
    def adds(self) -> bool:
        return True

    def summed(self, low: float, high: float, known: bool = True) -> Decimal:
        return Decimal(self.MOST, self.scale)

    def plus(self, other: DType) -> DType | None:
        if not isinstance(other, Decimal) or other.scale != self.scale:
            return None
        return Decimal(min(max(self.precision, other.precision) + 1, self.MOST), self.scale)

    minus = plus

    def times(self, other: DType) -> DType | None:
        if isinstance(other, Int):
            other = Decimal(_DIGITS[other.bits])
        if not isinstance(other, Decimal):
            return None
        scale = self.scale + other.scale
        if scale > self.MOST:
            raise TypeMismatchError(f"the product of {self} and {other} has {scale} digits after the point, of at most {self.MOST}: .round(2) one first")
        return Decimal(min(self.precision + other.precision + 1, self.MOST), scale)

    def like(self, other: DType) -> bool:
        return isinstance(other, Decimal) and other.scale == self.scale

    def united(self, other: DType) -> DType | None:
        return Decimal(max(self.precision, other.precision), self.scale) if isinstance(other, Decimal) and self.like(other) else None

    def wider(self, other: DType) -> DType | None:
        """With the digits of both before the point and after it, as far as there are so many."""
        if isinstance(other, Int):
            other = Decimal(_DIGITS[other.bits])
        if not isinstance(other, Decimal):
            return None
        scale = max(self.scale, other.scale)
        return Decimal(min(max(self.precision - self.scale, other.precision - other.scale) + scale, self.MOST), scale)

    def factor(self, source: DType) -> int | None:
        if isinstance(source, Int):
            return int(10**self.scale)
        return int(10 ** (self.scale - source.scale)) if isinstance(source, Decimal) and source.scale <= self.scale else None

    @classmethod
    def of(cls, value: int | float | decimal.Decimal | Fraction) -> tuple[Decimal, int] | None:
        """The smallest type that has a number, and how many of its units that is; a float is the number that it is written as.

        >>> Decimal.of(0.25), Decimal.of(12), Decimal.of(decimal.Decimal("1.50")), Decimal.of(1 / 3 * 1e-9)
        ((Decimal(precision=2, scale=2), 25), (Decimal(precision=2, scale=0), 12), (Decimal(precision=3, scale=2), 150), None)
        """
        exact = decimal.Decimal(repr(value)) if isinstance(value, float) else decimal.Decimal(value)  # type: ignore[arg-type]
        if isinstance(value, float):
            exact = exact.normalize()
        sign, digits, exponent = exact.as_tuple()
        if not isinstance(exponent, int):  # NaN, infinity
            return None
        scale = max(0, -exponent)
        units = int("".join(map(str, digits))) * 10 ** max(0, exponent) if exponent <= cls.MOST else 10**cls.MOST
        precision = max(len(str(units)), scale, 1)
        return (cls(precision, scale), -units if sign else units) if precision <= cls.MOST else None

    def number(self, value: Any) -> Fraction:
        """The number that so many units are."""
        return Fraction(value, 10**self.scale)

    def reaches(self, number: float) -> bool:
        return abs(number) < float(10**self.MOST)

    def placed(self, number: int | float | Fraction) -> tuple[DType, Fraction] | None:
        """A float is the number that it is written as; beyond all values it does not matter how far."""
        units, limit = Fraction(repr(number) if isinstance(number, float) else number) * 10**self.scale, Fraction(10**self.precision)
        return self, min(max(units, -limit), limit)

    def scaling(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A float as the decimal that it is written as."""
        return self.of(value) if isinstance(value, float) else None

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A number, at this scale or, where it has more digits after the point, at its own."""
        found = (dtype, value) if isinstance(dtype, Decimal) else self.of(value) if dtype.is_numeric and isinstance(value, int | float) else None
        if found is None:
            return None
        own, units = found
        scale = max(self.scale, own.scale)
        units *= 10 ** (scale - own.scale)
        precision = max(len(str(abs(units))), scale, self.precision if scale == self.scale else 1)
        return (Decimal(precision, scale), units) if precision <= self.MOST else None

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.decimal128(self.precision, self.scale)

    def numbers(self, array: Any, name: str = "") -> Any:
        """The units, which are the lower halves of Arrow's words of 128 bits."""
        import numpy as np
        import pyarrow as pa

        if isinstance(array, pa.ChunkedArray):
            return pa.chunked_array([self.numbers(c, name) for c in array.chunks], self.held)
        if array.type != self.arrow:
            array = array.cast(self.arrow)
        words = np.frombuffer(array.buffers()[1] or b"", np.int64)[: 2 * (array.offset + len(array)) : 2][array.offset :]
        return pa.array(words, mask=np.asarray(array.is_null()) if array.null_count else None)

    def valued(self, array: Any) -> Any:
        import numpy as np
        import pyarrow as pa

        if isinstance(array, pa.ChunkedArray):
            return pa.chunked_array([self.valued(c) for c in array.chunks], self.arrow)
        units = np.asarray(array.fill_null(0), np.int64)
        words = np.stack([units, units >> 63], axis=1)
        valid = pa.array(np.asarray(array.is_valid())).buffers()[1] if array.null_count else None
        return pa.Array.from_buffers(self.arrow, len(units), [valid, pa.py_buffer(np.ascontiguousarray(words))])

    def constant(self, value: Any) -> Any:
        """The units of a number, also of one written as a string.

        >>> Decimal(9, 2).constant("12.5"), Decimal(9, 2).constant(3), Decimal(9, 2).constant(0.07)
        (1250, 300, 7)
        """
        if value is None:
            return None
        try:
            found = None if isinstance(value, bool) else self.of(decimal.Decimal(value) if isinstance(value, str) else value)
        except (decimal.InvalidOperation, TypeError, ValueError):
            raise PlanError(f"a decimal must be a decimal.Decimal, a number or a string of one, got {type(value).__name__}") from None
        if found is None or found[0].scale > self.scale:
            raise PlanError(f"the number {value!s} is no {self}, which has {self.scale} digits after the point: round it")
        return found[1] * 10 ** (self.scale - found[0].scale)

    def shown(self, value: Any) -> str:
        return str(decimal.Decimal(int(value)).scaleb(-self.scale, decimal.Context(prec=40)))

    bound = shown
