"""Scalar expressions of a query: columns, constants, arithmetic, comparisons, three-valued logic, CASE and a few functions."""

from __future__ import annotations

import datetime
import decimal
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from spuframe.dtypes import Bool, Decimal, Int
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.frame.null import null
from spuframe.frame.sql.reading import Text
from spuframe.frame.sql.scope import Scope

_ARITHMETIC: Mapping[Any, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        exp.Add: operator.add,
        exp.Sub: operator.sub,
        exp.Mul: operator.mul,
        exp.Div: operator.truediv,
        exp.IntDiv: operator.floordiv,
        exp.Mod: operator.mod,
    }
)
_COMPARE: Mapping[Any, Callable[[Any, Any], Any]] = MappingProxyType(
    {exp.EQ: operator.eq, exp.NEQ: operator.ne, exp.LT: operator.lt, exp.LTE: operator.le, exp.GT: operator.gt, exp.GTE: operator.ge}
)
READ: Mapping[Any, str] = MappingProxyType(
    {exp.Paren: "paren", exp.Neg: "neg", exp.Not: "no", exp.And: "both", exp.Or: "both", exp.Is: "is_null", exp.Between: "between", exp.In: "among"}
    | {exp.Case: "case", exp.Cast: "cast", exp.Coalesce: "coalesce", exp.Nullif: "nullif", exp.Abs: "absolute", exp.Literal: "literal"}
    | {exp.Boolean: "boolean", exp.Null: "nothing", exp.Column: "column"}
    | {kind: "arithmetic" for kind in _ARITHMETIC}
    | {kind: "compared" for kind in _COMPARE}
)
"""The kinds of expressions that are read, and by which method of `Reader`."""

_TO_DOUBLE = (exp.DataType.Type.DOUBLE,)
_TO_BIGINT = (exp.DataType.Type.BIGINT,)


