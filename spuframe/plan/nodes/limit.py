"""`Limit`: the first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways


@dataclass(frozen=True, eq=False, repr=False)
class Limit(LogicalNode):
    """The first rows that exist."""

    input: LogicalNode
    count: int
    op = "limit"
    own_sessions = frozenset[str]()
    minds_order = minds_gaps = True
    minds_mask = False

    def inferred(self) -> Shape:
        if self.count < 0:
            raise PlanError(f"a number of rows must not be negative, got {self.count}")
        t = self.input.shape
        out = tuple(replace(f, visibility=SECRET) for f in t.schema)
        order = Order.ASKED if t.places.order.refusal is None else t.places.order
        return Shape(Schema(out), min(self.count, t.rows), t.masked, Places(order, packed=True, stored=None), t.unique, plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (wanted,)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # others would be the first

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS  # of all rows, for some

    def described(self) -> str:
        return str(self.count)

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"rows": self.rows}
