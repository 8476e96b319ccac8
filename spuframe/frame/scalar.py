"""One secret number, and what makes one of a column: aggregates, deviations, products of two columns."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from spuframe import expr as ex
from spuframe.dtypes import DType, Field
from spuframe.errors import ForeignFrameError, PlanError, TypeMismatchError
from spuframe.expr.functions.promotion import numeric
from spuframe.frame import arguments
from spuframe.frame.missing import Secret
from spuframe.frame.operators import Operators
from spuframe.frame.reveal import reveal
from spuframe.frame.rows import Home, Rows
from spuframe.frame.ufuncs import builder
from spuframe.plan import build
from spuframe.plan.aggregates.var import squared as square
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.project import Project
from spuframe.plan.rows import attach, spread, together

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@arguments.like_pandas
class SecretScalar(Secret):
    """One secret number, such as the mean of a column.

    Operators compute with constants and with other secret numbers, ``(a.sum() - b.sum()) / a.count()``, ``a.max() > 100``. They also compute with a
    column, each row of which gets the number: ``(x - x.mean()) / x.std()``.
    """

    __slots__ = ("finish", "name", "node", "session")
    __hash__ = None  # type: ignore[assignment]
    _what = "a secret number"

    def __init__(self, session: Home, node: LogicalNode, name: str, finish: Callable[[Any], Any] | None = None) -> None:
        self.session = session
        self.node = node
        self.name = name
        self.finish = finish

    def _rows(self) -> Rows:
        return Rows(self.session, self.node, {self.field.name: ex.col(self.field)})

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> Any:
        return self._finished(table.column(0)[0].as_py())

    def _finished(self, value: Any) -> Any:
        """Make the number of what was revealed of it: a variance is kept as its root, since that always has room."""
        return value if value is None or self.finish is None else self.finish(value)

    @property
    def field(self) -> Field:
        """Type, nullability, visibility, public range and owners."""
        return self.node.schema.fields[0]

    @property
    def dtype(self) -> DType:
        return self.field.dtype

    def __repr__(self) -> str:
        return f"<SecretScalar: {self.name}; nothing is computed before .reveal()>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeMismatchError(f"{self.name} is secret and cannot be seen as it is: .reveal() it first, if it may be seen")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __array__ = __iter__ = __len__ = _refuse
    __floor__ = __ceil__ = __trunc__ = _refuse

    def _apply(self, make: Callable[..., ex.Expr], *operands: object) -> SecretScalar:
        for other in operands:
            if isinstance(other, Operators):
                return other._apply(make, *operands)  # type: ignore[return-value]  # every row of it gets the number
            if isinstance(other, SecretScalar) and other.session is not self.session:
                raise ForeignFrameError(f"{self.name} and {other.name} belong to two sessions: read both tables in one")
            if arguments.is_missing(other):
                raise PlanError(f"what {self.name} and a missing value give is missing: leave it out")
            if not isinstance(arguments.plain(other), SecretScalar | bool | int | float | str | datetime.date | datetime.timedelta | decimal.Decimal):
                raise TypeMismatchError(f"{self.name} combines with a number or another secret number, got {type(other).__name__}")
        node, exprs = numbers([o.node for o in operands if isinstance(o, SecretScalar)])
        public = [arguments.plain(o) for o in operands]  # as they are, to a comparison: it takes numbers that no constant can be
        plain = make in ex.COMPARISONS or make in (ex.minimum, ex.maximum)
        made = make(*(value_of(o, next(exprs)) if isinstance(o, SecretScalar) else o if plain else ex.as_expr(o) for o in public))
        return SecretScalar(self.session, build.project(node, {"number": made}), f"a number computed from {self.name}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> SecretScalar:
        return self._apply(builder(ufunc, method, options), *inputs)

    def __add__(self, other: object) -> SecretScalar:
        return self._apply(ex.add, self, other)

    def __radd__(self, other: object) -> SecretScalar:
        return self._apply(ex.add, other, self)

    def __sub__(self, other: object) -> SecretScalar:
        return self._apply(ex.sub, self, other)

    def __rsub__(self, other: object) -> SecretScalar:
        return self._apply(ex.sub, other, self)

    def __mul__(self, other: object) -> SecretScalar:
        return self._apply(ex.mul, self, other)

    def __rmul__(self, other: object) -> SecretScalar:
        return self._apply(ex.mul, other, self)

    def __truediv__(self, other: object) -> SecretScalar:
        return self._apply(ex.div, self, other)

    def __rtruediv__(self, other: object) -> SecretScalar:
        return self._apply(ex.div, other, self)

    def __floordiv__(self, other: object) -> SecretScalar:
        return self._apply(ex.floordiv, self, other)

    def __rfloordiv__(self, other: object) -> SecretScalar:
        return self._apply(ex.floordiv, other, self)

    def __mod__(self, other: object) -> SecretScalar:
        return self._apply(ex.mod, self, other)

    def __rmod__(self, other: object) -> SecretScalar:
        return self._apply(ex.mod, other, self)

    def __pow__(self, other: object) -> SecretScalar:
        return self._apply(ex.pow_, self, other)

    def __rpow__(self, other: object) -> SecretScalar:
        return self._apply(ex.pow_, other, self)

    def __divmod__(self, other: object) -> tuple[SecretScalar, SecretScalar]:
        return self // other, self % other

    def __neg__(self) -> SecretScalar:
        return self._apply(ex.neg, self)

    def __pos__(self) -> SecretScalar:
        return self

    def __abs__(self) -> SecretScalar:
        return self._apply(ex.abs_, self)

    def __round__(self, ndigits: int | None = None) -> SecretScalar:
        digits = 0 if ndigits is None else arguments.whole(ndigits, "decimals")
        return self._apply(lambda x: ex.round_(x, digits), self)

    def __eq__(self, other: object) -> SecretScalar:  # type: ignore[override]  # a secret answer
        return self._apply(ex.eq, self, other)

    def __ne__(self, other: object) -> SecretScalar:  # type: ignore[override]
        return self._apply(ex.ne, self, other)

    def __lt__(self, other: object) -> SecretScalar:
        return self._apply(ex.lt, self, other)

    def __le__(self, other: object) -> SecretScalar:
        return self._apply(ex.le, self, other)

    def __gt__(self, other: object) -> SecretScalar:
        return self._apply(ex.gt, self, other)

    def __ge__(self, other: object) -> SecretScalar:
        return self._apply(ex.ge, self, other)

    def abs(self) -> SecretScalar:
        """Its magnitude."""
        return abs(self)

    def round(self, decimals: int = 0) -> SecretScalar:
        """The nearest number with ``decimals`` decimals."""
        return round(self, decimals)

    def explain(self, stage: str = "all") -> str:
        """The plan of this number; see `SecretFrame.explain`."""
        return self.session.explain(self.node, stage)

    def persist(self) -> SecretScalar:
        """Compute now and keep the number, in shares, at the parties."""
        return SecretScalar(self.session, self.session.persist(self.node), self.name, self.finish)

    def reveal(self) -> bool | int | float | str | None:
        """Compute the number and show it to the analyst; None where it is null."""
        return reveal(self)[0]  # type: ignore[no-any-return]

    def item(self) -> bool | int | float | str | None:
        """The same as `reveal`, which says what it does."""
        return self.reveal()


def in_rows(number: SecretScalar, session: Home, table: LogicalNode) -> tuple[LogicalNode, ex.Expr]:
    """A table of a session with the number in every row, and the number there."""
    if session is not number.session:
        raise ForeignFrameError(f"{number.name} and the rows that it is to go to belong to two sessions: read both tables in one")
    found, e = spread(table, number.node)
    return found, value_of(number, e)


def value_of(number: SecretScalar, e: ex.Expr) -> ex.Expr:
    """The number, of what its node holds: the square of a root, where its public range leaves room for that."""
    if number.finish is None:
        return e
    return square(e)


def numbers(nodes: Sequence[LogicalNode]) -> tuple[LogicalNode, Iterator[ex.Expr]]:
    """One row that has the numbers of all ``nodes``, and for each the expression over it: aggregates of one table are taken together."""
    if all(n == nodes[0] for n in nodes):
        return nodes[0], iter([ex.col(nodes[0].schema.fields[0])] * len(nodes))
    groups: list[_Aggregates] = []
    places: list[_Aggregates | None] = []
    for i, node in enumerate(nodes):
        table = _aggregated(node)
        home = None
        if table is not None:
            home = next((g for g in groups if g.takes(table)), None)
            if home is None:
                groups.append(home := _Aggregates(table))
            home.add(node, f"{i}.")
        places.append(home)
    row: LogicalNode | None = None
    made = dict[int, ex.Expr]()
    for group in groups:
        aggregate = group.row()
        row, names = (aggregate, {n: n for n in aggregate.schema.names}) if row is None else _beside(row, aggregate)
        made |= {i: _over(node, row, names, f"{i}.") for i, node in enumerate(nodes) if places[i] is group}
    for i, node in enumerate(nodes):
        if places[i] is None:
            row, names = (node, {n: n for n in node.schema.names}) if row is None else _beside(row, node)
            made[i] = ex.col(row.schema[names[node.schema.names[0]]])
    assert row is not None
    return row, iter([ex.rebind(made[i], row.schema) for i in range(len(nodes))])


class _Aggregates:
    """Aggregates of one table, by name, and the columns that they are of."""

    def __init__(self, table: LogicalNode) -> None:
        self.table = table
        self.columns: dict[str, ex.Expr] = {}
        self.aggregates: list[tuple[str, str, str | None]] = []

    def takes(self, table: LogicalNode) -> bool:
        return together(self.table, table) is not None

    def add(self, node: LogicalNode, prefix: str) -> None:
        """The aggregate below projections, with its columns under a prefix."""
        while isinstance(node, Project):
            node = node.input
        assert isinstance(node, Aggregate)
        inner = node.input
        found = together(self.table, inner.input if isinstance(inner, Project) else inner)
        assert found is not None
        self.table, names = found
        made = inner.columns if isinstance(inner, Project) else [(f.name, ex.col(f)) for f in inner.schema]
        self.columns |= {f"{prefix}{n}": ex.substitute(e, names) for n, e in made}
        self.aggregates += [(f"{prefix}{out}", f, None if c is None else f"{prefix}{c}") for out, f, c in node.aggregates]

    def row(self) -> LogicalNode:
        return build.aggregate(build.project(self.table, self.columns), [], self.aggregates)


def _aggregated(node: LogicalNode) -> LogicalNode | None:
    """The table whose aggregate a number is; None for any other number."""
    while isinstance(node, Project):
        node = node.input
    if not isinstance(node, Aggregate) or node.keys:
        return None
    return node.input.input if isinstance(node.input, Project) else node.input


def _beside(row: LogicalNode, node: LogicalNode) -> tuple[LogicalNode, dict[str, str]]:
    """One row beside another, and the names that the other's columns have there."""
    found = attach(row, node)
    return found, {there: name for name, there in found.columns}


