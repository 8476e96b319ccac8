"""Conversion from type to type, as the SPU knows it; what pandas' astype asks for is in `spuframe.expr.functions.astype`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from spuframe.dtypes import Bool, Date, DType, Fixed, Int, Range, String, number, real
from spuframe.errors import RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import Expr, Function, Info, Scalar, bounds_of, folded
from spuframe.expr.functions.common import checked, describe
from spuframe.expr.stated import EXACT, Stated


@dataclass(frozen=True, eq=False, repr=False)
class Cast(Function):
    """``operand`` as another type; build it with `spuframe.expr.cast`, which also knows conversions that are not a cast of the SPU."""

    operand: Expr
    target: DType
    fn = "cast"
    states = MappingProxyType({"to an integer, to as many fraction bits": EXACT, "to fewer fraction bits": Stated(units=1, chance=True)})
    beyond = "refused if the range overflows; to an integer toward zero"
    last_place = "kept"

    @property
    def case(self) -> str:
        exact, fewer = self.states
        return fewer if isinstance(self.target, Fixed) and self.operand.dtype.frac > self.target.f else exact

    def inferred(self) -> Info:
        source, target = self.operand.dtype, self.target
        if isinstance(source, String) and isinstance(target, String) and target.width >= source.width:
            return self.info_of(target, None)
        if isinstance(target, Fixed) and (source.is_numeric or isinstance(source, Bool)):
            return self.info_of(target, checked(self, target, bounds_of(self.operand)))
        if isinstance(target, Date) and isinstance(source, Int):
            return self.info_of(target, checked(self, target, bounds_of(self.operand)))
        if isinstance(target, Int) and (source.has_range or isinstance(source, Bool)):
            low, high = bounds_of(self.operand)
            bounds: Range = (math.floor(low), math.ceil(high))
            if isinstance(source, Fixed) and self.operand.range is None:
                bounds = (max(bounds[0], -(2 ** (62 - source.f))), min(bounds[1], 2 ** (62 - source.f)))
            if bounds[0] < target.bounds[0] or bounds[1] > target.bounds[1]:
                raise RangeOverflowError(
                    f"{describe(self.operand)} may reach [{number(bounds[0])}, {number(bounds[1])}], which {target} does not hold: "
                    "cast to a wider type, clip, or declare a narrower range when reading (ranges={'column': (low, high)}), if its owner takes ranges"
                )
            return self.info_of(target, bounds)
        raise TypeMismatchError(f"cannot cast {describe(self.operand)} to {target}: cast numbers, booleans, or strings to wider strings")

    def value(self, *args: Any) -> Scalar:
        (v,) = args
        if isinstance(self.target, Int):
            return int(v)
        return real(v) if isinstance(self.target, Fixed) else v  # type: ignore[return-value]  # what was none does not become a Fraction

    def text(self, args: Any) -> str:
        return f"{self.target}({args[0]})"


def convert(e: Expr, target: DType) -> Expr:
    """``e`` as ``target``: itself if it is one already, a constant at once."""
    if e.dtype == target:
        return e
    made = Cast(e, target)
    return folded(made) or made
