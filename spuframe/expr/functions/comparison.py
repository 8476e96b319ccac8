"""Comparisons: eq, ne, lt, le, gt, ge; null if either side is.

Numbers with numbers, booleans with booleans, strings with strings (bytewise order).

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, gt
>>> str(gt(col(Field("age", Int(8))), 49.5))
'age >= 50'
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, TypeGuard

import numpy as np

from spuframe.dtypes import Bool, Fixed, Range
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.arithmetic import add
from spuframe.expr.functions.common import Binary, bits_of, mismatch, overflow
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.conversion import counted
from spuframe.expr.functions.logic import and_, not_
from spuframe.expr.functions.promotion import same_type
from spuframe.expr.named import named
from spuframe.expr.rings import of_difference
from spuframe.expr.stated import EXACT, always

__all__ = ["eq", "ne", "lt", "le", "gt", "ge"]


@dataclass(frozen=True, eq=False, repr=False)
class Compare(Binary):
    """Base of the comparisons; operands of one type (integers of any width)."""

    test: ClassVar[Callable[[Any, Any], bool]]
    mirrored: ClassVar[str]
    rings = of_difference

    def inferred(self) -> Info:
        a, b = self.left.dtype, self.right.dtype
        if not a.like(b):
            raise mismatch("compare", self.args, f"build it with spuframe.expr.{self.fn}, which converts them")
        if a.has_range:
            (low, high), (least, most) = bounds_of(self.left), bounds_of(self.right)
            if max(high, most) >= 1 << 63 and min(low, least) < 0 and low <= most and least <= high:
                raise overflow(self, (min(low, least), max(high, most)), 1 << 63, "an integer compared with negative ones")
        return self.info_of(Bool(), None)

    def given(self, branch: Expr, holds: bool) -> Range:
        low, high = bounds_of(branch)
        if self.left == branch:
            other, fn = self.right, self.fn
        elif self.right == branch:
            other, fn = self.left, self.mirrored
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

    def simpler(self) -> Expr | None:
        """A comparison of something with itself, or that public ranges decide."""
        if self.nullable:
            return None
        if self.left == self.right:
            return lit(type(self).test(0, 0))
        if not self.left.dtype.has_range or self.left.range is None or self.right.range is None:
            return None
        (a, b), (c, d) = self.left.range, self.right.range
        if not self.left.dtype.exact:  # bounds of a computed value are exact only up to its last bits
            slack = 2.0 ** (1 - self.left.dtype.frac) * 64
            a, b = a - slack, b + slack
        known = self._decided(a, b, c, d)
        return None if known is None else lit(known)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        """Whether all numbers from ``a`` to ``b`` compare with all from ``c`` to ``d``, or none; None if some do."""
        raise NotImplementedError

    def value(self, *args: Any) -> Scalar:
        a, b = ((x.encode() if isinstance(x, str) else x) for x in args)
        return bool(type(self).test(a, b))


@dataclass(frozen=True, eq=False, repr=False)
class Eq(Compare):
    """``left == right``."""

    fn, infix, test, mirrored = "eq", "==", operator.eq, "eq"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return False if b < c or a > d else None


@dataclass(frozen=True, eq=False, repr=False)
class Ne(Compare):
    """``left != right``."""

    fn, infix, test, mirrored = "ne", "!=", operator.ne, "ne"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return True if b < c or a > d else None


@dataclass(frozen=True, eq=False, repr=False)
class Lt(Compare):
    """``left < right``."""

    fn, infix, test, mirrored = "lt", "<", operator.lt, "gt"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return True if b < c else False if a >= d else None


@dataclass(frozen=True, eq=False, repr=False)
class Le(Compare):
    """``left <= right``."""

    fn, infix, test, mirrored = "le", "<=", operator.le, "ge"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return True if b <= c else False if a > d else None


@dataclass(frozen=True, eq=False, repr=False)
class Gt(Compare):
    """``left > right``."""

    fn, infix, test, mirrored = "gt", ">", operator.gt, "lt"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return True if a > d else False if b <= c else None


@dataclass(frozen=True, eq=False, repr=False)
class Ge(Compare):
    """``left >= right``."""

    fn, infix, test, mirrored = "ge", ">=", operator.ge, "le"
    states = always(EXACT)

    def _decided(self, a: float, b: float, c: float, d: float) -> bool | None:
        return True if a >= d else False if b < c else None


_CLASSES: dict[str, type[Compare]] = {c.fn: c for c in (Eq, Ne, Lt, Le, Gt, Ge)}


def _compare(fn: str, left: object, right: object) -> Expr:
    if left is None or right is None:
        raise PlanError(f"a comparison with null ({_CLASSES[fn].infix}) is null in every row: isna() and notna() tell which values are missing")
    if _is_number(left):
        left, right, fn = right, left, _CLASSES[fn].mirrored
    if _is_number(right):
        a = left = counted(as_expr(left))
        if a.dtype.of_numbers and not a.dtype.reaches(right):
            return _known(fn, a, right)
        if a.dtype.of_numbers and isinstance(right, float):  # a constant of floats may be of no type by itself
            fn, right = _placed(fn, a, right) or (fn, lit(right, a.dtype))
    a, b = as_expr(left), as_expr(right)
    if isinstance(a, Lit) and not isinstance(b, Lit):  # the constant on the right: fewer cases everywhere
        a, b, fn = b, a, _CLASSES[fn].mirrored
    if a.dtype != b.dtype and a.dtype.of_numbers and b.dtype.of_numbers:
        a, b = counted(a), counted(b)
    if isinstance(a.dtype, Bool) and fn not in ("eq", "ne"):
        raise mismatch("order", (a, b), "booleans have no order here; use ==, &, | or astype('int8')")
    if isinstance(b, Lit) and b.value is not None and b.dtype.of_numbers and not a.dtype.like(b.dtype):
        fn, b = _placed(fn, a, b.dtype.number(b.value)) or (fn, b)
    if isinstance(b, Lit) and isinstance(a.dtype, Fixed) and b.dtype.of_numbers and b.value is not None and not isinstance(a, Lit):
        fn, b = _stored(fn, b.dtype.number(b.value), b, a, a.dtype)
    if not isinstance(b, Lit) and a.dtype != b.dtype and not a.dtype.exact and not b.dtype.exact:
        return _rounded(fn, a, b, min(bits_of(a), bits_of(b)))
    a, b = same_type("compare", a, b, Fixed.ROOM)
    return _CLASSES[fn](a, b)


def _known(fn: str, e: Expr, value: float) -> Expr:
    """How a column compares with what is larger or smaller than all of its values, or NaN, of which all differ."""
    known = lit(fn == "ne" if fn in ("eq", "ne") or value != value else (value > 0) is (fn in ("lt", "le")))
    return where(is_null(e), None, known) if e.nullable else known


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(fn: str, left: Expr, right: Expr, coarse: int) -> Expr:
    """Columns of two resolutions: equal if one number may be stored as both, that is within half a unit of the coarser one."""
    a, b = same_type("compare", left, right, Fixed.ROOM)

    def closer(test: type[Compare], x: Expr, y: Expr) -> Expr:
        return test(*same_type("compare", x, y, Fixed.ROOM))  # a sum may have a finer type than what is added

    half = lit(2.0 ** (-coarse - 1) if bits_of(a) > coarse else 0.0, a.dtype)
    if fn in ("eq", "ne"):
        found = and_(closer(Le, a, add(b, half)), closer(Le, b, add(a, half)))
        return found if fn == "eq" else not_(found)
    if fn in ("gt", "ge"):
        a, b = b, a
    return closer(Lt, add(a, half), b) if fn in ("lt", "gt") else closer(Le, a, add(b, half))


def _placed(fn: str, column: Expr, number: int | float | Fraction) -> tuple[str, Expr] | None:
    """The same comparison of whole units with a number of them: exact, and narrow. What equals a fraction of one is never so, if not null.

    None where values are rounded.
    """
    found = column.dtype.placed(number)
    if found is None:
        return None
    dtype, units = found
    if units.denominator == 1:
        return fn, Lit(int(units), dtype)
    if fn in ("gt", "ge"):
        return "ge", Lit(math.ceil(units), dtype)
    if fn in ("lt", "le"):
        return "le", Lit(math.floor(units), dtype)
    return "lt" if fn == "eq" else "ge", column


def _stored(fn: str, value: int | float | Fraction, constant: Expr, column: Expr, dtype: Fixed) -> tuple[str, Expr]:
    """The same comparison of a fixed-point column with a constant that counts as it would be stored: 0.1 equals a stored 0.1.

    But one that would be stored as 0 is not 0: between it and 0 there is no value of the column, and none that equals it.
    """
    if not value or dtype.nearest(float(value)):
        return fn, constant if constant.dtype.is_numeric else lit(float(value))
    if fn in ("eq", "ne"):
        return "lt" if fn == "eq" else "ge", column
    above, inclusive = ("gt", "ge") if fn in ("gt", "ge") else ("lt", "le")
    return above if (value > 0) == (above == "gt") else inclusive, lit(0.0, dtype)


@named(np.equal, bare=True)
def eq(left: object, right: object) -> Expr:
    """``left == right``."""
    return _compare("eq", left, right)


@named(np.not_equal, bare=True)
def ne(left: object, right: object) -> Expr:
    """``left != right``; null, not true, where either is null."""
    return _compare("ne", left, right)


@named(np.less, bare=True)
def lt(left: object, right: object) -> Expr:
    """``left < right``."""
    return _compare("lt", left, right)


@named(np.less_equal, bare=True)
def le(left: object, right: object) -> Expr:
    """``left <= right``."""
    return _compare("le", left, right)


@named(np.greater, bare=True)
def gt(left: object, right: object) -> Expr:
    """``left > right``."""
    return _compare("gt", left, right)


@named(np.greater_equal, bare=True)
def ge(left: object, right: object) -> Expr:
    """``left >= right``."""
    return _compare("ge", left, right)
