"""`Load`: a table that the parties keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import Field, Schema
from spuframe.expr.expr import Expr
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, names_of
from spuframe.plan.nodes.project import exactly


@dataclass(frozen=True, eq=False, repr=False)
class Load(LogicalNode):
    """A table of shares that the parties keep under a name. A masked one that is not ``ordered`` was put into a random order when it was stored."""

    name: str
    fields: tuple[Field, ...]
    length: int
    with_mask: bool = True
    session_id: str = ""
    ordered: bool = False
    op = "load"
    minds_order = minds_gaps = minds_mask = False

    @property
    def own_sessions(self) -> frozenset[str]:
        return frozenset({self.session_id} if self.session_id else ())

    def inferred(self) -> Shape:
        if self.ordered:
            places = Places(Order.ASKED, packed=True, stored=None)
        elif self.with_mask:
            places = Places(Order.SHUFFLED, packed=False, stored=self.name)
        else:
            places = Places(Order.GIVEN, packed=True, stored=None)
        return Shape(Schema(self.fields), self.length, self.with_mask, places, unique=frozenset(), plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return ()

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return exactly(self, [f.name for f in self.fields if f.name in wanted])

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return f"{self.name}  [{names_of(self.schema)}]"

    def listed(self) -> Mapping[str, Expr | None]:
        return dict.fromkeys(self.schema.names)

    def params(self) -> dict[str, Any]:
        return {"name": self.name}
