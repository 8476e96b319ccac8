"""What the families share: bringing operands to one type, and refusing what does not fit, with the remedy."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass

from spuframe.dtypes import Bool, Date, DType, Fixed, Int, Range, String, exponent
from spuframe.errors import PlanError, PrecisionWarning, RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import INT_LIMIT, Col, Expr, Function, Lit, bounds_of, lit

LEAST = 16
"""Bits that a value keeps against its own bound, at least: of a chosen one beside a larger one, and of a product."""
LEAST_CONSTANT = 10
"""Bits that a small constant keeps, if there is room."""


@dataclass(frozen=True, eq=False, repr=False)
class Binary(Function):
    """Base of functions of two arguments."""

    left: Expr
    right: Expr


def describe(e: Expr) -> str:
    """An operand as messages name it."""
    return f"{str(e)!r} ({e.dtype})"


def mismatch(what: str, operands: tuple[Expr, ...], remedy: str) -> TypeMismatchError:
    """The error for operands whose types an operation does not have."""
    return TypeMismatchError(f"cannot {what} {' and '.join(map(describe, operands))}: {remedy}")


def number(bound: float) -> str:
    """A bound as messages print it."""
    return f"{bound:g}" if isinstance(bound, float) or abs(bound) > 10**12 else str(bound)


def ranges_text(e: Expr) -> str:
    """The columns that ``e`` reads, with their ranges; public knowledge."""
    lines = {}
    for node in e.walk():
        if isinstance(node, Col) and node.dtype.has_range:
            low, high = bounds_of(node)
            known = "" if node.range is not None else ", not declared"
            lines[node.field.name] = f"{node.field.name!r} in [{number(low)}, {number(high)}]{known}"
    return "; ".join(lines.values())


def warn_precision(text: str) -> None:
    """Warn at the line outside of spuframe that asked for it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "spuframe":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, PrecisionWarning, stacklevel=level - 1)


def only_nulls(e: Expr) -> bool:
    """Whether it looks like a column without values, which an owner publishes as [0, 0]: functions of it are null, whatever their domain."""
    return e.nullable and bounds_of(e) == (0, 0)


def overflow(e: Expr, bounds: Range, limit: float, what: str, text: str = "") -> RangeOverflowError:
    """The error for a result whose range does not fit, with the columns to blame and the remedy."""
    columns = ranges_text(e)
    fewer = "keep fewer fraction bits, astype('float[f=10]')" if isinstance(limit, float) else "cast to float with few fraction bits"
    first = next((n.field.name for n in e.walk() if isinstance(n, Col)), "column")
    return RangeOverflowError(
        f"{text or repr(str(e))} may reach [{number(bounds[0])}, {number(bounds[1])}], but {what} must stay below {number(limit)} in "
        f"magnitude{f' (with {columns})' if columns else ''}. Clip the column to the values that it has, .clip(low, high); or declare a narrower "
        f"range when reading, ranges={{{first!r}: (low, high)}}, if its owner's policy takes ranges; or {fewer}"
    )


def checked(e: Expr, dtype: DType, bounds: Range, text: str = "") -> Range:
    """``bounds``, if a result of ``dtype`` may have them; ``text`` says what it is, where the expression does not."""
    worst = max(abs(bounds[0]), abs(bounds[1]))
    if isinstance(dtype, Fixed):
        if float(worst) >= dtype.limit:  # as a float, which the owner computes with
            raise overflow(e, bounds, dtype.limit, f"a {dtype}", text)
        return (float(bounds[0]), float(bounds[1]))
    if isinstance(dtype, Date):
        if bounds[0] < dtype.bounds[0] or bounds[1] > dtype.bounds[1]:
            raise overflow(e, bounds, dtype.bounds[1] + 1, "a date", text)
        return (int(bounds[0]), int(bounds[1]))
    if worst >= INT_LIMIT:
        raise overflow(e, bounds, INT_LIMIT, "an integer result", text)
    return (int(bounds[0]), int(bounds[1]))


def same_type(what: str, left: Expr, right: Expr, span: int = Fixed.SPAN) -> tuple[Expr, Expr]:
    """Bring both to the type that pandas would: int with float gives float (see `Fixed.common`), a shorter string becomes a longer one."""
    from spuframe.expr.functions.conversion import convert  # conversion is a family like any other, and uses this module

    left, right = _dated(left, right), _dated(right, left)
    a, b = left.dtype, right.dtype
    if a == b or (isinstance(a, Int) and isinstance(b, Int)):
        return left, right
    if isinstance(a, String) and isinstance(b, String):
        wide = String(max(a.width, b.width))
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


def bound_of(e: Expr) -> float:
    """The largest magnitude of a number."""
    return max(map(abs, bounds_of(e)))


def bits_of(e: Expr) -> int:
    """Fraction bits of a number."""
    return e.dtype.f if isinstance(e.dtype, Fixed) else 0


def _fixed(left: Expr, right: Expr, span: int) -> Fixed:
    """The fixed-point type of a mixed pair; a constant takes the column's, and does not make it coarser if it can be helped."""
    fine = any(isinstance(e.dtype, Fixed) and not isinstance(e, Lit) for e in (left, right))
    span = Fixed.ROOM if isinstance(left, Lit) or isinstance(right, Lit) else span
    return Fixed.common(*((bound_of(e), 0 if fine and isinstance(e, Lit) else bits_of(e)) for e in (left, right)), span=span)


def terms(what: str, left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """`same_type` for results that show a constant: a small one makes the type finer, as far as there is room; one that is zero then is warned of."""
    from spuframe.expr.functions.conversion import convert

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
    from spuframe.expr.functions.conversion import convert

    if isinstance(e.dtype, Bool):
        return convert(e, Int(64))
    if not e.dtype.is_numeric:
        raise TypeMismatchError(f"cannot {what} {describe(e)}: it needs a number")
    return e
