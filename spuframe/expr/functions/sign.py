"""The sign of a number: -1, 0 or 1, of a float as a float, null where it is null.

>>> from spuframe.dtypes import Field, Int, INT_LIMIT, INT_LIMIT
>>> from spuframe.expr import col, sign
>>> debt = sign(col(Field("debt", Int(32), True, range=(-9, 900))))
>>> str(debt), debt.range, debt.nullable
('sign(debt)', (-1, 1), True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.dtypes import Fixed, Int
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of
from spuframe.expr.functions.common import checked, fits, mismatch, refuse_large
from spuframe.expr.functions.comparison import gt, lt
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.promotion import alike, numeric
from spuframe.expr.named import named
from spuframe.expr.stated import EXACT, always

__all__ = ["sign"]


@dataclass(frozen=True, eq=False, repr=False)
class Sign(Function):
    """-1, 0 or 1; the operand and its negative must both fit their ring. ``target`` is the type of the result of a float, which need not hold a one."""

    operand: Expr
    target: Fixed | None = None
    fn = "sign"
    states = always(EXACT)
    last_place = "exact"

    def inferred(self) -> Info:
        dtype = self.operand.dtype
        if not dtype.is_numeric:
            raise mismatch("take the sign of", self.args, "it needs a number")
        if dtype.exact != (self.target is None):
            raise mismatch("take the sign of", self.args, "build it with spuframe.expr.sign, which chooses the type of the result")
        refuse_large(self, self.operand, "the argument")
        low, high = bounds_of(self.operand)
        ends = (_sign(low), _sign(high))
        if not dtype.exact:  # a computed value may be off by some units: one near zero may become zero
            ends = (min(ends[0], 0), max(ends[1], 0))
        return self.info_of(self.target or Int(64), checked(self, self.target or Int(64), ends))

    def value(self, *args: Any) -> Scalar:
        found = _sign(args[0])
        return found if self.dtype.exact else float(found)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


@named(np.sign)
def sign(operand: object) -> Expr:
    """-1, 0 or 1."""
    e = as_expr(operand)
    e = (alike("take the sign of", e, Lit(0, e.dtype)) or [e])[0] if e.dtype.of_units else e
    e = numeric("take the sign of", e)
    if not fits(e):
        found = where(gt(e, 0), 1, where(lt(e, 0), -1, 0))
        return where(is_null(e), None, found) if e.nullable else found
    return Sign(e, None if e.dtype.exact else Fixed.for_range(-1, 1))
