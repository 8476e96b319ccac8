"""`Aggregate`: groups of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Field, Int, Schema
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr
from spuframe.ir.aggregates import aggregation
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, short


@dataclass(frozen=True, eq=False, repr=False)
class Aggregate(LogicalNode):
    """One row for each group of equal keys (null keys dropped), sorted by key; without keys one row.

    ``aggregates`` are (name, function, column); ``size`` has no column.
    """

    input: LogicalNode
    keys: tuple[str, ...]
    aggregates: tuple[tuple[str, str, str | None], ...]
    op = "aggregate"
    own_sessions = frozenset[str]()
    minds_gaps = False

    @property
    def minds_order(self) -> bool:
        return any(aggregation(how).in_order for _, how, _ in self.aggregates)

    @property
    def minds_mask(self) -> bool:
        return not self.keys  # null if there are no rows

    def inferred(self) -> Shape:
        schema = self.input.schema
        keys = [replace(schema[k], nullable=False, visibility=SECRET) for k in self.keys]
        by = frozenset[str]().union(*(k.owners for k in keys))
        out = [_aggregate(self.input, name, function, column, by, not self.keys) for name, function, column in self.aggregates]
        return Shape(
            Schema((*keys, *out)),
            min(self.input.rows, _groups(keys)) if self.keys else 1,
            masked=bool(self.keys),
            places=Places(Order.ASKED, packed=True, stored=None),
            unique=frozenset(self.keys if len(self.keys) == 1 else ()),
            plain=False,
        )

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return (frozenset(self.keys) | {c for n, _, c in self.aggregates if n in wanted and c is not None},)

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        return Aggregate(inputs[0], self.keys, tuple(a for a in self.aggregates if a[0] in wanted or a[0] in self.keys))

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS  # of keys it could, over more rows

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        made = ", ".join(f"{name} = {function}({column or ''})" for name, function, column in self.aggregates)
        return short(f"by {', '.join(self.keys) or 'nothing'}: {made}")

    def listed(self) -> Mapping[str, Expr | None]:
        return dict.fromkeys(self.schema.names)

    def params(self) -> dict[str, Any]:
        return {"keys": list(self.keys), "aggregates": [list(a) for a in self.aggregates]}


def _groups(keys: list[Field]) -> int:
    """How many groups there can be at most, as far as public ranges tell; one without keys."""
    count = 1
    for k in keys:
        values = k.dtype.count(k.range)
        if values is None:
            return 1 << 62
        count *= values
    return count


def _aggregate(table: LogicalNode, name: str, function: str, column: str | None, by: frozenset[str], whole: bool) -> Field:
    how = aggregation(function)
    if how.of_rows:
        return Field(name, Int(64), False, SECRET, (0, table.rows), by)
    if column is None:
        raise PlanError(f"{how} needs a column: give (column, {function!r})")
    f = table.schema[column]
    if not how.accepts(f.dtype):
        raise TypeMismatchError(f"cannot take the {how} of {column!r} ({f.dtype}): it needs a number")
    least = 0 if f.nullable else 1 if not whole else 0 if table.masked else table.rows
    dtype, bounds = how.result(f, table.rows)
    return Field(name, dtype, how.nullable(least), SECRET, bounds, f.owners | by)
