"""The columns of a secret table: which there are, how they are selected, made and named, and how they compute with each other."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from spuframe import expr as ex
from spuframe.dtypes import Schema
from spuframe.errors import ColumnNotFoundError, ForeignFrameError, NotAvailableError, PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments, display
from spuframe.frame.missing import missing
from spuframe.frame.null import Null
from spuframe.frame.numpy import call_function, refuse_array
from spuframe.frame.operators import Operators
from spuframe.frame.scalar import SecretScalar, in_rows
from spuframe.frame.series import SecretSeries
from spuframe.frame.ufuncs import builder
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import together

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from spuframe.frame.frame import SecretFrame
    from spuframe.frame.session import Session


@arguments.like_pandas
class Columns(Operators["SecretFrame"]):
    """Named expressions over one set of rows, ``_base``: what `spuframe.SecretFrame` is, but for what it does with rows."""

    __slots__ = ("_base", "_exprs", "_node", "session")
    _what = "a SecretFrame"
    _more = "; to keep a table at the parties, .persist() it"

    def __init__(self, session: Session, base: LogicalNode, exprs: Mapping[str, ex.Expr] | None = None) -> None:
        self.session = session
        self._base = base
        self._exprs: dict[str, ex.Expr] = {f.name: ex.col(f) for f in base.schema} if exprs is None else dict(exprs)
        self._node: LogicalNode | None = None

    def _made(self, base: LogicalNode, exprs: Mapping[str, ex.Expr] | None = None) -> SecretFrame:
        """A frame over other rows, or of other columns."""
        raise NotImplementedError

    def _filter(self, condition: SecretSeries) -> SecretFrame:
        """The rows where a condition holds."""
        raise NotImplementedError

    # ---- what is known of it ---------------------------------------------------------------------
    @property
    def node(self) -> LogicalNode:
        """The logical plan of the frame."""
        if self._node is None:
            plain = all(isinstance(e, ex.Col) and e.field.name == n for n, e in self._exprs.items())
            same = plain and list(self._exprs) == self._base.schema.names
            self._node = self._base if same else build.project(self._base, list(self._exprs.items()))
        return self._node

    @property
    def columns(self) -> list[str]:
        return list(self._exprs)

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

    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> SecretFrame:
        """Column by column; another frame needs the same columns, in any order."""
        for other in operands:
            if isinstance(other, SecretSeries):
                raise TypeMismatchError(
                    f"a frame and column {other.name!r} do not combine (pandas would look for columns named like rows): combine it with each column, "
                    "frame['a'] + frame['b']"
                )
            if isinstance(other, Columns) and set(other.columns) != set(self.columns):
                raise SchemaError(f"frames combine column by column: {self.columns} are not {other.columns}. Select the same columns of both")
        out = self.copy()
        for name in self.columns:
            out[name] = self[name]._apply(build, *(o[name] if isinstance(o, Columns) else o for o in operands))
        return out

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> SecretFrame:
        return self._apply(builder(ufunc, method, options), *inputs)

    def __array_function__(self, func: Callable[..., Any], types: object, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return call_function(func, args, kwargs)

    def _expr(self, name: object) -> ex.Expr:
        if name not in self:
            raise ColumnNotFoundError.of(name if isinstance(name, str) else f"(a {type(name).__name__})", self.columns)
        return self._exprs[str(name)]

    def __getitem__(self, key: Any) -> Any:
        """``frame["a"]`` is a column, ``frame[["a", "b"]]`` a frame, ``frame[condition]`` the rows where the condition holds."""
        if isinstance(key, SecretSeries):
            return self._filter(key)
        if isinstance(key, str):
            return SecretSeries(self.session, self._base, self._expr(key), key)
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
        if isinstance(value, SecretSeries):
            return self._aligned(value, f"column {name!r}")
        if arguments.is_missing(value):
            dtype = (value.dtype if isinstance(value, Null) else None) or (self._exprs[name].dtype if name in self else None)
            if dtype is None:
                raise PlanError(f"column {name!r} of missing values needs a type: frame[{name!r}] = sf.null.astype('int64')")
            return ex.lit(None, dtype)
        if isinstance(value, SecretScalar):
            self._base, number = in_rows(value, self.session, self._base)
            return number
        value = arguments.plain(value)
        if isinstance(value, bool | int | float | str | datetime.date | datetime.timedelta):
            return ex.lit(value)
        raise TypeMismatchError(
            f"column {name!r} must be a secret column of the same rows or a scalar, got {type(value).__name__}: public values of the rows come in through "
            "an owner (session.from_pandas) and a merge"
        )

    def _aligned(self, series: SecretSeries, what: str) -> ex.Expr:
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

    def assign(self, /, **columns: object) -> SecretFrame:
        """A frame with columns added or replaced; a function gets the frame."""
        out = self.copy()
        for name, value in columns.items():
            out[name] = value(out) if callable(value) else value
        return out

    def copy(self) -> SecretFrame:
        return self._made(self._base, self._exprs)

    def drop(
        self,
        labels: str | Sequence[str] | None = None,
        *,
        columns: str | Sequence[str] | None = None,
        axis: int | str | None = None,
        errors: Literal["raise", "ignore"] = "raise",
    ) -> SecretFrame:
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
    ) -> SecretFrame:
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
