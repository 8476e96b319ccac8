"""`Shuffle`: rows in a random order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.expr.expr import Expr
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, as_they_are


@dataclass(frozen=True, eq=False, repr=False)
class Shuffle(LogicalNode):
    """The rows in a random order that nobody knows. In one plan it is one order: what is drawn of equal rows is equal."""

    input: LogicalNode
    op = "shuffle"
    own_sessions = frozenset[str]()
    minds_order = minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        t = self.input.shape
        out = tuple(replace(f, visibility=SECRET) for f in t.schema)
        return replace(t, schema=Schema(out), places=Places(Order.DRAWN, packed=False, stored=None), plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (wanted,)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return Ways((frozenset({0}),), {0: as_they_are(self.input, columns)})

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS  # a column more to be moved

    def described(self) -> str:
        return ""

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {}
