"""``sf.null``: a missing value that can be written.

>>> import spuframe as sf
>>> sf.null, sf.null.astype("int64")
(sf.null, sf.null.astype('int64'))
"""

from __future__ import annotations

from typing import NoReturn

from spuframe.dtypes import DType, parse_dtype
from spuframe.errors import TypeMismatchError
from spuframe.expr.functions.astype import type_name


class Null:
    """A missing value, of a type where one was given: ``frame["x"].where(condition, sf.null)``, ``frame["y"] = sf.null.astype("float")``.

    There is one without a type, `spuframe.null`, which takes the type of what it stands beside. Nothing equals it: ``isna()`` finds missing values.
    """

    __slots__ = ("dtype",)

    def __init__(self, dtype: DType | None = None) -> None:
        self.dtype = dtype

    def astype(self, dtype: str | type | DType) -> Null:
        """The missing value of a type: a new column needs one."""
        return Null(dtype if isinstance(dtype, DType) else parse_dtype(type_name(dtype)))

    def __repr__(self) -> str:
        return "sf.null" if self.dtype is None else f"sf.null.astype({str(self.dtype)!r})"

    def __bool__(self) -> NoReturn:
        raise TypeMismatchError("sf.null has no truth value: whether a value is missing says frame['x'].isna()")

    def __reduce__(self) -> str | tuple[type[Null], tuple[DType | None]]:
        return "null" if self.dtype is None else (Null, (self.dtype,))


null = Null()
