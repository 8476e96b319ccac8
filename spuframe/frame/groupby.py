"""Grouping: ``frame.groupby(keys).agg(...)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NoReturn, TypeVar

from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.columns import Columns
from spuframe.frame.missing import Secret, missing
from spuframe.frame.quantiles import described, quantiles
from spuframe.frame.rolling import Rolling, spans
from spuframe.plan.aggregates import known
from spuframe.plan.groups import METHODS, Keys, Rows, grouped, numbered, of_group, placed, ranked, running, shifted
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.picked import beside_extreme

F = TypeVar("F", bound=Columns)


@arguments.like_pandas
class GroupBy(Secret, Generic[F]):
    """Groups of a frame, as `pandas.DataFrame.groupby` with ``as_index=False``.

    How many groups there are stays secret until the result is revealed. The keys come back as columns, not as an index.
    """

    __slots__ = ("columns", "frame", "keys", "nulls", "ordered", "selected", "single")
    _what = "a grouped frame"

    def __init__(
        self,
        frame: F,
        keys: Sequence[str],
        columns: Sequence[str],
        selected: Sequence[str] | None = None,
        single: bool = False,
        nulls: bool = False,
        ordered: bool = True,
    ) -> None:
        self.frame = frame
        self.keys = tuple(keys)
        self.columns = tuple(columns)
        self.selected = selected
        self.single = single  # what rows get is a column, not a frame
        self.nulls = nulls  # null is a key like others
        self.ordered = ordered  # by the keys

    def __iter__(self) -> NoReturn:
        raise TypeMismatchError("which groups there are is secret, and they cannot be gone through: take aggregates, .agg(...), or .reveal() them")

    __len__ = __iter__

    def __repr__(self) -> str:
        return f"<GroupBy: by {', '.join(self.keys)}>"

    def __getitem__(self, columns: str | Sequence[str]) -> GroupBy[F]:
        names = arguments.names(columns, "columns")
        for name in names:
            self.frame.schema[name]
        return GroupBy(self.frame, self.keys, self.columns, names, isinstance(columns, str), self.nulls, self.ordered)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self.columns:
                return self[name]
            raise missing(self._what, name, dir(self))
        return super().__getattr__(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(n for n in self.columns if n.isidentifier())]

    def agg(self, func: Any = None, **named: Any) -> F:
        """Aggregate.

        Parameters
        ----------
        func : str, list of str, or mapping of column to one of them, optional
            One function for all columns, or one a column, named as the column. Several functions give a column for each. It is named as the function
            where one column is selected, ``frame.groupby("g")["x"].agg(["mean", "sum"])``, else ``x_mean``, ``x_sum``: names are strings here.
        **named : (column, function)
            Output columns by name, as in pandas; `pandas.NamedAgg` too. Functions: those of `spuframe.plan.aggregates.known`.

        Returns
        -------
        SecretFrame
            The keys, then the aggregates; one row a group, sorted by the keys.
        """
        if (func is None) == (not named):
            raise PlanError("agg needs either a function (or a mapping of them) or named outputs: agg(total=('cost', 'sum'))")
        if isinstance(func, Mapping):
            wanted = [w for c, f in arguments.mapping(func, "func").items() for w in _outputs(c, f, f"{c}_")]
        elif func is not None:
            single = self.selected is not None and len(self.selected) == 1
            wanted = [w for c in self._columns() for w in _outputs(c, func, "" if single else f"{c}_")]
        else:
            wanted = [(out, *self._pair(out, spec)) for out, spec in named.items()]
        for _, _, column in wanted:
            self.frame.schema[column]
        plain = [(out, function, None if function == "size" else column) for out, function, column in wanted]
        return self.frame._made(self._aggregated(plain))

    aggregate = agg

    def _aggregated(self, wanted: Sequence[tuple[str, str, str | None]]) -> LogicalNode:
        return grouped(self.frame.node, self.keys, wanted, nulls=self.nulls, ordered=self.ordered)

    def _pair(self, out: str, spec: Any) -> tuple[str, str]:
        """The function and the column of a named output."""
        if hasattr(spec, "column") and hasattr(spec, "aggfunc"):  # pandas.NamedAgg
            spec = (spec.column, spec.aggfunc)
        if self.selected is not None and len(self.selected) == 1 and not isinstance(spec, tuple | list):
            spec = (self.selected[0], spec)
        if not (isinstance(spec, tuple | list) and len(spec) == 2 and isinstance(spec[0], str)):
            raise PlanError(f"output {out!r} must be a pair (column, function), such as ('cost', 'sum'), got a {type(spec).__name__}")
        return _function(out, spec[1]), spec[0]

    def _columns(self) -> list[str]:
        return list(self.columns if self.selected is None else self.selected)

    def _all(self, function: str) -> F:
        columns = self._columns()
        if not columns:
            raise SchemaError(f"there is no column besides the keys to take the {function} of: use .size()")
        return self.agg(function)

    def sum(self) -> F:
        """Sums of the values that are there; 0 without any."""
        return self._all("sum")

    def mean(self) -> F:
        """Means of the values that are there."""
        return self._all("mean")

    def min(self) -> F:
        """Smallest values."""
        return self._all("min")

    def max(self) -> F:
        """Largest values."""
        return self._all("max")

    def count(self) -> F:
        """Numbers of values that are there."""
        return self._all("count")

    def first(self) -> F:
        """First values that are there, in the order of the rows."""
        return self._all("first")

    def last(self) -> F:
        """Last values that are there, in the order of the rows."""
        return self._all("last")

    def median(self) -> F:
        """Values in the middle."""
        return self._all("median")

    def nunique(self) -> F:
        """Numbers of different values."""
        return self._all("nunique")

    def any(self) -> F:
        """Whether any value that is there is true, or not zero."""
        return self._all("any")

    def all(self) -> F:
        """Whether all values that are there are true, or not zero."""
        return self._all("all")

    def std(self, ddof: int = 1) -> F:
        """Standard deviations of the values that are there; null where they are no more than ``ddof``."""
        return self._named("std", ddof)

    def var(self, ddof: int = 1) -> F:
        """Variances of the values that are there; null where they are no more than ``ddof``."""
        return self._named("var", ddof)

    def sem(self, ddof: int = 1) -> F:
        """Standard errors of the means; null where there are no more values than ``ddof``."""
        return self._named("sem", ddof)

    def _named(self, function: str, ddof: int) -> F:
        number = arguments.whole(ddof, "ddof")
        if number < 0:
            raise PlanError(f"`ddof` must be an integer, 0 or more, got {number}")
        return self._all(function if number == 1 else f"{function}[ddof={number}]")

    def idxmax(self, label: str) -> F:
        """What the column ``label`` holds beside the largest value of the group, the first of equal ones, since rows have no index.

        Examples
        --------
        >>> visits.groupby("patient_id")["cost"].idxmax("visit_id")  # doctest: +SKIP
        """
        return self._beside_extreme(label, largest=True)

    def idxmin(self, label: str) -> F:
        """What the column ``label`` holds beside the smallest value of the group, the first of equal ones."""
        return self._beside_extreme(label, largest=False)

    def _beside_extreme(self, label: str, *, largest: bool) -> F:
        columns, named = self._some_columns("idxmax"), self.frame._expr(label)
        if len(columns) > 1:
            raise PlanError(f"idxmax and idxmin are of one column, got {columns}: select it, frame.groupby('g')['x'].idxmax('id')")
        value = self.frame._expr(columns[0])
        return self.frame._made(beside_extreme(self.frame._base, self.keys, self._by, value, named, largest, columns[0]))

    def size(self) -> F:
        """Numbers of rows, as the column ``size``."""
        return self.frame._made(self._aggregated([("size", "size", None)]))

    def quantile(self, q: Any = 0.5, interpolation: str = "linear") -> F:
        """The value below which a share of a group's values is; of several shares a column each. See `SecretSeries.quantile`."""
        found, several = quantiles(q, interpolation)
        return self._several([(f"_{share}", how) for share, how in found]) if several else self._all(found[0][1])

    def describe(self, percentiles: Sequence[float] | None = None) -> F:
        """Count, mean, standard deviation, smallest and largest value of each number column; quantiles where ``percentiles`` names some.

        A column for each, such as ``x_mean``: names are strings here.
        """
        self._some_columns("describe")
        return self._several([(f"_{label}", how) for label, how in described(percentiles)])

    def _several(self, functions: Sequence[tuple[str, str]]) -> F:
        """A column for each function of each number column."""
        fields = [self.frame.schema[c] for c in self._columns()]
        names = [f.name for f in fields if self.selected is not None or (f.dtype.adds and f.dtype.has_range)]
        return self.frame._made(self._aggregated([(f"{name}{end}", how, name) for name in names for end, how in functions]))

    # ---- what each row gets of its group ---------------------------------------------------------------
    def transform(self, func: Any) -> Any:
        """For each row the aggregate of its group, beside the rows: a column of one column, else a frame; null where a key is.

        Examples
        --------
        >>> frame["share"] = frame["cost"] / frame.groupby("region")["cost"].transform("sum")  # doctest: +SKIP
        """
        columns = self._some_columns("transform")
        wanted = [(free(f"{i}", self.keys), _function(c, func), c) for i, c in enumerate(columns)]
        plain = [(out, function, None if function == "size" else column) for out, function, column in wanted]
        groups = grouped(self.frame.node, self.keys, plain, nulls=self.nulls, ordered=True)
        found = self.frame._beside(of_group(self.frame.node, groups, self.keys, self.nulls))
        return self._of_rows(found.rename(columns=dict(zip(found.columns, columns, strict=True))))

    def cumsum(self) -> Any:
        """The sums of each value and those above it in its group; nulls are skipped and stay null. After a merge, sort first."""
        return self._running("sum")

    def cummax(self) -> Any:
        """The largest of each value and those above it in its group; nulls are skipped and stay null. After a merge, sort first."""
        return self._running("max")

    def cummin(self) -> Any:
        """The smallest of each value and those above it in its group; nulls are skipped and stay null. After a merge, sort first."""
        return self._running("min")

    def _running(self, function: str) -> Any:
        columns = self._some_columns(f"cum{function}")
        return self._seen(columns, running(self.frame._base, self._by, function, [self.frame._expr(c) for c in columns]))

    def cumcount(self, ascending: bool = True) -> Any:
        """How many rows of its group are above each row (or below it), a column; null where a key is. After a merge, sort first."""
        return self._one("cumcount", placed(self.frame._base, self._by, arguments.flag(ascending, "ascending")))

    def ngroup(self) -> Any:
        """Which group each row is of, counted from 0 in the order of the keys, a column; null where a key is."""
        if not self.ordered:
            raise PlanError("groups are numbered in the order of their keys: leave sort out, frame.groupby(keys).ngroup()")
        return self._one("ngroup", numbered(self.frame._base, self._by))

    def head(self, n: int = 5) -> F:
        """The first n rows of each group, as they stand. After a merge, sort first."""
        kept = self.frame._filter(self.cumcount() < arguments.whole(n, "n", 0))
        return kept if self.selected is None else kept[self._columns()]

    def tail(self, n: int = 5) -> F:
        """The last n rows of each group, as they stand. After a merge, sort first."""
        kept = self.frame._filter(self.cumcount(ascending=False) < arguments.whole(n, "n", 0))
        return kept if self.selected is None else kept[self._columns()]

    def rank(self, method: str = "average", *, ascending: bool = True, pct: bool = False) -> Any:
        """The place of each value in its group, from 1; see `SecretSeries.rank`."""
        columns = self._some_columns("rank")
        how, up, share = arguments.choice(method, "method", tuple(METHODS)), arguments.flag(ascending, "ascending"), arguments.flag(pct, "pct")
        return self._seen(columns, ranked(self.frame._base, self._by, [self.frame._expr(c) for c in columns], how, up, share))

    def shift(self, periods: int = 1, *, fill_value: object = None) -> Any:
        """The values so many rows of the group above (negative: below), ``fill_value`` or null where there is none. After a merge, sort first."""
        columns = self._some_columns("shift")
        fill = None if arguments.is_missing(fill_value) else self.frame._column(columns[0])._constant(fill_value)
        values = [self.frame._expr(c) for c in columns]
        return self._seen(columns, shifted(self.frame._base, self._by, values, arguments.whole(periods, "periods"), fill))

    def diff(self, periods: int = 1) -> Any:
        """What each value is more than that so many rows of the group above."""
        return self._of_rows(self.frame[self._some_columns("diff")]) - self.shift(periods)

    def pct_change(self, periods: int = 1) -> Any:
        """What each value is more than that so many rows of the group above, as a share of it."""
        return self._of_rows(self.frame[self._some_columns("pct_change")]) / self.shift(periods) - 1

    def rolling(self, window: int, min_periods: int | None = None) -> Rolling:
        """So many rows of the group, each row the last of them, beside the rows; see `SecretSeries.rolling`."""
        span, least = spans(window, min_periods)
        return self._window(span, least, "rolling")

    def expanding(self, min_periods: int = 1) -> Rolling:
        """Each row and all of its group above it, beside the rows; see `SecretSeries.expanding`."""
        return self._window(None, arguments.whole(min_periods, "min_periods", 0), "expanding")

    def _window(self, span: int | None, least: int, what: str) -> Rolling:
        values = {c: self.frame._expr(c) for c in self._some_columns(what)}
        return Rolling(self.frame._base, values, self._by, span, least, lambda base, made: self._of_rows(self.frame._made(base, made)))

    @property
    def _by(self) -> Keys:
        return Keys([self.frame._expr(k) for k in self.keys], self.nulls)

    def _seen(self, columns: Sequence[str], found: Rows) -> Any:
        """Expressions over more columns of the same rows: a column of one that was selected by its name, else a frame."""
        base, exprs = found
        return self._of_rows(self.frame._made(base, dict(zip(columns, exprs, strict=True))))

    def _one(self, name: str, found: Rows) -> Any:
        return self.frame._made(found[0], {name: found[1][0]})[name]

    def _some_columns(self, what: str) -> list[str]:
        columns = list(dict.fromkeys(self._columns()))
        if not columns:
            raise SchemaError(f"there is no column besides the keys to take the {what} of: use .cumcount(), or select one")
        return columns

    def _of_rows(self, found: F) -> Any:
        return found[found.columns[0]] if self.single else found


def _outputs(column: str, function: Any, prefix: str) -> list[tuple[str, str, str]]:
    """(Name, function, column) of one function, or of each of several."""
    if not isinstance(function, list | tuple):
        return [(column, _function(column, function), column)]
    known = [_function(column, f) for f in function]
    if len(set(known)) < len(known) or not known:
        raise PlanError(f"column {column!r} needs different aggregates, one at least, got {known}: name outputs, agg(total=({column!r}, 'sum'))")
    return [(f"{prefix}{f}", f, column) for f in known]


def _function(out: str, function: Any) -> str:
    """The name of an aggregate, also given as Python's or NumPy's function."""
    name = function
    if callable(function) and getattr(function, "__module__", "").split(".")[0] in ("builtins", "numpy"):
        name = {"amin": "min", "amax": "max", "len": "size"}.get(function.__name__, function.__name__)
    if not isinstance(name, str) or name.partition("[")[0] not in known():
        asked = name if isinstance(name, str) else f"a {type(function).__name__}"
        raise PlanError(f"output {out!r} asks for the aggregate {asked!r}: it must be one of {', '.join(known())}")
    return name
