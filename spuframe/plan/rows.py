"""Which rows a node's rows are: what is computed row by row keeps its rows, and nodes that only add columns to the same rows become one.

>>> from spuframe.dtypes import Field, Fixed, Int, Schema
>>> from spuframe.plan.build import output, scan, tensor
>>> from spuframe.plan.logical import TensorOutput
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
>>> scores = TensorOutput("score", Schema.of([Field("score", Fixed())]), 100, like=0)
>>> scored = attach(sales, output(tensor([sales], {}, [scores]), "score"))
>>> scored.schema.names, rows_from(scored) is sales, together(sales, scored) == (scored, {})
(['sold', 'score'], True, True)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from spuframe.errors import PlanError, SchemaError
from spuframe.expr.expr import Expr, col, rebind, substitute
from spuframe.plan.logical import Concat, Filter, Join, Limit, Load, LogicalNode, Output, Project, Shape
from spuframe.plan.names import free


@dataclass(frozen=True, eq=False, repr=False)
class Adds(LogicalNode):
    """Base of the nodes that give their input's rows and columns, and more columns."""

    input: LogicalNode

    @property
    def added(self) -> tuple[str, ...]:
        """The new columns' names."""
        raise NotImplementedError

    @property
    def what(self) -> object:
        """What is added, whatever its names: the same rows and an equal value give equal columns."""
        raise NotImplementedError

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Self:
        """The same columns on another node with the same rows, under free names; ``names`` are the input's columns that have others there."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class Attach(Adds):
    """The input, and columns of another table, as (name, name there): of the same rows, which a tensor program computed of them; or of one row,
    numbers that all rows get.
    """

    other: LogicalNode
    columns: tuple[tuple[str, str], ...]
    op = "attach"

    def inferred(self) -> Shape:
        schema, other = self.input.schema, self.other
        if other.rows != self.input.rows and not is_number(other):
            raise PlanError(
                f"{other.rows} rows are not those of a table of {self.input.rows}: only what was computed of them row by row can be attached, or one row"
            )
        for name in self.added:
            if name in schema:
                raise SchemaError(f"column {name!r} is there already: choose another name for the attached one")
        fields = [replace(other.schema[source], name=name) for name, source in self.columns]
        return Shape(type(schema).of([*schema, *fields]), self.input.rows, self.input.masked)

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @property
    def what(self) -> object:
        return self.other, tuple(source for _, source in self.columns)

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Attach:
        return Attach(table, self.other, _free_columns(table, self.columns))


def attach(table: LogicalNode, other: LogicalNode) -> Attach:
    """``table`` with all columns of ``other``, which has the same rows, under their names or ones like them that are free."""
    return Attach(table, other, _free_columns(table, tuple((n, n) for n in other.schema.names)))


def is_number(node: LogicalNode) -> bool:
    """Whether the node has one row, which exists: aggregates of a whole table, and what is computed of them."""
    return node.rows == 1 and not node.masked


def spread(table: LogicalNode, number: LogicalNode) -> tuple[LogicalNode, Expr]:
    """``table`` with the first column of a one-row node in every row, and that column; it is attached once.

    >>> from spuframe.dtypes import Field, Int
    >>> from spuframe.plan.build import aggregate, scan
    >>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
    >>> base, most = spread(sales, aggregate(sales, [], [("sold", "max", "sold")]))
    >>> base.schema.names, str(most), base.rows, spread(base, base.other)[0] is base
    (['sold', "sold'"], "sold'", 100, True)
    """
    if not is_number(number):
        raise PlanError(f"a number is a table of one row that exists, got one of {number.rows}: aggregate it first")
    source = number.schema.names[0]
    for add in _peeled(table)[0]:
        if isinstance(add, Attach) and add.other == number:
            for name, there in add.columns:
                if there == source:
                    return table, col(table.schema[name])
    found = Attach(table, number, _free_columns(table, ((source, source),)))
    return found, col(found.schema[found.added[0]])


def _free_columns(table: LogicalNode, columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    taken, found = set(table.schema.names), list[tuple[str, str]]()
    for name, source in columns:
        new = free(name, taken)
        taken.add(new)
        found.append((new, source))
    return tuple(found)


def together(left: LogicalNode, right: LogicalNode) -> tuple[LogicalNode, Mapping[str, Expr]] | None:
    """``left`` with what ``right`` has of the same rows, and what stands there for columns of ``right`` whose names differ; None for other rows.

    Rows are the same where the nodes are equal but for columns that were added, also below equal filters: ``x[c]`` and ``y[c]`` of one table.
    """
    levels: list[tuple[list[Adds], LogicalNode, list[Adds], LogicalNode]] = []
    a, b = left, right
    while True:
        (mine, base), (theirs, root) = _peeled(a), _peeled(b)
        levels.append((mine, base, theirs, root))
        if base == root:
            break
        if not (isinstance(base, Filter) and isinstance(root, Filter)):
            return None
        a, b = _unprojected(base.input)[0], _unprojected(root.input)[0]
    node, names = base, dict[str, Expr]()
    for mine, base, theirs, root in reversed(levels):
        if base != root:
            assert isinstance(base, Filter) and isinstance(root, Filter)
            filtered = _filtered(base, root, node, names, {n for m in mine for n in m.added})
            if filtered is None:
                return None
            node, names = filtered
        there: dict[object, tuple[str, ...]] = {}
        for add in reversed(mine):
            node = add if add.input == node else add.onto(node, {})
            there[add.what] = add.added
        for add in reversed(theirs):
            moved = add.onto(node, names)
            if moved.what not in there:
                node = moved
                there[moved.what] = moved.added
            names |= {old: col(node.schema[new]) for old, new in zip(add.added, there[moved.what], strict=True) if old != new}
    return node, names


def _peeled(node: LogicalNode) -> tuple[list[Adds], LogicalNode]:
    """The nodes that only add columns, outermost first, and what they add them to."""
    added: list[Adds] = []
    while isinstance(node, Adds):
        added.append(node)
        node = node.input
    return added, node


def _unprojected(node: LogicalNode) -> tuple[LogicalNode, dict[str, Expr]]:
    """What projections read, and their columns; any other node with its own."""
    columns: dict[str, Expr] = {f.name: col(f) for f in node.schema}
    while isinstance(node, Project):
        below = dict(node.columns)
        columns = {n: substitute(e, below) for n, e in columns.items()}
        node = node.input
    return node, columns


def _filtered(
    base: Filter, root: Filter, node: LogicalNode, names: Mapping[str, Expr], taken: set[str]
) -> tuple[LogicalNode, dict[str, Expr]] | None:
    """`together` of two filters, whose inputs read ``node``; None where their conditions differ. New names are none of ``taken``."""
    below, mine = _unprojected(base.input)
    theirs = {n: substitute(e, names) for n, e in _unprojected(root.input)[1].items()}
    if substitute(base.predicate, mine) != substitute(root.predicate, theirs):
        return None
    known = {e: n for n, e in mine.items()}
    columns, places, taken = dict(mine), dict[str, str](), {*mine, *taken}
    for name, e in theirs.items():
        if e not in known:
            known[e] = free(name, taken)
            taken.add(known[e])
            columns[known[e]] = e
        places[name] = known[e]
    found = base
    if len(columns) > len(mine) or node != below:
        wide = Project(node, tuple(columns.items()))
        found = Filter(wide, rebind(base.predicate, wide.schema))
    return found, {old: col(found.schema[new]) for old, new in places.items() if old != new}


def rows_from(node: LogicalNode) -> LogicalNode | None:
    """The node below that has the same rows at the same places; None where the rows are the node's own."""
    if isinstance(node, Project | Adds):
        return node.input
    if isinstance(node, Output):
        return node.like
    return None


def stored_rows(node: LogicalNode) -> Load | None:
    """The stored table whose rows these are, if it was put into a random order when it was stored."""
    below: LogicalNode | None = node
    while below is not None and not isinstance(below, Load):
        below = rows_from(below)
    return below if below is not None and below.masked and not below.ordered else None


def check_order(table: LogicalNode, what: str) -> None:
    """Refuse ``what`` depends on the order of the rows, where that means nothing."""
    stack = [table]
    while stack:
        node = stack.pop()
        if isinstance(node, Join) or (isinstance(node, Load) and node.masked and not node.ordered):
            why = "a merge gives its rows in no particular one" if isinstance(node, Join) else "rows that a filter or a merge left are kept in none"
            raise PlanError(f"{what} depends on the order of the rows, and {why}: sort first, with sort_values(...)")
        below = rows_from(node)
        if below is not None:
            stack.append(below)
        elif isinstance(node, Filter | Limit | Concat):
            stack += node.inputs
