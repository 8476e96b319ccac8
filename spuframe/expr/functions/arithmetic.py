"""Arithmetic: add, sub, mul, div, neg.

Integers give int64 with the range tracked; a float on either side, or a division, gives fixed point. Booleans count as 0 and 1.

>>> from spuframe.dtypes import Field, Fixed, Int, number, number
>>> from spuframe.expr import col, div
>>> cost = col(Field("cost", Fixed(), range=(0.0, 131072.0)))
>>> days = col(Field("days", Int(32), range=(0, 63)))
>>> per_day = div(cost, days)
>>> str(per_day), str(per_day.dtype), per_day.nullable, [round(b) for b in per_day.range]
('cost / days', 'float', True, [0, 131072])
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from spuframe.dtypes import DEFAULT_FRACTION_BITS, INT_LIMIT, DType, Fixed, Int, Range, exponent, meet, number
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.common import (
    LEAST,
    Binary,
    Number,
    bits_left,
    bits_of,
    bound_of,
    checked,
    mismatch,
    only_nulls,
    overflow,
    ranges_text,
    refuse_large,
    total,
    warn_precision,
)
from spuframe.expr.functions.conversion import Cast, convert, counted
from spuframe.expr.functions.promotion import alike, numeric, terms
from spuframe.expr.named import named
from spuframe.expr.rings import of_dividend, of_result
from spuframe.expr.stated import EXACT, NEAREST, Stated, always

__all__ = ["add", "sub", "mul", "div", "neg", "pos", "square", "reciprocal"]

LEAST_SIGNIFICANT = 12
"""Bits that a quotient keeps of what it is where both operands are at their bounds; with fewer, who builds it is warned."""
LONG = 60
"""Bits of a divisor in units of the quotient, above which that may not be the nearest."""
MOST_DROPPED = 62
"""Fraction bits that the truncation of a product takes off, at most; and bits of the product that it takes at once."""
CUT = 3
"""Units that a product in parts may be off, each of which is truncated."""


@dataclass(frozen=True, eq=False, repr=False)
class Add(Binary):
    """``left + right``; operands of one type (integers of any width), or a date and a number of days."""

    fn, infix = "add", "+"
    rings = of_result
    states = always(EXACT)
    beyond = "refused if the range overflows"
    last_place = "kept"

    def inferred(self) -> Info:
        dtype = _result(self, "add")
        (a, b), (c, d) = bounds_of(self.left), bounds_of(self.right)
        return self.info_of(dtype, checked(self, dtype, (total(a, c, dtype), total(b, d, dtype))))

    def simpler(self) -> Expr | None:
        return self.left if _is(self.right, 0) else self.right if _is(self.left, 0) else None

    def value(self, *args: Any) -> Scalar:
        return args[0] + args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class Sub(Binary):
    """``left - right``; operands of one type (integers of any width), two dates (the days between them), or a date and a number of days."""

    fn, infix = "sub", "-"
    rings = of_result
    states = always(EXACT)
    beyond = "refused if the range overflows"
    last_place = "kept"

    def inferred(self) -> Info:
        dtype = _result(self, "subtract")
        (a, b), (c, d) = bounds_of(self.left), bounds_of(self.right)
        return self.info_of(dtype, checked(self, dtype, (total(a, -d, dtype), total(b, -c, dtype))))

    def simpler(self) -> Expr | None:
        return self.left if _is(self.right, 0) else None

    def value(self, *args: Any) -> Scalar:
        return args[0] - args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class Mul(Binary):
    """``left * right``; ``target`` is the type of the result if it is fixed point, which the builder chooses."""

    target: Fixed | None = None
    fn, infix = "mul", "*"
    rings = of_result
    constants = "exact"
    states = MappingProxyType(
        {
            "integers, whole constants": EXACT,
            "constants, as they are, however small": Stated(relative=2.0**-29, units=2.5, chance=True),
            "two floats": Stated(units=3, chance=True),
        }
    )
    beyond = "refused if the ranges overflow"

    @property
    def case(self) -> str:
        exact, constant, columns = self.states
        found = [e for e in self.args if isinstance(e, Lit)]
        added = self.dtype.frac - sum(bits_of(e) for e in self.args if not isinstance(e, Lit))  # what is not dropped is not rounded
        for e in found:
            if isinstance(e.value, int | float) and (Fraction(e.value) * Fraction(2) ** added).denominator > 1:
                return constant
        return exact if found or added >= 0 else columns

    def inferred(self) -> Info:
        kinds = (self.left.dtype, self.right.dtype)
        dtype = kinds[0].times(kinds[1]) if self.target is None else self.target if all(k.is_numeric for k in kinds) else None
        if dtype is None or dtype.exact != all(k.exact for k in kinds):
            raise mismatch("multiply", self.args, "build it with spuframe.expr.mul, which chooses the type of the product")
        if not dtype.exact and not any(isinstance(e, Lit) and (e.value is None or float(e.value).is_integer()) for e in self.args):
            for e in self.args:  # which is cut into parts, or cut off
                if not isinstance(e, Lit):
                    refuse_large(self, e, "a factor beside a fraction")
        return self.info_of(dtype, checked(self, dtype, self._bounds(dtype)))

    def _bounds(self, dtype: DType) -> tuple[Number, Number]:
        low, high = bounds = product(self.left, self.right)
        if dtype.exact:
            return bounds
        if max(abs(low), abs(high)) * 2.0**dtype.frac >= 2**53:
            left, right = ([Fraction(b) for b in bounds_of(e)] for e in self.args)
            bounds = _corners(left, right, self.left == self.right)
        relative, units = self._error(dtype)
        return _blurred(bounds, dtype, relative, units) if units else bounds

    def _error(self, dtype: DType) -> tuple[Fraction, int]:
        """How far a product may lie outside of its exact bounds: of itself, and in units; one truncation, to a unit above or below, never leaves them."""
        constant, other = (self.left, self.right) if isinstance(self.left, Lit) else (self.right, self.left)
        if isinstance(constant, Lit):
            whole = constant.value is None or float(constant.value).is_integer()
            return (Fraction(0), 0 if bits_of(other) <= dtype.frac else CUT) if whole else (Fraction(1, 1 << 29), CUT)
        bits = [(int(bound_of(e) * 2.0 ** bits_of(e)) + 1).bit_length() for e in self.args]
        return Fraction(0), 0 if bits_of(self.left) + bits_of(self.right) <= dtype.frac or sum(bits) < MOST_DROPPED else CUT

    def simpler(self) -> Expr | None:
        return self.left if _is(self.right, 1) else self.right if _is(self.left, 1) else None

    def value(self, *args: Any) -> Scalar:
        return args[0] * args[1]  # type: ignore[no-any-return]


def product(left: Expr, right: Expr) -> Range:
    """The range of ``left * right``."""
    return _corners(bounds_of(left), bounds_of(right), left == right)  # type: ignore[no-any-return]


def _corners(left: Any, right: Any, square: bool) -> Any:
    (a, b), (c, d) = left, right
    corners = [a * a, b * b] + [0] * (a < 0 < b) if square else [a * c, a * d, b * c, b * d]
    return (min(corners), max(corners))


@dataclass(frozen=True, eq=False, repr=False)
class Div(Binary):
    """``left / right``, null where the denominator is 0; ``target`` is the type of the result, which the builder chooses.

    A quotient that leaves the fixed-point range (its denominator is close to 0) is clipped to the range's limit; refused if every quotient would be.
    """

    target: Fixed
    fn, infix = "div", "/"
    rings = of_dividend
    constants = "exact"
    states = MappingProxyType(
        {
            "": NEAREST,
            f"divisors that may be 2^{LONG} units, and more": Stated(relative=2.0**-27, units=6.5, chance=True),
            f"constants that are a whole number of {LONG} bits, and more": Stated(relative=2.0**-29, units=2.5, chance=True),
            "quotients that may reach the limit of their type": Stated(relative=2.0**-25, units=6.5, chance=True),
        }
    )
    beyond = (
        "null where the divisor is 0; clipped to 2^(62-f) - 1 where it is larger, refused if it always is; a constant 0 is "
        "refused as a divisor, an integer that may be 2^62 as a dividend; a PrecisionWarning where few digits are left, and of "
        "divisors of 61 bits and more"
    )

    @property
    def case(self) -> str:
        nearest, long, digits, limit = self.states
        if isinstance(self.right, Lit):
            return digits if _digits(self) >= LONG else nearest
        own = max(bits_of(self.right), 0 if isinstance(self.left, Lit) else bits_of(self.left) - self.target.f)
        if bound_of(self.right) * 2.0**own >= 2.0**LONG:
            return long
        return limit if bound_of(self) >= self.target.largest / 2 else nearest

    @property
    def clips(self) -> bool:
        return self.range is not None and max(map(abs, self.range)) >= self.target.largest

    def inferred(self) -> Info:
        dtype = self.target
        if not isinstance(dtype, Fixed) or not self.left.dtype.is_numeric or not self.right.dtype.is_numeric:
            raise mismatch("divide", self.args, "it needs numbers, and gives a float")
        if not isinstance(self.left, Lit) and bound_of(self.left) > INT_LIMIT:
            raise overflow(self, bounds_of(self.left), INT_LIMIT, "the dividend", str(self.left))
        low, high = bounds_of(self.right)
        top = dtype.largest
        a, b = _quotient(bounds_of(self.left), self.right)
        if a > top or b < -top or (isinstance(self.right, Lit) and self.left.dtype.exact and max(-a, b) > top):
            raise overflow(self, (a, b), dtype.limit, f"a {dtype}")
        if not isinstance(self.right, Lit):
            a, b = map(float, _blurred((a, b), dtype, Fraction(1, 1 << 27), 7))
        bounds = (max(a, -top), min(b, top))
        return self.info_of(dtype, bounds, nullable=self.left.nullable or self.right.nullable or low <= 0 <= high)

    def value(self, *args: Any) -> Scalar:
        if args[1] == 0:
            return None
        top = self.target.largest
        quotient = min(max(args[0] / args[1], -top), top)
        return float(quotient) if isinstance(quotient, int) else quotient


@dataclass(frozen=True, eq=False, repr=False)
class Neg(Function):
    """``-operand``."""

    operand: Expr
    fn = "neg"
    rings = of_result
    states = always(EXACT)
    last_place = "kept"

    def inferred(self) -> Info:
        dtype = self.operand.dtype
        if not dtype.adds or not dtype.has_range:
            raise mismatch("negate", self.args, "it needs a number; for booleans use ~")
        dtype = Int(64) if dtype.like(Int()) else dtype
        low, high = bounds_of(self.operand)
        return self.info_of(dtype, checked(self, dtype, (-high, -low)))

    def value(self, *args: Any) -> Scalar:
        return -args[0]  # type: ignore[no-any-return]

    def text(self, args: Any) -> str:
        return f"-{args[0]}"


def _is(e: Expr, value: int) -> bool:
    return isinstance(e, Lit) and e.value is not None and not isinstance(e.value, bool) and e.value == value


def _result(e: Binary, what: str) -> DType:
    a, b = e.left.dtype, e.right.dtype
    found = a.plus(b) if e.fn == "add" else a.minus(b)
    if found is None:
        raise mismatch(what, e.args, f"build it with spuframe.expr.{e.fn}, which converts them")
    return found


def _quotient(num: Range, den: Expr) -> Range:
    """The range of num / den where den is not 0; may be wide."""
    quotients = [n / d for n in num for d in divisors(den)] or [0.0]
    return (min(quotients), max(quotients))


def _blurred(bounds: tuple[Number, Number], dtype: DType, relative: Fraction, units: int) -> tuple[Fraction, Fraction]:
    """Bounds of results with their error; it does not turn a sign, but may make zero of what is near it."""
    least, most, error = Fraction(bounds[0]), Fraction(bounds[1]), Fraction(units, 1 << dtype.frac)
    lower, upper = least - abs(least) * relative - error, most + abs(most) * relative + error
    return (max(lower, Fraction(0)) if least >= 0 else lower, min(upper, Fraction(0)) if most <= 0 else upper)


def step_of(e: Expr) -> float:
    """The smallest positive value of a number: a unit of its type, but a constant divides and multiplies as it is, however small."""
    if isinstance(e, Lit) and isinstance(e.value, int | float) and e.value:
        return abs(e.value)
    if isinstance(e, Cast) and e.operand.dtype.exact:
        return 1  # an integer is one in every type
    return 2.0**-e.dtype.frac


def divisors(e: Expr) -> list[float]:
    """The ends of what a divisor may be, which is not 0: of its positive and of its negative part; none where it is always 0."""
    (low, high), step = bounds_of(e), step_of(e)
    return [max(low, step), high] * (high > 0) + [low, min(high, -step)] * (low < 0)


def _pair(what: str, left: object, right: object) -> tuple[Expr, Expr]:
    a, b = as_expr(left), as_expr(right)
    if not (a.dtype.of_numbers and b.dtype.of_numbers):
        raise mismatch(what, (a, b), "it needs numbers")
    return numeric(what, a), numeric(what, b)


_FIT = (
    "a date goes with a whole number of days, it and a point in time with a duration, a duration with another and times a whole number; "
    "two dates, or two points in time of as much of a zone, are subtracted"
)


def _exact(what: str, left: object, right: object) -> tuple[Expr, Expr] | None:
    """The operands, if one is a time, a duration or a decimal, in types whose words add, subtract or multiply as they are; None for other numbers."""
    a, b = as_expr(left), as_expr(right)
    if not any(e.dtype.has_range and not e.dtype.is_numeric for e in (a, b)):
        return None
    a, b = (_fitted(what, counted(x), y) for x, y in ((a, b), (b, a)))
    if what != "multiply":
        a, b = (convert(x, x.dtype.moved_by(y.dtype)) for x, y in ((a, b), (b, a)))
    for x, y in ((a, b), (b, a))[: 1 if what == "subtract" else 2]:
        if _combined(what, x.dtype, y.dtype) is not None:
            return x, y
    if a.dtype.of_numbers and b.dtype.of_numbers and not (a.dtype.exact and b.dtype.exact):
        return None  # a decimal with a float is a float
    wide = meet(a.dtype, b.dtype) if what != "multiply" else None
    if wide is None or _combined(what, wide, wide) is None:
        raise mismatch(what, (a, b), _FIT)
    return convert(a, wide), convert(b, wide)


def _combined(what: str, a: DType, b: DType) -> DType | None:
    return a.plus(b) if what == "add" else a.minus(b) if what == "subtract" else a.times(b)


def _fitted(what: str, e: Expr, other: Expr) -> Expr:
    """A constant in the type that it has beside what it moves or multiplies; other expressions as they are."""
    if not isinstance(e, Lit) or e.value is None or e.dtype == other.dtype or not other.dtype.has_range or other.dtype.is_numeric:
        return e
    found = (other.dtype.scaling if what == "multiply" else other.dtype.moving)(e.value, e.dtype)
    return e if found is None else Lit(found[1], found[0])


@named(np.add)
def add(left: object, right: object) -> Expr:
    """``left + right``; a date and a whole number of days give a date, a point in time and a duration a point in time."""
    exact = _exact("add", left, right)
    if exact:
        return Add(*exact)
    return Add(*_roomy(*terms("add", *_pair("add", left, right))))


@named(np.subtract)
def sub(left: object, right: object) -> Expr:
    """``left - right``; two dates give the days between them, two points in time the duration, a date less a whole number of days a date."""
    exact = _exact("subtract", left, right)
    if exact:
        return Sub(*exact)
    return Sub(*_roomy(*terms("subtract", *_pair("subtract", left, right))))


def _roomy(a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Terms with fewer fraction bits, if their sum needs the room."""
    if a.dtype.exact:
        return a, b
    room = a.dtype.summed(0, bound_of(a) + bound_of(b), all(e.range is not None or isinstance(e, Lit) for e in (a, b)))
    return convert(a, room), convert(b, room)


