"""`Concat`: rows below rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import Field, Schema
from spuframe.errors import PlanError, SchemaError
from spuframe.expr.expr import Expr
from spuframe.plan.logical import LogicalNode, Order, Places, Shape, Ways, as_they_are
from spuframe.plan.nodes.project import exactly


@dataclass(frozen=True, eq=False, repr=False)
class Concat(LogicalNode):
    """The inputs' rows one below the other; equal names and types, in equal order."""

    tables: tuple[LogicalNode, ...]
    op = "concat"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        if not self.tables:
            raise PlanError("concat needs at least one frame")
        first, *rest = (t.schema for t in self.tables)
        out = list(first)
        for schema in rest:
            if schema.names != first.names or [f.dtype for f in schema] != [f.dtype for f in first]:
                raise SchemaError(f"frames to concatenate need the same columns and types: {_columns(first)} is not {_columns(schema)}")
            out = [stacked(a, b) for a, b in zip(out, schema, strict=True)]
        return Shape(
            Schema(tuple(out)),
            sum(t.rows for t in self.tables),
            masked=any(t.masked for t in self.tables),
            places=Places(next((o for o in self._orders() if o.refusal is not None), Order.GIVEN), packed=False, stored=None),
            unique=frozenset(),
            plain=False,
        )

    def _orders(self) -> list[Order]:
        return [t.shape.places.order for t in self.tables]

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return tuple(wanted for _ in self.tables)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        names = [f.name for f in self.schema if f.name in wanted]
        return Concat(tuple(exactly(t, names) for t in inputs))

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return self._everywhere(columns)

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return self._everywhere(columns)

    def _everywhere(self, columns: frozenset[str]) -> Ways:
        at = {i: as_they_are(t, columns) for i, t in enumerate(self.tables)}
        return Ways((frozenset(at),), at)

    def described(self) -> str:
        return f"{len(self.tables)} tables"

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {}


def stacked(a: Field, b: Field) -> Field:
    """A column that holds the values of both, under the first one's name."""
    bounds = None
    if a.range is not None and b.range is not None:
        bounds = (min(a.range[0], b.range[0]), max(a.range[1], b.range[1]))
    return Field(a.name, a.dtype, a.nullable or b.nullable, a.visibility.join(b.visibility), bounds, a.owners | b.owners)


def _columns(schema: Schema) -> str:
    return "{" + ", ".join(f"{f.name}: {f.dtype}" for f in schema) + "}"
