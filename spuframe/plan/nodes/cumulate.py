"""`Cumulate`: prefix sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Field, Schema
from spuframe.errors import SchemaError, TypeMismatchError
from spuframe.expr.expr import Expr, check_columns, rebind, substitute
from spuframe.expr.functions.common import checked, describe
from spuframe.ir.rings import summing
from spuframe.plan.logical import STAYS, LogicalNode, Shape, Ways, short
from spuframe.plan.names import free
from spuframe.plan.nodes.adds import Adds
from spuframe.plan.nodes.project import one_expression


@dataclass(frozen=True, eq=False, repr=False)
class Cumulate(Adds):
    """The input, and the column ``name``: the sum of ``value`` over each row and those above it that exist; nulls are skipped, and stay null."""

    name: str
    value: Expr
    op = "cumulate"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        e, schema = self.value, self.input.schema
        check_columns(e, schema)
        if self.name in schema:
            raise SchemaError(f"column {self.name!r} is there already: choose another name for the prefix sum")
        if not e.dtype.adds:
            raise TypeMismatchError(f"cannot take the cumsum of {describe(e)}: it needs a number")
        rows = self.input.rows
        dtype, total = summing(e.dtype, e.range, rows)
        bounds = checked(e, dtype, total, text=f"the sum of {str(e)!r} over {rows} rows")
        field = Field(self.name, dtype, e.nullable, SECRET, bounds, e.owners)
        return replace(self.input.shape, schema=Schema.of([*schema, field]), plain=False)

    @property
    def added(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def what(self) -> object:
        return self.value

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Cumulate:
        return Cumulate(table, free(self.name, table.schema), substitute(self.value, names))

    def with_children(self, children: Any) -> Cumulate:
        (new,) = children
        return self if new == self.input else Cumulate(new, self.name, rebind(self.value, new.schema))

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return ((wanted - {self.name}) | (self.value.columns if self.name in wanted else frozenset()),)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs) if self.name in wanted else inputs[0]

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # rows that are dropped were added up

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return short(f"{self.name} = {self.value}")

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"name": self.name, **one_expression("value", self.value)}
