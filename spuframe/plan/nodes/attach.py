"""`Attach`: columns beside columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import Schema
from spuframe.errors import PlanError, SchemaError
from spuframe.expr.expr import Expr, col
from spuframe.plan.logical import STAYS, LogicalNode, Shape, Ways, short
from spuframe.plan.names import free
from spuframe.plan.nodes.adds import Adds
from spuframe.plan.nodes.project import Project


@dataclass(frozen=True, eq=False, repr=False)
class Attach(Adds):
    """The input, and columns of another table, as (name, name there): of the same rows, which a tensor program computed of them; or of one row,
    numbers that all rows get.
    """

    other: LogicalNode
    columns: tuple[tuple[str, str], ...]
    op = "attach"
    own_sessions = frozenset[str]()
    minds_order = True  # what is attached has the same
    minds_gaps = minds_mask = False

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
        return replace(self.input.shape, schema=Schema.of([*schema, *fields]), plain=False)

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @property
    def what(self) -> object:
        return self.other, tuple(source for _, source in self.columns)

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Attach:
        return Attach(table, self.other, free_names(table, self.columns))

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return wanted & set(self.input.schema.names), frozenset(source for name, source in self.columns if name in wanted)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        table, other = inputs
        columns = tuple(c for c in self.columns if c[0] in wanted)
        if not columns:
            return table
        if wanted <= set(self.added) and (other.rows, other.masked) == (table.rows, table.masked):  # else it is one row, which every row gets
            return Project(other, tuple((name, col(other.schema[source])) for name, source in columns))
        return Attach(table, other, columns) if columns != self.columns else self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # what is attached was computed of all rows

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return short(", ".join(self.added))

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"columns": [list(c) for c in self.columns]}


def is_number(node: LogicalNode) -> bool:
    """Whether the node has one row, which exists: aggregates of a whole table, and what is computed of them."""
    return node.rows == 1 and not node.masked


def free_names(table: LogicalNode, columns: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Columns as (name, name there), under names that are free in the table."""
    taken, found = set(table.schema.names), list[tuple[str, str]]()
    for name, source in columns:
        new = free(name, taken)
        taken.add(new)
        found.append((new, source))
    return tuple(found)
