"""Membership: isin, of a column in some public constants.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, isin
>>> str(isin(col(Field("days", Int(32), range=(-5, 900))), [1, 7]))
'isin(days, 1, 7)'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from spuframe.dtypes import Bool
from spuframe.expr.expr import Expr, Function, Info, Lit, Scalar, as_expr, lit
from spuframe.expr.functions.common import mismatch
from spuframe.expr.functions.comparison import Compare, eq
from spuframe.expr.functions.conditional import fill_null
from spuframe.expr.functions.logic import Or
from spuframe.expr.stated import EXACT, always

__all__ = ["isin"]


@dataclass(frozen=True, eq=False, repr=False)
class IsIn(Function):
    """Whether the operand is one of the constants, which have its type (integers of any width); false where it is null."""

    operand: Expr
    values: tuple[Expr, ...]
    fn = "isin"
    states = always(EXACT)

    def inferred(self) -> Info:
        for v in self.values:
            if not isinstance(v, Lit) or v.value is None or self.operand.dtype.united(v.dtype) is None:
                raise mismatch("look for", (self.operand, v), "build it with spuframe.expr.isin, which converts the constants")
        return self.info_of(Bool(), None, nullable=False)

    def row(self, *args: Scalar) -> Scalar:
        return args[0] is not None and args[0] in args[1:]


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
    return test.right if test.left == e and e.dtype.like(test.right.dtype) else None
