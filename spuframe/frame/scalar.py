"""One secret number, and what makes one of a column: aggregates, deviations, products of two columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from spuframe import expr as ex
from spuframe.dtypes import DType, Field, constants
from spuframe.errors import ForeignFrameError, PlanError, TypeMismatchError
from spuframe.expr.functions.promotion import numeric
from spuframe.expr.named import names_of
from spuframe.frame import arguments
from spuframe.frame.missing import Secret
from spuframe.frame.operators import Operators
from spuframe.frame.reveal import reveal
from spuframe.frame.rows import Home, Rows
from spuframe.frame.ufuncs import builder
from spuframe.plan import build
from spuframe.plan.aggregates.var import squared as square
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.attach import Attach
from spuframe.plan.nodes.project import Project
from spuframe.plan.rows import attach, spread, together

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_FROM = "a number computed from "


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
            if not isinstance(arguments.plain(other), (SecretScalar, *constants())):
                raise TypeMismatchError(f"{self.name} combines with a number or another secret number, got {type(other).__name__}")
        node, exprs = numbers([o.node for o in operands if isinstance(o, SecretScalar)])
        public = [arguments.plain(o) for o in operands]  # as they are, to a comparison: it takes numbers that no constant can be
        plain = names_of(make).bare
        made = make(*(value_of(o, next(exprs)) if isinstance(o, SecretScalar) else o if plain else ex.as_expr(o) for o in public))
        return SecretScalar(self.session, build.project(node, {"number": made}), _computed(self.name))

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


def _computed(name: str) -> str:
    """The name of what is computed of a number: it does not grow with what is computed of that."""
    return name if name.startswith(_FROM) else f"{_FROM}{name}"


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
    """One row that has what all ``nodes`` are computed of, and for each the expression over it.

    Aggregates of one table are taken together, each once, under names that a sum of what has them already gives again: a long chain of
    computations stays one row, and its expressions are not rebuilt.
    """
    if all(n == nodes[0] for n in nodes):
        return nodes[0], iter([ex.col(nodes[0].schema.fields[0])] * len(nodes))
    groups: list[_Aggregates] = []
    others: list[LogicalNode] = []
    made, places = list[ex.Expr](), list[dict[str, tuple[_Aggregates | LogicalNode, str]]]()
    for node in nodes:
        e, origins = _origins(node)
        found = dict[str, tuple[_Aggregates | LogicalNode, str]]()
        for name, (atom, source) in origins.items():
            table = _aggregated(atom)
            if table is None:
                others += [atom] * (atom not in others)
                found[name] = atom, source
                continue
            home = next((g for g in groups if g.takes(table)), None)
            if home is None:
                groups.append(home := _Aggregates(table))
            found[name] = home, home.add(atom, source)
        made.append(e)
        places.append(found)
    row: LogicalNode | None = None
    there = dict[int, dict[str, str]]()
    parts: list[_Aggregates | LogicalNode] = [*groups, *others]
    for part in parts:
        one: LogicalNode = part.row() if isinstance(part, _Aggregates) else part
        row, there[id(part)] = (one, {n: n for n in one.schema.names}) if row is None else _beside(row, one)
    if row is None:  # constants all of them
        row = nodes[0]
    names = [{name: there[id(part)][source] for name, (part, source) in found.items()} for found in places]
    return row, iter([ex.rebind(e, row.schema, new) for e, new in zip(made, names, strict=True)])


def _origins(node: LogicalNode) -> tuple[ex.Expr, dict[str, tuple[LogicalNode, str]]]:
    """The first column of one row, below projections, and of which rows the columns come that it reads: (row, name there), in their order."""
    e: ex.Expr = ex.col(node.schema.fields[0])
    while isinstance(node, Project):
        e = ex.substitute(e, dict(node.columns))
        node = node.input
    names, found, reads = node.schema.names, dict[str, tuple[LogicalNode, str]](), {c.field.name for c in e.reads}
    while isinstance(node, Attach):
        found |= {name: (node.other, source) for name, source in node.columns}
        node = node.input
    found |= {name: (node, name) for name in node.schema.names}
    return e, {name: found[name] for name in names if name in reads}


class _Aggregates:
    """Aggregates of one table, by name, and the columns that they are of; what is there already is not added."""

    def __init__(self, table: LogicalNode) -> None:
        self.table = table
        self.columns: dict[ex.Expr, str] = {}
        self.aggregates: dict[tuple[str, str | None], str] = {}

    def takes(self, table: LogicalNode) -> bool:
        return together(self.table, table) is not None

    def add(self, node: LogicalNode, name: str) -> str:
        """One column of an aggregate of the same rows, under a name that is free."""
        assert isinstance(node, Aggregate)
        inner, (function, column) = node.input, next((f, c) for out, f, c in node.aggregates if out == name)
        if column is not None:
            found = together(self.table, inner.input if isinstance(inner, Project) else inner)
            assert found is not None
            self.table, names = found
            e = ex.substitute(dict(inner.columns)[column] if isinstance(inner, Project) else ex.col(inner.schema[column]), names)
            column = self.columns.setdefault(e, free(column, self.columns.values()))
        return self.aggregates.setdefault((function, column), free(name, self.aggregates.values()))

    def row(self) -> LogicalNode:
        columns = {name: e for e, name in self.columns.items()}
        aggregates = [(name, function, column) for (function, column), name in self.aggregates.items()]
        return build.aggregate(build.project(self.table, columns) if columns else self.table, [], aggregates)


def _aggregated(node: LogicalNode) -> LogicalNode | None:
    """The table whose aggregate a row is; None for any other."""
    if not isinstance(node, Aggregate) or node.keys:
        return None
    return node.input.input if isinstance(node.input, Project) else node.input


def _beside(row: LogicalNode, node: LogicalNode) -> tuple[LogicalNode, dict[str, str]]:
    """One row beside another, and the names that the other's columns have there."""
    found = attach(row, node)
    return found, {there: name for name, there in found.columns}


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
    return reduce_rows(table, {name: numeric("take the deviation of", e) if e.dtype.span is None else e}, [(name, f"std[ddof={ddof}]", name)])
