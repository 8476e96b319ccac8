"""What the families share: naming operands and their ranges in messages, and refusing what does not fit, with the remedy."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass

from spuframe.dtypes import DType, Fixed, Range, Whole, number
from spuframe.errors import PrecisionWarning, RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import Col, Expr, Function, Lit, bounds_of, lit

LEAST = 16
"""Bits that a value keeps against its own bound, at least: of a chosen one beside a larger one, and of a product."""


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


def ranges_text(e: Expr) -> str:
    """The columns that ``e`` reads, with their ranges; public knowledge."""
    lines = {}
    for node in e.walk():
        if isinstance(node, Col) and node.dtype.has_range:
            low, high = bounds_of(node)
            known = "" if node.range is not None else ", not declared"
            lines[node.field.name] = f"{node.field.name!r} in [{node.dtype.bound(low)}, {node.dtype.bound(high)}]{known}"
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
    assert isinstance(dtype, Whole)
    least, most = dtype.room
    if bounds[0] < least or bounds[1] > most:
        raise overflow(e, bounds, most + 1, dtype.called, text)
    return (int(bounds[0]), int(bounds[1]))


def bound_of(e: Expr) -> float:
    """The largest magnitude of a number."""
    return max(map(abs, bounds_of(e)))


def bits_of(e: Expr) -> int:
    """Fraction bits of a number."""
    return e.dtype.frac


def zero_of(e: Expr) -> Lit:
    """Zero in the type of a number."""
    return lit(0.0, e.dtype) if isinstance(e.dtype, Fixed) else lit(0)
