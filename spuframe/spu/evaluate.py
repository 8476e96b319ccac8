"""Expressions over tables of shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spuframe.dtypes import Field, String
from spuframe.errors import ColumnNotFoundError, PlanError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import kind_of, units
from spuframe.spu.functions import secret
from spuframe.spu.plaintext import fold
from spuframe.spu.shaping import conform
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table
from spuframe.spu.value import Call, Node, Value, literal

Expression = Mapping[str, Any]


class Evaluator:
    """Evaluates expressions over one table; equal parts of all its expressions are computed once.

    Parameters
    ----------
    box : BlackBox
    table : Table
    """

    def __init__(self, box: BlackBox, table: Table) -> None:
        self.box = box
        self.table = table
        self._names: dict[object, int] = {}
        self._values: dict[int, Value] = {}

    def column(self, expression: Expression, field: Field) -> Column:
        """The expression as a column of the kind that ``field`` says; a column that comes in a wider ring keeps it."""
        if "col" in expression:
            return conform(self.box, self._source(expression["col"]), field, wider=True)
        value, call = self.value(expression), Call(self.box, self.table.rows, Node.of(expression))
        have = Field(field.name, value.dtype, value.nullable)
        if value.share is None:
            value = self._materialise(value, call)
        assert value.share is not None
        return conform(self.box, Column(have, value.share, value.valid), field)

    def bit(self, expression: Expression) -> tuple[Share, Share | None]:
        """A predicate as a bit, and the bit of its not being null (None: never null)."""
        value = self.value(expression)
        return Call(self.box, self.table.rows, Node.of(expression)).bit(value), value.valid

    def value(self, expression: Expression) -> Value:
        name = self._intern(expression)
        if name not in self._values:
            self._values[name] = self._evaluate(expression)
        return self._values[name]

    def _intern(self, e: Expression) -> int:
        """A number for the structure of an expression: equal expressions, equal numbers."""
        bounds = e.get("range")
        what = (e["dtype"], e["nullable"], None if bounds is None else tuple(bounds))
        if "fn" in e:
            key: object = ("fn", e["fn"], tuple(self._intern(a) for a in e["args"]), what)
        elif "col" in e:
            key = ("col", e["col"])
        else:
            key = ("lit", type(e["lit"]).__name__, e["lit"], what)
        return self._names.setdefault(key, len(self._names))

    def _evaluate(self, e: Expression) -> Value:
        node = Node.of(e)
        if "lit" in e:
            return literal(e["lit"], node, self.box, self.table.rows)
        if "col" in e:
            column = self._source(e["col"])
            low, high = units(column.field.dtype, column.field.range)
            return Value(column.field.dtype, column.field.nullable, low, high, column.values, None, column.valid)
        if "fn" not in e:
            raise PlanError("an expression node must have 'col', 'lit' or 'fn': make the plan with the same spuframe")
        if all(_is_public(a) for a in e["args"]):
            return literal(fold(e), node, self.box, self.table.rows)
        value: Value = secret(e["fn"])(Call(self.box, self.table.rows, node), *(self.value(a) for a in e["args"]))
        return value

    def _source(self, name: str) -> Column:
        found = self.table.columns.get(name)
        if found is None:
            raise ColumnNotFoundError.of(name, list(self.table.columns))
        return found

    def _materialise(self, value: Value, call: Call) -> Value:
        if isinstance(value.dtype, String):
            share = call.words(value, value.dtype.width)
        elif kind_of(value.dtype)[0].bits == 1:
            share = call.bit(value)
        else:
            share = call.number(value, value.ring, value.frac)
        return Value(value.dtype, value.nullable, value.low, value.high, share, None, value.valid)


def _is_public(e: Expression) -> bool:
    return "lit" in e or ("fn" in e and all(_is_public(a) for a in e["args"]))
