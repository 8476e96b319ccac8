"""Bringing operands to one type, as pandas would: int with float gives float, a shorter string becomes a longer one, a boolean counts as 0 or 1."""

from __future__ import annotations

import warnings

from spuframe.dtypes import Bool, Date, Fixed, Int, String, exponent, number
from spuframe.errors import PlanError, PrecisionWarning, TypeMismatchError
from spuframe.expr.expr import Expr, Lit, lit
from spuframe.expr.functions.common import LEAST, bits_of, bound_of, describe, mismatch
from spuframe.expr.functions.conversion import convert

LEAST_CONSTANT = 10
"""Bits that a small constant keeps, if there is room."""


def same_type(what: str, left: Expr, right: Expr, span: int = Fixed.SPAN) -> tuple[Expr, Expr]:
    """Bring both to the type that pandas would: int with float gives float (see `Fixed.common`), a shorter string becomes a longer one."""
    left, right = _dated(left, right), _dated(right, left)
    a, b = left.dtype, right.dtype
    if a.like(b):
        return left, right
    wide = a.wider(b)
    if wide is not None:
        return convert(left, wide), convert(right, wide)
    if a.is_numeric and b.is_numeric:
        target = _fixed(left, right, span)
        return convert(left, target), convert(right, target)
    raise mismatch(what, (left, right), f"make them the same type first, e.g. astype({str(a)!r})")


def _dated(e: Expr, other: Expr) -> Expr:
    """A constant string beside a date as the date that it names."""
    if isinstance(other.dtype, Date) and isinstance(e, Lit) and isinstance(e.value, str):
        return lit(e.value, Date())
    return e


def _fixed(left: Expr, right: Expr, span: int) -> Fixed:
    """The fixed-point type of a mixed pair; a constant takes the column's, and does not make it coarser if it can be helped."""
    fine = any(isinstance(e.dtype, Fixed) and not isinstance(e, Lit) for e in (left, right))
    span = Fixed.ROOM if isinstance(left, Lit) or isinstance(right, Lit) else span
    return Fixed.common(*((bound_of(e), 0 if fine and isinstance(e, Lit) else bits_of(e)) for e in (left, right)), span=span)


def terms(what: str, left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """`same_type` for results that show a constant: a small one makes the type finer, as far as there is room; one that is zero then is warned of."""
    a, b = same_type(what, left, right)
    constant, other = (left, b) if isinstance(left, Lit) else (right, a)
    if not isinstance(constant, Lit) or not constant.value or not isinstance(other.dtype, Fixed) or isinstance(other, Lit):
        return a, b
    size = bound_of(constant)
    finer = Fixed(max(other.dtype.f, min(LEAST_CONSTANT - exponent(size), Fixed.SPAN - exponent(max(size, bound_of(other))))))
    if not finer.nearest(size):
        text = f"the constant {constant} is 0 beside {str(other)!r}, which keeps {finer.f} fraction bits"
        warnings.warn(f"{text}: scale it, .clip(low, high) it, or use a larger constant", PrecisionWarning, stacklevel=4)
    return convert(left if isinstance(left, Lit) else a, finer), convert(right if isinstance(right, Lit) else b, finer)


def chosen_from(what: str, left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """`terms` for results that are one of both: each keeps what it has against its own bound, as far as the ring has room.

    Raises
    ------
    PlanError
        One of them would keep almost nothing beside the other.
    """
    if any(isinstance(e, Lit) or not isinstance(e.dtype, Fixed) for e in (left, right)) or left.dtype == right.dtype:
        return terms(what, left, right)
    needs = [Fixed.SIGNIFICANT - exponent(bound_of(e)) for e in (left, right) if bound_of(e)]
    most = max(map(exponent, map(bound_of, (left, right))))
    found = same_type(what, left, right, min(max(Fixed.SPAN, most + max(needs, default=0)), Fixed.ROOM))
    kept = min(bits_of(found[0]) - need + Fixed.SIGNIFICANT for need in needs) if needs else LEAST
    if kept < LEAST:
        texts = [f"{describe(e)} of at most {number(bound_of(e))}" for e in (left, right)]
        raise PlanError(f"cannot {what} {' and '.join(texts)}: one type keeps almost nothing of the smaller one. Scale one, or .clip(low, high) it")
    return found


def ranged(what: str, e: Expr) -> Expr:
    """What has a smaller and a larger value: a number or a date as it is, a boolean as 0 or 1."""
    return e if isinstance(e.dtype, Date) or (isinstance(e, Lit) and isinstance(e.value, str)) else numeric(what, e)


def numeric(what: str, e: Expr) -> Expr:
    """A number as it is, a boolean as 0 or 1."""
    if isinstance(e.dtype, Bool):
        return convert(e, Int(64))
    if not e.dtype.is_numeric:
        raise TypeMismatchError(f"cannot {what} {describe(e)}: it needs a number")
    return e


def branches(what: str, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """`chosen_from` of any two values; a boolean beside a number counts as 0 or 1."""
    if isinstance(a.dtype, Bool) != isinstance(b.dtype, Bool) and not isinstance(a.dtype, String) and not isinstance(b.dtype, String):
        a, b = numeric(what, a), numeric(what, b)
    return chosen_from(what, a, b)
