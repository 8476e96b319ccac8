"""Conditions and nulls: where, is_null, not_null, fill_null.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, fill_null, gt, where
>>> days = col(Field("days", Int(32), True, range=(-5, 900)))
>>> fill_null(days, 0).nullable, where(gt(days, 31), 31, days).range
(False, (-5, 31))
"""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import Bool, DType, Int, Range
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.common import describe, mismatch, overflow
from spuframe.expr.functions.logic import not_
from spuframe.expr.functions.promotion import branches
from spuframe.expr.rings import of_result
from spuframe.expr.stated import EXACT, always

__all__ = ["where", "is_null", "not_null", "fill_null"]


@dataclass(frozen=True, eq=False, repr=False)
class Where(Function):
    """``then`` where the condition is true, ``other`` where it is false or null; both of one type (integers of any width)."""

    condition: Expr
    then: Expr
    other: Expr
    fn = "where"
    rings = of_result
    states = always(EXACT)
    last_place = "kept"

    def inferred(self) -> Info:
        a, b = self.then.dtype, self.other.dtype
        if not isinstance(self.condition.dtype, Bool):
            raise TypeMismatchError(f"the condition {describe(self.condition)} must be a boolean: compare it with something first")
        dtype = a.united(b)
        if dtype is None:
            raise mismatch("choose between", (self.then, self.other), "build it with spuframe.expr.where, which converts them")
        bounds: Range | None = None
        if dtype.has_range:
            ranges = [self.condition.given(self.then, True), self.condition.given(self.other, False)]
            bounds = (min(r[0] for r in ranges), max(r[1] for r in ranges))
            dtype = _holding(self, dtype, bounds)
        return self.info_of(dtype, bounds, nullable=self.then.nullable or self.other.nullable)

    def simpler(self) -> Expr | None:
        if isinstance(self.condition, Lit):
            return self.then if self.condition.value else self.other
        return self.then if self.then == self.other else None

    def row(self, *args: Scalar) -> Scalar:
        return args[1] if args[0] else args[2]


def _holding(e: Function, dtype: DType, bounds: Range) -> DType:
    """The type for values of both branches: unsigned, if integers of 2^63 and more are among them; they do not go with negative ones."""
    if not isinstance(dtype, Int) or bounds[1] <= dtype.bounds[1]:
        return dtype
    if bounds[0] < 0:
        raise overflow(e, bounds, dtype.bounds[1] + 1, "an integer beside negative ones")
    return Int(64, signed=False)


@dataclass(frozen=True, eq=False, repr=False)
class IsNull(Function):
    """Whether the operand is null; never null itself."""

    operand: Expr
    fn = "is_null"
    states = always(EXACT)

    def inferred(self) -> Info:
        return self.info_of(Bool(), None, nullable=False)

    def simpler(self) -> Expr | None:
        return None if self.operand.nullable else lit(False)

    def row(self, *args: Scalar) -> Scalar:
        return args[0] is None


@dataclass(frozen=True, eq=False, repr=False)
class FillNull(Function):
    """``operand``, or ``default`` where it is null; both of one type (integers of any width)."""

    operand: Expr
    default: Expr
    fn = "fill_null"
    rings = of_result
    states = always(EXACT)
    last_place = "kept"

    def inferred(self) -> Info:
        dtype = self.operand.dtype.united(self.default.dtype)
        if dtype is None:
            raise mismatch("fill with a default", self.args, "build it with spuframe.expr.fill_null, which converts them")
        bounds: Range | None = None
        if dtype.has_range:
            (a, b), (c, d) = bounds_of(self.operand), bounds_of(self.default)
            bounds = (min(a, c), max(b, d)) if self.operand.nullable else (a, b)
            dtype = _holding(self, dtype, bounds)
        return self.info_of(dtype, bounds, nullable=self.operand.nullable and self.default.nullable)

    def simpler(self) -> Expr | None:
        return None if self.operand.nullable else self.operand

    def row(self, *args: Scalar) -> Scalar:
        return args[1] if args[0] is None else args[0]


def where(condition: object, then: object, other: object) -> Expr:
    """``then`` where the condition is true, else ``other``; None stands for null.

    >>> str(where(lit(True), 1, None))
    'where(True, 1, null)'
    """
    if then is None and other is None:
        raise PlanError("where(condition, None, None) has no type: give a value for one of the branches")
    a = as_expr(then) if then is not None else lit(None, as_expr(other).dtype)
    b = as_expr(other) if other is not None else lit(None, a.dtype)
    return Where(as_expr(condition), *branches("choose between", a, b))


def is_null(operand: object) -> Expr:
    """Whether it is null (pandas' isna)."""
    return IsNull(as_expr(operand))


def not_null(operand: object) -> Expr:
    """Whether it is not null (pandas' notna)."""
    return not_(IsNull(as_expr(operand)))


def fill_null(operand: object, default: object) -> Expr:
    """``default`` where it is null (pandas' fillna)."""
    a, b = as_expr(operand), as_expr(default)
    if isinstance(a.dtype, Int) and isinstance(b, Lit) and isinstance(b.value, float) and b.value.is_integer():
        b = lit(int(b.value))
    return FillNull(*branches("fill with a default", a, b))
