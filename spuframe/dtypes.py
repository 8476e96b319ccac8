"""Logical types, fields and schemas: what a column holds, who may see it, and within which range.

Nothing here touches data. A type knows its name, its plain-data form for the wire, the width of its
ring and the Arrow type of a revealed column.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from spuframe.errors import ColumnNotFoundError, PlanError, SchemaError

Range = tuple[float, float] | tuple[int, int]
"""Inclusive public bounds of a column's values; Python numbers, in the column's own unit."""

DEFAULT_FRACTION_BITS = 18
"""Fraction bits that a fixed-point value has at least, as long as its range leaves room for them."""


RINGS = (8, 16, 32, 64)
"""Bits of the rings that integers are shared in."""


def ring_for(low: int, high: int) -> int:
    """Bits of the narrowest ring in which values of ``low..high`` and their differences fit; at most 64.

    >>> ring_for(0, 63), ring_for(0, 64), ring_for(-(2**63), 2**63 - 1)
    (8, 16, 64)
    """
    need = max(abs(low), abs(high)).bit_length() + 2
    return next((bits for bits in RINGS if bits >= need), 64)


ALIASES = {
    "int": "int64", "boolean": "bool", "float16": "float", "float32": "float", "float64": "float", "double": "float",
    "Float32": "float", "Float64": "float",
    **{f"{u}Int{b}": f"{u.lower()}int{b}" for u in ("", "U") for b in (8, 16, 32, 64)},
}  # fmt: skip
"""How Python, NumPy and pandas call the types."""


def alias(name: str) -> str:
    """Our name of a type that pandas, NumPy or Python calls ``name``; other names as they are.

    >>> alias("Int64"), alias("float64"), alias("date")
    ('int64', 'float', 'date')
    """
    return ALIASES.get(name, name)


def exponent(bound: float) -> int:
    """The least e with ``bound <= 2**e``; that of one for zero.

    >>> exponent(8.0), exponent(8.1), exponent(0.3)
    (3, 4, -1)
    """
    mantissa, e = math.frexp(bound)
    return e - (mantissa == 0.5)


@dataclass(frozen=True, eq=False)
class DType:
    """Base of the logical types. Compare with ``==``, with names too, as NumPy's; make one from its name with :func:`parse_dtype`.

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
        return isinstance(other, str) and (other == str(self) or alias(other) in self.family)

    def __hash__(self) -> int:  # unlike a name's, although they compare equal: NumPy's types do the same
        return hash((type(self), *vars(self).values()))

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

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Bool(DType):
    """True or false; shared as one bit."""


@dataclass(frozen=True, eq=False)
class Int(DType):
    """Exact integers of 8, 16, 32 or 64 bits.

    Parameters
    ----------
    bits : {8, 16, 32, 64}
    signed : bool
    """

    bits: int = 64
    signed: bool = True

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


@dataclass(frozen=True, eq=False)
class Fixed(DType):
    """Real numbers in fixed point: ``round(x * 2**f)`` in the ring Z_2^64.

    Parameters
    ----------
    f : int
        Fraction bits, 0 to 92; the resolution is ``2**-f``. With more than 61, all values are below one.
    """

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
        low, high = (min(max(b, -self.limit), self.limit) * 2.0**self.f for b in bounds)
        return math.floor(low) * 2.0**-self.f, math.ceil(high) * 2.0**-self.f


EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Date(DType):
    """Days of the proleptic Gregorian calendar, from year 1 to 9999; counted from 1970-01-01, also in ranges and literals of plans.

    Shares count from 2000-01-01 (`ORIGIN`), so that the dates from 1955 to 2044 fit the ring of 16 bits.
    """

    ORIGIN: ClassVar[int] = 10957

    @property
    def has_range(self) -> bool:
        return True

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last day."""
        return ((datetime.date.min - EPOCH).days, (datetime.date.max - EPOCH).days)

    @staticmethod
    def days(value: object) -> int:
        """The number of a day given as a date, a datetime at midnight, an ISO string or a number of days.

        >>> Date.days("2020-02-29"), Date.days(datetime.date(1970, 1, 2))
        (18321, 1)
        """
        if isinstance(value, str):
            try:
                return (datetime.date.fromisoformat(value) - EPOCH).days
            except ValueError:
                raise PlanError(f"a date must be given as 'YYYY-MM-DD', got {value!r}") from None
        if isinstance(value, datetime.datetime):
            if value.tzinfo is not None or value.time() != datetime.time():
                raise PlanError(f"a date has no time of day and no zone, got {value!s}: use .date()")
            value = value.date()
        if isinstance(value, datetime.date):
            return (value - EPOCH).days
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise PlanError(f"a date must be a datetime.date or a string 'YYYY-MM-DD', got {type(value).__name__}")

    @staticmethod
    def day(days: int) -> datetime.date:
        """The date of a number of days.

        >>> Date.day(18321)
        datetime.date(2020, 2, 29)
        """
        return EPOCH + datetime.timedelta(days=days)


@dataclass(frozen=True, eq=False)
class String(DType):
    """Short strings of at most ``width`` bytes of UTF-8, packed and ordered bytewise.

    Parameters
    ----------
    width : int
        Bytes; shorter strings are padded with zero bytes.
    """

    width: int = 8

    @property
    def name(self) -> str:
        return f"string[{self.width}]"

    @property
    def family(self) -> tuple[str, ...]:
        return ("string", "str")

    @property
    def words(self) -> int:
        """How many words of 64 bits hold one string."""
        return -(-self.width // 8)


def parse_dtype(name: str) -> DType:
    """Make a type from its name, the inverse of ``str(dtype)``.

    >>> parse_dtype("int32"), parse_dtype("string[12]")
    (Int(bits=32, signed=True), String(width=12))
    """
    if name == "bool":
        return Bool()
    if name == "float":
        return Fixed()
    if name == "date":
        return Date()
    sized = re.fullmatch(r"float\[f=(-?\d{1,9})\]|string\[(\d{1,9})\]", name)
    if sized:
        return Fixed(int(sized[1])) if sized[1] else String(int(sized[2]))
    unsigned = name.startswith("u")
    digits = name.removeprefix("u").removeprefix("int")
    if name.removeprefix("u").startswith("int") and digits in {"8", "16", "32", "64"}:
        return Int(int(digits), not unsigned)
    raise SchemaError(f"unknown type {name!r}: use bool, int8..int64, uint8..uint64, float, float[f=n], date or string[n]")


@dataclass(frozen=True)
class Visibility:
    """Who can see a column's values: everybody, one owner, or nobody.

    Parameters
    ----------
    kind : {"public", "private", "secret"}
    owner : str or None
        The owner of a private column.
    """

    kind: Literal["public", "private", "secret"]
    owner: str | None = None

    def __str__(self) -> str:
        return f"private({self.owner})" if self.kind == "private" else self.kind

    def join(self, other: Visibility) -> Visibility:
        """The visibility of a value computed from both."""
        if self == other or other.kind == "public":
            return self
        return other if self.kind == "public" else SECRET


PUBLIC = Visibility("public")
SECRET = Visibility("secret")


def private(owner: str) -> Visibility:
    """Visible to ``owner`` alone, in plaintext at its own process."""
    return Visibility("private", owner)


@dataclass(frozen=True)
class Field:
    """One column: its name, type, nullability, visibility, owners and public value range.

    Parameters
    ----------
    name : str
    dtype : DType
    nullable : bool
        Whether a value may be missing.
    visibility : Visibility
    range : tuple of two numbers, or None
        Inclusive public bounds of the values; None where the type has none (strings) or none is known. Those of a fixed-point column are rounded
        outward to its resolution.
    owners : frozenset of str
        Whose data the column is computed from.
    """

    name: str
    dtype: DType
    nullable: bool = False
    visibility: Visibility = SECRET
    range: Range | None = None
    owners: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if isinstance(self.dtype, Fixed) and self.range is not None:
            object.__setattr__(self, "range", self.dtype.outward(self.range))

    def renamed(self, name: str) -> Field:
        return replace(self, name=name)

    def to_plain(self) -> dict[str, Any]:
        """Plain data for the wire."""
        return {
            "name": self.name,
            "dtype": str(self.dtype),
            "nullable": self.nullable,
            "visibility": self.visibility.kind,
            "owner": self.visibility.owner,
            "range": None if self.range is None else list(self.range),
            "owners": sorted(self.owners),
        }

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Field:
        """The inverse of :meth:`to_plain`."""
        bounds = data["range"]
        return cls(
            data["name"],
            parse_dtype(data["dtype"]),
            bool(data["nullable"]),
            Visibility(data["visibility"], data["owner"]),
            None if bounds is None else (bounds[0], bounds[1]),
            frozenset(data["owners"]),
        )


@dataclass(frozen=True)
class Schema:
    """Fields in order, with unique names."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for field in self.fields:
            if field.name in seen:
                raise SchemaError(f"column {field.name!r} occurs twice: rename one of them")
            seen.add(field.name)

    @classmethod
    def of(cls, fields: Sequence[Field]) -> Schema:
        return cls(tuple(fields))

    @property
    def names(self) -> list[str]:
        return [f.name for f in self.fields]

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise ColumnNotFoundError.of(name, self.names)

    def __contains__(self, name: object) -> bool:
        return any(f.name == name for f in self.fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)
