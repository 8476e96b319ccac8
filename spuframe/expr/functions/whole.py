"""Whole numbers and powers: floor, ceil, round, floordiv, mod, pow.

All but ``pow`` are exact; a constant is the float64 that Python has for it, as in pandas. A quotient is rounded down and a remainder has the sign of
the divisor, as in Python and pandas; where the divisor is 0 both are null. `round_` goes to the even neighbour from half way, as NumPy; with
decimals, it gives the value of the column's type nearest to the decimal.

>>> from spuframe.dtypes import Field, Fixed, Int, INT_LIMIT, INT_LIMIT
>>> from spuframe.expr import col, floordiv, mod, pow_
>>> day = col(Field("day", Int(32), range=(-3, 900)))
>>> floordiv(day, 7).range, mod(day, 7).range, pow_(day, 2).range
((-1, 128), (0, 6), (0, 810000))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from spuframe.dtypes import DEFAULT_FRACTION_BITS, Decimal, DType, Duration, Fixed, Range, meet, real
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.arithmetic import add, divisors, mul, neg, reciprocal, sub
from spuframe.expr.functions.bounds import abs_, clip, maximum
from spuframe.expr.functions.common import Binary, checked, mismatch, only_nulls, overflow, refuse_large, zero_of
from spuframe.expr.functions.comparison import eq, gt, lt
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.conversion import convert, counted, units_of
from spuframe.expr.functions.logic import and_, or_
from spuframe.expr.functions.maths import Exp2, Log2, Power, Unary, exp, exp2, exponential, log, log2, logarithm, rsqrt, sqrt
from spuframe.expr.functions.promotion import alike, beside, numeric, same_type
from spuframe.expr.named import named
from spuframe.expr.stated import EXACT, NEAREST, always

__all__ = ["floor", "ceil", "trunc", "round_", "floordiv", "mod", "fmod", "pow_", "cbrt", "logaddexp", "logaddexp2"]

POWER_BITS = 30
"""Fraction bits of the logarithm inside a power."""
LARGEST_POWER = 64
FINE = 60
"""Fraction bits of the finest numbers that are rounded."""


@dataclass(frozen=True, eq=False, repr=False)
class Whole(Unary):
    """Base of floor and ceil: whole numbers in the operand's own type."""

    last_place = "exact"

    def inferred(self) -> Info:
        if not isinstance(self.operand.dtype, Fixed):
            raise mismatch(f"take {self.fn} of", self.args, "it needs a fixed-point number")
        if self.operand.range is None:
            return self.info_of(self.target, None)
        return super().inferred()

    def _bounds(self, low: float, high: float) -> Range:
        return (math.floor(low), math.ceil(high))

    def value(self, *args: Any) -> Scalar:
        return real(type(self).scalar(args[0]))  # type: ignore[return-value]  # whole numbers are no fractions


@dataclass(frozen=True, eq=False, repr=False)
class Floor(Whole):
    """The largest whole number that is not above."""

    fn = "floor"
    states = always(EXACT)
    scalar: ClassVar[Any] = math.floor


@dataclass(frozen=True, eq=False, repr=False)
class Ceil(Whole):
    """The smallest whole number that is not below."""

    fn = "ceil"
    states = always(EXACT)
    scalar: ClassVar[Any] = math.ceil


@dataclass(frozen=True, eq=False, repr=False)
class Round(Whole):
    """The nearest number with so many decimals, the even one from half way; and of the type's values the one that is nearest to that."""

    decimals: Lit
    fn = "round"
    states = MappingProxyType({"to whole numbers": EXACT, "to decimals": NEAREST})

    @property
    def case(self) -> str:
        whole, decimals = self.states
        return decimals if self.decimals.value else whole

    def _bounds(self, low: float, high: float) -> Range:
        assert isinstance(self.decimals.value, int)
        tens = 10**self.decimals.value
        return tuple(float(Fraction(to(Fraction(b) * tens), tens)) for to, b in ((math.floor, low), (math.ceil, high)))  # type: ignore[return-value]

    def value(self, *args: Any) -> Scalar:
        unit = 2**self.target.f
        return real(Fraction(round(round(Fraction(args[0]), int(args[1])) * unit), unit))  # type: ignore[return-value]  # as exact as the argument


