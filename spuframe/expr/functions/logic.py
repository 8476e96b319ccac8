"""Logic on booleans, with Kleene's nulls: false & null is false, true | null is true.

>>> from spuframe.dtypes import Bool, Field
>>> from spuframe.expr import and_, col, not_
>>> smoker, insured = col(Field("smoker", Bool())), col(Field("insured", Bool(), nullable=True))
>>> both = and_(smoker, not_(insured))
>>> str(both), both.nullable
('smoker & (~insured)', True)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from spuframe.dtypes import Bool
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr
from spuframe.expr.functions.common import Binary, mismatch
from spuframe.expr.named import named
from spuframe.expr.stated import EXACT, always

__all__ = ["and_", "or_", "xor", "not_"]

_REMEDY = "it needs booleans; compare the column with something first, and put comparisons in parentheses"


@dataclass(frozen=True, eq=False, repr=False)
class And(Binary):
    """``left & right``."""

    fn, infix = "and", "&"
    states = always(EXACT)

    def inferred(self) -> Info:
        return _logical(self)

    def simpler(self) -> Expr | None:
        return _one_of(self, decides=False)

    def row(self, *args: Scalar) -> Scalar:
        return False if False in args else None if None in args else True


@dataclass(frozen=True, eq=False, repr=False)
class Or(Binary):
    """``left | right``."""

    fn, infix = "or", "|"
    states = always(EXACT)

    def inferred(self) -> Info:
        return _logical(self)

    def simpler(self) -> Expr | None:
        return _one_of(self, decides=True)

    def row(self, *args: Scalar) -> Scalar:
        return True if True in args else None if None in args else False


@dataclass(frozen=True, eq=False, repr=False)
class Xor(Binary):
    """``left ^ right``."""

    fn, infix = "xor", "^"
    states = always(EXACT)

    def inferred(self) -> Info:
        return _logical(self)

    def value(self, *args: Any) -> Scalar:
        return bool(args[0]) != bool(args[1])


@dataclass(frozen=True, eq=False, repr=False)
class Not(Function):
    """``~operand``."""

    operand: Expr
    fn, infix = "not", "~"
    states = always(EXACT)

    def inferred(self) -> Info:
        return _logical(self)

    def simpler(self) -> Expr | None:
        return self.operand.operand if isinstance(self.operand, Not) else None

    def value(self, *args: Any) -> Scalar:
        return not args[0]

    def text(self, args: Any) -> str:
        return f"~{args[0]}"


def _logical(e: Function) -> Info:
    if not all(isinstance(a.dtype, Bool) for a in e.args):
        raise mismatch(f"apply {e.infix} to", e.args, _REMEDY)
    return e.info_of(Bool(), None)


def _one_of(e: Binary, decides: bool) -> Expr | None:
    """The operand that the result always is, if a constant decides it, or the two are equal."""
    for constant, other in ((e.left, e.right), (e.right, e.left)):
        if isinstance(constant, Lit) and constant.value is not None:
            return constant if constant.value is decides else other
    return e.left if e.left == e.right else None


@named(np.logical_and)
def and_(left: object, right: object) -> Expr:
    """``left & right``."""
    return And(as_expr(left), as_expr(right))


@named(np.logical_or)
def or_(left: object, right: object) -> Expr:
    """``left | right``."""
    return Or(as_expr(left), as_expr(right))


@named(np.logical_xor)
def xor(left: object, right: object) -> Expr:
    """``left ^ right``."""
    return Xor(as_expr(left), as_expr(right))


@named(np.logical_not)
def not_(operand: object) -> Expr:
    """``~operand``."""
    return Not(as_expr(operand))


def conjuncts(e: Expr) -> list[Expr]:
    """The parts of a conjunction, in order."""
    parts: list[Expr] = []
    stack = [e]
    while stack:
        top = stack.pop()
        if isinstance(top, And):
            stack += [top.right, top.left]
        else:
            parts.append(top)
    return parts


def all_of(parts: list[Expr]) -> Expr:
    """The conjunction of one or more parts."""
    return reduce(And, parts)