def _over(node: LogicalNode, row: LogicalNode, names: Mapping[str, str], prefix: str) -> ex.Expr:
    """The one column of ``node``, projections above an aggregate, over ``row``, which has the aggregates under a prefix, and these under ``names``."""
    e: ex.Expr = ex.col(node.schema.fields[0])
    while isinstance(node, Project):
        e = ex.substitute(e, dict(node.columns))
        node = node.input
    return ex.rebind(e, row.schema, {n: names[f"{prefix}{n}"] for n in node.schema.names})


def reduce_rows(
    table: LogicalNode,
    columns: Mapping[str, ex.Expr],
    aggregates: Sequence[tuple[str, str, str]],
    name: str = "",
    finish: Callable[..., ex.Expr] | None = None,
) -> LogicalNode:
    """One row of aggregates of computed columns; with ``finish`` the one column ``name``, which it computes from them."""
    node: LogicalNode = build.aggregate(build.project(table, columns), [], aggregates)
    return node if finish is None else build.project(node, {name: finish(*(ex.col(f) for f in node.schema))})


def dot(table: LogicalNode, name: str, left: ex.Expr, right: ex.Expr) -> LogicalNode:
    """The sum of the products; null if one of them is."""
    product = ex.mul(left, right)
    if not product.nullable:
        return reduce_rows(table, {name: product}, [(name, "sum", name)])
    columns, sums = {"x": product, "gap": ex.is_null(product)}, [("x", "sum", "x"), ("gaps", "sum", "gap")]
    return reduce_rows(table, columns, sums, name, lambda total, gaps: ex.where(ex.gt(gaps, 0), None, total))


def squared(deviation: float) -> float:
    """A variance, of its root."""
    return deviation * deviation


def deviation(table: LogicalNode, name: str, e: ex.Expr, ddof: int) -> LogicalNode:
    """The standard deviation of the values that are there; null where they are no more than ``ddof``."""
    if isinstance(ddof, bool) or not isinstance(ddof, int) or ddof < 0:
        raise PlanError(f"`ddof` must be an integer, 0 or more, got {ddof!r}")
    return reduce_rows(table, {name: e if e.dtype.of_units else numeric("take the deviation of", e)}, [(name, f"std[ddof={ddof}]", name)])
