"""`WindowNode`: what rows get of the rows of their groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import Schema
from spuframe.errors import PlanError, SchemaError
from spuframe.expr.expr import Col, Expr
from spuframe.ir.windows import Window
from spuframe.plan.logical import STAYS, LogicalNode, Shape, Ways, short
from spuframe.plan.names import free
from spuframe.plan.nodes.adds import Adds


@dataclass(frozen=True, eq=False, repr=False)
class WindowNode(Adds):
    """The input, and columns that are computed of its rows sorted by some columns, nulls last, stable; the rows stay where they are."""

    by: tuple[str, ...]
    ascending: tuple[bool, ...]
    windows: tuple[Window, ...]
    op = "window"
    own_sessions = frozenset[str]()
    minds_order = True  # of rows that are equal
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        if len(self.by) != len(self.ascending):
            raise PlanError(f"ascending needs one value for each of the {len(self.by)} columns, got {len(self.ascending)}")
        schema, rows = self.input.schema, self.input.rows
        order = frozenset[str]().union(*(schema[n].owners for n in self.by))
        for name in self.added:
            if name in schema:
                raise SchemaError(f"column {name!r} is there already: choose another name for what rows get")
        made = [w.checked(len(self.by)).result(None if w.column is None else schema[w.column], rows, order) for w in self.windows]
        return replace(self.input.shape, schema=Schema.of([*schema, *made]), plain=False)

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(w.name for w in self.windows)

    @property
    def what(self) -> object:
        return self.by, self.ascending, tuple(w[1:] for w in self.windows)

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> WindowNode:
        there = {old: e.field.name for old, e in names.items() if isinstance(e, Col)}
        moved, taken = list[Window](), set(table.schema.names)
        for w in self.windows:
            name = free(w.name, taken)
            taken.add(name)
            moved.append(w._replace(name=name, column=None if w.column is None else there.get(w.column, w.column)))
        return WindowNode(table, tuple(there.get(n, n) for n in self.by), self.ascending, tuple(moved))

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        used = [w for w in self.windows if w.name in wanted]
        below = wanted - frozenset(self.added)
        return (below.union(self.by, *(w.reads for w in used)) if used else below,)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        used = tuple(w for w in self.windows if w.name in wanted)
        return WindowNode(inputs[0], self.by, self.ascending, used) if used else inputs[0]

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # rows that are dropped were counted

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        made = ", ".join(f"{w.name} = {w.function}({w.column or ''})" for w in self.windows)
        return short(f"by {', '.join(self.by) or 'nothing'}: {made}")

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"by": list(self.by), "ascending": list(self.ascending), "windows": [list(w) for w in self.windows]}
