"""The columns of a secret table: which there are, how they are selected, made and named, and how they compute with each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

from spuframe import expr as ex
from spuframe.dtypes import Schema, constants
from spuframe.errors import ColumnNotFoundError, ForeignFrameError, NotAvailableError, PlanError, SchemaError, SpuframeError, TypeMismatchError
from spuframe.frame import arguments, display
from spuframe.frame.array_functions import call_function, refuse_array
from spuframe.frame.column import Column
from spuframe.frame.missing import missing
from spuframe.frame.null import Null
from spuframe.frame.operators import Operators
from spuframe.frame.rows import Home, Rows
from spuframe.frame.scalar import SecretScalar, in_rows
from spuframe.frame.shown import to_pandas
from spuframe.frame.summaries import Summaries
from spuframe.frame.summary import SecretSummary
from spuframe.frame.types import is_of, types
from spuframe.frame.ufuncs import builder
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import attach, together

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@arguments.like_pandas
class Columns(Summaries, Operators):
    """Named expressions over one set of rows, ``_base``: what `spuframe.SecretFrame` is, but for what it does with rows."""

    __slots__ = ("_base", "_exprs", "_node", "session")
    _what = "a SecretFrame"
    _more = "; to keep a table at the parties, .persist() it"

    def __init__(self, session: Home, base: LogicalNode, exprs: Mapping[str, ex.Expr] | None = None) -> None:
        self.session = session
        self._base = base
        self._exprs: dict[str, ex.Expr] = {f.name: ex.col(f) for f in base.schema} if exprs is None else dict(exprs)
        self._node: LogicalNode | None = None

    def _made(self, base: LogicalNode, exprs: Mapping[str, ex.Expr] | None = None) -> Self:
        """A frame over other rows, or of other columns."""
        return type(self)(self.session, base, exprs)

    def _beside(self, table: LogicalNode) -> Self:
        """The columns of a table of the same rows, as a frame that they belong to: what was computed of this frame row by row."""
        base = attach(self._base, table)
        return self._made(base, {source: ex.col(base.schema[name]) for name, source in base.columns})

    def _column(self, name: str) -> Column:
        """One of the columns."""
        raise NotImplementedError

    def _filter(self, condition: Column) -> Self:
        """The rows where a condition holds."""
        raise NotImplementedError

    def _rows(self) -> Rows:
        return Rows(self.session, self._base, self._exprs)

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> pd.DataFrame | pa.Table:
        return table if as_ == "arrow" else to_pandas(table, order)

    # ---- what is known of it ---------------------------------------------------------------------
    @property
    def node(self) -> LogicalNode:
        """The logical plan of the frame."""
        if self._node is None:
            self._node = self._rows().node
        return self._node

    @property
    def columns(self) -> list[str]:
        return list(self._exprs)

    @columns.setter
    def columns(self, names: Sequence[str]) -> None:
        new = arguments.names(names, "columns")
        if isinstance(names, str) or len(new) != len(self._exprs):
            raise SchemaError(f"the frame has {len(self._exprs)} columns, {self.columns}: give a list of as many names, or use rename(columns={{...}})")
        self._exprs = self.rename(columns=dict(zip(self._exprs, new, strict=True)))._exprs
        self._node = None

    @property
    def schema(self) -> Schema:
        return Schema.of([e.as_field(n) for n, e in self._exprs.items()])

    @property
    def dtypes(self) -> pd.Series[Any]:
        """Types by column; they compare with names, ``frame.dtypes["a"] == "float64"``."""
        import pandas as pd

        return pd.Series({f.name: f.dtype for f in self.schema}, dtype=object)

    @property
    def rows(self) -> int:
        return self._base.rows

    @property
    def masked(self) -> bool:
        return self._base.masked

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; only where the number of rows is public."""
        return len(self), len(self.columns)

    @property
    def size(self) -> int:
        """Rows times columns; only where the number of rows is public."""
        return len(self) * len(self.columns)

    @property
    def empty(self) -> bool:
        """Whether there is no value; only where the number of rows is public."""
        return self.size == 0

    ndim = 2

    def keys(self) -> list[str]:
        """The columns' names."""
        return self.columns

    def __len__(self) -> int:
        if self.masked:
            raise TypeMismatchError("the number of rows that a filter or join leaves is secret: use .rows for the public bound, or a revealed count")
        return self.rows

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._exprs

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __bool__(self) -> bool:
        raise TypeMismatchError("a SecretFrame has no truth value: compare columns, and .reveal() to see")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        refuse_array("a SecretFrame")

    def _title(self) -> str:
        return display.title("SecretFrame", self.rows, self.masked, len(self.columns))

    def __repr__(self) -> str:
        return display.text(self._title(), list(self.schema))

    def _repr_html_(self) -> str:
        return display.html(self._title(), list(self.schema))

    # ---- columns -----------------------------------------------------------------------------------
    def __getattr__(self, name: str) -> Any:
        """``frame.age`` is ``frame["age"]``, as in pandas."""
        if not name.startswith("_"):
            if name in self._exprs:
                return self[name]
            raise missing(self._what, name, dir(self))
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: object) -> None:
        if not hasattr(type(self), name):
            if name not in self._exprs:
                raise NotAvailableError(f"a SecretFrame has no attribute {name!r}, and gets none: a new column is made with frame[{name!r}] = ...")
            self[name] = value
            return
        object.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(n for n in self._exprs if n.isidentifier())]

    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> Self:
        """Column by column; another frame needs the same columns, in any order."""
        for other in operands:
            if isinstance(other, SecretSummary) and not set(self.columns) <= set(other.columns):
                raise SchemaError(f"a frame combines with a number for each of its columns: {self.columns} are not {other.columns}: select them")
            if isinstance(other, Column):
                raise TypeMismatchError(
                    f"a frame and column {other.name!r} do not combine (pandas would look for columns named like rows): combine it with each column, "
                    "frame['a'] + frame['b']"
                )
            if isinstance(other, Columns) and set(other.columns) != set(self.columns):
                raise SchemaError(f"frames combine column by column: {self.columns} are not {other.columns}. Select the same columns of both")
        out = self.copy()
        for name in self.columns:
            out[name] = self[name]._apply(build, *(o[name] if isinstance(o, Columns | SecretSummary) else o for o in operands))
        return out

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Self:
        return self._apply(builder(ufunc, method, options), *inputs)

    def __array_function__(self, func: Callable[..., Any], types: object, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return call_function(func, args, kwargs)

    def _expr(self, name: object) -> ex.Expr:
        if name not in self:
            raise ColumnNotFoundError.of(name if isinstance(name, str) else f"(a {type(name).__name__})", self.columns)
        return self._exprs[str(name)]

    def __getitem__(self, key: Any) -> Any:
        """``frame["a"]`` is a column, ``frame[["a", "b"]]`` a frame, ``frame[condition]`` the rows where the condition holds."""
        if is_deferred(key):
            key = self._deferred(key)
        elif callable(key) and not isinstance(key, type):
            key = key(self)
        if isinstance(key, Column):
            return self._filter(key)
        if isinstance(key, str):
            return self._column(key)
        if isinstance(key, tuple | slice | Columns) or not (isinstance(key, Sequence) or hasattr(key, "ndim")):
            raise TypeMismatchError(
                f"a frame is indexed by a column name, a list of names or a boolean column, got {type(key).__name__}: for the first rows there is .head(n)"
            )
        names = arguments.names(key, "columns")
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"column {name!r} is selected twice, and columns have different names: assign a copy, "
                f"frame.assign(other=frame[{name!r}])")
        return self._made(self._base, {n: self._expr(n) for n in names})

    def __setitem__(self, name: str, value: object) -> None:
        if not isinstance(name, str):
            raise TypeMismatchError(f"a column name must be a str, got {type(name).__name__}")
        self._exprs = self._exprs | {name: self._value(name, value)}
        self._node = None

    def __delitem__(self, name: str) -> None:
        self._expr(name)
        self._exprs = {n: e for n, e in self._exprs.items() if n != name}
        self._node = None

    def _value(self, name: str, value: object) -> ex.Expr:
        if isinstance(value, Column):
            return self._aligned(value, f"column {name!r}")
        if arguments.is_missing(value):
            dtype = (value.dtype if isinstance(value, Null) else None) or (self._exprs[name].dtype if name in self else None)
            if dtype is None:
                raise PlanError(f"column {name!r} of missing values needs a type: frame[{name!r}] = sf.null.astype('int64')")
            return ex.lit(None, dtype)
        if isinstance(value, SecretScalar):
            self._base, number = in_rows(value, self.session, self._base)
            return number
        if is_deferred(value):
            return self._value(name, self._deferred(value))
        value = arguments.plain(value)
        if isinstance(value, constants()):
            return ex.lit(value)
        raise TypeMismatchError(
            f"column {name!r} must be a secret column of the same rows or a scalar, got {type(value).__name__}: public values of the rows come in through "
            "an owner (session.from_pandas) and a merge"
        )

    def _deferred(self, expression: Any) -> object:
        """What an expression of `pandas.col` is of this frame; pandas has no other way to ask for it."""
        try:
            return expression._eval_expression(self)
        except SpuframeError:
            raise
        except (ValueError, TypeError, AttributeError) as error:  # pandas' own: a name that no column has
            raise PlanError(f"{expression!r} has no value here: the columns are {self.columns}") from error

    def _aligned(self, series: Column, what: str) -> ex.Expr:
        """The expression of a column over this frame's own rows."""
        if series.session is not self.session:
            raise ForeignFrameError(f"{what} belongs to another session: read both tables in one")
        found = together(self._base, series.base)
        if found is None:
            raise SchemaError(
                f"{what} has rows of another table, and nobody can see which rows belong together: merge the frames on a key first, "
                "or take the column from this frame if it is the same table before or after a filter"
            )
        self._base, names = found  # the rows as they are, with the prefix sums that the column has
        return ex.substitute(series.expr, names)

    def assign(self, /, **columns: object) -> Self:
        """A frame with columns added or replaced; a function gets the frame."""
        out = self.copy()
        for name, value in columns.items():
            out[name] = value(out) if callable(value) and not is_deferred(value) else value
        return out

    def copy(self) -> Self:
        return self._made(self._base, self._exprs)

    def drop(
        self,
        labels: str | Sequence[str] | None = None,
        *,
        columns: str | Sequence[str] | None = None,
        axis: int | str | None = None,
        errors: Literal["raise", "ignore"] = "raise",
    ) -> Self:
        """A frame without some columns; rows have no labels, and go by a condition."""
        arguments.choice(errors, "errors", ("raise", "ignore"))
        if (columns is None) == (labels is None) or (columns is None and axis in (0, "index", "rows")):
            raise PlanError("drop takes the columns to leave out, drop(columns=['a']); rows go by a condition, frame[frame['a'] > 1]")
        names = arguments.names(labels if columns is None else columns, "columns")
        if errors == "raise":
            for name in names:
                self._expr(name)
        return self._made(self._base, {n: e for n, e in self._exprs.items() if n not in names})

    def rename(
        self,
        columns: Mapping[str, str] | Callable[[str], str] | None = None,
        *,
        mapper: Mapping[str, str] | Callable[[str], str] | None = None,
        errors: Literal["raise", "ignore"] = "raise",
    ) -> Self:
        """A frame with other column names, by a dict or a function; names that it does not have are an error, unless ``errors="ignore"``."""
        arguments.choice(errors, "errors", ("raise", "ignore"))
        wanted = mapper if columns is None else columns
        new = {n: wanted(n) for n in self._exprs} if callable(wanted) else arguments.mapping(wanted, "columns")
        for old, name in new.items():
            arguments.text(name, f"the new name of {old!r}")
            if errors == "raise":
                self._expr(old)
        names = [new.get(n, n) for n in self._exprs]
        if len(set(names)) < len(names):
            raise SchemaError(f"renaming gives the columns {names}, of which two are equal: choose other names")
        return self._made(self._base, dict(zip(names, self._exprs.values(), strict=True)))

    def add_prefix(self, prefix: str) -> Self:
        """A frame whose column names begin with ``prefix``."""
        before = arguments.text(prefix, "prefix")
        return self.rename(columns=lambda n: f"{before}{n}")

    def add_suffix(self, suffix: str) -> Self:
        """A frame whose column names end in ``suffix``."""
        after = arguments.text(suffix, "suffix")
        return self.rename(columns=lambda n: f"{n}{after}")

    def pop(self, item: str) -> Column:
        """A column, which the frame has no more."""
        if not isinstance(item, str):
            raise TypeMismatchError(f"pop takes the name of one column, got a {type(item).__name__}: several are left out by drop(columns=[...])")
        out = self._column(item)
        del self[item]
        return out

    # ---- column by column ------------------------------------------------------------------------------
    def _each_column(self, work: Callable[[Column], object], names: Sequence[str] | None = None) -> Self:
        out = self.copy()
        for name in self.columns if names is None else names:
            out[name] = work(self[name])
        return out

    def isna(self) -> Self:
        """Which values are missing."""
        return self._each_column(lambda c: c.isna())

    def notna(self) -> Self:
        """Which values are there."""
        return self._each_column(lambda c: c.notna())

    isnull, notnull = isna, notna

    def isin(self, values: Any) -> Self:
        """Which values are among some public ones; with a dict, among those of their column, and none of another."""
        if isinstance(values, Mapping):
            known = arguments.mapping(values, "values")
            return self._each_column(lambda c: c.isin(known.get(c.name, [])))
        return self._each_column(lambda c: c.isin(values))

    def round(self, decimals: Any = 0) -> Self:
        """The nearest numbers with ``decimals`` decimals, by column where it is a dict; columns without numbers stay."""
        known = arguments.mapping(decimals, "decimals") if isinstance(decimals, Mapping) else {n: decimals for n in self.columns}
        digits = {n: arguments.whole(d, "decimals") for n, d in known.items()}
        return self._each_column(lambda c: c.round(digits[c.name]), [n for n in self.columns if n in digits and self[n].dtype.is_numeric])

    def astype(self, dtype: Any) -> Self:
        """All columns, or those of a dict, in another type; see `SecretSeries.astype`."""
        if isinstance(dtype, Mapping):
            known = arguments.mapping(dtype, "dtype")
            return self._each_column(lambda c: c.astype(known[c.name]), list(known))
        return self._each_column(lambda c: c.astype(dtype))

    def clip(self, lower: object = None, upper: object = None) -> Self:
        """Bring the values of all columns into bounds."""
        return self._each_column(lambda c: c.clip(lower, upper))

    def where(self, cond: Any, other: object = None) -> Self:
        """The values where ``cond`` holds, a condition of rows or a frame of one for each column, else ``other``; see `SecretSeries.where`."""
        return self._chosen("where", cond, other)

    def mask(self, cond: Any, other: object = None) -> Self:
        """``other`` where ``cond`` holds, a condition of rows or a frame of one for each column, else the values; see `SecretSeries.mask`."""
        return self._chosen("mask", cond, other)

    def _chosen(self, method: str, cond: Any, other: object) -> Self:
        cond, other = (v(self) if callable(v) and not isinstance(v, type | Operators) else v for v in (cond, other))
        for v, what in ((cond, "cond"), (other, "other")):
            if isinstance(v, Columns) and set(v.columns) != set(self.columns):
                raise SchemaError(f"`{what}` has the columns {v.columns}, and the frame {self.columns}: select the same of both")
        if not isinstance(cond, Column | Columns):
            raise TypeMismatchError(f"`cond` must be a secret condition, frame['a'] > 1 or frame > 1, got a {type(cond).__name__}")
        cells = [{n: v[n] if isinstance(v, Columns) else v for n in self.columns} for v in (cond, other)]
        return self._each_column(lambda c: getattr(c, method)(*(of[c.name] for of in cells)))

    # ---- chosen by name or type --------------------------------------------------------------------------
    def filter(self, items: Any = None, *, like: str | None = None, regex: str | None = None) -> Self:
        """The columns of some names that the frame has, of names that hold ``like``, or in which ``regex`` is found; rows go by a condition."""
        if sum(v is not None for v in (items, like, regex)) != 1:
            raise PlanError("filter takes one of items, like and regex, which are of column names; rows go by a condition, frame[frame['a'] > 1]")
        if items is not None:
            chosen = [n for n in arguments.names(items, "items") if n in self]
        elif like is not None:
            part = arguments.text(like, "like")
            chosen = [n for n in self.columns if part in n]
        else:
            try:
                pattern = re.compile(arguments.text(regex, "regex"))
            except re.error as error:
                raise PlanError(f"`regex` is no regular expression: {error}") from None
            chosen = [n for n in self.columns if pattern.search(n)]
        out: Self = self[chosen]
        return out

    def select_dtypes(self, include: Any = None, exclude: Any = None) -> Self:
        """The columns of some types, by name: ``"number"``, ``"integer"``, ``"floating"``, ``"object"`` (strings), or a type's own."""
        wanted, unwanted = (types(v, w) for v, w in ((include, "include"), (exclude, "exclude")))
        if not wanted and not unwanted:
            raise PlanError("select_dtypes needs include or exclude, such as include='number'")
        chosen = []
        for field in self.schema:
            kept = not wanted or any(is_of(field.dtype, t) for t in wanted)
            if kept and not any(is_of(field.dtype, t) for t in unwanted):
                chosen.append(field.name)
        out: Self = self[chosen]
        return out


def is_deferred(value: object) -> bool:
    """Whether it is an expression of `pandas.col`, ``pd.col("a") + 1``."""
    return type(value).__name__ == "Expression" and type(value).__module__.split(".")[0] == "pandas"