@named(np.multiply)
def mul(left: object, right: object) -> Expr:
    """``left * right``; decimals give a decimal, a duration times a whole number a duration."""
    exact = _exact("multiply", left, right)
    if exact:
        return Mul(*exact)
    a, b = _pair("multiply", left, right)
    return Mul(a, b, None if a.dtype.exact and b.dtype.exact else _product_type(a, b))


def _product_type(a: Expr, b: Expr) -> Fixed:
    """The type of a product. Of two columns it has 18 bits, or as many as they have, even where it does not fit then: the product is refused."""
    bounds = product(a, b)
    constant, other = (a, b) if isinstance(a, Lit) else (b, a)
    if isinstance(constant, Lit) and other.range is None and isinstance(other.dtype, Fixed):
        return other.dtype
    if isinstance(constant, Lit):  # a large one makes the other's bits coarser
        whole = isinstance(constant.value, int) or (isinstance(constant.value, float) and constant.value.is_integer())
        return Fixed.for_range(*bounds, own=bits_left(other, constant, 1), span=Fixed.ROOM if whole else Fixed.SPAN)
    exact = a.dtype.exact or b.dtype.exact  # times an integer there is nothing to round
    found = Fixed.for_range(*bounds, own=max(bits_of(a), bits_of(b)), span=Fixed.ROOM if exact else Fixed.SPAN)
    if bounds != (0, 0) and exponent(max(map(abs, bounds))) + Fixed.MOST < LEAST:
        raise PlanError(f"'{a} * {b}' stays below {max(map(abs, bounds)):.1e}, which is too small for a float here: multiply a factor by 1e6, say, first")
    least = min(bits_of(e) for e in (a, b) if not e.dtype.exact)
    spare = min(bits_of(a) + bits_of(b) - MOST_DROPPED, Fixed.ROOM - exponent(max(map(abs, bounds))))
    return Fixed(min(max(found.f, min(least, DEFAULT_FRACTION_BITS), spare), Fixed.MOST))


