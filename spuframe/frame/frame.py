"""A secret table and its columns, written like pandas' DataFrame and Series: each gives the other, hence the two in one module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from spuframe import expr as ex
from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.expr.node import replace_parts
from spuframe.frame import arguments, merging, query, reshape
from spuframe.frame.column import Column
from spuframe.frame.groupby import GroupBy
from spuframe.frame.loc import Loc
from spuframe.frame.ordered import OrderedColumn, OrderedColumns
from spuframe.frame.reveal import reveal
from spuframe.frame.summary import SecretSummary
from spuframe.plan import build
from spuframe.plan.cumulate import cumulate
from spuframe.plan.distinct import ALONE, distinct, duplicated
from spuframe.plan.names import free
from spuframe.plan.picked import sample
from spuframe.plan.rows import check_order, spread

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@arguments.like_pandas
class SecretSeries(OrderedColumn):
    """A column of a `SecretFrame`: a name, and an expression over rows that nobody sees.

    Made by ``frame["name"]`` and by operators; never by its constructor. Operators follow pandas with nullable types: a null operand gives null,
    and comparisons with null are null, which a filter drops.
    """

    __slots__ = ()

    def __getitem__(self, condition: SecretSeries) -> SecretSeries:
        """``series[condition]``: the rows where the condition holds, which are those of ``frame[condition]``."""
        if not isinstance(condition, SecretSeries):
            raise TypeMismatchError(f"a column is indexed by a boolean column of the same frame, got {type(condition).__name__}: .reveal() it first")
        kept: SecretSeries = self.to_frame()[condition][self.name]
        return kept

    # ---- rows --------------------------------------------------------------------------------------
    def dropna(self) -> SecretSeries:
        """The values that are there."""
        return self._of(self.to_frame().dropna())

    def sort_values(self, *, ascending: bool = True, na_position: Literal["last", "first"] = "last") -> SecretSeries:
        """The values in order, missing ones last, or first."""
        return self._of(self.to_frame().sort_values(self.name, ascending, na_position=na_position))

    def head(self, n: int = 5) -> SecretSeries:
        """The first n values, in their order; see `SecretFrame.head`."""
        return self._of(self.to_frame().head(n))

    def tail(self, n: int = 5) -> SecretSeries:
        """The last n values, in their order."""
        return self._of(self.to_frame().tail(n))

    def nlargest(self, n: int = 5) -> SecretSeries:
        """The n largest values, the largest first."""
        return self._of(self.to_frame().nlargest(n, self.name))

    def nsmallest(self, n: int = 5) -> SecretSeries:
        """The n smallest values, the smallest first."""
        return self._of(self.to_frame().nsmallest(n, self.name))

    def sample(self, n: int | None = None, frac: float | None = None) -> SecretSeries:
        """Values drawn at random; see `SecretFrame.sample`."""
        return self._of(self.to_frame().sample(n, frac))

    def value_counts(self, *, normalize: bool = False, sort: bool = True, ascending: bool = False) -> SecretFrame:
        """How often each value occurs; see `SecretFrame.value_counts`."""
        return self.to_frame().value_counts(normalize=normalize, sort=sort, ascending=ascending)

    def mode(self) -> SecretSeries:
        """The values that occur most often, in order: how many they are stays secret."""
        counted = SecretFrame(self.session, self.base, {"value": self.expr}).groupby("value").size()
        out: SecretSeries = counted[counted["size"] == counted["size"].max()]["value"]
        return out.rename(self.name)

    def drop_duplicates(self, *, keep: Literal["first", "last", False] = "first") -> SecretSeries:
        """Each value once, a missing one too; see `SecretFrame.drop_duplicates`."""
        return self._of(self.to_frame().drop_duplicates(keep=keep))

    def duplicated(self, keep: Literal["first", "last", False] = "first") -> SecretSeries:
        """Whether the value is there before; see `SecretFrame.duplicated`."""
        return self.to_frame().duplicated(keep=keep)

    def unique(self) -> SecretSeries:
        """Each value once, a missing one too, as a column: how many there are stays secret."""
        return self.drop_duplicates()

    def _of(self, frame: SecretFrame) -> SecretSeries:
        out: SecretSeries = frame[self.name]
        return out

    def to_frame(self, name: str | None = None) -> SecretFrame:
        """A `SecretFrame` of this one column."""
        from spuframe.frame.frame import SecretFrame

        return SecretFrame(self.session, self.base, {self.name if name is None else arguments.text(name, "name"): self.expr})


@arguments.like_pandas
class SecretFrame(OrderedColumns):
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

    __slots__ = ()

    # ---- columns -------------------------------------------------------------------------------------
    def _column(self, name: str) -> SecretSeries:
        return SecretSeries(self.session, self._base, self._expr(name), name)

    def items(self) -> Iterator[tuple[str, SecretSeries]]:
        """Names and columns."""
        return ((n, self[n]) for n in self.columns)

    @property
    def loc(self) -> Loc:
        """Rows by a condition and columns by name: ``frame.loc[frame["a"] > 1, "b"]``, also to write: ``frame.loc[condition, "b"] = 0``."""
        return Loc(self)

    def eval(self, expr: str, *, local_dict: Mapping[str, object] | None = None, global_dict: Mapping[str, object] | None = None) -> Any:
        """The value of an expression over the columns, ``frame.eval("cost / days")``, or the frame with the columns that lines ``name = ...`` make.

        The text is read, never run. It may have columns (in backticks where their names need it), ``@variables``, constants, operators and comparisons.
        It may also have ``in``, ``and``, ``or``, ``not``, functions such as ``exp`` and methods such as ``.mean()``.
        """
        return query.assignments(self, expr, query.variables(local_dict, global_dict))

    # ---- rows ----------------------------------------------------------------------------------------
    def _filter(self, condition: Column) -> SecretFrame:
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
                name = free(column.field.name, below)
                below[name] = ex.col(needed[column.field.name])
                hidden[column.field.name] = name
            return hidden[column.field.name]

        def over(e: ex.Expr) -> ex.Expr | None:
            if e in known and not isinstance(e, ex.Lit):
                return ex.col(self._exprs[known[e]].as_field(known[e]))
            return ex.col(e.field.renamed(name_of(e))) if isinstance(e, ex.Col) else None

        condition = replace_parts(predicate, over)
        node = build.filter_(build.projected(self._base, below), condition)
        kept = {n: ex.col(node.schema[n]) for n in self._exprs}
        return self._made(node, kept)

    def query(
        self, expr: str, *, local_dict: Mapping[str, object] | None = None, global_dict: Mapping[str, object] | None = None
    ) -> SecretFrame:
        """The rows where an expression holds; see `eval` for what it may be.

        Examples
        --------
        >>> frame.query("age > 50 and region in @regions and cost > cost.mean()")  # doctest: +SKIP
        """
        found = query.evaluate(self, expr, query.variables(local_dict, global_dict))
        if not isinstance(found, SecretSeries):
            raise PlanError(f"a query is a condition on the rows, such as 'age > 50', got a {type(found).__name__}: eval() gives values")
        return self._filter(found)

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
        """Put a scalar, or a mapping of column to scalar, where values are missing; also secret numbers, ``frame.fillna(frame.mean())``."""
        if isinstance(value, SecretSummary):
            value = {n: value[n] for n in self.columns if n in value}
        if isinstance(value, Mapping):
            return self.assign(**{n: self[n].fillna(v) for n, v in arguments.mapping(value, "value").items()})
        return self.assign(**{n: self[n].fillna(value) for n in self.columns if self._expr(n).nullable})

    def merge(
        self,
        right: SecretFrame | SecretSeries,
        how: Literal["inner", "left", "right", "outer", "cross", "semi", "anti"] = "inner",
        on: str | Sequence[str] | None = None,
        left_on: str | Sequence[str] | None = None,
        right_on: str | Sequence[str] | None = None,
        *,
        suffixes: tuple[str | None, str | None] = ("_x", "_y"),
        indicator: bool | str = False,
        validate: str | None = None,
        limit: int | None = None,
    ) -> SecretFrame:
        """Join on equal keys, one side of which is unique, or into a bound of rows; as in pandas, a missing key equals a missing key.

        Parameters
        ----------
        right : SecretFrame
        how : {"inner", "left", "right", "outer", "cross", "semi", "anti"}
            "cross" pairs all rows, without keys.
            "semi" and "anti" keep this frame's columns, and its rows whose key the other has, or has not; there keys may repeat on both sides.
        on, left_on, right_on : str or list of str
            The keys; default: the columns that both frames have.
        suffixes : pair of str
            For other columns of one name.
        indicator : bool or str
            Add a column, ``_merge`` or of this name, that says "both", "left_only" or "right_only".
        validate : {"one_to_one", "1:1", "one_to_many", "1:m", "many_to_one", "m:1"}, optional
            Which side's keys are unique. By default the side whose owner publishes that they are, else the side with fewer rows. It is
            checked at the parties without showing the keys.
        limit : int, optional
            How many rows the result has at most, which all may know. Keys may then repeat on both sides, of an "inner", "left" or "right" join.
            No row is left out: one bit tells whether there are more, and if so, nothing else becomes known. Where an owner publishes that a side's
            keys are unique, the bound is not needed.

        Returns
        -------
        SecretFrame
            A "left" join with unique keys on the right, "semi" and "anti" keep the order of this frame's rows, a "right" join with unique keys on
            the left that of the other's. All others come in no particular order.

        Raises
        ------
        DuplicateKeyError
            When the plan runs: the keys that must be unique are not.
        RowLimitError
            When the plan runs: there are more rows than the limit.

        Examples
        --------
        >>> patients.merge(claims, on="patient_id", how="left", validate="many_to_one")  # doctest: +SKIP
        >>> patients.merge(deceased, on="patient_id", how="anti")  # doctest: +SKIP
        >>> visits.merge(drugs, on="patient_id", limit=100_000)  # doctest: +SKIP
        """
        other = right.to_frame() if isinstance(right, SecretSeries) else right
        if not isinstance(other, SecretFrame):
            raise TypeMismatchError(f"`right` must be a SecretFrame, got {type(right).__name__}: read it with session.read_csv(..., owner=...)")
        if other.session is not self.session:
            raise ForeignFrameError("the frames belong to two sessions: read both tables in one")
        keys = {"on": on, "left_on": left_on, "right_on": right_on}
        return self._made(merging.merge(self.node, other.node, how, keys, suffixes, indicator, validate, limit))

    def groupby(
        self, by: str | SecretSeries | Sequence[str | SecretSeries], *, as_index: bool = False, sort: bool = True, dropna: bool = True
    ) -> GroupBy[SecretFrame]:
        """Group by one or several keys, names or columns of these rows.

        Rows with a missing key are dropped; with ``dropna=False`` a missing key is one like others, the last. With ``sort=False`` groups come as they
        do in the rows, where the order of these means something.
        """
        if arguments.flag(as_index, "as_index"):
            raise PlanError(
                "the keys of secret groups are columns, since secret rows have no index (pandas' as_index=False): leave as_index out, and take "
                ".reveal().set_index(keys) for an index"
            )
        ordered, nulls = arguments.flag(sort, "sort"), not arguments.flag(dropna, "dropna")
        frame = self.copy()
        listed = [by] if isinstance(by, SecretSeries) else by
        keys = [frame._key(k) if isinstance(k, SecretSeries) else k for k in listed] if isinstance(listed, list | tuple) else listed
        names = arguments.names(keys, "by")
        for key in names:
            frame._expr(key)
        if not names or len(set(names)) < len(names):
            raise PlanError("groupby needs one key or several different ones: for the whole table take frame['a'].sum() and the like")
        return GroupBy(frame, names, [n for n in self.columns if n not in names], nulls=nulls, ordered=ordered)

    def _key(self, key: SecretSeries) -> str:
        """The name of a column to group by, which becomes one of this frame if it is none."""
        e = self._aligned(key, f"the key {key.name!r}")
        if self._exprs.setdefault(key.name, e) != e:
            raise SchemaError(f"the key is computed and called {key.name!r}, like another column: name it, .rename('key')")
        self._node = None
        return key.name

    def sort_values(
        self, by: str | Sequence[str], ascending: bool | Sequence[bool] = True, *, na_position: Literal["last", "first"] = "last"
    ) -> SecretFrame:
        """Sort by one or several columns; stable, missing values last, or first."""
        keys = arguments.names(by, "by")
        for key in keys:
            self._expr(key)
        up, last = arguments.flags(ascending, "ascending"), arguments.choice(na_position, "na_position", ("last", "first")) == "last"
        return self._made(build.sort(self.node, keys, up) if last else build.sort_nulls_first(self.node, keys, up))

    def head(self, n: int = 5) -> SecretFrame:
        """The first n rows that exist, in their order; after a merge, which gives rows in no particular one, sort first."""
        return self._made(build.limit(self.node, arguments.whole(n, "n")))

    def tail(self, n: int = 5) -> SecretFrame:
        """The last n rows that exist, in their order; after a merge, sort first."""
        count = min(arguments.whole(n, "n", 0), self.rows)
        check_order(self._base, "tail")
        placed = cumulate(self._base, "place", ex.lit(1))
        base, size = spread(placed, build.aggregate(self._base, [], [("size", "size", None)]))
        kept = self._made(base, self._exprs)._where(ex.gt(ex.col(base.schema[placed.name]), ex.sub(size, count)))
        return self._made(build.limit(kept.node, count))

    def sample(self, n: int | None = None, frac: float | None = None) -> SecretFrame:
        """Rows drawn at random, n of them (by default one) or a share of all: drawn now, and kept at the parties like what `persist` gives.

        Nobody chooses or sees which rows these are, nor can the draw be repeated. Of rows that a filter or a merge left, up to n; a share of these
        has no public number.
        """
        return self._made(self.session.persist(sample(self.node, _drawn(n, frac, self))))

    def nlargest(self, n: int, columns: str | Sequence[str]) -> SecretFrame:
        """The n rows with the largest values of one column or, where these are equal, of the next."""
        return self.sort_values(columns, ascending=False).head(n)

    def nsmallest(self, n: int, columns: str | Sequence[str]) -> SecretFrame:
        """The n rows with the smallest values."""
        return self.sort_values(columns).head(n)

    def value_counts(
        self, subset: str | Sequence[str] | None = None, *, normalize: bool = False, sort: bool = True, ascending: bool = False
    ) -> SecretFrame:
        """How often each combination of values occurs, as a column ``count`` (``proportion`` with ``normalize``) beside them, the most frequent first.

        As ``value_counts().reset_index()`` of pandas; where counts are equal the values are in order. Rows with a null are left out.
        """
        names = self.columns if subset is None else arguments.names(subset, "subset")
        out = "proportion" if arguments.flag(normalize, "normalize") else "count"
        if out in names:
            raise SchemaError(f"the column {out!r} of the result is called like one that is counted: rename it first")
        counted = self.groupby(names).agg(**{out: (names[0], "size")})
        if out == "proportion":
            counted[out] = counted[out] / counted[out].sum()
        up = arguments.flag(ascending, "ascending")
        return counted.sort_values(out, ascending=up) if arguments.flag(sort, "sort") else counted

    def drop_duplicates(self, subset: str | Sequence[str] | None = None, *, keep: Literal["first", "last", False] = "first") -> SecretFrame:
        """The rows, but of those that are the same (in ``subset``) only the first or the last, or with ``keep=False`` none; nulls are the same.

        How many are left stays secret. Which is first depends on the order of the rows: after a merge, which gives them in no particular one, sort
        before; rows that are the same in all columns need no order.

        Examples
        --------
        >>> visits.sort_values("day").drop_duplicates("patient_id", keep="last")  # doctest: +SKIP
        """
        return self._made(distinct(self.node, self._compared(subset), _kept(keep)))

    def duplicated(self, subset: str | Sequence[str] | None = None, keep: Literal["first", "last", False] = "first") -> SecretSeries:
        """Whether a row is one that `drop_duplicates` leaves out."""
        base, again = duplicated(self._base, [self._expr(n) for n in self._compared(subset)], _kept(keep))
        return SecretSeries(self.session, base, again, "duplicated")

    def melt(self, id_vars: Any = None, value_vars: Any = None, var_name: str | None = None, value_name: str = "value") -> SecretFrame:
        """Columns below each other, as `pandas.DataFrame.melt`: in ``value_name`` their values, in ``var_name`` their names, beside ``id_vars``."""
        out: SecretFrame = reshape.melt(self, id_vars, value_vars, var_name, value_name)
        return out

    def pivot_table(
        self,
        values: Any = None,
        index: Any = None,
        columns: Any = None,
        aggfunc: str = "mean",
        fill_value: object = None,
        *,
        categories: Any = None,
    ) -> SecretFrame:
        """Groups by ``index``, whose values may be secret, and a column for each public category of ``columns``, named as it.

        Where ``values`` is a list, or none, columns are named ``value_category``. Null where no row of a group has the category, or ``fill_value``.

        Parameters
        ----------
        values, index : str or list of str
        columns : str
        aggfunc : str
            An aggregate.
        fill_value : scalar, optional
        categories : list
            Each is a column, whether it occurs or not. Not needed of booleans and of whole numbers with a narrow public range.

        Examples
        --------
        >>> visits.pivot_table("cost", "region", "drug", categories=["a", "b"])  # doctest: +SKIP
        """
        out: SecretFrame = reshape.pivot_table(self, values, index, columns, aggfunc, fill_value, categories)
        return out

    def _compared(self, subset: str | Sequence[str] | None) -> list[str]:
        names = self.columns if subset is None else list(dict.fromkeys(arguments.names(subset, "subset")))
        for name in names:
            self._expr(name)
        if not names:
            raise PlanError("rows are the same in one column or several, and none is given: leave subset out for all")
        return names

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
        return self._made(self.session.persist(self.node))

    def reveal(self, as_: str = "pandas") -> pd.DataFrame | pa.Table | Any:
        """Compute the frame and show it to the analyst.

        What a filter or a merge left, and nothing sorted, comes in a random order. Its index is called "unordered", and its labels are those of this
        order alone: pandas does not take two reveals for the same rows. What belongs side by side is revealed in one frame, by `spuframe.reveal`, or
        after `persist`.

        Parameters
        ----------
        as_ : {"pandas", "arrow"}
            Missing values are ``pandas.NA`` in nullable columns, Arrow nulls in Arrow.
        """
        return reveal(self, as_=as_)[0]


def _drawn(n: object, frac: object, frame: SecretFrame) -> int:
    """How many rows a sample has."""
    share = arguments.plain(frac)
    if share is None:
        count = 1 if n is None else arguments.whole(n, "n", 0)
    elif n is not None or isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise PlanError("sample takes either n, a number of rows, or frac, a share between 0 and 1 of them")
    else:
        count = round(share * len(frame))
    if count > frame.rows:
        raise PlanError(f"{count} rows cannot be drawn from {frame.rows}: a row is drawn once at most")
    return count


def _kept(keep: object) -> str:
    """Which of the same rows stays."""
    return ALONE if keep is False else arguments.choice(keep, "keep", ("first", "last"))
