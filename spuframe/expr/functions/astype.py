"""Another type: cast (pandas' astype).

Int to int where the range fits; a date to its number of days, and back; a point in time and a duration to their microseconds, and back; a date to the
midnight that it begins with, a point in time without a zone to its date; int to float and decimal; float and decimal to int (towards zero, as pandas);
a decimal to a float, or to one of no fewer decimals; bool to a number; a number to bool (nonzero); a string to a wider one.
"""

from __future__ import annotations

from spuframe.dtypes import DAY, Bool, Date, Decimal, DType, Fixed, Int, Timestamp, alias, parse_dtype
from spuframe.errors import TypeMismatchError
from spuframe.expr.expr import Expr, as_expr, bounds_of
from spuframe.expr.functions.arithmetic import neg
from spuframe.expr.functions.common import zero_of
from spuframe.expr.functions.comparison import lt, ne
from spuframe.expr.functions.conditional import where
from spuframe.expr.functions.conversion import convert, units_of
from spuframe.expr.functions.whole import floordiv

__all__ = ["cast"]


def float_of(e: Expr) -> DType:
    """What ``astype("float")`` gives: a float as it is, another number with the fraction bits that its range asks for."""
    if not e.dtype.exact:
        return e.dtype
    return Fixed.for_range(*(float(e.dtype.number(b)) for b in bounds_of(e))) if e.dtype.of_numbers else Fixed()


def type_name(dtype: object) -> str:
    """The name of a type that is given as Python, NumPy or pandas have it: ``int``, ``np.int64``, ``"Int64"``, ``pd.Float64Dtype()``.

    >>> type_name(int), type_name("boolean"), type_name("UInt8")
    ('int64', 'bool', 'uint8')
    """
    name = dtype if isinstance(dtype, str) else dtype.__name__ if isinstance(dtype, type) else getattr(dtype, "name", None)
    if not isinstance(name, str):
        raise TypeMismatchError(f"a type is a name such as 'int64', 'float', 'bool' or 'date', got {type(dtype).__name__}")
    return alias(name)


def cast(operand: object, dtype: DType | str | type) -> Expr:
    """``operand.astype(dtype)``; ``dtype`` is a type or its name, as Python, NumPy and pandas have them too.

    >>> from spuframe.dtypes import Field
    >>> from spuframe.expr import col
    >>> cast(col(Field("smoker", Bool())), "float").range
    (0.0, 1.0)
    """
    e = as_expr(operand)
    if isinstance(dtype, DType):
        target = dtype
    else:
        name = type_name(dtype)
        target = float_of(e) if name == "float" else parse_dtype(name)
    if isinstance(target, Bool) and (e.dtype.is_numeric or e.dtype.of_units):
        return ne(e, zero_of(e))
    if isinstance(target, Date) and isinstance(e.dtype, Timestamp) and e.dtype.zone is None:
        return convert(floordiv(convert(e, Int(64)), DAY), target)
    if isinstance(target, Int) and isinstance(e.dtype, Decimal):
        return convert(_truncated(units_of(e), 10**e.dtype.scale), target)
    return convert(e, target)


def _truncated(e: Expr, tens: int) -> Expr:
    """How many whole tens, toward zero."""
    if tens == 1 or bounds_of(e)[0] >= 0:
        return floordiv(e, tens)
    return where(lt(e, 0), neg(floordiv(neg(e), tens)), floordiv(e, tens))
