"""Bringing operands to one type, as pandas would: int with float gives float, a shorter string becomes a longer one, a boolean counts as 0 or 1."""

from __future__ import annotations

import warnings

from spuframe.dtypes import Fixed, exponent, meet, number
from spuframe.errors import PlanError, PrecisionWarning, TypeMismatchError
from spuframe.expr.expr import Expr, Lit
from spuframe.expr.functions.common import LEAST, bits_of, bound_of, describe, mismatch
from spuframe.expr.functions.conversion import convert, counted, real_of, units_of

LEAST_CONSTANT = 10
"""Bits that a small constant keeps, if there is room."""


def same_type(what: str, left: Expr, right: Expr, span: int = Fixed.SPAN) -> tuple[Expr, Expr]:
    """Bring both to the type that pandas would: int with float gives float (see `Fixed.common`), a shorter string becomes a longer one."""
    left, right = beside(left, right), beside(right, left)
    a, b = left.dtype, right.dtype
    if a.like(b):
        return left, right
    wide = meet(a, b)
    if wide is not None:
        return convert(left, wide), convert(right, wide)
    if a.of_numbers and b.of_numbers and not (a.is_numeric and b.is_numeric):
        return same_type(what, numeric(what, left), numeric(what, right), span)
    if a.is_numeric and b.is_numeric:
        target = _fixed(left, right, span)
        return convert(left, target), convert(right, target)
    raise mismatch(what, (left, right), f"make them the same type first, e.g. astype({str(a)!r})")


def beside(e: Expr, other: Expr) -> Expr:
    """A constant beside a time, a decimal or a duration as a value of that: the date that a string names, the decimal that a float is written as."""
    if isinstance(e, Lit) and e.value is not None and other.dtype.has_range and not other.dtype.is_numeric and e.dtype != other.dtype:
        found = other.dtype.adopted(e.value, e.dtype)
        return e if found is None else Lit(found[1], found[0])
    return e


def alike(what: str, left: Expr, right: Expr) -> tuple[Expr, Expr] | None:
    """Two decimals, or two durations, as integers that count in one unit: what their quotients and remainders are of; None for other values."""
    a, b = (counted(e) for e in (beside(left, right), beside(right, left)))
    wide = meet(a.dtype, b.dtype)
    if wide is None or not wide.of_units:
        return None
    a, b = (e if e.dtype.like(wide) else convert(e, wide) for e in (a, b))
    return units_of(a), units_of(b)


def _fixed(left: Expr, right: Expr, span: int) -> Fixed:
    """The fixed-point type of a mixed pair; a constant takes the column's, and does not make it coarser if it can be helped."""
    fine = any(not e.dtype.exact and not isinstance(e, Lit) for e in (left, right))
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
    if any(isinstance(e, Lit) or e.dtype.exact for e in (left, right)) or left.dtype == right.dtype:
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
    """What has a smaller and a larger value: a number or a time as it is, a boolean as 0 or 1."""
    return e if e.dtype.has_range or (isinstance(e, Lit) and isinstance(e.value, str)) else numeric(what, e)


def numeric(what: str, e: Expr) -> Expr:
    """A number as it is, a boolean as 0 or 1, a decimal as the nearest float."""
    if not e.dtype.of_numbers:
        raise TypeMismatchError(f"cannot {what} {describe(e)}: it needs a number")
    e = counted(e)
    return e if e.dtype.is_numeric else real_of(e)


def branches(what: str, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """`chosen_from` of any two values; a boolean beside a number counts as 0 or 1."""
    if a.dtype != b.dtype and a.dtype.of_numbers and b.dtype.of_numbers:
        a, b = counted(a), counted(b)
    return chosen_from(what, a, b)
