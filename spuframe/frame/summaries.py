"""The aggregates of all columns of a table, computed in one plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spuframe.errors import PlanError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.across import across
from spuframe.frame.column import Column
from spuframe.frame.quantiles import described, quantiles
from spuframe.frame.rows import Home
from spuframe.frame.scalar import SecretScalar
from spuframe.frame.summary import SecretSummary, aggregate, name_of, named, names_of


@arguments.like_pandas
class Summaries:
    """Base of `spuframe.SecretFrame`: aggregates of all columns, computed in one plan."""

    __slots__ = ()

    if TYPE_CHECKING:
        session: Home

        @property
        def columns(self) -> list[str]: ...

        def __getitem__(self, key: Any) -> Any: ...

    def _each(self, function: str, numeric_only: object = False, axis: object = 0, **options: Any) -> Any:
        only = arguments.flag(numeric_only, "numeric_only")
        where = arguments.plain(axis)
        if isinstance(where, bool) or not isinstance(where, int | str | None) or where not in (0, 1, "index", "rows", "columns", None):
            raise PlanError("`axis` is 0, one number for each column, or 1, one for each row")
        if where in (1, "columns"):
            return across([self[n] for n in self.columns if not only or is_number(self[n])], function)
        cells = dict[tuple[str, ...], SecretScalar]()
        for name in self.columns:
            column: Column = self[name]
            if only and not is_number(column):
                continue
            try:
                cells[name,] = aggregate(column, function, **options)
            except TypeMismatchError as error:
                raise TypeMismatchError(f"{error}; or leave such columns out, frame.{function}(numeric_only=True)") from None
        return SecretSummary(self.session, cells)

    def sum(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Sums of the values that are there, by column; with ``axis=1`` by row."""
        return self._each("sum", numeric_only, axis)

    def mean(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Means of the values that are there, by column; with ``axis=1`` by row."""
        return self._each("mean", numeric_only, axis)

    def min(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Smallest values, by column; with ``axis=1`` by row."""
        return self._each("min", numeric_only, axis)

    def max(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Largest values, by column; with ``axis=1`` by row."""
        return self._each("max", numeric_only, axis)

    def count(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Numbers of values that are there, by column; with ``axis=1`` by row."""
        return self._each("count", numeric_only, axis)

    def var(self, axis: int | str | None = 0, *, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Variances, by column."""
        return self._each("var", numeric_only, axis, ddof=ddof)

    def std(self, axis: int | str | None = 0, *, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Standard deviations, by column."""
        return self._each("std", numeric_only, axis, ddof=ddof)

    def sem(self, axis: int | str | None = 0, *, ddof: int = 1, numeric_only: bool = False) -> Any:
        """Standard errors of the means, by column."""
        return self._each("sem", numeric_only, axis, ddof=ddof)

    def median(self, axis: int | str | None = 0, *, numeric_only: bool = False) -> Any:
        """Values in the middle, by column."""
        return self._each("median", numeric_only, axis)

    def any(self, axis: int | str | None = 0) -> Any:
        """Whether any value is true, or not zero, by column; with ``axis=1`` by row."""
        return self._each("any", axis=axis)

    def all(self, axis: int | str | None = 0) -> Any:
        """Whether every value is true, or not zero, by column; with ``axis=1`` by row."""
        return self._each("all", axis=axis)

    def nunique(self, axis: int | str | None = 0) -> Any:
        """Numbers of different values, by column; nulls are none."""
        return self._each("nunique", axis=axis)

    def agg(self, func: Any) -> SecretSummary:
        """Numbers of the columns by one function; by several, or by a dict of column to one or several, as a table.

        Examples
        --------
        >>> frame.agg(["sum", "mean"]).reveal()  # doctest: +SKIP
        >>> frame.agg({"age": "mean", "cost": ["min", "max"]}).reveal()  # doctest: +SKIP
        """
        by = arguments.mapping(func, "func") if isinstance(func, Mapping) else {name: func for name in self.columns}
        several = any(names_of(f) is not None for f in by.values())
        functions = {name: names_of(f) or [name_of(f)] for name, f in by.items()}
        cells = dict[tuple[str, ...], SecretScalar]()
        for function in dict.fromkeys(f for fs in functions.values() for f in fs):
            for name, wanted in functions.items():
                if function in wanted:
                    cells[(function, name) if several else (name,)] = aggregate(self[name], function)
        return SecretSummary(self.session, cells)

    aggregate = agg

    def cov(self, min_periods: int | None = None, ddof: int = 1, numeric_only: bool = False) -> SecretSummary:
        """Covariances of all pairs of columns, each over the rows where both are there."""
        only = arguments.flag(numeric_only, "numeric_only")
        names = [n for n in self.columns if not only or is_number(self[n])]
        found = {(a, b): self[a].cov(self[b], min_periods, ddof) for i, a in enumerate(names) for b in names[i:]}
        return SecretSummary(self.session, {(a, b): found[(a, b) if (a, b) in found else (b, a)] for a in names for b in names})

    def quantile(self, q: Any = 0.5, axis: int | str | None = 0, numeric_only: bool = False, interpolation: str = "linear") -> SecretSummary:
        """The values below which a share of the values is, by column; see `SecretSeries.quantile`."""
        only, (found, several) = arguments.flag(numeric_only, "numeric_only"), quantiles(q, interpolation)
        where = arguments.plain(axis)
        if isinstance(where, bool) or not isinstance(where, int | str) or where not in (0, "index", "rows"):
            raise PlanError("quantile takes axis=0 here: of the columns of each row there are sum, mean, min, max, count, any and all")
        names = [n for n in self.columns if not only or is_number(self[n])]
        cells = dict[tuple[str, ...], SecretScalar]()
        for share, how in found:
            cells |= {((str(share), n) if several else (n,)): named(self[n], how) for n in names}
        return SecretSummary(self.session, cells)

    def describe(self, percentiles: Sequence[float] | None = None) -> SecretSummary:
        """Count, mean, standard deviation, smallest and largest value of the number columns; quantiles where ``percentiles`` names some.

        Examples
        --------
        >>> frame.describe(percentiles=[0.25, 0.5, 0.75]).reveal()  # doctest: +SKIP
        """
        names = [n for n in self.columns if is_number(self[n]) and self[n].dtype.has_range]
        if not names:
            raise PlanError("describe is of number columns, and there is none: .count() and .nunique() are of any")
        return SecretSummary(self.session, {(label, n): named(self[n], how) for label, how in described(percentiles) for n in names})


def is_number(column: Column) -> bool:
    """Whether numeric_only keeps it: numbers, booleans and durations."""
    return column.dtype.adds