@dataclass(frozen=True, eq=False, repr=False)
class Divided(Binary):
    """Base of quotient and remainder; operands of one fixed-point type, or integers."""

    def inferred(self) -> Info:
        a, b = self.left.dtype, self.right.dtype
        dtype = a.minus(b) if a.is_numeric and b.is_numeric else None
        if dtype is None:
            raise mismatch("divide", self.args, f"build it with spuframe.expr.{self.fn}, which converts them")
        for e in (self.left, self.right):
            refuse_large(self, e, "an operand of a quotient")
        low, high = bounds_of(self.right)
        nullable = self.left.nullable or self.right.nullable or low <= 0 <= high
        return self.info_of(dtype, checked(self, dtype, self._span(dtype, bounds_of(self.left), (low, high))), nullable)

    def _span(self, dtype: DType, a: Range, b: Range) -> Range:
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class FloorDiv(Divided):
    """``left // right``: rounded down."""

    fn, infix = "floordiv", "//"
    constants = "exact"
    states = always(EXACT)
    beyond = "null where the divisor is 0, refused if a constant one is; a constant is as it is: 0.01 is the float64 of that name"
    last_place = "exact"

    def _span(self, dtype: DType, a: Range, b: Range) -> Range:
        quotients = [math.floor(Fraction(n) / Fraction(d)) for n in bounds_of(self.left) for d in divisors(self.right)] or [0]
        return (min(quotients), max(quotients))

    def value(self, *args: Any) -> Scalar:
        return args[0] // args[1] if args[1] != 0 else None


@dataclass(frozen=True, eq=False, repr=False)
class Mod(Divided):
    """``left % right``: with the sign of the divisor."""

    fn, infix = "mod", "%"
    constants = "exact"
    states = MappingProxyType({"": EXACT, "constants, as they are": NEAREST})
    beyond = FloorDiv.beyond
    last_place = "kept"

    @property
    def case(self) -> str:
        exact, constants = self.states
        return constants if not self.dtype.exact and any(isinstance(e, Lit) for e in self.args) else exact

    def _span(self, dtype: DType, a: Range, b: Range) -> Range:
        step = int(dtype.exact)
        high = max(b[1] - step, 0) if b[1] > 0 else 0
        low = min(b[0] + step, 0) if b[0] < 0 else 0
        return (low, min(high, a[1]) if a[0] >= 0 and low == 0 else high)

    def value(self, *args: Any) -> Scalar:
        return args[0] % args[1] if args[1] != 0 else None


def _whole(kind: type[Whole], operand: object, away: Callable[[object, object], Expr], value: float) -> Expr:
    e = as_expr(operand)
    if isinstance(e.dtype, Decimal):
        units, tens = units_of(e), 10**e.dtype.scale
        return convert(floordiv(units, tens) if kind is Floor else neg(floordiv(neg(units), tens)), Decimal())
    e = numeric(f"take {kind.fn} of", e)
    if not isinstance(e.dtype, Fixed):
        return e
    if e.dtype.limit > 1:
        return kind(e, e.dtype)
    return where(is_null(e), None, where(away(e, 0.0), value, 0.0)) if e.nullable else where(away(e, 0.0), value, 0.0)


@named(np.floor)
def floor(operand: object) -> Expr:
    """The largest whole number that is not above it, in its own type if that holds whole numbers."""
    return _whole(Floor, operand, lt, -1.0)


@named(np.ceil)
def ceil(operand: object) -> Expr:
    """The smallest whole number that is not below it, in its own type if that holds whole numbers."""
    return _whole(Ceil, operand, gt, 1.0)


@named(np.trunc)
def trunc(operand: object) -> Expr:
    """The whole number that is next towards zero, in its own type if that holds whole numbers."""
    return where(lt(operand, 0), ceil(operand), floor(operand))


@named(np.rint)
def round_(operand: object, decimals: int = 0) -> Expr:
    """The nearest number with ``decimals`` decimals (negative: tens, hundreds); the even one from half way. Of a decimal one of so many decimals."""
    e = as_expr(operand)
    exact = e.dtype if isinstance(e.dtype, Decimal) else None
    e = units_of(e) if exact else numeric("round", e)
    if isinstance(decimals, bool) or not isinstance(decimals, int):
        raise TypeMismatchError(f"decimals must be an integer, got {type(decimals).__name__}")
    decimals = max(-40, min(decimals, 40))  # beyond what any type holds, as 10**decimals would be
    if exact:
        return _decimal(e, exact, decimals) if decimals < exact.scale else as_expr(operand)
    if decimals < 0:
        return _round_tens(e, 10**-decimals)
    if not isinstance(e.dtype, Fixed) or 10**decimals >= 1 << e.dtype.f:  # finer than the type
        return e
    if e.dtype.limit <= 1:
        fine = Fixed(FINE)
        return Round(convert(e, fine), fine, lit(decimals)) if 10**decimals < 1 << FINE else convert(e, fine)
    return Round(e, e.dtype, lit(decimals))


