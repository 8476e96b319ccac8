"""`Repeat`: each row as often as it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Field, Int, Schema
from spuframe.errors import PlanError, RangeOverflowError, SchemaError, TypeMismatchError
from spuframe.expr.expr import Expr
from spuframe.plan.logical import STAYS, LogicalNode, Places, Shape, Ways

MOST = 1 << 30
"""Rows that a bound may allow."""


@dataclass(frozen=True, eq=False, repr=False)
class Repeat(LogicalNode):
    """The input's rows, each as often as its column ``count`` says, ``limit`` in all at most; the column ``rank`` counts repetitions, from 0.

    If there are more, the plan ends (`RowLimitError`): no row is left out.
    """

    input: LogicalNode
    count: str
    rank: str
    limit: int
    op = "repeat"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        t = self.input.shape
        count = t.schema[self.count]
        if not isinstance(count.dtype, Int) or count.range is None or count.range[0] < 0:
            raise TypeMismatchError(f"rows are repeated by whole numbers from 0 on, and {self.count!r} is {count.dtype}: clip it, .clip(0, most)")
        if not 0 <= self.limit <= MOST:
            raise PlanError(f"a limit of rows must be in 0 .. {MOST:,}, got {self.limit:,}")
        if t.rows * int(count.range[1]) >= 1 << 62:
            raise RangeOverflowError(f"{t.rows:,} rows, each up to {count.range[1]:,} times, are too many to count: clip {self.count!r}")
        if self.rank in t.schema:
            raise SchemaError(f"column {self.rank!r} is there already: choose another name for the rank")
        rank = Field(self.rank, Int(64), False, SECRET, (0, max(int(count.range[1]) - 1, 0)), count.owners)
        fields = [replace(f, visibility=SECRET, owners=f.owners | count.owners) for f in t.schema]
        return Shape(Schema((*fields, rank)), self.limit, True, Places(t.places.order, packed=True, stored=None), frozenset(), plain=False)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return ((wanted - {self.rank}) | {self.count},)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return self.with_children(inputs)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # fewer rows might fit where all of them do not

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        return f"{self.count} times, up to {self.limit:,} rows"

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"count": self.count, "rank": self.rank}
