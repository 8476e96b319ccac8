"""Another type: cast (pandas' astype).

Int to int where the range fits; a date to its number of days, and back; int to float; float to int (towards zero, as pandas);
bool to a number; a number to bool (nonzero); a string to a wider one.
"""

from __future__ import annotations

from spuframe.dtypes import Bool, DType, Fixed, alias, parse_dtype
from spuframe.errors import TypeMismatchError
from spuframe.expr.expr import Expr, as_expr, bounds_of
from spuframe.expr.functions.common import zero_of
from spuframe.expr.functions.comparison import ne
from spuframe.expr.functions.conversion import convert


def float_of(e: Expr) -> DType:
    """What ``astype("float")`` gives: a float as it is, another number with the fraction bits that its range asks for."""
    if isinstance(e.dtype, Fixed) or not (e.dtype.is_numeric or isinstance(e.dtype, Bool)):
        return e.dtype if isinstance(e.dtype, Fixed) else Fixed()
    return Fixed.for_range(*bounds_of(e))


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
    if isinstance(target, Bool) and e.dtype.is_numeric:
        return ne(e, zero_of(e))
    return convert(e, target)
