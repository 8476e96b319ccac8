"""Values and their bounds: between, clip, minimum, maximum, abs_, all of comparisons and conditions.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import clip, col
>>> clip(col(Field("days", Int(32), range=(-5, 900))), 0, 31).range
(0, 31)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spuframe.dtypes import Fixed
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, as_expr, bounds_of
from spuframe.expr.functions.arithmetic import neg
from spuframe.expr.functions.common import zero_of
from spuframe.expr.functions.comparison import ge, gt, le, lt
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.conversion import counted
from spuframe.expr.functions.logic import and_
from spuframe.expr.functions.promotion import branches, chosen_from, numeric, ranged
from spuframe.expr.named import named

__all__ = ["between", "minimum", "maximum", "clip", "abs_"]


def between(operand: object, low: object, high: object, inclusive: str = "both") -> Expr:
    """``low <= operand <= high``; ``inclusive`` as in pandas: both, neither, left or right."""
    if inclusive not in ("both", "neither", "left", "right"):
        raise PlanError(f"inclusive must be 'both', 'neither', 'left' or 'right', got {inclusive!r}")
    lower = (ge if inclusive in ("both", "left") else gt)(operand, low)
    upper = (le if inclusive in ("both", "right") else lt)(operand, high)
    return and_(lower, upper)


@named(np.minimum, bare=True)
def minimum(left: object, right: object) -> Expr:
    """The smaller of two values of a row; null if either is."""
    return _extreme(left, right, lt)


@named(np.maximum, bare=True)
def maximum(left: object, right: object) -> Expr:
    """The larger of two values of a row; null if either is."""
    return _extreme(left, right, gt)


def _extreme(left: object, right: object, better: Any) -> Expr:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Expr) and idle(one, other, upper=better is lt):
            return counted(one)
    a, b = branches("compare", ranged("compare", as_expr(left)), ranged("compare", as_expr(right)))
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
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not e.dtype.of_numbers or abs(bound) < Fixed().limit:
        return False
    low, high = (e.dtype.number(b) for b in bounds_of(e))
    return bool(bound >= high if upper else bound <= low)


@named(np.absolute, np.fabs)
def abs_(operand: object) -> Expr:
    """The magnitude."""
    e = as_expr(operand)
    e = e if e.dtype.of_units else numeric("take the magnitude of", e)
    if bounds_of(e)[0] >= 0:
        return e
    return where(lt(e, zero_of(e)), neg(e), e)
