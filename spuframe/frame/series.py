"""One secret column, and one secret number."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spuframe import expr as ex
from spuframe.dtypes import DType, Field, parse_dtype
from spuframe.errors import ForeignFrameError, SchemaError, TypeMismatchError
from spuframe.frame import display
from spuframe.frame.ufuncs import builder
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from spuframe.frame.session import Session

DTYPE_NAMES = {"float": "float", "float64": "float", "int": "int64", "bool": "bool", "boolean": "bool"}


class SecretSeries:
    """A column of a `SecretFrame`: a name, and an expression over rows that nobody sees.

    Made by ``frame["name"]`` and by the operators below; never by its constructor. Operators follow pandas with nullable types: a null operand gives
    null, and comparisons with null are null, which a filter drops.
    """

    __slots__ = ("base", "expr", "name", "session")

    def __init__(self, session: Session, base: LogicalNode, expr: ex.Expr, name: str) -> None:
        self.session = session
        self.base = base
        self.expr = expr
        self.name = name

    # ---- what is known of it ---------------------------------------------------------------------
    @property
    def field(self) -> Field:
        """Name, type, nullability, visibility, public range and owners."""
        return self.expr.as_field(self.name)

    @property
    def dtype(self) -> DType:
        return self.expr.dtype

    def __len__(self) -> int:
        if self.base.masked:
            raise TypeMismatchError("the number of rows that a filter or join leaves is secret: use .count().reveal(), or .rows for the public bound")
        return self.base.rows

    def __repr__(self) -> str:
        return display.text(display.title("SecretSeries", self.base.rows, self.base.masked, 1), [self.field])

    def _repr_html_(self) -> str:
        return display.html(display.title("SecretSeries", self.base.rows, self.base.masked, 1), [self.field])

    def __bool__(self) -> bool:
        raise TypeMismatchError("a secret column has no truth value: use & | ~ instead of and, or, not, and .reveal() to see it")

    def __iter__(self) -> Any:
        raise TypeMismatchError("a secret column cannot be iterated: .reveal() it, or work on the whole column")

    # ---- operators ---------------------------------------------------------------------------------
    def _with(self, expr: ex.Expr, name: str | None = None) -> SecretSeries:
        return SecretSeries(self.session, self.base, expr, self.name if name is None else name)

    def _operand(self, other: object) -> ex.Expr:
        if isinstance(other, SecretSeries):
            if other.session is not self.session:
                raise ForeignFrameError(f"columns {self.name!r} and {other.name!r} belong to two sessions: read both tables in one")
            if other.base != self.base:
                raise SchemaError(
                    f"columns {self.name!r} and {other.name!r} are rows of two different tables: nobody can see which rows belong together. "
                    "Merge the frames on a key first"
                )
            return other.expr
        if isinstance(other, datetime.date | datetime.timedelta):  # pandas' scalars are such, too
            return ex.as_expr(other)
        foreign = type(other).__module__.split(".")[0]
        if isinstance(other, list | tuple | dict | set) or foreign in ("pandas", "pyarrow") or type(other).__name__ == "ndarray":
            raise TypeMismatchError(f"a secret column combines with a scalar or a column of the same frame, got {type(other).__name__}")
        return ex.lit(other)

    def _binary(self, fn: Any, other: object) -> SecretSeries:
        return self._with(fn(self.expr, self._operand(other)))

    def _reflected(self, fn: Any, other: object) -> SecretSeries:
        return self._with(fn(self._operand(other), self.expr))

    def __add__(self, other: object) -> SecretSeries:
        return self._binary(ex.add, other)

    def __radd__(self, other: object) -> SecretSeries:
        return self._reflected(ex.add, other)

    def __sub__(self, other: object) -> SecretSeries:
        return self._binary(ex.sub, other)

    def __rsub__(self, other: object) -> SecretSeries:
        return self._reflected(ex.sub, other)

    def __mul__(self, other: object) -> SecretSeries:
        return self._binary(ex.mul, other)

    def __rmul__(self, other: object) -> SecretSeries:
        return self._reflected(ex.mul, other)

    def __truediv__(self, other: object) -> SecretSeries:
        return self._binary(ex.div, other)

    def __rtruediv__(self, other: object) -> SecretSeries:
        return self._reflected(ex.div, other)

    def __floordiv__(self, other: object) -> SecretSeries:
        return self._binary(ex.floordiv, other)

    def __rfloordiv__(self, other: object) -> SecretSeries:
        return self._reflected(ex.floordiv, other)

    def __mod__(self, other: object) -> SecretSeries:
        return self._binary(ex.mod, other)

    def __rmod__(self, other: object) -> SecretSeries:
        return self._reflected(ex.mod, other)

    def __pow__(self, other: object) -> SecretSeries:
        return self._binary(ex.pow_, other)

    def __rpow__(self, other: object) -> SecretSeries:
        return self._reflected(ex.pow_, other)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> SecretSeries:
        """NumPy's functions: ``np.exp(series)``, ``np.maximum(series, 0)``, ``np.float64(2) * series``; `spuframe.frame.ufuncs` lists them."""
        build = builder(ufunc, method, options)
        return self._with(build(*(self._operand(v) for v in inputs)))

    def __neg__(self) -> SecretSeries:
        return self._with(ex.neg(self.expr))

    def __abs__(self) -> SecretSeries:
        return self._with(ex.abs_(self.expr))

    def abs(self) -> SecretSeries:
        """Absolute values."""
        return abs(self)

    def __eq__(self, other: object) -> SecretSeries:  # type: ignore[override]  # as pandas: element by element
        return self._binary(ex.eq, other)

    def __ne__(self, other: object) -> SecretSeries:  # type: ignore[override]
        return self._binary(ex.ne, other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> SecretSeries:
        return self._binary(ex.lt, other)

    def __le__(self, other: object) -> SecretSeries:
        return self._binary(ex.le, other)

    def __gt__(self, other: object) -> SecretSeries:
        return self._binary(ex.gt, other)

    def __ge__(self, other: object) -> SecretSeries:
        return self._binary(ex.ge, other)

    def __and__(self, other: object) -> SecretSeries:
        return self._binary(ex.and_, other)

    def __rand__(self, other: object) -> SecretSeries:
        return self._reflected(ex.and_, other)

    def __or__(self, other: object) -> SecretSeries:
        return self._binary(ex.or_, other)

    def __ror__(self, other: object) -> SecretSeries:
        return self._reflected(ex.or_, other)

    def __xor__(self, other: object) -> SecretSeries:
        return self._binary(ex.xor, other)

    def __invert__(self) -> SecretSeries:
        return self._with(ex.not_(self.expr))

    def round(self, decimals: int = 0) -> SecretSeries:
        """The nearest number with ``decimals`` decimals (negative: tens, hundreds); from half way to the even one, as NumPy and pandas."""
        return self._with(ex.round_(self.expr, decimals))

    def pow(self, other: object) -> SecretSeries:
        """``self ** other``."""
        return self**other

    def floordiv(self, other: object) -> SecretSeries:
        """``self // other``."""
        return self // other

    def mod(self, other: object) -> SecretSeries:
        """``self % other``."""
        return self % other

    def __round__(self, decimals: int = 0) -> SecretSeries:
        return self.round(decimals)

    # ---- methods of pandas ---------------------------------------------------------------------------
    def isna(self) -> SecretSeries:
        """Whether the value is missing."""
        return self._with(ex.is_null(self.expr))

    def notna(self) -> SecretSeries:
        """Whether the value is there."""
        return self._with(ex.not_null(self.expr))

    def fillna(self, value: object) -> SecretSeries:
        """Put ``value`` (a scalar or a column of the same frame) where the value is missing."""
        return self._binary(ex.fill_null, value)

    def isin(self, values: Sequence[object]) -> SecretSeries:
        """Whether the value is one of some public values."""
        return self._with(ex.isin(self.expr, [ex.lit(v) for v in values]))

    def between(self, left: object, right: object, inclusive: str = "both") -> SecretSeries:
        """Whether ``left <= value <= right``; ``inclusive`` is "both", "neither", "left" or "right"."""
        if inclusive not in ("both", "neither", "left", "right"):
            raise SchemaError(f"`inclusive` must be 'both', 'neither', 'left' or 'right', got {inclusive!r}")
        low = self >= left if inclusive in ("both", "left") else self > left
        high = self <= right if inclusive in ("both", "right") else self < right
        return low & high

    def clip(self, lower: object = None, upper: object = None) -> SecretSeries:
        """Bring the values into public bounds."""
        return self._with(ex.clip(self.expr, None if lower is None else self._operand(lower), None if upper is None else self._operand(upper)))

    def map(self, table: Mapping[object, object]) -> SecretSeries:
        """The value that a small public dict has for each value; null where it has none.

        Examples
        --------
        >>> frame["price"] = frame["region"].map({0: 1.5, 1: 2.0})  # doctest: +SKIP
        """
        return self._with(ex.map_(self.expr, table))

    def where(self, cond: SecretSeries, other: object) -> SecretSeries:
        """The value where ``cond`` holds, else ``other``."""
        return self._with(ex.where(self._operand(cond), self.expr, self._operand(other)))

    def mask(self, cond: SecretSeries, other: object) -> SecretSeries:
        """``other`` where ``cond`` holds, else the value."""
        return self._with(ex.where(self._operand(cond), self._operand(other), self.expr))

    def astype(self, dtype: str | type | DType) -> SecretSeries:
        """Convert: ``"int64"``, ``"float"``, ``"bool"``, ... or a `spuframe.dtypes` type."""
        if isinstance(dtype, type):
            dtype = dtype.__name__
        target = dtype if isinstance(dtype, DType) else parse_dtype(DTYPE_NAMES.get(dtype, dtype))
        return self._with(ex.cast(self.expr, target))

    def rename(self, name: str) -> SecretSeries:
        return self._with(self.expr, name)

    # ---- aggregates --------------------------------------------------------------------------------
    def _aggregate(self, function: str) -> SecretScalar:
        node = build.aggregate(build.project(self.base, [(self.name, self.expr)]), [], [(self.name, function, self.name)])
        return SecretScalar(self.session, node, f"{function} of {self.name}")

    def sum(self) -> SecretScalar:
        """Sum of the values that are there."""
        return self._aggregate("sum")

    def mean(self) -> SecretScalar:
        """Mean of the values that are there; null without any."""
        return self._aggregate("mean")

    def min(self) -> SecretScalar:
        """Smallest value; null without any."""
        return self._aggregate("min")

    def max(self) -> SecretScalar:
        """Largest value; null without any."""
        return self._aggregate("max")

    def count(self) -> SecretScalar:
        """Number of values that are there."""
        return self._aggregate("count")

    # ---- the end -----------------------------------------------------------------------------------
    def to_frame(self) -> Any:
        """A `SecretFrame` of this one column."""
        from spuframe.frame.frame import SecretFrame

        return SecretFrame(self.session, self.base, {self.name: self.expr})

    def explain(self, stage: str = "all") -> str:
        """The plan of this column; see `SecretFrame.explain`."""
        return str(self.to_frame().explain(stage))

    def reveal(self, as_: str = "pandas") -> pd.Series[Any] | pa.Array:
        """Compute the column and show it to the analyst.

        Parameters
        ----------
        as_ : {"pandas", "arrow"}
        """
        revealed = self.to_frame().reveal(as_)
        return revealed[self.name] if as_ == "pandas" else revealed.column(0).combine_chunks()


class SecretScalar:
    """One secret number, such as the mean of a column."""

    __slots__ = ("name", "node", "session")

    def __init__(self, session: Session, node: LogicalNode, name: str) -> None:
        self.session = session
        self.node = node
        self.name = name

    def __repr__(self) -> str:
        return f"<SecretScalar: {self.name}; nothing is computed before .reveal()>"

    def explain(self, stage: str = "all") -> str:
        """The plan of this number; see `SecretFrame.explain`."""
        return self.session.explain(self.node, stage)

    def reveal(self) -> bool | int | float | str | None:
        """Compute the number and show it to the analyst; None where it is null."""
        return self.session.reveal(self.node).column(0)[0].as_py()  # type: ignore[no-any-return]

