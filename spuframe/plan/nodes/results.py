"""`Store`, `Reveal` and `Roots`: what becomes of a plan's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import PUBLIC, Schema
from spuframe.expr.expr import Expr
from spuframe.plan.logical import NOWHERE, STAYS, LogicalNode, Shape, Ways, all_columns
from spuframe.plan.nodes.project import exactly


@dataclass(frozen=True, eq=False, repr=False)
class Result(LogicalNode):
    """Base of the nodes that hand a table on; in its order if ``ordered``, else in a random one when masked."""

    input: LogicalNode
    own_sessions = frozenset[str]()
    minds_order = True
    minds_mask = False

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return all_columns(self.inputs)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children([exactly(inputs[0], self.input.schema.names)])

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def listed(self) -> Mapping[str, Expr | None]:
        return {}


@dataclass(frozen=True, eq=False, repr=False)
class Store(Result):
    """The input, kept in the parties' stores under a name."""

    name: str
    ordered: bool
    op = "store"

    @property
    def minds_gaps(self) -> bool:
        return self.ordered

    def inferred(self) -> Shape:
        return replace(self.input.shape, plain=False)

    def described(self) -> str:
        return repr(self.name)

    def params(self) -> dict[str, Any]:
        return {"name": self.name, "shuffled": self.input.masked and not self.ordered}


@dataclass(frozen=True, eq=False, repr=False)
class Reveal(Result):
    """The input's valid rows, handed to the analyst."""

    ordered: bool
    op = "reveal"

    @property
    def minds_gaps(self) -> bool:
        return self.ordered

    def inferred(self) -> Shape:
        out = tuple(replace(f, visibility=PUBLIC) for f in self.input.schema)
        return replace(self.input.shape, schema=Schema(out), plain=False)

    def described(self) -> str:
        return "in order" if self.ordered else ""

    def params(self) -> dict[str, Any]:
        # Where the rows stand in a random order already, the stored table that has it: results of it stay side by side.
        return {"ordered": self.ordered, "stored": None if self.ordered else self.input.shape.places.stored}


@dataclass(frozen=True, eq=False, repr=False)
class Roots(LogicalNode):
    """Several plans that run as one: what they share is computed once. Its results are those of its reveals, in order."""

    plans: tuple[LogicalNode, ...]
    op = "roots"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        return Shape(Schema(()), 0, masked=False, places=NOWHERE, unique=frozenset(), plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return all_columns(self.plans)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return ""

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> None:
        return None
