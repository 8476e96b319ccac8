"""Conversion from type to type, as the SPU knows it; what pandas' astype asks for is in `spuframe.expr.functions.astype`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from spuframe.dtypes import Decimal, DType, Fixed, Int, number, real
from spuframe.errors import RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import Expr, Function, Info, Scalar, bounds_of, folded
from spuframe.expr.functions.common import checked, describe
from spuframe.expr.rings import of_result
from spuframe.expr.stated import EXACT, NEAREST, Stated, always


@dataclass(frozen=True, eq=False, repr=False)
class Cast(Function):
    """``operand`` as another type; build it with `spuframe.expr.cast`, which also knows conversions that are not a cast of the SPU."""

    operand: Expr
    target: DType
    fn = "cast"
    rings = of_result
    states = MappingProxyType({"to an integer, to as many fraction bits": EXACT, "to fewer fraction bits": Stated(units=1, chance=True)})
    beyond = "refused if the range overflows; to an integer toward zero"
    last_place = "kept"

    @property
    def case(self) -> str:
        exact, fewer = self.states
        return fewer if not self.target.exact and self.operand.dtype.frac > self.target.frac else exact

    def inferred(self) -> Info:
        source, target = self.operand.dtype, self.target
        if not target.takes(source):
            raise TypeMismatchError(f"cannot cast {describe(self.operand)} to {target}: cast numbers, booleans, or strings to wider strings")
        if not target.has_range:
            return self.info_of(target, None)
        bounds = target.cast_bounds(source, bounds_of(self.operand))
        if not isinstance(target, Int):
            return self.info_of(target, checked(self, target, bounds))
        if bounds[0] < target.bounds[0] or bounds[1] > target.bounds[1]:  # a cast may reach what no other computed value may
            raise RangeOverflowError(
                f"{describe(self.operand)} may reach [{number(bounds[0])}, {number(bounds[1])}], which {target} does not hold: "
                "cast to a wider type, clip, or declare a narrower range when reading (ranges={'column': (low, high)}), if its owner takes ranges"
            )
        return self.info_of(target, bounds)

    def value(self, *args: Any) -> Scalar:
        return self.target.cast(self.operand.dtype, args[0])  # type: ignore[no-any-return]

    def text(self, args: Any) -> str:
        return f"{self.target}({args[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Units(Function):
    """A decimal as the number of its units, an integer: 12.34 is 1234 of them."""

    operand: Expr
    fn = "units"
    rings = of_result
    states = always(EXACT)

    def inferred(self) -> Info:
        if not self.operand.dtype.of_units:
            raise TypeMismatchError(f"cannot count the units of {describe(self.operand)}: it needs a decimal")
        return self.info_of(Int(64), bounds_of(self.operand))

    def value(self, *args: Any) -> Scalar:
        return args[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class Real(Function):
    """A decimal as the nearest number of fixed point, from half way the upper one; ``target`` is the type of the result, which `real_of` chooses."""

    operand: Expr
    target: Fixed
    fn = "real"
    states = always(NEAREST)
    last_place = "exact"

    def inferred(self) -> Info:
        source = self.operand.dtype
        if not isinstance(source, Decimal) or self.target.exact:
            raise TypeMismatchError(f"cannot take {describe(self.operand)} as a float: it needs a decimal")
        low, high = map(source.number, bounds_of(self.operand))
        return self.info_of(self.target, checked(self, self.target, (low, high)))

    def value(self, *args: Any) -> Scalar:
        unit = 1 << self.target.f
        return real(Fraction(math.floor(self.operand.dtype.number(args[0]) * unit + Fraction(1, 2)), unit))  # type: ignore[return-value]


def real_of(e: Expr, target: Fixed | None = None) -> Expr:
    """Decimals as floats, with the fraction bits that their range asks for."""
    low, high = map(e.dtype.number, bounds_of(e))
    made = Real(e, target or Fixed.for_range(float(low), float(high)))
    return folded(made) or made


def units_of(e: Expr) -> Expr:
    """How many units the values are, as integers."""
    if e.dtype.counted:
        return convert(e, Int(64))
    made = Units(e)
    return folded(made) or made


def counted(e: Expr) -> Expr:
    """What counts as numbers as these: booleans as 0 and 1."""
    return convert(e, e.dtype.as_number)


def convert(e: Expr, target: DType) -> Expr:
    """``e`` as ``target``: itself if it is one already, a constant at once."""
    if e.dtype == target:
        return e
    if isinstance(target, Fixed) and isinstance(e.dtype, Decimal):
        return real_of(e, target)
    made = Cast(e, target)
    return folded(made) or made