def _decimal(units: Expr, dtype: Decimal, decimals: int) -> Expr:
    """So many units of a decimal, rounded."""
    kept = max(decimals, 0)
    found = nearest(units, 10 ** (dtype.scale - kept))
    found = found if decimals >= 0 else _round_tens(found, 10**-decimals)
    return mul(found, Lit(1, Decimal(max(kept, 1), kept)))


def nearest(e: Expr, tens: int) -> Expr:
    """How many tens integers are, the even number from half way."""
    if max(map(abs, bounds_of(e))) * 2 < tens:
        return mul(e, 0)
    quotient, rest = floordiv(e, tens), mod(e, tens)
    twice = mul(rest, 2)
    up = or_(gt(twice, tens), and_(eq(twice, tens), eq(mod(quotient, 2), 1)))
    return add(quotient, where(up, 1, 0))


def _round_tens(e: Expr, tens: int) -> Expr:
    return mul(nearest(e, tens), tens)


def _roomy(kind: type[Divided], left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Operands of one type, with no more fraction bits than leave room for quotients by one unit, but 18 if they have as many."""
    a, b = same_type("divide", left, right)
    while isinstance(a.dtype, Fixed) and a.dtype.f > DEFAULT_FRACTION_BITS and kind is FloorDiv:
        if max((abs(n / d) for n in bounds_of(a) for d in divisors(b)), default=0.0) < a.dtype.limit - 1:
            break
        fewer = Fixed(a.dtype.f - 1)
        a, b = convert(left, fewer), convert(right, fewer)
    return a, b


def _divided(kind: type[Divided], left: object, right: object) -> Expr:
    counts = alike("divide", as_expr(left), as_expr(right))
    if counts:
        found = _divided(kind, *counts)
        unit = beside(as_expr(left), as_expr(right)).dtype if kind is Mod else None
        return found if unit is None else _counted(found, unit, beside(as_expr(right), as_expr(left)).dtype)
    a, b = as_expr(left), counted(as_expr(right))
    if kind is FloorDiv and a.dtype.of_units and a.dtype.times(b.dtype) == a.dtype:  # a number of units by a number
        return convert(_divided(kind, units_of(a), b), a.dtype)
    a, b = (numeric("divide", as_expr(v)) for v in (left, right))
    if any(isinstance(c, Lit) and not c.dtype.exact and e.dtype.exact for c, e in ((a, b), (b, a))):
        # The constant divides as it is, whatever its type: so the type is one that the quotients fit.
        most = max(map(abs, (*bounds_of(a), *bounds_of(b), *(n / d for n in bounds_of(a) for d in divisors(b)))))
        target = Fixed.for_range(-most, most)
        whole = all(float(c.value).is_integer() for c in (a, b) if isinstance(c, Lit) and isinstance(c.value, float))
        if kind is Mod and not whole and target.f < DEFAULT_FRACTION_BITS - 2:  # the remainder, which is small, would be coarse
            raise overflow(kind(*same_type("divide", a, b)), (-most, most), Fixed().limit, "an operand of a remainder by a decimal constant")
        a, b = convert(a, target), convert(b, target)
    a, b = _roomy(kind, a, b)
    if bounds_of(b) == (0, 0) and not only_nulls(b):
        raise PlanError(f"'{a} {kind.infix} {b}' divides by zero: the divisor must be a nonzero constant or a column (whose zeros give null)")
    return kind(a, b)


def _counted(units: Expr, a: DType, b: DType) -> Expr:
    """So many units of the type in which two meet."""
    wide = meet(a, b)
    return mul(units, Lit(1, Decimal(max(wide.scale, 1), wide.scale))) if isinstance(wide, Decimal) else convert(units, Duration())


@named(np.floor_divide)
def floordiv(left: object, right: object) -> Expr:
    """``left // right``, exact, rounded down; null where the divisor is 0. A constant is the float64 that it is: ``1 // 0.1`` is 9.

    Two decimals, or two durations, give an integer; a duration by an integer gives a duration.
    """
    return _divided(FloorDiv, left, right)


@named(np.remainder)
def mod(left: object, right: object) -> Expr:
    """``left % right``, exact, with the sign of the divisor; null where it is 0; rounded to its type. A constant is the float64 that it is."""
    return _divided(Mod, left, right)


# ---- powers ------------------------------------------------------------------------------------------
@named(np.power, np.float_power)
def pow_(base: object, exponent: object) -> Expr:
    """``base ** exponent``.

    A public integer exponent: products (exact for integers). A public 0.5 or -0.5: a root. Otherwise ``2 ** (exponent * log2(base))``, null where the
    base is negative, or 0 with an exponent that is not public and positive; a public base must be positive.
    """
    a, b = numeric("raise", as_expr(base)), numeric("raise to", as_expr(exponent))
    if isinstance(b, Lit) and isinstance(b.value, int | float):
        return _public_exponent(a, b.value)
    if isinstance(a, Lit) and isinstance(a.value, int | float):
        return _public_base(a.value, b)
    return _general(a, b)


def _public_exponent(base: Expr, exponent: float) -> Expr:
    if float(exponent).is_integer() and abs(exponent) <= LARGEST_POWER:
        whole = int(exponent)
        if whole < 0:
            if base.dtype.exact:
                raise PlanError(f"integers cannot be raised to the negative power {whole}, as in pandas: {base}.astype('float') first")
            return _product(reciprocal(base), -whole)
        return _product(base, whole)
    if exponent in (0.5, -0.5):
        return sqrt(base) if exponent > 0 else rsqrt(base)
    found = _general(base, lit(float(exponent), Fixed(POWER_BITS)))
    low, high = bounds_of(base)
    if exponent > 0 and low <= 0 <= high:  # 0 ** y is 0, and has no logarithm
        found = where(eq(base, zero_of(base)), 0.0, found)
    return found


def _product(base: Expr, exponent: int) -> Expr:
    if exponent == 0:
        one = add(mul(base, 0), 1)
        return one if base.dtype.exact else convert(one, Fixed.for_range(1, 1, own=base.dtype.frac))
    found: Expr | None = None
    square = base
    while True:
        if exponent & 1:
            found = square if found is None else mul(found, square)
        exponent >>= 1
        if not exponent:
            assert found is not None
            return found
        square = mul(square, square)


def _public_base(base: float, exponent: Expr) -> Expr:
    if base <= 0:
        raise PlanError(f"'{base} ** {exponent}' needs a positive base where the exponent is secret: got {base}")
    factor = math.log2(base)
    if factor == 0:
        return convert(add(mul(exponent, 0), 1), Fixed.for_range(1, 1))
    if abs(factor) < 2.0**-20:
        raise PlanError(f"'{base} ** {exponent}': the base is too near 1 for this resolution, it must differ by 1e-6 or more")
    return exponential("raise to", Power, exponent, factor, lit(float(base), Fixed(POWER_BITS)))


def _general(base: Expr, exponent: Expr) -> Expr:
    size = max(map(abs, bounds_of(exponent)))
    span = Log2(base, Fixed())
    reach = max(map(abs, bounds_of(span))) * size
    f = max(0, min(POWER_BITS, 60 - math.ceil(math.log2(max(reach, 1)))))
    return exponential("raise", Exp2, mul(logarithm(Log2, base, Fixed(f)), convert(exponent, Fixed(f))), 1.0)


# ---- made of others -----------------------------------------------------------------------------------
@named(np.fmod)
def fmod(left: object, right: object) -> Expr:
    """What a division that is rounded towards zero leaves: with the sign of the dividend, as in C; null where the divisor is 0."""
    rest = mod(abs_(left), abs_(right))
    return where(lt(left, zero_of(as_expr(left))), neg(rest), rest)


@named(np.cbrt)
def cbrt(operand: object) -> Expr:
    """The cube root, of negative numbers too."""
    e = as_expr(operand)
    root = pow_(abs_(e), 1 / 3)
    return where(lt(e, zero_of(e)), neg(root), root)


@named(np.logaddexp)
def logaddexp(left: object, right: object) -> Expr:
    """``log(exp(left) + exp(right))``, which may be where the powers are too large."""
    less = clip(neg(abs_(sub(left, right))), None, 0)  # whose range then is known not to be positive
    return add(maximum(left, right), log(add(exp(less), 1)))


@named(np.logaddexp2)
def logaddexp2(left: object, right: object) -> Expr:
    """``log2(2 ** left + 2 ** right)``, which may be where the powers are too large."""
    less = clip(neg(abs_(sub(left, right))), None, 0)  # whose range then is known not to be positive
    return add(maximum(left, right), log2(add(exp2(less), 1)))
