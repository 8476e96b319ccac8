"""What the families share: naming operands and their ranges in messages, and refusing what does not fit, with the remedy."""

from __future__ import annotations

import math
import sys
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from spuframe.dtypes import INT_LIMIT, DType, Int, Range, number
from spuframe.errors import PrecisionWarning, RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import Col, Expr, Function, Lit, bounds_of, lit

Number: TypeAlias = int | float | Fraction

LEFT = 10
"""Bits that are kept of the unit of an integer that a constant makes small."""
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
    return too_large(e, (number(bounds[0]), number(bounds[1])), limit, what, text, number(limit))


def too_large(e: Expr, bounds: tuple[str, str], limit: float, what: str, text: str, most: str) -> RangeOverflowError:
    """`overflow`, of bounds as the type of the result prints them."""
    columns = ranges_text(e)
    read = [n for n in e.walk() if isinstance(n, Col)]
    if any(n.dtype.is_numeric and bound_of(n) >= INT_LIMIT for n in read) or (isinstance(limit, float) and limit > 2.0**52):
        fewer = "read it in a larger unit, divided by 1000, say: numbers of 2^62 and more are compared, sorted and joined, and no more"
    else:
        fewer = "keep fewer fraction bits, astype('float[f=10]')" if isinstance(limit, float) else "cast to float with few fraction bits"
    first = read[0].field.name if read else "column"
    return RangeOverflowError(
        f"{text or repr(str(e))} may reach [{bounds[0]}, {bounds[1]}], but {what} must stay below {most} in "
        f"magnitude{f' (with {columns})' if columns else ''}. Clip the column to the values that it has, .clip(low, high); or declare a narrower "
        f"range when reading, ranges={{{first!r}: (low, high)}}, if its owner's policy takes ranges; or {fewer}"
    )


def checked(e: Expr, dtype: DType, bounds: tuple[Number, Number], text: str = "") -> Range:
    """``bounds``, if a result of ``dtype`` may have them; ``text`` says what it is, where the expression does not."""
    found, (least, most) = dtype.enclosed(bounds), dtype.room
    if found[0] < least or found[1] > most:
        raise too_large(e, (dtype.bound(found[0]), dtype.bound(found[1])), dtype.ceiling, dtype.called, text, dtype.bound(dtype.ceiling))
    return found


def fits(e: Expr) -> bool:
    """Whether all values may be those of a computed number: integers stay below 2^62."""
    return not e.dtype.exact or bound_of(e) < INT_LIMIT


def refuse_large(e: Expr, operand: Expr, what: str) -> None:
    """Refuse an operand whose values do not all `fits`."""
    if not fits(operand):
        raise overflow(e, bounds_of(operand), INT_LIMIT, what, str(operand))


def total(a: float, b: float, dtype: DType) -> Number:
    """The sum of two bounds; exactly, where floats do not hold all values of the type."""
    found = a + b
    return found if dtype.exact or abs(found) * 2.0**dtype.frac < 2**53 else Fraction(a) + Fraction(b)


def bound_of(e: Expr) -> float:
    """The largest magnitude of a number."""
    return max(map(abs, bounds_of(e)))


def bits_of(e: Expr) -> int:
    """Fraction bits of a number."""
    return e.dtype.frac


def zero_of(e: Expr) -> Lit:
    """Zero in the type of a number; of integers as any."""
    return lit(0) if e.dtype.like(Int()) else Lit(e.dtype.zero, e.dtype)


def bits_left(e: Expr, constant: Lit, power: int) -> int:
    """Fraction bits that keep what an operand has, times ``constant**power``: of a float its own, of one that is exact some of its unit."""
    value, down = constant.value, 0
    if isinstance(value, int):
        down = -power * (value.bit_length() - 1)
    elif isinstance(value, float) and value:
        down = -power * (math.frexp(value)[1] - 1)
    return bits_of(e) if not e.dtype.exact or down <= 0 else down + LEFT
