"""A function that spuframe does not have, as a family of ``spuframe/expr/functions`` would have it: 1 below zero, else 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.dtypes import Fixed, Int
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.common import mismatch
from spuframe.expr.named import named
from spuframe.expr.stated import EXACT, always

__all__ = ["signbit"]


@dataclass(frozen=True, eq=False, repr=False)
class SignBit(Function):
    """1 where a number is below zero, else 0."""

    operand: Expr
    fn = "signbit"
    states = always(EXACT)
    last_place = "exact"

    def inferred(self) -> Info:
        if not isinstance(self.operand.dtype, Int | Fixed):
            raise mismatch("take the sign bit of", self.args, "it needs a number")
        low, high = bounds_of(self.operand)
        return self.info_of(Int(64), (int(high < 0), int(low < 0)))

    def simpler(self) -> Expr | None:
        return Lit(0, Int(64)) if bounds_of(self.operand)[0] >= 0 and not self.nullable else None

    def value(self, *args: Any) -> Scalar:
        return int(args[0] < 0)


@named(np.signbit)
def signbit(operand: object) -> Expr:
    """1 where a number is below zero, else 0."""
    e = as_expr(operand)
    return lit(int(e.value < 0)) if isinstance(e, Lit) and isinstance(e.value, int | float) else SignBit(e)
