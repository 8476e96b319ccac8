"""A secret table, written like a pandas DataFrame."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from spuframe import expr as ex
from spuframe.dtypes import Schema
from spuframe.errors import ColumnNotFoundError, ForeignFrameError, NotAvailableError, PlanError, SchemaError, TypeMismatchError
from spuframe.expr.node import replace_parts
from spuframe.frame import arguments, display
from spuframe.frame.groupby import GroupBy
from spuframe.frame.missing import missing
from spuframe.frame.null import Null
from spuframe.frame.numpy import call_function, refuse_array
from spuframe.frame.operators import Operators
from spuframe.frame.scalar import SecretScalar
from spuframe.frame.series import SecretSeries
from spuframe.frame.ufuncs import builder
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import attach, together

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from spuframe.frame.session import Session


LABELS = 10**9
"""Rows that the labels of one random order leave room for."""


@arguments.like_pandas
class SecretFrame(Operators["SecretFrame"]):
    """Columns that nobody can read, used like a `pandas.DataFrame`.

    Every method only extends a plan; nothing is computed before `reveal`, `persist` or an estimator's ``fit`` asks. Rows have no index.
    Frames come from ``session.read_csv`` and its siblings, never from this constructor.

    Attributes
    ----------
    columns : list of str
    schema : Schema
        Type, visibility, nullability, public range and owners of every column.
    rows : int
        Public bound on the number of rows.
    masked : bool
        Whether the true number of rows is secret (after a filter, a join, a group-by).
    """

    __slots__ = ("_base", "_exprs", "_node", "session")
    _what = "a SecretFrame"
    _more = "; to keep a table at the parties, .persist() it"

    def __init__(self, session: Session, base: LogicalNode, exprs: Mapping[str, ex.Expr] | None = None) -> None:
        self.session = session
        self._base = base
        self._exprs: dict[str, ex.Expr] = {f.name: ex.col(f) for f in base.schema} if exprs is None else dict(exprs)
        self._node: LogicalNode | None = None

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
    def dtypes(self) -> dict[str, str]:
        """Types by column, as text."""
        return {f.name: f.dtype.label for f in self.schema}

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
            if isinstance(other, SecretFrame) and set(other.columns) != set(self.columns):
                raise SchemaError(f"frames combine column by column: {self.columns} are not {other.columns}. Select the same columns of both")
        out = self.copy()
        for name in self.columns:
            out[name] = self[name]._apply(build, *(o[name] if isinstance(o, SecretFrame) else o for o in operands))
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
        if isinstance(key, tuple | slice | SecretFrame) or not (isinstance(key, Sequence) or hasattr(key, "ndim")):
            raise TypeMismatchError(
                f"a frame is indexed by a column name, a list of names or a boolean column, got {type(key).__name__}: for the first rows there is .head(n)"
            )
        names = arguments.names(key, "columns")
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"column {name!r} is selected twice, and columns have different names: assign a copy, "
                f"frame.assign(other=frame[{name!r}])")
        return SecretFrame(self.session, self._base, {n: self._expr(n) for n in names})

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
            self._base, number = value.in_rows(self.session, self._base)
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
        return SecretFrame(self.session, self._base, self._exprs)

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
        return SecretFrame(self.session, self._base, {n: e for n, e in self._exprs.items() if n not in names})

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
        return SecretFrame(self.session, self._base, dict(zip(names, self._exprs.values(), strict=True)))

    # ---- rows ----------------------------------------------------------------------------------------
    def _over(self, node: LogicalNode) -> SecretFrame:
        return SecretFrame(self.session, node)

    def _filter(self, condition: SecretSeries) -> SecretFrame:
        out = self.copy()
        return out._where(out._aligned(condition, "the condition"))

    def _where(self, predicate: ex.Expr) -> SecretFrame:
        known = {e: n for n, e in self._exprs.items()}  # a column that the frame has already is not computed twice
        below = dict(self._exprs)
        needed = {f.name: f for f in self._base.schema}

        hidden: dict[str, str] = {}

        def name_of(column: ex.Col) -> str:
            if column in known:
                return known[column]
            if column.field.name not in hidden:
                name = column.field.name
                while name in below:
                    name = f"_{name}"
                below[name] = ex.col(needed[column.field.name])
                hidden[column.field.name] = name
            return hidden[column.field.name]

        def over(e: ex.Expr) -> ex.Expr | None:
            if e in known and not isinstance(e, ex.Lit):
                return ex.col(self._exprs[known[e]].as_field(known[e]))
            return ex.col(e.field.renamed(name_of(e))) if isinstance(e, ex.Col) else None

        condition = replace_parts(predicate, over)
        plain = all(isinstance(e, ex.Col) and e.field.name == n for n, e in below.items())
        base = self._base if plain and list(below) == self._base.schema.names else build.project(self._base, list(below.items()))
        node = build.filter_(base, condition)
        kept = {n: ex.col(node.schema[n]) for n in self._exprs}
        return SecretFrame(self.session, node, kept)

    def dropna(self, subset: str | Sequence[str] | None = None, *, how: Literal["any", "all"] = "any") -> SecretFrame:
        """Rows without a missing value (in ``subset``); with ``how="all"`` those where a value is there."""
        names = self.columns if subset is None else arguments.names(subset, "subset")
        every = arguments.choice(how, "how", ("any", "all")) == "any"
        fields = [self._expr(n) for n in names]
        conditions = [ex.not_null(e) for e in fields if e.nullable]
        if not conditions or (not every and len(conditions) < len(fields)):
            return self.copy()
        kept = conditions[0]
        for c in conditions[1:]:
            kept = ex.and_(kept, c) if every else ex.or_(kept, c)
        return self._where(kept)

    def fillna(self, value: object) -> SecretFrame:
        """Put a scalar, or a mapping of column to scalar, where values are missing."""
        if isinstance(value, Mapping):
            return self.assign(**{n: self[n].fillna(v) for n, v in arguments.mapping(value, "value").items()})
        return self.assign(**{n: self[n].fillna(value) for n in self.columns if self._expr(n).nullable})

    def merge(
        self,
        right: SecretFrame | SecretSeries,
        how: Literal["inner"] = "inner",
        on: str | Sequence[str] | None = None,
        left_on: str | Sequence[str] | None = None,
        right_on: str | Sequence[str] | None = None,
        *,
        suffixes: tuple[str | None, str | None] = ("_x", "_y"),
        validate: str | None = None,
    ) -> SecretFrame:
        """Inner join on equal keys, one side of which is unique.

        Parameters
        ----------
        right : SecretFrame
        how : {"inner"}
        on, left_on, right_on : str or list of str
            The keys; default: the columns that both frames have.
        suffixes : pair of str
            For other columns of one name.
        validate : {"one_to_one", "1:1", "one_to_many", "1:m", "many_to_one", "m:1"}, optional
            Which side's keys are unique. By default the side whose owner publishes that they are, else the side with fewer rows. It is
            checked at the parties without showing the keys.

        Returns
        -------
        SecretFrame
            In no particular order.

        Raises
        ------
        DuplicateKeyError
            When the plan runs: the keys that must be unique are not.
        """
        if isinstance(right, SecretSeries):
            right = right.to_frame()
        if not isinstance(right, SecretFrame):
            raise TypeMismatchError(f"`right` must be a SecretFrame, got {type(right).__name__}: read it with session.read_csv(..., owner=...)")
        if right.session is not self.session:
            raise ForeignFrameError("the frames belong to two sessions: read both tables in one")
        pair = isinstance(suffixes, tuple | list) and len(suffixes) == 2 and all(s is None or isinstance(s, str) for s in suffixes)
        if not pair:
            raise TypeMismatchError(f"`suffixes` must be two strings, such as ('_x', '_y'), got a {type(suffixes).__name__}")
        keys = {n: None if v is None else arguments.names(v, n) for n, v in (("on", on), ("left_on", left_on), ("right_on", right_on))}
        if validate is not None:
            arguments.text(validate, "validate")
        return self._over(build.join(self.node, right.node, how=arguments.text(how, "how"), **keys, validate=validate, suffixes=suffixes))

    def groupby(
        self, by: str | SecretSeries | Sequence[str | SecretSeries], *, as_index: bool = False, sort: bool = True, dropna: bool = True
    ) -> GroupBy:
        """Group by one or several keys, names or columns of these rows; rows with a missing key are dropped."""
        if arguments.flag(as_index, "as_index") or not arguments.flag(sort, "sort") or not arguments.flag(dropna, "dropna"):
            raise PlanError("groupby works with as_index=False, sort=True and dropna=True: use .reveal().set_index(keys) for an index")
        frame = self.copy()
        listed = [by] if isinstance(by, SecretSeries) else by
        keys = [frame._key(k) if isinstance(k, SecretSeries) else k for k in listed] if isinstance(listed, list | tuple) else listed
        names = arguments.names(keys, "by")
        for key in names:
            frame._expr(key)
        if not names or len(set(names)) < len(names):
            raise PlanError("groupby needs one key or several different ones: for the whole table take frame['a'].sum() and the like")
        return GroupBy(frame, names, [n for n in self.columns if n not in names])

    def _key(self, key: SecretSeries) -> str:
        """The name of a column to group by, which becomes one of this frame if it is none."""
        e = self._aligned(key, f"the key {key.name!r}")
        if self._exprs.setdefault(key.name, e) != e:
            raise SchemaError(f"the key is computed and called {key.name!r}, like another column: name it, .rename('key')")
        self._node = None
        return key.name

    def sort_values(self, by: str | Sequence[str], ascending: bool | Sequence[bool] = True) -> SecretFrame:
        """Sort by one or several columns; stable, missing values last."""
        keys = arguments.names(by, "by")
        for key in keys:
            self._expr(key)
        return self._over(build.sort(self.node, keys, arguments.flags(ascending, "ascending")))

    def head(self, n: int = 5) -> SecretFrame:
        """The first n rows that exist, in their order; after a merge, which gives rows in no particular one, sort first."""
        return self._over(build.limit(self.node, arguments.whole(n, "n")))

    def _onto(self, base: LogicalNode) -> tuple[LogicalNode, dict[str, ex.Expr]] | None:
        """``base`` with what this frame adds to the same rows, and the columns as expressions over it; None for other rows."""
        found = together(base, self._base)
        return None if found is None else (found[0], {n: ex.substitute(e, found[1]) for n, e in self._exprs.items()})

    def _beside(self, table: LogicalNode) -> SecretFrame:
        """The columns of a table of the same rows, as a frame that they belong to: what was computed of this frame row by row."""
        base = attach(self._base, table)
        return SecretFrame(self.session, base, {source: ex.col(base.schema[name]) for name, source in base.columns})

    # ---- the end -----------------------------------------------------------------------------------
    def explain(self, stage: str = "all") -> str:
        """The plan with its exact rounds and bytes, and what it leaks; nothing runs.

        Parameters
        ----------
        stage : {"all", "logical", "optimized", "physical"}
        """
        return self.session.explain(self.node, stage)

    def persist(self) -> SecretFrame:
        """Compute now and keep the result, in shares, at the parties.

        Rows that a filter or a merge left are put into one random order when they are stored, unless they were sorted. All that is revealed of the
        persisted frame row by row, its columns, predictions, comparisons, comes in that order, with equal labels. A filter of it is shuffled
        again: the places of its rows would tell which ones it dropped.
        """
        return self._over(self.session.persist(self.node))

    def reveal(self, as_: str = "pandas") -> pd.DataFrame | pa.Table | Any:
        """Compute the frame and show it to the analyst.

        What a filter or a merge left, and nothing sorted, comes in a random order: its index is called "unordered", and its labels are those of this
        order alone, so that pandas does not take two reveals for the same rows. What belongs side by side is revealed in one frame, by
        `spuframe.reveal`, or after `persist`.

        Parameters
        ----------
        as_ : {"pandas", "arrow"}
            Missing values are ``pandas.NA`` in nullable columns, Arrow nulls in Arrow.
        """
        from spuframe.frame.reveal import reveal

        return reveal(self, as_=as_)[0]


def to_pandas(table: pa.Table, order: int | None = None) -> pd.DataFrame:
    """Arrow to pandas, with nullable types where there are nulls; the labels of a random order are that order's alone."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.bool_(): pd.BooleanDtype()}
    for bits in (8, 16, 32, 64):
        nullable[getattr(pa, f"int{bits}")()] = getattr(pd, f"Int{bits}Dtype")()
        nullable[getattr(pa, f"uint{bits}")()] = getattr(pd, f"UInt{bits}Dtype")()
    out = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        out[name] = column.to_pandas(types_mapper=nullable.get) if column.null_count else column.to_pandas()
    start = 0 if order is None else order * LABELS
    index = pd.RangeIndex(start, start + table.num_rows, name=None if order is None else "unordered")
    return pd.DataFrame({name: column.set_axis(index) for name, column in out.items()}, index=index, columns=table.column_names)


@arguments.takes_keywords
def concat(objs: Sequence[SecretFrame]) -> SecretFrame:
    """The rows of several frames below each other, as `pandas.concat` with ``ignore_index=True``; all need the same columns and types."""
    if isinstance(objs, SecretFrame | SecretSeries | str) or getattr(objs, "ndim", 1) != 1 or not hasattr(objs, "__iter__"):
        raise TypeMismatchError(f"concat takes a list of SecretFrames, got {type(objs).__name__}: concat([first, second])")
    frames = list(objs)
    if not frames:
        raise PlanError("concat needs at least one frame")
    for frame in frames:
        if not isinstance(frame, SecretFrame):
            raise TypeMismatchError(f"concat takes SecretFrames, got {type(frame).__name__}")
        if frame.session is not frames[0].session:
            raise ForeignFrameError("the frames belong to two sessions: read all tables in one")
    return frames[0]._over(build.concat([f.node for f in frames]))