@named(np.true_divide)
def div(left: object, right: object) -> Expr:
    """``left / right``: null where the denominator is 0, clipped where the quotient is out of range; a float, of decimals and of two durations too."""
    a, b = as_expr(left), as_expr(right)
    counts = alike("divide", a, b)
    if counts is None and a.dtype.of_units and a.dtype.times(b.dtype) == a.dtype:
        raise mismatch("divide", (a, b), "take //, which gives a whole number of units, rounded down")
    a, b = counts or _pair("divide", a, b)
    if isinstance(b, Lit) and b.value == 0:
        raise PlanError(f"'{a} / {b}' divides by zero: the denominator must be a nonzero constant or a column (whose zeros give null)")
    made = Div(a, b, quotient_type(a, b))
    _warn_coarse(made)
    return made


@named(np.reciprocal)
def reciprocal(operand: object) -> Expr:
    """``1 / operand``; null where it is 0, refused where it always is."""
    e = numeric("invert", as_expr(operand))
    if bounds_of(e) == (0, 0) and not only_nulls(e):
        raise PlanError(f"'1 / {e}' divides by zero: the operand must be a nonzero constant or a column (whose zeros give null)")
    return div(1, e)


def _warn_coarse(e: Div) -> None:
    """Warn of quotients that lose all but a few digits, as the divisor may be tiny beside its largest value; or that are not the nearest."""
    top, bottom, f, public = bound_of(e.left), bound_of(e.right), e.target.f, isinstance(e.right, Lit)
    kept = LEAST_SIGNIFICANT if public or not top or not bottom else f + exponent(top / bottom)
    if kept < LEAST_SIGNIFICANT:
        least = min(map(abs, divisors(e.right)))
        warn_precision(
            f"'{e}' keeps {f} fraction bits, so that results below 2^-{f + 1} become 0: where both sides are at their bounds, {max(kept, 0)} significant "
            f"bits are left, since the divisor may be anything from {number(least)} to {number(bottom)} (with {ranges_text(e)}). Clip it to the values "
            "that it has, .clip(low, high), or declare a narrower range when reading, ranges={'column': (low, high)}, if its owner's policy takes ranges"
        )
    elif (_digits(e) if public else _reach(e)) >= LONG:
        warn_precision(
            f"'{e}' may not be rounded to the nearest: it is off by up to 2^-27 of itself and 7 units of 2^-{f}, since the divisor may have {LONG + 1} "
            f"bits and more (with {ranges_text(e)}). Clip it to the values that it has, .clip(low, high), or keep fewer bits, astype('float[f=10]')"
        )


