"""One secret number for each column, or for each of several functions and columns: ``frame.sum()``, ``frame.describe()``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

from spuframe import expr as ex
from spuframe.errors import ColumnNotFoundError, PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.missing import missing
from spuframe.frame.operators import Operators
from spuframe.frame.reveal import reveal
from spuframe.frame.rows import Home, Rows
from spuframe.frame.scalar import SecretScalar, numbers
from spuframe.plan.logical import LogicalNode

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


AGGREGATES = ("sum", "mean", "min", "max", "count", "var", "std", "sem", "median", "any", "all", "nunique")
"""Methods of a column that give one number and need no argument."""


@arguments.like_pandas
class SecretSummary(Operators):
    """Secret numbers by label, as a `pandas.Series`; with two labels, function and column, as a `pandas.DataFrame`.

    ``frame.mean()["x"]`` is a `SecretScalar`; a frame combines with a summary of its columns, ``(frame - frame.mean()) / frame.std()``.
    """

    __slots__ = ("cells", "name", "session")
    _what = "a SecretSummary"

    def __init__(self, session: Home, cells: Mapping[tuple[str, ...], SecretScalar], name: str | None = None) -> None:
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
    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> Self:
        """Number by number; another summary needs the same labels."""
        for other in operands:
            if isinstance(other, Operators) and not isinstance(other, SecretSummary):
                return other._apply(build, *operands)  # type: ignore[return-value]  # every row of the frame gets its column's number
            if isinstance(other, SecretSummary) and set(other.cells) != set(self.cells):
                raise SchemaError(f"summaries combine label by label: {list(self.cells)} are not {list(other.cells)}. Select the same columns of both")
        made = {}
        for key, number in self.cells.items():
            made[key] = number._apply(build, *(o.cells[key] if isinstance(o, SecretSummary) else o for o in operands))
        return type(self)(self.session, made, self.name)

    def round(self, decimals: int = 0) -> Self:
        """The nearest numbers with ``decimals`` decimals."""
        digits = arguments.whole(decimals, "decimals")
        return self._apply(lambda e: ex.round_(e, digits), self)

    def sum(self) -> SecretScalar:
        """The sum of the numbers: ``frame.isna().sum().sum()``."""
        if any(len(key) > 1 for key in self.cells) or not self.cells:
            raise PlanError("the sum is of the numbers of one function: frame.agg('count').sum()")
        return reduce(lambda a, b: a + b, self.cells.values())

    # ---- the end -----------------------------------------------------------------------------------
    def _rows(self) -> Rows:
        """What `spuframe.reveal` reveals of it: one row."""
        row, exprs = self._row()
        return Rows(self.session, row, {f"{i}": e for i, e in enumerate(exprs)})

    def _row(self) -> tuple[LogicalNode, Iterator[ex.Expr]]:
        if not self.cells:
            raise PlanError("there is no column to take numbers of: select some, frame[['a', 'b']]")
        return numbers([number.node for number in self.cells.values()])

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> pd.Series[Any] | pd.DataFrame:
        """The numbers, of what was revealed of them."""
        import pandas as pd

        values = [number._finished(c[0].as_py()) for number, c in zip(self.cells.values(), table.columns, strict=True)]
        by = dict(zip(self.cells, values, strict=True))
        if all(len(key) == 1 for key in by):
            return pd.Series(list(by.values()), [key[0] for key in by], name=self.name)
        functions = list(dict.fromkeys(f for f, _ in by))
        return pd.DataFrame({c: [by.get((f, c)) for f in functions] for c in self.columns}, functions)

    def explain(self, stage: str = "all") -> str:
        """The plan of these numbers; see `SecretFrame.explain`."""
        return self.session.explain(self._rows().node, stage)

    def reveal(self) -> pd.Series[Any] | pd.DataFrame:
        """Compute the numbers in one plan and show them to the analyst."""
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


def aggregate(column: Any, function: str, **options: Any) -> SecretScalar:
    """One number of a column, by the name of its method."""
    made: SecretScalar = getattr(column, function)(**options)
    return made


def named(column: Any, function: str) -> SecretScalar:
    """One number of a column, also by an aggregate with something in brackets."""
    if function in AGGREGATES:
        return aggregate(column, function)
    made: SecretScalar = column._aggregate(function)
    return made


def of_column(column: Any, functions: Sequence[str]) -> SecretSummary:
    """Several numbers of one column, by function."""
    return SecretSummary(column.session, {(f,): aggregate(column, f) for f in functions}, column.name)
