"""`Project`: columns computed from the input's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import Schema
from spuframe.expr.expr import Col, Expr, check_columns, col, plain_nodes, rebind_all
from spuframe.plan.logical import STAYS, LogicalNode, Shape, Ways, names_of


@dataclass(frozen=True, eq=False, repr=False)
class Project(LogicalNode):
    """Exactly these columns, computed from the input's."""

    input: LogicalNode
    columns: tuple[tuple[str, Expr], ...]
    op = "project"
    own_sessions = frozenset[str]()
    minds_order = True  # its rows stay where they are
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        for _, e in self.columns:
            check_columns(e, self.input.schema)
        known = self.input.shape.unique
        unique = frozenset(n for n, e in self.columns if isinstance(e, Col) and e.field.name in known) if known else known
        return replace(self.input.shape, schema=Schema(tuple(e.as_field(n) for n, e in self.columns)), unique=unique)  # row by row

    def with_children(self, children: Any) -> Project:
        (new,) = children
        if new == self.input:
            return self
        names, exprs = [n for n, _ in self.columns], rebind_all([e for _, e in self.columns], new.schema)
        return Project(new, tuple(zip(names, exprs, strict=True)))

    @property
    def picks(self) -> bool:
        """Whether it only leaves columns away, or puts them in another order."""
        return all(isinstance(e, Col) and e.field.name == n for n, e in self.columns)

    @property
    def changes_nothing(self) -> bool:
        """Whether the columns are the input's own, in their order."""
        return self.picks and [n for n, _ in self.columns] == self.input.schema.names

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (frozenset[str]().union(*(e.columns for n, e in self.columns if n in wanted)),)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        (table,) = inputs
        while isinstance(table, Project) and table.picks:  # as it does itself: else an input that narrows itself so would grow each time
            table = table.input
        return Project(self.input, tuple((name, e) for name, e in self.columns if name in wanted)).with_children([table])

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return Ways((frozenset({0}),), {0: {name: e for name, e in self.columns if name in columns}})

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS  # two projections become one

    def described(self) -> str:
        return f"[{names_of(self.schema)}]"

    def listed(self) -> Mapping[str, Expr | None]:
        return dict(self.columns)

    def params(self) -> dict[str, Any]:
        return named_expressions(self.columns)[0]


def exactly(table: LogicalNode, names: Sequence[str]) -> LogicalNode:
    """The table with these columns, in this order."""
    return table if table.schema.names == list(names) else Project(table, tuple((n, col(table.schema[n])) for n in names))


def named_expressions(columns: Sequence[tuple[str, Expr]], *more: Expr) -> tuple[dict[str, Any], list[int]]:
    """Named expressions as params of a step, and the places of some more in their list of nodes."""
    nodes, places = plain_nodes([*(e for _, e in columns), *more])
    return {"expressions": nodes, "columns": [[name, place] for (name, _), place in zip(columns, places, strict=False)]}, places[len(columns) :]


def one_expression(name: str, e: Expr) -> dict[str, Any]:
    """An expression as the param ``name`` of a step."""
    nodes, places = plain_nodes([e])
    return {"expressions": nodes, name: places[0]}
