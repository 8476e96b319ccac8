"""One secret number for each column, or for each of several functions and columns: ``frame.sum()``, ``frame.describe()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from spuframe import expr as ex
from spuframe.dtypes import Bool
from spuframe.errors import ColumnNotFoundError, PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.missing import missing
from spuframe.frame.operators import Operators
from spuframe.frame.scalar import SecretScalar, numbers
from spuframe.plan.logical import LogicalNode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from spuframe.frame.frame import SecretFrame
    from spuframe.frame.series import SecretSeries
    from spuframe.frame.session import Session

AGGREGATES = ("sum", "mean", "min", "max", "count", "var", "std", "any", "all", "nunique")
"""Methods of a column that give one number and need no argument."""
DESCRIBED = ("count", "mean", "std", "min", "max")
"""What describe gives; it has no quantiles."""


@arguments.like_pandas
class SecretSummary(Operators["SecretSummary"]):
    """Secret numbers by label, as a `pandas.Series`; with two labels, function and column, as a `pandas.DataFrame`.

    ``frame.mean()["x"]`` is a `SecretScalar`; a frame combines with a summary of its columns, ``(frame - frame.mean()) / frame.std()``.
    """

    __slots__ = ("cells", "name", "session")
    _what = "a SecretSummary"

    def __init__(self, session: Session, cells: Mapping[tuple[str, ...], SecretScalar], name: str | None = None) -> None:
        self.session = session
        self.cells = dict(cells)
        self.name = name

    # ---- what is known of it ---------------------------------------------------------------------
    @property
    def columns(self) -> list[str]:
        """The labels of its columns: those of the frame."""
        return list(dict.fromkeys(key[-1] for key in self.cells))

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and label in self.columns

    def __repr__(self) -> str:
        return f"<SecretSummary: {', '.join(dict.fromkeys(key[0] for key in self.cells))}; nothing is computed before .reveal()>"

    def __getitem__(self, label: str) -> Any:
        """The number of a column; of several functions all of them, ``summary["x"]["mean"]``."""
        if label not in self:
            raise ColumnNotFoundError.of(label if isinstance(label, str) else f"(a {type(label).__name__})", self.columns)
        found = {key[:-1]: number for key, number in self.cells.items() if key[-1] == label}
        return found[()] if () in found else SecretSummary(self.session, found, label)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self.columns:
                return self[name]
            raise missing(self._what, name, dir(self))
        return super().__getattr__(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len({key[0] for key in self.cells})

    def __bool__(self) -> bool:
        raise TypeMismatchError("a SecretSummary has no truth value: .reveal() it first, if it may be seen")

    # ---- operators ---------------------------------------------------------------------------------
    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> SecretSummary:
        """Number by number; another summary needs the same labels."""
        for other in operands:
            if isinstance(other, Operators) and not isinstance(other, SecretSummary):
                return other._apply(build, *operands)  # type: ignore[no-any-return]  # every row of the frame gets its column's number
            if isinstance(other, SecretSummary) and set(other.cells) != set(self.cells):
                raise SchemaError(f"summaries combine label by label: {list(self.cells)} are not {list(other.cells)}. Select the same columns of both")
        made = {}
        for key, number in self.cells.items():
            made[key] = number._apply(build, *(o.cells[key] if isinstance(o, SecretSummary) else o for o in operands))
        return SecretSummary(self.session, made, self.name)

    def round(self, decimals: int = 0) -> SecretSummary:
        """The nearest numbers with ``decimals`` decimals."""
        digits = arguments.whole(decimals, "decimals")
        return self._apply(lambda e: ex.round_(e, digits), self)

    def sum(self) -> SecretScalar:
        """The sum of the numbers: ``frame.isna().sum().sum()``."""
        if any(len(key) > 1 for key in self.cells) or not self.cells:
            raise PlanError("the sum is of the numbers of one function: frame.agg('count').sum()")
        return reduce(lambda a, b: a + b, self.cells.values())

    # ---- the end -----------------------------------------------------------------------------------
    def secret(self) -> SecretFrame:
        """What `spuframe.reveal` reveals of it: one row."""
        from spuframe.frame.frame import SecretFrame

        row, exprs = self._row()
        return SecretFrame(self.session, row, {f"{i}": e for i, e in enumerate(exprs)})

    def _row(self) -> tuple[LogicalNode, Iterator[ex.Expr]]:
        if not self.cells:
            raise PlanError("there is no column to take numbers of: select some, frame[['a', 'b']]")
        return numbers([number.node for number in self.cells.values()])

    def shown(self, table: pa.Table, order: int | None, as_: str) -> pd.Series[Any] | pd.DataFrame:
        """The numbers, of what was revealed of them."""
        import pandas as pd

        values = [number.shown(c[0].as_py()) for number, c in zip(self.cells.values(), table.columns, strict=True)]
        by = dict(zip(self.cells, values, strict=True))
        if all(len(key) == 1 for key in by):
            return pd.Series(list(by.values()), [key[0] for key in by], name=self.name)
        functions = list(dict.fromkeys(f for f, _ in by))
        return pd.DataFrame({c: [by.get((f, c)) for f in functions] for c in self.columns}, functions)

    def explain(self, stage: str = "all") -> str:
        """The plan of these numbers; see `SecretFrame.explain`."""
        return self.secret().explain(stage)

    def reveal(self) -> pd.Series[Any] | pd.DataFrame:
        """Compute the numbers in one plan and show them to the analyst."""
        from spuframe.frame.reveal import reveal

        return reveal(self)[0]  # type: ignore[no-any-return]


def names_of(func: Any) -> list[str] | None:
    """The names of several aggregates; None for one."""
    return [name_of(f) for f in func] if isinstance(func, list | tuple) else None


def name_of(func: Any) -> str:
    """The name of an aggregate, also given as Python's or NumPy's function."""
    name = func
    if callable(func) and getattr(func, "__module__", "").split(".")[0] in ("builtins", "numpy"):
        name = {"amin": "min", "amax": "max"}.get(func.__name__, func.__name__)
    if not isinstance(name, str) or name not in AGGREGATES:
        asked = name if isinstance(name, str) else f"a {type(func).__name__}"
        raise PlanError(f"no aggregate {asked!r} of a column: there are {', '.join(AGGREGATES)}")
    return name


def aggregate(column: SecretSeries, function: str, **options: Any) -> SecretScalar:
    """One number of a column."""
    made: SecretScalar = getattr(column, function)(**options)
    return made


@arguments.like_pandas
class Summaries:
    """Base of `spuframe.SecretFrame`: aggregates of all columns, computed in one plan."""

    __slots__ = ()

    if TYPE_CHECKING:
        session: Session

        @property
        def columns(self) -> list[str]: ...

        def __getitem__(self, key: Any) -> Any: ...

    def _each(self, function: str, numeric_only: object = False, axis: object = 0, **options: Any) -> Any:
        only = arguments.flag(numeric_only, "numeric_only")
        where = arguments.plain(axis)
        if isinstance(where, bool) or not isinstance(where, int | str | None) or where not in (0, 1, "index", "rows", "columns", None):
            raise PlanError("`axis` is 0, one number for each column, or 1, one for each row")
        if where in (1, "columns"):
            from spuframe.frame.across import across

            return across([self[n] for n in self.columns if not only or is_number(self[n])], function)
        cells = dict[tuple[str, ...], SecretScalar]()
        for name in self.columns:
            column: SecretSeries = self[name]
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

    def describe(self) -> SecretSummary:
        """Count, mean, standard deviation, smallest and largest value of the number columns; there are no quantiles."""
        names = [n for n in self.columns if is_number(self[n]) and not isinstance(self[n].dtype, Bool)]
        if not names:
            raise PlanError("describe is of number columns, and there is none: .count() and .nunique() are of any")
        return SecretSummary(self.session, {(f, n): aggregate(self[n], f) for f in DESCRIBED for n in names})


def is_number(column: SecretSeries) -> bool:
    """Whether numeric_only keeps it: numbers and booleans."""
    return column.dtype.is_numeric or isinstance(column.dtype, Bool)


def of_column(column: SecretSeries, functions: Sequence[str]) -> SecretSummary:
    """Several numbers of one column, by function."""
    return SecretSummary(column.session, {(f,): aggregate(column, f) for f in functions}, column.name)
