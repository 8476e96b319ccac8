"""Mathematics on fixed point: exponentials, logarithms, roots, waves, rounding, quotient and remainder.

The result's fraction bits are chosen from the public range of the argument: so many that the smallest result keeps 20 significant bits, if the
largest one leaves 16 bits of the ring for products; 18 where no range is known. How far a result is from that of the stored arguments, each class
states (`Function.states`); the table of all is in ``docs/design/numbers.md``.

A range or a constant that is wholly outside is refused when the expression is built; but a column of nulls alone (published as [0, 0]) gives nulls. An
owner that computes an expression alone does so in the same words of 64 bits, not in floats: see `spuframe.spu.plaintext`.

>>> from spuframe.dtypes import Field, Fixed, number, INT_LIMIT, number, INT_LIMIT
>>> from spuframe.expr import col, exp, log
>>> x = col(Field("x", Fixed(), range=(-10.0, 10.0)))
>>> str(exp(x)), str(exp(x).dtype), exp(x).nullable
('exp(x)', 'float[f=31]', False)
>>> log(x).nullable
True
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from spuframe.dtypes import DEFAULT_FRACTION_BITS, Fixed, Range, number
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of
from spuframe.expr.functions.arithmetic import add, mul, neg, square, step_of, sub
from spuframe.expr.functions.common import checked, mismatch, only_nulls, overflow, ranges_text, refuse_large
from spuframe.expr.functions.promotion import numeric
from spuframe.expr.named import named
from spuframe.expr.stated import Stated, always

__all__ = [
    "exp", "exp2", "expm1", "cosh", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "hypot",
    "sin", "cos", "sigmoid", "tanh", "erf", "radians", "degrees",
]  # fmt: skip

SIGNIFICANT = 20
"""Bits that the smallest result should keep."""
_TWO_PI = Fraction(2 * math.pi) + Fraction(2.4492935982947064e-16) + Fraction(-5.989539619436679e-33)  # what a float cannot hold
MOST_BOUNDED = 30
"""Fraction bits of functions with a bounded result, at most."""
MOST_LOG = 24
"""Fraction bits of logarithms, at most: finer than their error."""


def fraction_bits(least: float, most: float) -> Fixed:
    """The type of results with magnitudes between ``least`` and ``most``."""
    return Fixed.for_range(0, most, own=SIGNIFICANT - math.floor(math.log2(least)) if least > 0 else 0)


def _around(low: float, high: float, dtype: Fixed, relative: float = 0.0, absolute: float = 0.0, floor: float | None = None) -> Range:
    """Bounds that hold a computed result too, with its error."""
    units = absolute + 2.0 ** (2 - dtype.f)
    low, high = low - abs(low) * relative - units, high + abs(high) * relative + units
    return (low if floor is None else max(low, floor), high)


def _two_to(exponent: float) -> float:
    """Two to the exponent, or near it where a float would not hold that."""
    return math.exp2(min(max(exponent, -1000.0), 1000.0))


@dataclass(frozen=True, eq=False, repr=False)
class Unary(Function):
    """Base of the functions of one number; ``target`` is the type of the result, which the builder chooses."""

    operand: Expr
    target: Fixed
    scalar: ClassVar[Any]  # one row, as a function of a float

    def inferred(self) -> Info:
        if not self.operand.dtype.is_numeric:
            raise mismatch(f"take {self.fn} of", self.args, "it needs a number")
        self._reach()
        return self.info_of(self.target, checked(self, self.target, self._bounds(*bounds_of(self.operand))), self._nullable())

    def _reach(self) -> None:
        refuse_large(self, self.operand, "the argument")

    def _bounds(self, low: float, high: float) -> Range:
        raise NotImplementedError

    def _nullable(self) -> bool:
        return self.operand.nullable

    def value(self, *args: Any) -> Scalar:
        return float(type(self).scalar(float(args[0])))


def _unknown(e: Expr) -> bool:
    """Whether nothing is known of a fixed-point value but its type."""
    return e.range is None and not e.dtype.exact


# ---- exponentials -----------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Exp(Unary):
    """``e ** operand``."""

    fn = "exp"
    states = always(Stated(relative=2.0**-21, units=2, chance=True))
    beyond = "refused if a declared range overflows; without one, the result stops at 2^(61-f); below half a unit it is 0 or a unit"
    factor: ClassVar[float] = math.log2(math.e)

    def _factor(self) -> float:
        return type(self).factor

    def _bounds(self, low: float, high: float) -> Range:
        top = 2.0 ** (61 - self.target.f)
        ends = sorted((low * self._factor(), high * self._factor()))
        if _unknown(self.operand):
            return (0.0, top)
        if ends[1] > 61 - self.target.f:
            raise overflow(self, (_two_to(ends[0]), _two_to(ends[1])), top, f"a {self.target}")
        return _around(_two_to(ends[0]), _two_to(ends[1]), self.target, 2.0**-20, floor=0.0)

    def value(self, *args: Any) -> Scalar:
        return float(2.0 ** min(float(args[0]) * self._factor(), 61 - self.target.f))


@dataclass(frozen=True, eq=False, repr=False)
class Exp2(Exp):
    """``2 ** operand``."""

    fn = "exp2"
    factor: ClassVar[float] = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class Power(Exp):
    """A public positive base to the power of ``operand``."""

    base: Lit
    constants = "exact"
    fn = "power"

    def _factor(self) -> float:
        assert isinstance(self.base.value, int | float)
        return math.log2(self.base.value)

    def value(self, *args: Any) -> Scalar:
        return super().value(args[0])

    def text(self, args: Any) -> str:
        return f"{args[1]} ** {args[0]}"


def exponential(what: str, kind: type[Exp], operand: object, factor: float, base: Lit | None = None) -> Expr:
    """Two to the power of ``factor`` times the operand, which ``base`` is the base of where it is public."""
    e = numeric(what, as_expr(operand))
    target = Fixed()
    if not _unknown(e):
        low, high = sorted(b * factor for b in bounds_of(e))
        if high <= Fixed.ROOM:
            target = fraction_bits(_two_to(max(low, -60)), _two_to(max(high, -60)))
    return kind(e, target) if base is None else Power(e, target, base)


@named(np.exp)
def exp(operand: object) -> Expr:
    """``e ** operand``."""
    return exponential("take exp of", Exp, operand, Exp.factor)


@named(np.exp2)
def exp2(operand: object) -> Expr:
    """``2 ** operand``."""
    return exponential("take exp2 of", Exp2, operand, 1.0)


# ---- logarithms -------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Log(Unary):
    """The natural logarithm; null where the operand is not positive."""

    fn = "log"
    states = always(Stated(absolute=3e-7, units=1, chance=True))
    beyond = "null where x <= 0; refused if the range never is positive"
    scalar: ClassVar[Any] = math.log

    def _bounds(self, low: float, high: float) -> Range:
        if high <= 0:  # null in every row
            return (0.0, 0.0)
        ends = [type(self).scalar(max(v, step_of(self.operand))) for v in (low, high)]
        return _around(ends[0], ends[1], self.target, absolute=1e-6)

    def _nullable(self) -> bool:
        return self.operand.nullable or bounds_of(self.operand)[0] <= 0

    def value(self, *args: Any) -> Scalar:
        return float(type(self).scalar(args[0])) if args[0] > 0 else None


@dataclass(frozen=True, eq=False, repr=False)
class Log2(Log):
    """The logarithm to base 2."""

    fn = "log2"
    scalar: ClassVar[Any] = math.log2


@dataclass(frozen=True, eq=False, repr=False)
class Log10(Log):
    """The logarithm to base 10."""

    fn = "log10"
    scalar: ClassVar[Any] = math.log10


def _argument(fn: str, operand: object, *, zero: bool = False) -> Expr:
    """The argument of a function of positive numbers (``zero``: or 0); refused if its public range has none. Single rows give null there."""
    e = numeric(f"take {fn} of", as_expr(operand))
    high = bounds_of(e)[1]
    if (high < 0 or (high == 0 and not zero)) and not only_nulls(e):
        need, columns = "0 or more" if zero else "above 0", ranges_text(e)
        raise PlanError(
            f"{fn}({e}) has no value: its argument is at most {number(high)}, and must be {need}{f' (with {columns})' if columns else ''}. "
            "Check the expression, or the range that was declared"
        )
    return e


def logarithm(kind: type[Log], operand: object, target: Fixed | None = None) -> Expr:
    """A logarithm; without ``target`` of the type that its range asks for."""
    e = _argument(kind.fn, operand)
    if target is None:
        ends = [kind.scalar(max(b, step_of(e))) for b in bounds_of(e)]
        target = Fixed(min(Fixed.for_range(*ends).f, MOST_LOG))
    return kind(e, target)


@named(np.log)
def log(operand: object) -> Expr:
    """The natural logarithm; null where the operand is not positive."""
    return logarithm(Log, operand)


@named(np.log2)
def log2(operand: object) -> Expr:
    """The logarithm to base 2; null where the operand is not positive."""
    return logarithm(Log2, operand)


@named(np.log10)
def log10(operand: object) -> Expr:
    """The logarithm to base 10; null where the operand is not positive."""
    return logarithm(Log10, operand)


# ---- roots ------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Sqrt(Unary):
    """The square root; null where the operand is negative."""

    fn = "sqrt"
    states = always(Stated(relative=2.0**-19, units=2, chance=True))
    beyond = "null where x < 0; refused if the range always is"

    def _bounds(self, low: float, high: float) -> Range:
        if high < 0:  # null in every row
            return (0.0, 0.0)
        return _around(math.sqrt(max(low, 0.0)), math.sqrt(high), self.target, 2.0**-18, floor=0.0)

    def _nullable(self) -> bool:
        return self.operand.nullable or bounds_of(self.operand)[0] < 0

    def value(self, *args: Any) -> Scalar:
        return math.sqrt(args[0]) if args[0] >= 0 else None


@dataclass(frozen=True, eq=False, repr=False)
class Rsqrt(Unary):
    """``1 / sqrt(operand)``; null where the operand is not positive."""

    fn = "rsqrt"
    states = always(Stated(relative=2.0**-19, units=2, chance=True))
    beyond = "null where x <= 0; refused if the range never is positive"

    def _bounds(self, low: float, high: float) -> Range:
        if high <= 0:  # null in every row
            return (0.0, 0.0)
        return _around(1 / math.sqrt(high), 1 / math.sqrt(max(low, step_of(self.operand))), self.target, 2.0**-18, floor=0.0)

    def _nullable(self) -> bool:
        return self.operand.nullable or bounds_of(self.operand)[0] <= 0

    def value(self, *args: Any) -> Scalar:
        return 1 / math.sqrt(args[0]) if args[0] > 0 else None


@named(np.sqrt)
def sqrt(operand: object) -> Expr:
    """The square root; null where the operand is negative."""
    e = _argument("sqrt", operand, zero=True)
    low, high = bounds_of(e)
    return Sqrt(e, Fixed() if _unknown(e) else fraction_bits(math.sqrt(max(low, step_of(e))), math.sqrt(max(high, step_of(e)))))


def rsqrt(operand: object) -> Expr:
    """``1 / sqrt(operand)``; null where the operand is not positive."""
    e = _argument("rsqrt", operand)
    low, high = (max(b, step_of(e)) for b in bounds_of(e))
    return Rsqrt(e, Fixed() if _unknown(e) else fraction_bits(1 / math.sqrt(high), 1 / math.sqrt(low)))


# ---- waves -----------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Wave(Unary):
    """A function whose results are between -1 and 1."""

    states = always(Stated(absolute=2.0**-21, units=1, chance=True))
    beyond = "never beyond -1 and 1"

    def _bounds(self, low: float, high: float) -> Range:
        return (-1.0, 1.0)

    def value(self, *args: Any) -> Scalar:
        angle = args[0] if float(args[0]) == args[0] else Fraction(args[0]) % _TWO_PI
        return float(type(self).scalar(float(angle)))


@dataclass(frozen=True, eq=False, repr=False)
class Sin(Wave):
    """The sine of an angle in radians."""

    fn = "sin"
    scalar: ClassVar[Any] = math.sin


@dataclass(frozen=True, eq=False, repr=False)
class Cos(Wave):
    """The cosine of an angle in radians."""

    fn = "cos"
    scalar: ClassVar[Any] = math.cos


@dataclass(frozen=True, eq=False, repr=False)
class Rising(Unary):
    """A function that rises from one constant to another, and never reaches them: a unit is left, so that ``log(1 - sigmoid(x))`` has a value."""

    states = always(Stated(absolute=5e-6, units=2, chance=True))
    beyond = "never beyond a unit from its limits"
    least: ClassVar[float] = -1.0

    def _bounds(self, low: float, high: float) -> Range:
        low, high = _around(float(type(self).scalar(low)), float(type(self).scalar(high)), self.target, absolute=1e-5)
        unit = 2.0**-self.target.f
        return (min(max(low, type(self).least + unit), 1.0 - unit), max(min(high, 1.0 - unit), type(self).least + unit))

    def value(self, *args: Any) -> Scalar:
        unit = 2.0**-self.target.f
        return float(min(max(type(self).scalar(float(args[0])), type(self).least + unit), 1.0 - unit))


@dataclass(frozen=True, eq=False, repr=False)
class Sigmoid(Rising):
    """``1 / (1 + exp(-operand))``."""

    fn = "sigmoid"
    least = 0.0
    scalar: ClassVar[Any] = staticmethod(lambda x: 0.5 + 0.5 * math.tanh(x / 2))


@dataclass(frozen=True, eq=False, repr=False)
class Tanh(Rising):
    """The hyperbolic tangent."""

    fn = "tanh"
    scalar: ClassVar[Any] = math.tanh


@dataclass(frozen=True, eq=False, repr=False)
class Erf(Rising):
    """The error function."""

    fn = "erf"
    scalar: ClassVar[Any] = math.erf


def _bounded(kind: type[Unary], operand: object) -> Expr:
    e = numeric(f"take {kind.fn} of", as_expr(operand))
    return kind(e, Fixed(min(max(e.dtype.frac, DEFAULT_FRACTION_BITS), MOST_BOUNDED)))


@named(np.sin)
def sin(operand: object) -> Expr:
    """The sine of an angle in radians."""
    return _bounded(Sin, operand)


@named(np.cos)
def cos(operand: object) -> Expr:
    """The cosine of an angle in radians."""
    return _bounded(Cos, operand)


@named(scipy="expit")
def sigmoid(operand: object) -> Expr:
    """``1 / (1 + exp(-operand))``."""
    return _bounded(Sigmoid, operand)


@named(np.tanh)
def tanh(operand: object) -> Expr:
    """The hyperbolic tangent."""
    return _bounded(Tanh, operand)


@named(scipy="erf")
def erf(operand: object) -> Expr:
    """The error function, ``2 / sqrt(pi) * integral of exp(-t^2) from 0 to operand``."""
    return _bounded(Erf, operand)


# ---- made of others -----------------------------------------------------------------------------------
@named(np.expm1)
def expm1(operand: object) -> Expr:
    """``e ** operand - 1``."""
    return sub(exp(operand), 1)


@named(np.log1p)
def log1p(operand: object) -> Expr:
    """The natural logarithm of ``1 + operand``; null where that is not positive."""
    return log(add(operand, 1))


@named(np.cosh)
def cosh(operand: object) -> Expr:
    """The hyperbolic cosine."""
    return mul(add(exp(operand), exp(neg(operand))), 0.5)


@named(np.hypot)
def hypot(left: object, right: object) -> Expr:
    """The root of the sum of two squares."""
    return sqrt(add(square(left), square(right)))


@named(np.radians, np.deg2rad)
def radians(operand: object) -> Expr:
    """Degrees as radians."""
    return mul(operand, math.pi / 180)


@named(np.degrees, np.rad2deg)
def degrees(operand: object) -> Expr:
    """Radians as degrees."""
    return mul(operand, 180 / math.pi)
