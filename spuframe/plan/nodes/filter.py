"""`Filter`: the rows for which something is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import Bool, Schema
from spuframe.errors import TypeMismatchError
from spuframe.expr.expr import Expr, check_columns, rebind
from spuframe.plan.logical import STAYS, LogicalNode, Places, Shape, Ways
from spuframe.plan.nodes.project import one_expression


@dataclass(frozen=True, eq=False, repr=False)
class Filter(LogicalNode):
    """The rows for which the predicate is true (not false, not null); the physical rows stay."""

    input: LogicalNode
    predicate: Expr
    op = "filter"
    own_sessions = frozenset[str]()
    minds_order = True  # its rows stay where they are
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        check_predicate(self.predicate, self.input.schema)
        # Which rows of a stored table are left is not to be seen: what is revealed of them does not come at their places.
        return replace(self.input.shape, masked=True, places=Places(self.input.shape.places.order, packed=False, stored=None))

    def with_children(self, children: Any) -> Filter:
        (new,) = children
        return self if new == self.input else Filter(new, rebind(self.predicate, new.schema))

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (wanted | self.predicate.columns,)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # two filters become one

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return str(self.predicate)

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return one_expression("predicate", self.predicate)


def check_predicate(predicate: Expr, schema: Schema) -> None:
    """Refuse a condition that is none, or not one of this table's rows."""
    check_columns(predicate, schema)
    if not isinstance(predicate.dtype, Bool):
        raise TypeMismatchError(f"a filter needs a boolean, got {str(predicate)!r} ({predicate.dtype}): compare it with something")
