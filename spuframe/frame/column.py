"""One secret column: its values, and the numbers made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

from spuframe import expr as ex
from spuframe.dtypes import Bool, DType, Field, constants
from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.expr.functions.bounds import idle
from spuframe.expr.functions.promotion import beside, numeric
from spuframe.expr.named import names_of
from spuframe.frame import arguments, display, scalar, summary
from spuframe.frame.array_functions import call_function, call_ufunc, refuse_array
from spuframe.frame.dt import Times
from spuframe.frame.operators import Operators
from spuframe.frame.quantiles import described, quantiles
from spuframe.frame.reveal import reveal
from spuframe.frame.rows import Home, Rows
from spuframe.frame.scalar import SecretScalar, in_rows
from spuframe.frame.shown import to_pandas
from spuframe.frame.summary import SecretSummary
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import together

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@arguments.like_pandas
class Column(Operators):
    """What a column is by itself, `spuframe.SecretSeries` but for what makes other rows of it: a name, and an expression over rows that nobody sees."""

    __slots__ = ("base", "expr", "name", "session")
    _what = "a secret column"
    _more = "; to keep a column at the parties, .to_frame().persist()"

    def __init__(self, session: Home, base: LogicalNode, expr: ex.Expr, name: str) -> None:
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

    @property
    def shape(self) -> tuple[int]:
        """The number of rows, where it is public."""
        return (len(self),)

    @property
    def size(self) -> int:
        """The number of rows, where it is public."""
        return len(self)

    @property
    def empty(self) -> bool:
        """Whether there is no row, where their number is public."""
        return not len(self)

    ndim = 1

    def __len__(self) -> int:
        if self.base.masked:
            raise TypeMismatchError("the number of rows that a filter or join leaves is secret: use .count().reveal(), or .rows for the public bound")
        return self.base.rows

    def __repr__(self) -> str:
        return display.text(display.title(type(self).__name__, self.base.rows, self.base.masked, 1), [self.field])

    def _repr_html_(self) -> str:
        return display.html(display.title(type(self).__name__, self.base.rows, self.base.masked, 1), [self.field])

    def __bool__(self) -> bool:
        raise TypeMismatchError(
            "a secret column has no truth value: use & | ~ instead of and, or, not, with comparisons in parentheses, and .reveal() to see it"
        )

    def __contains__(self, value: object) -> NoReturn:
        raise TypeMismatchError("whether a value is in a secret column is secret, too: (column == value).any().reveal(), if it may be seen")

    def __iter__(self) -> Any:
        raise TypeMismatchError("a secret column cannot be iterated: .reveal() it, or work on the whole column")

    @property
    def dt(self) -> Times[Self]:
        """The parts of dates, points in time and durations: ``.dt.year``, ``.dt.hour``, ``.dt.total_seconds()``."""
        return Times(self)

    # ---- operators ---------------------------------------------------------------------------------
    def _with(self, expr: ex.Expr, name: str | None = None) -> Self:
        return type(self)(self.session, self.base, expr, self.name if name is None else name)

    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> Self:
        bare = dict[int, object]()  # a comparison, and the larger or the smaller of two, take numbers that no constant can be
        if names_of(build).bare:
            bare = {i: v for i, o in enumerate(operands) if (v := arguments.plain(o)) is None or isinstance(v, int | float)}
        base, exprs = self._common([o for i, o in enumerate(operands) if i not in bare])
        made = iter(exprs)
        return type(self)(self.session, base, build(*(bare[i] if i in bare else next(made) for i in range(len(operands)))), self.name)

    def _common(self, operands: Sequence[object]) -> tuple[LogicalNode, list[ex.Expr]]:
        """The operands' expressions, and rows that all of them are over: this column's, with the prefix sums that others have."""
        base, exprs = self.base, list[ex.Expr]()
        for other in operands:
            if isinstance(other, SecretScalar):
                base, e = in_rows(other, self.session, base)
                exprs.append(e)
                continue
            if not isinstance(other, Column):
                exprs.append(self._constant(other))
                continue
            if other.session is not self.session:
                raise ForeignFrameError(f"columns {self.name!r} and {other.name!r} belong to two sessions: read both tables in one")
            found = together(base, other.base)
            if found is None:
                raise SchemaError(
                    f"columns {self.name!r} and {other.name!r} are rows of two different tables: nobody can see which rows belong together. "
                    "Merge the frames on a key first"
                )
            base = found[0]
            exprs.append(ex.substitute(other.expr, found[1]))
        return base, exprs

    def _constant(self, other: object) -> ex.Expr:
        other = arguments.plain(other)
        if arguments.is_missing(other):
            if isinstance(self.dtype, Bool):
                return ex.lit(None, self.dtype)  # true | null is true
            raise PlanError(
                f"what column {self.name!r} and a missing value give is missing in every row: isna() and fillna() treat missing values, and "
                "where(condition, sf.null) writes them"
            )
        if isinstance(other, constants()):  # pandas' scalars of times are such, too
            return ex.as_expr(other)
        if isinstance(other, SecretScalar):
            raise TypeMismatchError(f"{other.name} is secret, and a constant is needed beside column {self.name!r}: .reveal() it, if it may be seen")
        if isinstance(other, Operators):
            raise TypeMismatchError(f"column {self.name!r} combines with one secret number, got a {type(other).__name__}: take one, numbers['a']")
        foreign = type(other).__module__.split(".")[0]
        if isinstance(other, list | tuple | dict | set) or foreign in ("pandas", "pyarrow") or type(other).__name__ == "ndarray":
            raise TypeMismatchError(
                f"a secret column combines with a scalar or a column of the same frame, got {type(other).__name__}: public values of the rows come in "
                "through an owner (session.from_pandas) and a merge"
            )
        return ex.lit(other)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Any:
        """NumPy's functions: ``np.exp(series)``, ``np.maximum(series, 0)``, ``np.float64(2) * series``; `spuframe.frame.ufuncs` lists them."""
        return call_ufunc(self, ufunc, method, inputs, options)

    def __array_function__(self, func: Callable[..., Any], types: object, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """NumPy's functions of whole columns: ``np.sum(series)``, ``np.where(series > 0, 1, 0)``; `spuframe.frame.array_functions` lists them."""
        return call_function(func, args, kwargs)

    def __array__(self, *_: object, **__: object) -> NoReturn:
        refuse_array(f"column {self.name!r}")

    def __round__(self, decimals: int = 0) -> Self:
        return self.round(decimals)

    def __matmul__(self, other: object) -> SecretScalar:
        return self.dot(other)

    def __rmatmul__(self, other: object) -> SecretScalar:
        return self.dot(other)

    # ---- methods of pandas ---------------------------------------------------------------------------
    def round(self, decimals: int = 0) -> Self:
        """The nearest number with ``decimals`` decimals (negative: tens, hundreds); from half way to the even one, as NumPy and pandas."""
        return self._with(ex.round_(self.expr, arguments.whole(decimals, "decimals")))

    def isna(self) -> Self:
        """Whether the value is missing."""
        return self._with(ex.is_null(self.expr))

    def notna(self) -> Self:
        """Whether the value is there."""
        return self._with(ex.not_null(self.expr))

    isnull, notnull = isna, notna

    def fillna(self, value: object) -> Self:
        """Put ``value`` (a scalar or a column of the same frame) where the value is missing."""
        if arguments.is_missing(value):
            raise PlanError(f"fillna of column {self.name!r} needs a value to put where one is missing: leave it out to keep missing values")
        return self._apply(ex.fill_null, self, value)

    def isin(self, values: Iterable[object]) -> Self:
        """Whether the value is one of some public values.

        None, NaN, `spuframe.null`, ``pandas.NA`` and ``NaT`` stand for a missing value, as in pandas' Arrow-backed columns. With one of them among
        ``values``, nulls are in.
        """
        if isinstance(values, str) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
            raise TypeMismatchError(f"`values` must be a list or the like, got {type(values).__name__}: write isin([value])")
        known, missing = list[object](), False
        for v in map(arguments.plain, values):
            if arguments.is_missing(v):
                missing = True
            else:
                known.append(v if isinstance(v, int | float) else self._constant(v))
        found = ex.isin(self.expr, known)
        return self._with(ex.or_(found, ex.is_null(self.expr)) if missing and self.expr.nullable else found)

    def between(self, left: object, right: object, inclusive: str = "both") -> Self:
        """Whether ``left <= value <= right``; ``inclusive`` is "both", "neither", "left" or "right"."""
        arguments.choice(inclusive, "inclusive", ("both", "neither", "left", "right"))
        low = self >= left if inclusive in ("both", "left") else self > left
        high = self <= right if inclusive in ("both", "right") else self < right
        return low & high

    def clip(self, lower: object = None, upper: object = None) -> Self:
        """Bring the values into bounds, public or columns of the same frame; two public ones in the wrong order are exchanged, as pandas does."""
        ends = [None if arguments.is_missing(v) else arguments.plain(v) for v in (lower, upper)]
        if isinstance(ends[0], int | float) and isinstance(ends[1], int | float) and ends[0] > ends[1]:
            ends.reverse()
        ends = [None if idle(self.expr, v, upper=i == 1) else v for i, v in enumerate(ends)]
        base, made = self._common([self, *(v for v in ends if v is not None)])
        exprs = iter(made[1:])
        low, high = (None if v is None else beside(next(exprs), self.expr) for v in ends)
        if isinstance(low, ex.Lit) and isinstance(high, ex.Lit) and low.range and high.range and low.range > high.range:
            low, high = high, low
        return type(self)(self.session, base, ex.clip(made[0], low, high), self.name)

    def map(self, func: Mapping[object, object]) -> Self:
        """The value that a small public dict has for each value; null where it has none.

        Examples
        --------
        >>> frame["price"] = frame["region"].map({0: 1.5, 1: 2.0})  # doctest: +SKIP
        """
        return self._with(ex.map_(self.expr, func))

    def where(self, cond: Column, other: object = None) -> Self:
        """The value where ``cond`` holds, else (also where it is null) ``other``; null without one."""
        return self._apply(lambda c, x: ex.where(c, x, None), cond, self) if arguments.is_missing(other) else self._apply(ex.where, cond, self, other)

    def mask(self, cond: Column, other: object = None) -> Self:
        """``other`` (null without one) where ``cond`` holds or is null, else the value: as in pandas' nullable types."""

        def made(c: ex.Expr, x: ex.Expr, y: ex.Expr | None = None) -> ex.Expr:
            return ex.where(ex.fill_null(c, True) if c.nullable else c, y, x)

        return self._apply(made, cond, self) if arguments.is_missing(other) else self._apply(made, cond, self, other)

    def replace(self, to_replace: object, value: object = ...) -> Self:
        """Put other values in place of some public ones, at once: of one, of several that become one, or by a dict of old to new.

        The result is null where the new value is missing.
        """
        if isinstance(to_replace, Mapping):
            pairs = list(to_replace.items())
        elif isinstance(to_replace, list | tuple):
            pairs = [(old, value) for old in to_replace]
        else:
            pairs = [(to_replace, value)]
        out = self
        if not isinstance(to_replace, Mapping) and value is ...:
            raise PlanError("replace needs the new value, or a dict of old to new, replace({'old': 'new'})")
        for old, new in pairs:
            found = self.isna() if arguments.is_missing(old) else self == old
            out = out.mask(found.fillna(False) if found.field.nullable else found, new)
        return out

    def astype(self, dtype: str | type | DType) -> Self:
        """Convert: ``"int64"``, ``"float"``, ``"bool"``, ..., as NumPy and pandas name them too, or a `spuframe.dtypes` type."""
        return self._with(ex.cast(self.expr, dtype))

    def rename(self, name: str | None = None, *, index: str | None = None) -> Self:
        """The column under another name."""
        return self._with(self.expr, arguments.text(index if name is None else name, "name"))

    # ---- aggregates --------------------------------------------------------------------------------
    def _scalar(self, function: str, node: LogicalNode) -> SecretScalar:
        return SecretScalar(self.session, node, f"{function} of {self.name}")

    def _aggregate(self, function: str) -> SecretScalar:
        node = build.aggregate(build.project(self.base, [(self.name, self.expr)]), [], [(self.name, function, self.name)])
        return self._scalar(function, node)

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

    def var(self, ddof: int = 1) -> SecretScalar:
        """Variance of the values that are there, over their number less ``ddof``; null without enough of them."""
        numeric("take the variance of", self.expr)
        root = scalar.deviation(self.base, self.name, self.expr, arguments.whole(ddof, "ddof"))
        return SecretScalar(self.session, root, f"var of {self.name}", scalar.squared)

    def std(self, ddof: int = 1) -> SecretScalar:
        """Standard deviation, the root of `var`."""
        return self._scalar("std", scalar.deviation(self.base, self.name, self.expr, arguments.whole(ddof, "ddof")))

    def sem(self, ddof: int = 1) -> SecretScalar:
        """Standard error of the mean, `std` over the root of `count`."""
        number = arguments.whole(ddof, "ddof")
        if number < 0:
            raise PlanError(f"`ddof` must be an integer, 0 or more, got {number}")
        return self._scalar("sem", self._aggregate(f"sem[ddof={number}]").node)

    def median(self) -> SecretScalar:
        """The value in the middle, or the mean of the two there; null without any."""
        return self._aggregate("median")

    def any(self) -> SecretScalar:
        """Whether any value that is there is true, or not zero; False without any."""
        return self._aggregate("any")

    def all(self) -> SecretScalar:
        """Whether every value that is there is true, or not zero; True without any."""
        return self._aggregate("all")

    def dot(self, other: object) -> SecretScalar:
        """The sum of the products with another column, ``self @ other``; null if one of the values is."""
        if not isinstance(other, Column):
            self._constant(other)  # a list or an array says so
            raise TypeMismatchError(f"dot takes another secret column of the same frame, got {type(other).__name__}: for a number, multiply by it")
        base, (left, right) = self._common([self, other])
        return self._scalar("dot", scalar.dot(base, self.name, left, right))

    def cov(self, other: Column, min_periods: int | None = None, ddof: int = 1) -> SecretScalar:
        """The covariance with another column, over the rows where both are there, less ``ddof``; null without enough of them."""
        if not isinstance(other, Column):
            raise TypeMismatchError(f"cov takes another secret column of the same frame, got a {type(other).__name__}")
        least = 1 if arguments.is_missing(min_periods) else arguments.whole(min_periods, "min_periods", 0)
        number = arguments.whole(ddof, "ddof", 0)
        for c in (self, other):
            numeric("take the covariance of", c.expr)
        x = self.where(other.notna()) if other.field.nullable else self
        y = other.where(self.notna()) if self.field.nullable else other
        dx, dy = (c - c.mean() for c in (x, y))
        total = (dx.fillna(0) if dx.field.nullable else dx).dot(dy.fillna(0) if dy.field.nullable else dy)
        count = x.count()

        def made(product: ex.Expr, n: ex.Expr) -> ex.Expr:
            return ex.where(ex.ge(n, max(least, number + 1)), ex.div(product, ex.maximum(ex.sub(n, number), 1)), None)

        return SecretScalar(self.session, total._apply(made, total, count).node, f"cov of {self.name} and {other.name}")

    def nunique(self) -> SecretScalar:
        """Number of different values; nulls are none."""
        return self._aggregate("nunique")

    def agg(self, func: Any) -> SecretScalar | SecretSummary:
        """One number by the name of an aggregate, or one for each of several names."""
        functions = summary.names_of(func)
        return summary.aggregate(self, summary.name_of(func)) if functions is None else summary.of_column(self, functions)

    aggregate = agg

    def quantile(self, q: Any = 0.5, interpolation: str = "linear") -> Any:
        """The value below which a share of the values is, 0.5 the median; several by a list, labelled "0.25". Null without any value.

        Between two values in proportion ("linear"), or "lower", "higher" or "midpoint" of them.
        """
        found, several = quantiles(q, interpolation)
        numbers = [self._scalar(f"{share} quantile", self._aggregate(how).node) for share, how in found]
        labels = [(str(share),) for share, _ in found]
        return SecretSummary(self.session, dict(zip(labels, numbers, strict=True)), self.name) if several else numbers[0]

    def describe(self, percentiles: Sequence[float] | None = None) -> SecretSummary:
        """Count, mean, standard deviation, smallest and largest value of numbers; quantiles where ``percentiles`` names some, which take a sort."""
        if not self.dtype.is_numeric and not self.dtype.of_units:
            raise TypeMismatchError(f"describe is of number columns, and {self.name!r} is {self.dtype}: .count(), .nunique() and .min() are of any")
        return SecretSummary(self.session, {(label,): summary.named(self, how) for label, how in described(percentiles)}, self.name)

    # ---- the end -----------------------------------------------------------------------------------
    def copy(self) -> Self:
        """The same column: nothing is changed in place."""
        return self._with(self.expr)

    def _rows(self) -> Rows:
        return Rows(self.session, self.base, {self.name: self.expr})

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> pd.Series[Any] | pa.Array:
        return table.column(0).combine_chunks() if as_ == "arrow" else to_pandas(table, order)[self.name]

    def explain(self, stage: str = "all") -> str:
        """The plan of this column; see `SecretFrame.explain`."""
        return self.session.explain(self._rows().node, stage)

    def reveal(self, as_: str = "pandas") -> pd.Series[Any] | pa.Array:
        """Compute the column and show it to the analyst; in which order, and how two columns are revealed side by side, says `SecretFrame.reveal`.

        Parameters
        ----------
        as_ : {"pandas", "arrow"}
        """
        return reveal(self, as_=as_)[0]