class Reader:
    """Values of expressions over a frame: a secret column, or a constant (None: NULL).

    Parameters
    ----------
    known : mapping of str to str
        Columns that hold what an expression means already, by `Scope.canon`: keys of groups and aggregates.
    grouped : bool
        Whether there is nothing else: the frame's rows are groups.
    """

    def __init__(self, text: Text, scope: Scope, frame: SecretFrame, known: Mapping[str, str] | None = None) -> None:
        self.text, self.scope, self.frame = text, scope, frame
        self.grouped, self.known = known is not None, known or {}

    def value(self, node: Any) -> Any:
        """What an expression is."""
        with self.text.at(node):
            if self.grouped and not isinstance(node, exp.Literal | exp.Boolean | exp.Null) and (name := self.known.get(self.scope.canon(node))):
                return self.frame[name]
            read = READ.get(type(node))
            if read is None:
                where = "in this place" if isinstance(node, exp.AggFunc) else "here"
                raise self.text.refused(node, f"SQL's {self.text.shown(node)} is not read {where}: put it into a sub-query, or use the frame's methods")
            return getattr(self, read)(node)

    def series(self, node: Any) -> SecretSeries:
        """What an expression is, as a column."""
        return self.lifted(self.value(node), node)

    def lifted(self, value: Any, node: Any) -> SecretSeries:
        if isinstance(value, SecretSeries):
            return value
        if value is None:
            raise self.text.refused(node, "NULL alone has no type: write a CASE that gives it, or leave the column out")
        found: SecretSeries = self.frame.assign(constant=fit(value))["constant"]
        return found

    def condition(self, node: Any) -> SecretSeries:
        """What an expression is, which must be true, false or null."""
        found = self.series(node)
        if not isinstance(found.dtype, Bool):
            raise self.text.refused(node, f"{self.text.shown(node)} is {found.dtype}, and a condition is needed: compare it")
        return found

    # ---- leaves --------------------------------------------------------------------------------------
    def paren(self, node: Any) -> Any:
        self.text.only(node, "this")
        return self.value(node.this)

    def column(self, node: Any) -> SecretSeries:
        name = self.scope.resolve(node)
        if self.grouped:
            raise self.text.refused(node, f"column {node.sql()!r} has many values in a group: put it into GROUP BY, or take an aggregate of it")
        found: SecretSeries = self.frame[name]
        return found

    def literal(self, node: Any) -> Any:
        self.text.only(node, "this", "is_string")
        if node.is_string:
            return str(node.this)
        try:
            return int(node.this) if str(node.this).isdigit() else decimal.Decimal(node.this)
        except decimal.InvalidOperation:
            raise self.text.refused(node, f"{node.this!r} is no number that is read here") from None

    def boolean(self, node: Any) -> bool:
        return bool(node.this)

    def nothing(self, _: Any) -> None:
        return None

    # ---- operators -----------------------------------------------------------------------------------
    def numeric(self, node: Any) -> Any:
        found = self.value(node)
        if isinstance(found, SecretSeries):
            of = found.dtype.of_numbers and found.dtype.has_range
        else:
            of = is_number(found)
        if not of:
            raise self.text.refused(node, f"{self.text.shown(node)} is no number, and arithmetic is of numbers: use the frame's operators for others")
        return found

    def neg(self, node: Any) -> Any:
        self.text.only(node, "this")
        return -self.numeric(node.this)

    def arithmetic(self, node: Any) -> Any:
        kind = type(node)
        self.text.only(node, "this", "expression", "typed", "safe")
        left, right = self.numeric(node.this), self.numeric(node.expression)
        whole = all(isinstance(v.dtype, Int) if isinstance(v, SecretSeries) else isinstance(v, int) for v in (left, right))
        if kind is exp.Div and node.args.get("typed") and whole:
            raise self.text.refused(node, "this dialect cuts the quotient of integers: write CAST(a AS DOUBLE) / b, or use dialect='duckdb'")
        if kind in (exp.IntDiv, exp.Mod):  # SQL cuts towards zero and a frame rounds down: the same of what is not negative
            if not whole or any(least(v) < 0 for v in (left, right)):
                raise self.text.refused(node, "// and % are of integers whose public ranges are not negative: SQL and frames differ elsewhere")
        if not isinstance(left, SecretSeries) and not isinstance(right, SecretSeries):
            if kind not in (exp.Add, exp.Sub, exp.Mul):
                raise self.text.refused(node, "two constants are added, subtracted and multiplied only: write the quotient out")
            return _ARITHMETIC[kind](left, right)
        return _ARITHMETIC[kind](fit(left, right), fit(right, left))

    def compared(self, node: Any) -> Any:
        self.text.only(node, "this", "expression")
        return self._compared(_COMPARE[type(node)], node, self.value(node.this), self.value(node.expression))

    def _compared(self, compare: Callable[[Any, Any], Any], node: Any, left: Any, right: Any) -> Any:
        if left is None or right is None:
            raise self.text.refused(node, "a comparison with NULL holds for no row: write IS NULL, or IS NOT NULL")
        if not isinstance(left, SecretSeries) and not isinstance(right, SecretSeries):
            if is_number(left) and is_number(right):
                return compare(left, right)
            raise self.text.refused(node, "two constants are compared that are no numbers: leave it out")
        return compare(fit(left, right), fit(right, left))

    def no(self, node: Any) -> SecretSeries:
        self.text.only(node, "this")
        return ~self.condition(node.this)

    def both(self, node: Any) -> SecretSeries:
        self.text.only(node, "this", "expression")
        left, right = self.condition(node.this), self.condition(node.expression)
        return left & right if isinstance(node, exp.And) else left | right

    def is_null(self, node: Any) -> SecretSeries:
        self.text.only(node, "this", "expression")
        if not isinstance(node.expression, exp.Null):
            raise self.text.refused(node, f"{self.text.shown(node)} is not read here: IS [NOT] NULL is")
        return self.series(node.this).isna()

    def between(self, node: Any) -> SecretSeries:
        self.text.only(node, "this", "low", "high")
        x = self.series(node.this)
        low, high = self.value(node.args["low"]), self.value(node.args["high"])
        found: SecretSeries = self._compared(operator.ge, node, x, low) & self._compared(operator.le, node, x, high)
        return found

    def among(self, node: Any) -> SecretSeries:
        self.text.only(node, "this", "expressions")
        x = self.series(node.this)
        values = [self.value(v) for v in node.expressions]
        if not values or any(v is None or isinstance(v, SecretSeries) for v in values):
            raise self.text.refused(node, "IN takes a list of constants, none of them NULL: compare columns with = and OR")
        found = x.isin([fit(v, x) for v in values])
        return found.where(x.notna(), null) if x.field.nullable else found  # NULL IN (1) is NULL, and so is NULL NOT IN (1)

    # ---- functions -----------------------------------------------------------------------------------
    def case(self, node: Any) -> Any:
        self.text.only(node, "this", "ifs", "default")
        cases: list[tuple[SecretSeries, Any]] = []
        for branch in node.args["ifs"]:
            self.text.only(branch, "this", "true")
            test = branch.this if node.this is None else exp.EQ(this=node.this.copy(), expression=branch.this.copy())
            cases.append((certain(self.condition(test)), self.value(branch.args["true"])))
        default = node.args.get("default")
        out = None if default is None else self.value(default)
        beside = [v for _, v in cases] + [out]
        for test, then in reversed(cases):
            if then is None:
                out = None if out is None else self.lifted(fit(out, *beside), node).mask(test, null)
            else:
                chosen = self.lifted(fit(then, *beside), node)
                out = chosen.where(test, null if out is None else fit(out, *beside))
        return out

    def cast(self, node: Any) -> Any:
        self.text.only(node, "this", "to")
        to = node.args["to"]
        self.text.only(to, "this")
        found = self.value(node.this)
        if to.this == exp.DataType.Type.DATE and isinstance(found, str):
            try:
                return datetime.date.fromisoformat(found)
            except ValueError:
                raise self.text.refused(node, f"{found!r} is no date: write DATE 'YYYY-MM-DD'") from None
        if isinstance(found, SecretSeries):
            if to.this in _TO_DOUBLE and found.dtype.of_numbers:
                return found.astype("float")
            if to.this in _TO_BIGINT and isinstance(found.dtype, Int | Bool):
                return found.astype("int64")
        raise self.text.refused(
            node, f"{self.text.shown(node)} is not read here: numbers become DOUBLE, integers BIGINT, and a text a DATE; .astype() has more"
        )

    def coalesce(self, node: Any) -> Any:
        self.text.only(node, "this", "expressions")
        values = [self.value(v) for v in (node.this, *node.expressions)]
        out = None
        for v in reversed(values):
            if isinstance(v, SecretSeries) and v.field.nullable and out is not None:
                out = v.fillna(fit(out, *values))
            elif v is not None:
                out = v
        return out

    def nullif(self, node: Any) -> SecretSeries:
        self.text.only(node, "this", "expression")
        x = self.series(node.this)
        return x.mask(certain(self.lifted(self._compared(operator.eq, node, x, self.value(node.expression)), node)), null)

    def absolute(self, node: Any) -> Any:
        self.text.only(node, "this")
        return abs(self.numeric(node.this))


def is_number(value: object) -> bool:
    """Whether a constant is a number."""
    return isinstance(value, int | decimal.Decimal) and not isinstance(value, bool)


def least(value: Any) -> float:
    """The least that a value may be, as far as it is public."""
    if not isinstance(value, SecretSeries):
        return float(value)
    bounds = value.field.range
    return float("-inf") if bounds is None else float(bounds[0])


def certain(condition: SecretSeries) -> SecretSeries:
    """Whether a condition holds; what is null does not."""
    return condition.fillna(False) if condition.field.nullable else condition


def fit(value: Any, *beside: Any) -> Any:
    """A constant as it stands beside columns: a number with a point is exact beside decimals alone."""
    exact = any(isinstance(b, SecretSeries) and isinstance(b.dtype, Decimal) for b in beside)
    return float(value) if isinstance(value, decimal.Decimal) and not exact else value


def conjuncts(node: Any) -> list[Any]:
    """The conditions that AND joins."""
    node = node.unnest()
    return [*conjuncts(node.this), *conjuncts(node.expression)] if isinstance(node, exp.And) else [node]
