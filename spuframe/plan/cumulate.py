"""Prefix sums: a node that adds one column to its input, which depends on the order of the rows.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col
>>> from spuframe.plan.build import scan
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
>>> total = cumulate(sales, "total", col(sales.schema["sold"]))
>>> total.schema.names, total.schema["total"].range
(['sold', 'total'], (0, 900))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import SECRET, Bool, Field
from spuframe.errors import SchemaError, TypeMismatchError
from spuframe.expr.expr import Expr, check_columns, rebind, substitute
from spuframe.expr.functions.common import checked, describe
from spuframe.ir.rings import summing
from spuframe.plan.logical import LogicalNode, Shape
from spuframe.plan.names import free
from spuframe.plan.rows import Adds, check_order


@dataclass(frozen=True, eq=False, repr=False)
class Cumulate(Adds):
    """The input, and the column ``name``: the sum of ``value`` over each row and those above it that exist; nulls are skipped, and stay null."""

    name: str
    value: Expr
    op = "cumulate"

    def inferred(self) -> Shape:
        e, schema = self.value, self.input.schema
        check_columns(e, schema)
        if self.name in schema:
            raise SchemaError(f"column {self.name!r} is there already: choose another name for the prefix sum")
        if not (e.dtype.is_numeric or isinstance(e.dtype, Bool)):
            raise TypeMismatchError(f"cannot take the cumsum of {describe(e)}: it needs a number")
        rows = self.input.rows
        dtype, total = summing(e.dtype, e.range, rows)
        bounds = checked(e, dtype, total, text=f"the sum of {str(e)!r} over {rows} rows")
        field = Field(self.name, dtype, e.nullable, SECRET, bounds, e.owners)
        return Shape(type(schema).of([*schema, field]), rows, self.input.masked)

    @property
    def added(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def what(self) -> object:
        return self.value

    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Cumulate:
        return Cumulate(table, free(self.name, table.schema), substitute(self.value, names))

    def with_children(self, children: Any) -> Cumulate:
        (new,) = children
        return self if new == self.input else Cumulate(new, self.name, rebind(self.value, new.schema))


def cumulate(table: LogicalNode, name: str, value: Expr) -> Cumulate:
    """``table`` with the prefix sums of ``value``, under ``name`` or one like it that is free.

    Raises
    ------
    PlanError
        The order of the rows means nothing.
    """
    check_order(table, "cumsum")
    return Cumulate(table, free(name, table.schema), value)
