"""`Cross`: all pairs of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.errors import PlanError, SchemaError
from spuframe.expr.expr import Expr, col
from spuframe.ir.joins import SIDES
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, as_they_are
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.repeat import MOST


@dataclass(frozen=True, eq=False, repr=False)
class Cross(LogicalNode):
    """Every row of the left table beside every row of the right one, in the order of the left; columns of one name get the suffixes."""

    left: LogicalNode
    right: LogicalNode
    suffixes: tuple[str, str] = ("_x", "_y")
    op = "cross"
    own_sessions = frozenset[str]()
    minds_order = True
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        rows = self.left.rows * self.right.rows
        if rows > MOST:
            raise PlanError(f"{self.left.rows:,} rows beside {self.right.rows:,} are {rows:,}, more than {MOST:,}: filter and sample first, or give keys")
        tables = dict(zip(SIDES, (self.left, self.right), strict=True))
        names = [name for name, _, _ in self.columns]
        if len(set(names)) < len(names):
            raise SchemaError(f"two columns would be called alike, {names}: give other suffixes")
        fields = [replace(tables[side].schema[source], name=name, visibility=SECRET) for name, side, source in self.columns]
        orders = [t.shape.places.order for t in (self.left, self.right)]
        order = next((o for o in orders if o.refusal is not None), Order.GIVEN)
        masked = self.left.masked or self.right.masked
        return Shape(Schema(tuple(fields)), rows, masked, Places(order, packed=not masked, stored=None), frozenset(), plain=False)

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """The result's columns: (name, side, name there)."""
        clash = set(self.left.schema.names) & set(self.right.schema.names)
        out = list[tuple[str, str, str]]()
        for side, table, suffix in zip(SIDES, (self.left, self.right), self.suffixes, strict=True):
            out += [(name + suffix if name in clash else name, side, name) for name in table.schema.names]
        return tuple(out)

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(source for name, of, source in self.columns if of == side and name in wanted) for side in SIDES)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        """Where a name that clashed no longer does, its column keeps the name it had."""
        new = Cross(inputs[0], inputs[1], self.suffixes)
        before = {(side, source): name for name, side, source in self.columns}
        if all(before[side, source] == name for name, side, source in new.columns):
            return new
        columns = tuple((before[side, source], col(new.schema[name])) for name, side, source in new.columns)
        return Project(new, tuple(c for c in columns if c[0] in wanted))

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        homes = {name: (side, source) for name, side, source in self.columns}
        sides = {homes[c][0] for c in columns}
        if len(sides) != 1:
            return STAYS
        k = SIDES.index(sides.pop())
        table = (self.left, self.right)[k]
        below = {name: as_they_are(table, [homes[name][1]])[homes[name][1]] for name in columns}
        return Ways((frozenset({k}),), {k: below})

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return self.takes_filter(columns) if columns else STAYS

    def described(self) -> str:
        return ""

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {"columns": [list(c) for c in self.columns]}
