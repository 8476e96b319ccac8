"""`Tensor` and `Output`: programs over matrices, and their results as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import Schema
from spuframe.errors import PlanError
from spuframe.expr.expr import Expr
from spuframe.plan.logical import NOWHERE, STAYS, LogicalNode, Shape, Ways, all_columns
from spuframe.plan.nodes.project import exactly
from spuframe.plan.plain import Plain


@dataclass(frozen=True)
class TensorOutput:
    """One result of a tensor program, as a table; ``like``: the input table whose rows it has."""

    name: str
    schema: Schema
    rows: int
    like: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Tensor(LogicalNode):
    """A program over matrices (see `spuframe.plan.tensor`); its results are read with `Output`. All columns of its inputs are used."""

    tables: tuple[LogicalNode, ...]
    program: Plain
    outputs: tuple[TensorOutput, ...]
    op = "tensor"
    own_sessions = frozenset[str]()
    minds_order = True  # which row is which
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        return Shape(Schema(()), 0, masked=False, places=NOWHERE, unique=frozenset(), plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return all_columns(self.tables)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children([exactly(new, old.schema.names) for new, old in zip(inputs, self.tables, strict=True)])

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return f"-> {', '.join(o.name for o in self.outputs)}"

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"program": self.program.value}


@dataclass(frozen=True, eq=False, repr=False)
class Output(LogicalNode):
    """One result of a tensor program: ``Output(tensor, "coef")``."""

    input: Tensor
    name: str
    op = "output"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        found, like = self._found, self.like
        places, masked = (NOWHERE, False) if like is None else (like.shape.places, like.masked)
        return Shape(found.schema, found.rows, masked, places, unique=frozenset(), plain=False)

    @property
    def like(self) -> LogicalNode | None:
        """The table whose rows, one by one, these are computed from; None for a result that is no column of any."""
        like = self._found.like
        return None if like is None else self.input.tables[like]

    @property
    def _found(self) -> TensorOutput:
        for o in self.input.outputs:
            if o.name == self.name:
                return o
        raise PlanError(f"the tensor program has no output {self.name!r}: it has {', '.join(o.name for o in self.input.outputs)}")

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return all_columns(self.inputs)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return self.name

    def listed(self) -> Mapping[str, Expr | None]:
        return dict.fromkeys(self.schema.names)

    def params(self) -> dict[str, Any]:
        return {"name": self.name}
