"""Conditions and nulls: where, is_null, fill_null; and what is composed of them: not_null, between, isin, clip, minimum, maximum, abs_.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import clip, col, isin
>>> days = col(Field("days", Int(32), range=(-5, 900)))
>>> clip(days, 0, 31).range
(0, 31)
>>> str(isin(days, [1, 7]))
'isin(days, 1, 7)'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from spuframe.dtypes import Bool, DType, Fixed, Int, Range, String
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.arithmetic import neg
from spuframe.expr.functions.common import chosen_from, describe, mismatch, numeric, overflow, ranged
from spuframe.expr.functions.comparison import Compare, eq, ge, gt, le, lt
from spuframe.expr.functions.conversion import convert
from spuframe.expr.functions.logic import Or, and_, not_


@dataclass(frozen=True, eq=False, repr=False)
class Where(Function):
    """``then`` where the condition is true, ``other`` where it is false or null; both of one type (integers of any width)."""

    condition: Expr
    then: Expr
    other: Expr
    fn = "where"
    last_place = "kept"

    def inferred(self) -> Info:
        a, b = self.then.dtype, self.other.dtype
        if not isinstance(self.condition.dtype, Bool):
            raise TypeMismatchError(f"the condition {describe(self.condition)} must be a boolean: compare it with something first")
        dtype = _union(a, b)
        if dtype is None:
            raise mismatch("choose between", (self.then, self.other), "build it with spuframe.expr.where, which converts them")
        bounds: Range | None = None
        if dtype.has_range:
            ranges = [_given(self.condition, True, self.then), _given(self.condition, False, self.other)]
            bounds = (min(r[0] for r in ranges), max(r[1] for r in ranges))
            dtype = _holding(self, dtype, bounds)
        return self.info_of(dtype, bounds, nullable=self.then.nullable or self.other.nullable)

    def row(self, *args: Scalar) -> Scalar:
        return args[1] if args[0] else args[2]


def _union(a: DType, b: DType) -> DType | None:
    return a if a == b else Int(64) if isinstance(a, Int) and isinstance(b, Int) else None


def _holding(e: Function, dtype: DType, bounds: Range) -> DType:
    """The type for values of both branches: unsigned, if integers of 2^63 and more are among them; they do not go with negative ones."""
    if not isinstance(dtype, Int) or bounds[1] <= dtype.bounds[1]:
        return dtype
    if bounds[0] < 0:
        raise overflow(e, bounds, dtype.bounds[1] + 1, "an integer beside negative ones")
    return Int(64, signed=False)


def _given(condition: Expr, holds: bool, branch: Expr) -> Range:
    """The range of ``branch`` where ``condition`` holds, or does not: so clip, minimum and maximum narrow a range."""
    low, high = bounds_of(branch)
    if not isinstance(condition, Compare):
        return (low, high)
    if condition.left == branch:
        other, fn = condition.right, condition.fn
    elif condition.right == branch:
        other, fn = condition.left, condition.mirrored
    else:
        return (low, high)
    if not holds and other.nullable:  # the condition may be null, and then says nothing
        return (low, high)
    least, most = bounds_of(other)
    smaller, larger = fn in ("lt", "le"), fn in ("gt", "ge")
    if (smaller if holds else larger) and most >= low:
        return (low, min(high, most))
    if (larger if holds else smaller) and least <= high:
        return (max(low, least), high)
    return (low, high)


@dataclass(frozen=True, eq=False, repr=False)
class IsNull(Function):
    """Whether the operand is null; never null itself."""

    operand: Expr
    fn = "is_null"

    def inferred(self) -> Info:
        return self.info_of(Bool(), None, nullable=False)

    def row(self, *args: Scalar) -> Scalar:
        return args[0] is None


@dataclass(frozen=True, eq=False, repr=False)
class FillNull(Function):
    """``operand``, or ``default`` where it is null; both of one type (integers of any width)."""

    operand: Expr
    default: Expr
    fn = "fill_null"
    last_place = "kept"

    def inferred(self) -> Info:
        dtype = _union(self.operand.dtype, self.default.dtype)
        if dtype is None:
            raise mismatch("fill with a default", self.args, "build it with spuframe.expr.fill_null, which converts them")
        bounds: Range | None = None
        if dtype.has_range:
            (a, b), (c, d) = bounds_of(self.operand), bounds_of(self.default)
            bounds = (min(a, c), max(b, d)) if self.operand.nullable else (a, b)
            dtype = _holding(self, dtype, bounds)
        return self.info_of(dtype, bounds, nullable=self.operand.nullable and self.default.nullable)

    def row(self, *args: Scalar) -> Scalar:
        return args[1] if args[0] is None else args[0]


@dataclass(frozen=True, eq=False, repr=False)
class IsIn(Function):
    """Whether the operand is one of the constants, which have its type (integers of any width); false where it is null."""

    operand: Expr
    values: tuple[Expr, ...]
    fn = "isin"

    def inferred(self) -> Info:
        for v in self.values:
            if not isinstance(v, Lit) or v.value is None or _union(self.operand.dtype, v.dtype) is None:
                raise mismatch("look for", (self.operand, v), "build it with spuframe.expr.isin, which converts the constants")
        return self.info_of(Bool(), None, nullable=False)

    def row(self, *args: Scalar) -> Scalar:
        return args[0] is not None and args[0] in args[1:]


def where(condition: object, then: object, other: object) -> Expr:
    """``then`` where the condition is true, else ``other``; None stands for null.

    >>> str(where(lit(True), 1, None))
    'where(True, 1, null)'
    """
    if then is None and other is None:
        raise PlanError("where(condition, None, None) has no type: give a value for one of the branches")
    a = as_expr(then) if then is not None else lit(None, as_expr(other).dtype)
    b = as_expr(other) if other is not None else lit(None, a.dtype)
    return Where(as_expr(condition), *_branches("choose between", a, b))


def _branches(what: str, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    if isinstance(a.dtype, Bool) != isinstance(b.dtype, Bool) and not isinstance(a.dtype, String) and not isinstance(b.dtype, String):
        a, b = numeric(what, a), numeric(what, b)
    return chosen_from(what, a, b)


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
    return FillNull(*_branches("fill with a default", a, b))


def between(operand: object, low: object, high: object, inclusive: str = "both") -> Expr:
    """``low <= operand <= high``; ``inclusive`` as in pandas: both, neither, left or right."""
    if inclusive not in ("both", "neither", "left", "right"):
        raise PlanError(f"inclusive must be 'both', 'neither', 'left' or 'right', got {inclusive!r}")
    lower = (ge if inclusive in ("both", "left") else gt)(operand, low)
    upper = (le if inclusive in ("both", "right") else lt)(operand, high)
    return and_(lower, upper)


def isin(operand: object, values: Iterable[object]) -> Expr:
    """Whether it equals one of the constants; false (not null) where it is null, as in pandas."""
    e = as_expr(operand)
    if not isinstance(e.dtype, Bool):
        constants = [c for v in dict.fromkeys(values) if v is not None and (c := constant_of(e, v)) is not None]
        return IsIn(e, tuple(constants)) if constants else lit(False)
    tests = [eq(e, v) for v in dict.fromkeys(values) if v is not None]  # bits are as good as their tests
    found = reduce(Or, tests) if tests else lit(False)
    return fill_null(found, False) if found.nullable else found


def constant_of(e: Expr, value: object) -> Lit | None:
    """A constant in the type of ``e``; None if it can equal none of its values: a fraction no integer, a longer string no shorter one."""
    test = eq(e, value)  # what it makes of a constant says how it compares
    if not isinstance(test, Compare) or not isinstance(test.right, Lit):
        return None
    if isinstance(e.dtype, Int):
        return test.right if isinstance(test.right.dtype, Int) else None
    return test.right if test.left == e and test.right.dtype == e.dtype else None


def minimum(left: object, right: object) -> Expr:
    """The smaller of two values of a row; null if either is."""
    return _extreme(left, right, lt)


def maximum(left: object, right: object) -> Expr:
    """The larger of two values of a row; null if either is."""
    return _extreme(left, right, gt)


def _extreme(left: object, right: object, better: Any) -> Expr:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Expr) and idle(one, other, upper=better is lt):
            return convert(one, Int(64)) if isinstance(one.dtype, Bool) else one
    a, b = _branches("compare", ranged("compare", as_expr(left)), ranged("compare", as_expr(right)))
    chosen = where(better(a, b), a, b)
    if a.nullable:  # a null condition chooses b
        chosen = where(is_null(a), None, chosen)
    return chosen


def clip(operand: object, low: object = None, high: object = None) -> Expr:
    """Values below ``low`` become it, values above ``high`` become it; its range is narrowed."""
    e = as_expr(operand)
    if low is not None:
        a, b = chosen_from("clip", ranged("clip", e), as_expr(low))
        e = where(lt(a, b), b, a)
    if high is not None:
        a, b = chosen_from("clip", ranged("clip", e), as_expr(high))
        e = where(gt(a, b), b, a)
    return e


def idle(e: Expr, bound: object, upper: bool) -> bool:
    """Whether a public bound changes no value and need not be a constant, which infinity, 1e15 and 2**70 cannot be."""
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not isinstance(e.dtype, Int | Fixed | Bool) or abs(bound) < Fixed().limit:
        return False
    low, high = bounds_of(e)
    return bound >= high if upper else bound <= low


def abs_(operand: object) -> Expr:
    """The magnitude."""
    e = numeric("take the magnitude of", as_expr(operand))
    if bounds_of(e)[0] >= 0:
        return e
    return where(lt(e, lit(0.0, e.dtype) if isinstance(e.dtype, Fixed) else 0), neg(e), e)
