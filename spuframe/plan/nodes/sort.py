"""`Sort`: rows in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, as_they_are


@dataclass(frozen=True, eq=False, repr=False)
class Sort(LogicalNode):
    """Sorted by columns, stable, nulls last; invalid rows at the end."""

    input: LogicalNode
    by: tuple[str, ...]
    ascending: tuple[bool, ...]
    op = "sort"
    own_sessions = frozenset[str]()
    minds_order = True  # of rows that are equal
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        if len(self.by) != len(self.ascending):
            raise PlanError(f"ascending needs one value for each of the {len(self.by)} columns, got {len(self.ascending)}")
        t = self.input.shape
        by = frozenset[str]().union(*(t.schema[n].owners for n in self.by))
        out = tuple(replace(f, visibility=SECRET, owners=f.owners | by) for f in t.schema)
        return Shape(Schema(out), t.rows, t.masked, Places(Order.ASKED, packed=True, stored=None), t.unique, plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (wanted | set(self.by),)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return Ways((frozenset({0}),), {0: as_they_are(self.input, columns)})

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS  # a column more to be moved

    def described(self) -> str:
        return ", ".join(name if up else f"{name} descending" for name, up in zip(self.by, self.ascending, strict=True))

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"by": list(self.by), "ascending": list(self.ascending)}
