"""Prefix sums: a node that adds one column to its input, which depends on the order of the rows.

Two nodes with the same rows may have such columns of their own; `together` puts them on one, so that what was computed over either can be combined.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col
>>> from spuframe.plan.build import scan
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
>>> total = cumulate(sales, "total", col(sales.schema["sold"]))
>>> total.schema.names, total.schema["total"].range
(['sold', 'total'], (0, 900))
>>> together(sales, total) == (total, {})
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import SECRET, Bool, Field, Fixed, Int
from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.expr.expr import Expr, bounds_of, check_columns, col, rebind, substitute
from spuframe.expr.functions.common import checked, describe
from spuframe.plan.logical import Concat, Filter, Join, Limit, Load, LogicalNode, Output, Project, Shape


@dataclass(frozen=True, eq=False)
class Cumulate(LogicalNode):
    """The input, and the column ``name``: the sum of ``value`` over each row and those above it that exist; nulls are skipped, and stay null."""

    input: LogicalNode
    name: str
    value: Expr
    op = "cumulate"

    def inferred(self) -> Shape:
        e, schema = self.value, self.input.schema
        check_columns(e, schema)
        if self.name in schema:
            raise SchemaError(f"column {self.name!r} is there already: choose another name for the prefix sum")
        if not isinstance(e.dtype, Int | Fixed | Bool):
            raise TypeMismatchError(f"cannot take the cumsum of {describe(e)}: it needs a number")
        dtype = e.dtype if isinstance(e.dtype, Fixed) else Int(64)
        (low, high), rows = bounds_of(e), self.input.rows
        bounds = checked(e, dtype, (min(0, low * rows), max(0, high * rows)), text=f"the sum of {str(e)!r} over {rows} rows")
        field = Field(self.name, dtype, e.nullable, SECRET, bounds, e.owners)
        return Shape(type(schema).of([*schema, field]), rows, self.input.masked)

    def with_children(self, children: Any) -> Cumulate:
        (new,) = children
        return self if new is self.input else Cumulate(new, self.name, rebind(self.value, new.schema))


def cumulate(table: LogicalNode, name: str, value: Expr) -> Cumulate:
    """``table`` with the prefix sums of ``value``, under ``name`` or one like it that is free.

    Raises
    ------
    PlanError
        The order of the rows means nothing.
    """
    _check_order(table)
    return Cumulate(table, free_name(table, name), value)


def free_name(table: LogicalNode, name: str) -> str:
    """``name``, or one like it that the table does not have."""
    while name in table.schema:
        name = f"{name}'"
    return name


def _check_order(table: LogicalNode) -> None:
    stack = [table]
    while stack:
        node = stack.pop()
        if isinstance(node, Join) or (isinstance(node, Load) and node.masked and not node.ordered):
            what = "a merge gives its rows" if isinstance(node, Join) else "these rows were kept, after a merge or a filter,"
            raise PlanError(f"cumsum depends on the order of the rows, and {what} in no particular one: sort_values(...) the frame first")
        if isinstance(node, Project | Filter | Limit | Cumulate | Output | Concat):
            stack += node.inputs


def together(left: LogicalNode, right: LogicalNode) -> tuple[LogicalNode, Mapping[str, Expr]] | None:
    """``left`` with the prefix sums of ``right`` too, and what stands there for columns of ``right`` whose names differ; None for other rows."""
    added: list[Cumulate] = []
    root, base = right, left
    while isinstance(root, Cumulate):
        added.append(root)
        root = root.input
    there: dict[Expr, str] = {}
    while isinstance(base, Cumulate):
        there[base.value] = base.name
        base = base.input
    if root != base:
        return None
    names: dict[str, Expr] = {}
    for node in reversed(added):
        value = substitute(node.value, names)
        if value not in there:
            left = Cumulate(left, free_name(left, node.name), value)
            there[value] = left.schema.names[-1]
        if there[value] != node.name:
            names[node.name] = col(left.schema[there[value]])
    return left, names
