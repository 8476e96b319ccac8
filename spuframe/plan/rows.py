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
from spuframe.expr.expr import Expr, col
from spuframe.plan.logical import Concat, Filter, Join, Limit, Load, LogicalNode, Output, Project, Shape


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
    """The input, and columns of another table of the same rows, as (name, name there): what a tensor program computed of its rows."""

    other: LogicalNode
    columns: tuple[tuple[str, str], ...]
    op = "attach"

    def inferred(self) -> Shape:
        schema, other = self.input.schema, self.other
        if other.rows != self.input.rows:
            raise PlanError(f"{other.rows} rows are not those of a table of {self.input.rows}: only what was computed of them row by row can be attached")
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


def _free_columns(table: LogicalNode, columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    taken, found = set(table.schema.names), list[tuple[str, str]]()
    for name, source in columns:
        while name in taken:
            name = f"{name}'"
        taken.add(name)
        found.append((name, source))
    return tuple(found)


def free_name(table: LogicalNode, name: str) -> str:
    """``name``, or one like it that the table does not have."""
    return _free_columns(table, ((name, name),))[0][0]


def together(left: LogicalNode, right: LogicalNode) -> tuple[LogicalNode, Mapping[str, Expr]] | None:
    """``left`` with what ``right`` adds to the same rows, and what stands there for columns of ``right`` whose names differ; None for other rows."""
    added: list[Adds] = []
    root, base = right, left
    while isinstance(root, Adds):
        added.append(root)
        root = root.input
    there: dict[object, tuple[str, ...]] = {}
    while isinstance(base, Adds):
        there[base.what] = base.added
        base = base.input
    if root != base:
        return None
    names: dict[str, Expr] = {}
    for node in reversed(added):
        moved = node.onto(left, names)
        if moved.what not in there:
            left = moved
            there[moved.what] = moved.added
        names |= {old: col(left.schema[new]) for old, new in zip(node.added, there[moved.what], strict=True) if old != new}
    return left, names


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
