"""What the families share: bringing operands to one type, and refusing what does not fit, with the remedy."""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.dtypes import Bool, DType, Fixed, Int, Range, String
from spuframe.errors import RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import INT_LIMIT, Col, Expr, Function, Lit, bounds_of


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
        if isinstance(node, Col) and node.dtype.is_numeric:
            low, high = bounds_of(node)
            known = "" if node.range is not None else ", not declared"
            lines[node.field.name] = f"{node.field.name!r} in [{number(low)}, {number(high)}]{known}"
    return "; ".join(lines.values())


def overflow(e: Expr, bounds: Range, limit: float, what: str, text: str = "") -> RangeOverflowError:
    """The error for a result whose range does not fit, with the columns to blame and the remedy."""
    columns = ranges_text(e)
    fewer = "keep fewer fraction bits, astype('float[f=10]')" if isinstance(limit, float) else "cast to float with few fraction bits"
    first = next((n.field.name for n in e.walk() if isinstance(n, Col)), "column")
    return RangeOverflowError(
        f"{text or repr(str(e))} may reach [{number(bounds[0])}, {number(bounds[1])}], but {what} must stay below {number(limit)} in "
        f"magnitude{f' (with {columns})' if columns else ''}. Declare a narrower range when reading (ranges={{{first!r}: (low, high)}}), "
        f"clip the column, or {fewer}"
    )


def checked(e: Expr, dtype: DType, bounds: Range, text: str = "") -> Range:
    """``bounds``, if a result of ``dtype`` may have them; ``text`` says what it is, where the expression does not."""
    worst = max(abs(bounds[0]), abs(bounds[1]))
    if isinstance(dtype, Fixed):
        if worst >= dtype.limit:
            raise overflow(e, bounds, dtype.limit, f"a {dtype}", text)
        return (float(bounds[0]), float(bounds[1]))
    if worst >= INT_LIMIT:
        raise overflow(e, bounds, INT_LIMIT, "an integer result", text)
    return (int(bounds[0]), int(bounds[1]))


def same_type(what: str, left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Bring both to the type that pandas would: int with float gives float, a shorter string becomes a longer one."""
    from spuframe.expr.functions.conversion import convert  # conversion is a family like any other, and uses this module

    a, b = left.dtype, right.dtype
    if a == b or (isinstance(a, Int) and isinstance(b, Int)):
        return left, right
    if isinstance(a, String) and isinstance(b, String):
        wide = String(max(a.width, b.width))
        return convert(left, wide), convert(right, wide)
    if a.is_numeric and b.is_numeric:
        target = _fixed(left, right)
        return convert(left, target), convert(right, target)
    raise mismatch(what, (left, right), f"make them the same type first, e.g. astype({str(a)!r})")


def _fixed(left: Expr, right: Expr) -> Fixed:
    """The fixed-point type of a mixed pair; a constant takes the column's."""
    kinds = [e.dtype for e in (left, right) if isinstance(e.dtype, Fixed) and not isinstance(e, Lit)]
    kinds = kinds or [e.dtype for e in (left, right) if isinstance(e.dtype, Fixed)]
    return max((k for k in kinds if isinstance(k, Fixed)), key=lambda k: k.f)


def numeric(what: str, e: Expr) -> Expr:
    """A number as it is, a boolean as 0 or 1."""
    from spuframe.expr.functions.conversion import convert

    if isinstance(e.dtype, Bool):
        return convert(e, Int(64))
    if not e.dtype.is_numeric:
        raise TypeMismatchError(f"cannot {what} {describe(e)}: it needs a number")
    return e