def _reach(e: Div) -> float:
    """Bits of the largest divisor, in units of which the quotient's units are no fractions."""
    own, by, bottom = 0 if isinstance(e.left, Lit) else bits_of(e.left), bits_of(e.right), bound_of(e.right)
    return math.log2(bottom) + max(by, own - e.target.f) if bottom else 0.0


def _digits(e: Div) -> int:
    """Bits of the whole number that a quotient by a constant is one by."""
    assert isinstance(e.right, Lit)
    constant = e.right.value
    if not isinstance(constant, int | float):
        return 0
    return (Fraction(1 << e.target.f, 1 << bits_of(e.left)) / Fraction(constant)).denominator.bit_length() - 1


def quotient_type(a: Expr, b: Expr) -> Fixed:
    """The type of a quotient: 30 significant bits of what it is where both operands are at their bounds, if the largest one leaves room for them.

    It has 18 fraction bits, those 30, or those of its operands, even if the largest ones are clipped then: they come of denominators of a few units.
    """
    bounds = _quotient(bounds_of(a), b)
    if isinstance(b, Lit) and a.range is None and isinstance(a.dtype, Fixed):
        return a.dtype
    if isinstance(b, Lit):
        return Fixed.for_range(*bounds, own=bits_left(a, b, -1))
    top, bottom = bound_of(a), bound_of(b)
    want = Fixed.SIGNIFICANT - exponent(top / bottom) if top and bottom else DEFAULT_FRACTION_BITS
    found = Fixed.for_range(*bounds, own=want, span=Fixed.ROOM - 1)
    own = max((bits_of(e) for e in (a, b) if not e.dtype.exact), default=DEFAULT_FRACTION_BITS)
    return Fixed(max(min(want, DEFAULT_FRACTION_BITS, own), found.f, 0))


@named(np.negative)
def neg(operand: object) -> Expr:
    """``-operand``."""
    e = as_expr(operand)
    if isinstance(e, Lit) and e.dtype.is_numeric and isinstance(e.value, int | float):
        return lit(-e.value, None if e.dtype.exact else e.dtype)
    if e.dtype.of_units:
        return Lit(-e.value, e.dtype) if isinstance(e, Lit) and isinstance(e.value, int) else Neg(e)
    return Neg(numeric("negate", e))


@named(np.positive)
def pos(operand: object) -> Expr:
    """``+operand``: as it is."""
    return as_expr(operand)


@named(np.square)
def square(operand: object) -> Expr:
    """``operand * operand``."""
    return mul(operand, operand)
