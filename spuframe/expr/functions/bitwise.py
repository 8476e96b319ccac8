"""Integers as words of bits: and, or, xor, not, and shifts by a public number of bits; two's complement, as in Python and NumPy.

``&``, ``|``, ``^`` and ``~`` of booleans are those of `spuframe.expr.functions.logic`: the builders here choose by the operands' types.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import bit_and, bit_not, bit_or, bit_xor, col, shift_left, shift_right
>>> flags, mask = col(Field("flags", Int(64), range=(-9, 200))), col(Field("mask", Int(8), range=(0, 12)))
>>> str(bit_and(flags, mask)), bit_and(flags, mask).range, bit_or(flags, mask).range, bit_xor(mask, 3).range
('flags & mask', (0, 12), (-9, 255), (0, 15))
>>> bit_not(mask).range, shift_left(mask, 3).range, shift_right(flags, 3).range
((-13, -1), (0, 96), (-2, 25))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.dtypes import Bool, Int, Range
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, bounds_of, lit
from spuframe.expr.functions.arithmetic import mul, sub
from spuframe.expr.functions.bounds import abs_, clip
from spuframe.expr.functions.common import Binary, checked, describe, mismatch
from spuframe.expr.functions.logic import and_, not_, or_, xor
from spuframe.expr.functions.promotion import numeric
from spuframe.expr.named import named
from spuframe.expr.stated import EXACT, always

__all__ = ["bit_and", "bit_or", "bit_xor", "bit_not", "shift_left", "shift_right", "bit_count"]

_REMEDY = "it needs two booleans or two integers; compare a column with something first, and put comparisons in parentheses"
MOST_LEFT = 61
"""Bits of a shift to the left: integers stay below 2^62."""
MOST_RIGHT = 63
"""Bits of a shift to the right, beyond which nothing changes."""


@dataclass(frozen=True, eq=False, repr=False)
class Bitwise(Binary):
    """Base of the operations on the bits of two integers."""

    def inferred(self) -> Info:
        if not all(isinstance(e.dtype, Int) for e in self.args):
            raise mismatch(f"apply {self.infix} to", self.args, _REMEDY)
        left, right = (tuple(map(int, bounds_of(e))) for e in self.args)
        return self.info_of(Int(64), checked(self, Int(64), self._span(left, right)))

    def _span(self, left: tuple[int, ...], right: tuple[int, ...]) -> Range:
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class BitAnd(Bitwise):
    """``left & right`` of integers."""

    fn, infix = "bit_and", "&"
    states = always(EXACT)

    def _span(self, left: tuple[int, ...], right: tuple[int, ...]) -> Range:
        return _and_span(left, right)

    def value(self, *args: Any) -> Scalar:
        return args[0] & args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class BitOr(Bitwise):
    """``left | right`` of integers."""

    fn, infix = "bit_or", "|"
    states = always(EXACT)

    def _span(self, left: tuple[int, ...], right: tuple[int, ...]) -> Range:
        low, high = _and_span((~left[1], ~left[0]), (~right[1], ~right[0]))
        return (~high, ~low)

    def value(self, *args: Any) -> Scalar:
        return args[0] | args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class BitXor(Bitwise):
    """``left ^ right`` of integers."""

    fn, infix = "bit_xor", "^"
    states = always(EXACT)

    def _span(self, left: tuple[int, ...], right: tuple[int, ...]) -> Range:
        size = 1 << max(_bits(v) for v in (*left, *right))
        signs = {(a < 0) != (b < 0) for a in left for b in right}  # of the corners: all there are
        return (-size if True in signs else 0, size - 1 if False in signs else -1)

    def value(self, *args: Any) -> Scalar:
        return args[0] ^ args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class ShiftRight(Binary):
    """``left >> right``: divided by a power of two and rounded down; the number of bits is a constant."""

    fn, infix = "shift_right", ">>"
    states = always(EXACT)

    def inferred(self) -> Info:
        by = self.right
        if not isinstance(self.left.dtype, Int) or not isinstance(by, Lit) or not isinstance(by.value, int) or not 0 <= by.value <= MOST_RIGHT:
            raise mismatch("shift", self.args, "build it with spuframe.expr.shift_right, which checks the number of bits")
        low, high = map(int, bounds_of(self.left))
        return self.info_of(Int(64), checked(self, Int(64), (low >> by.value, high >> by.value)))

    def value(self, *args: Any) -> Scalar:
        return args[0] >> args[1]  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, repr=False)
class BitCount(Function):
    """How many bits of an integer that is not negative are set."""

    operand: Expr
    fn = "bit_count"
    states = always(EXACT)

    def inferred(self) -> Info:
        if not isinstance(self.operand.dtype, Int) or bounds_of(self.operand)[0] < 0:
            raise mismatch("count the bits of", self.args, "build it with spuframe.expr.bit_count, which takes the magnitude first")
        low, high = map(int, bounds_of(self.operand))
        return self.info_of(Int(64), (int(low > 0), high.bit_length()))

    def value(self, *args: Any) -> Scalar:
        return int(args[0]).bit_count()


def _bits(value: int) -> int:
    """Bits of a number but its sign."""
    return (~value if value < 0 else value).bit_length()


def _and_span(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, int]:
    (a, b), (c, d) = left, right
    low = -(1 << max(_bits(a), _bits(c))) if a < 0 and c < 0 else 0
    if b < 0 and d < 0:
        return low, min(b, d)
    return low, min(b, d) if a >= 0 and c >= 0 else b if a >= 0 else d if c >= 0 else max(b, d)


# ---- builders ----------------------------------------------------------------------------------------
def _either(logical: Callable[[object, object], Expr], kind: type[Bitwise], left: object, right: object) -> Expr:
    """Logic for two booleans, the bits of two integers; anything else is refused."""
    a, b = as_expr(left), as_expr(right)
    return logical(a, b) if isinstance(a.dtype, Bool) and isinstance(b.dtype, Bool) else kind(a, b)


@named(np.bitwise_and)
def bit_and(left: object, right: object) -> Expr:
    """``left & right``, of booleans or of integers."""
    return _either(and_, BitAnd, left, right)


@named(np.bitwise_or)
def bit_or(left: object, right: object) -> Expr:
    """``left | right``, of booleans or of integers."""
    return _either(or_, BitOr, left, right)


@named(np.bitwise_xor)
def bit_xor(left: object, right: object) -> Expr:
    """``left ^ right``, of booleans or of integers."""
    return _either(xor, BitXor, left, right)


@named(np.invert)
def bit_not(operand: object) -> Expr:
    """``~operand``: of booleans the opposite, of signed integers ``-1 - x``, of unsigned ones of b bits ``2**b - 1 - x``."""
    e = as_expr(operand)
    if isinstance(e.dtype, Bool):
        return not_(e)
    if not isinstance(e.dtype, Int):
        raise mismatch("apply ~ to", (e,), "it needs booleans or integers; compare the column with something first")
    if e.dtype.signed:
        return sub(-1, e)
    if e.dtype.bits == 64:
        raise RangeOverflowError(f"~ of {describe(e)} reaches 2^64 - 1, and integers here stay below 2^62: astype('int64') first, for -1 - x")
    return sub((1 << e.dtype.bits) - 1, e)


@named(np.left_shift)
def shift_left(operand: object, by: object) -> Expr:
    """``operand << by``, for a public number of bits; refused where the range of the result does not fit, never wrapped."""
    return mul(_word(operand), lit(1 << _amount(by, MOST_LEFT)))


@named(np.right_shift)
def shift_right(operand: object, by: object) -> Expr:
    """``operand >> by``, for a public number of bits: rounded down, also below zero."""
    e, amount = _word(operand), _amount(by, None)
    return ShiftRight(e, lit(min(amount, MOST_RIGHT)))


@named(np.bitwise_count)
def bit_count(operand: object) -> Expr:
    """How many bits of the magnitude of an integer are set."""
    e = as_expr(operand)
    if not isinstance(e.dtype, Int):
        raise mismatch("count the bits of", (e,), "it needs integers")
    return BitCount(e if bounds_of(e)[0] >= 0 else clip(abs_(e), 0))  # whose range then is known not to be negative


def _word(operand: object) -> Expr:
    e = as_expr(operand)
    if not isinstance(e.dtype, Int | Bool):
        raise mismatch("shift", (e,), "it needs integers; multiply or divide by a power of two instead")
    return numeric("shift", e)


def _amount(by: object, most: int | None) -> int:
    e = as_expr(by)
    if not isinstance(e, Lit) or isinstance(e.value, bool) or not isinstance(e.value, int):
        raise TypeMismatchError(
            f"cannot shift by {describe(e)}: the number of bits must be a public integer; for a secret one, multiply by "
            "column.map({0: 1, 1: 2, 2: 4, ...})"
        )
    if e.value < 0 or (most is not None and e.value > most):
        raise PlanError(f"cannot shift by {e.value} bits: give a number from 0{'' if most is None else f' to {most}'}")
    return e.value
