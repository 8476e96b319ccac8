"""Expressions over tables of shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

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

T = TypeVar("T")
Expression = Mapping[str, Any]


def columns(box: BlackBox, table: Table, wanted: Sequence[tuple[Expression, Field]]) -> list[Column]:
    """Expressions as columns of the kinds that their fields say; a column of the table that comes in a wider ring keeps it.

    Equal parts of all expressions are computed once, and parts that do not wait for each other in common rounds.

    Parameters
    ----------
    box : BlackBox
    table : Table
    wanted : sequence of (expression, Field)
    """
    return _Evaluation(box, table).run([(e, partial(_column, expression=e, field=field)) for e, field in wanted])


def bit(box: BlackBox, table: Table, expression: Expression) -> tuple[Share, Share | None]:
    """A predicate as a bit, and the bit of its not being null (None: never null)."""

    def finish(evaluation: _Evaluation, value: Value) -> tuple[Share, Share | None]:
        return evaluation.call(Node.of(expression)).bit(value), value.valid

    return _Evaluation(box, table).run([(expression, finish)])[0]


class _Evaluation:
    """Expressions over one table, as a graph of their distinct parts."""

    def __init__(self, box: BlackBox, table: Table) -> None:
        self.box = box
        self.table = table
        self._names: dict[object, int] = {}
        self._parts: list[tuple[Expression, list[int]]] = []  # by name: what each is made of stands before it
        self._values: dict[int, Value] = {}
        self._readers: list[int] = []

    def run(self, wanted: Sequence[tuple[Expression, Callable[[_Evaluation, Value], T]]]) -> list[T]:
        """For each expression what its function makes of the value."""
        ends = [self._intern(e) for e, _ in wanted]
        for end in ends:
            self._readers[end] += 1
        tasks: list[Callable[[], T | None]] = []
        needs: list[list[int]] = []
        made: dict[int, int] = {}  # the task of each part that is computed from shares
        for name, (e, args) in enumerate(self._parts):
            found = self._leaf(e)
            if found is not None:
                self._values[name] = found
                continue
            made[name] = len(tasks)
            needs.append([made[a] for a in args if a in made])
            tasks.append(partial(self._compute, name))
        for end, (_, finish) in zip(ends, wanted, strict=True):
            needs.append([made[end]] if end in made else [])
            tasks.append(partial(self._finish, end, finish))
        return cast("list[T]", self.box.together(tasks, needs)[len(made) :])

    def call(self, node: Node) -> Call:
        return Call(self.box, self.table.rows, node)

    def _intern(self, e: Expression) -> int:
        """A number for the structure of an expression: equal expressions, equal numbers."""
        bounds, args = e.get("range"), list[int]()
        what = (e["dtype"], e["nullable"], None if bounds is None else tuple(bounds))
        if "fn" in e:
            args = [] if _is_public(e) else [self._intern(a) for a in e["args"]]
            key: object = ("fn", e["fn"], tuple(args) or repr(e["args"]), what)
        elif "col" in e:
            key = ("col", e["col"])
        elif "lit" in e:
            key = ("lit", type(e["lit"]).__name__, e["lit"], what)
        else:
            raise PlanError("an expression node must have 'col', 'lit' or 'fn': make the plan with the same spuframe")
        if key not in self._names:
            self._names[key] = len(self._parts)
            self._parts.append((e, args))
            self._readers.append(0)
            for a in args:
                self._readers[a] += 1
        return self._names[key]

    def _leaf(self, e: Expression) -> Value | None:
        """A column, or a public value; None for what is computed from shares."""
        if "col" in e:
            column = source(self.table, e["col"])
            low, high = units(column.field.dtype, column.field.range)
            return Value(column.field.dtype, column.field.nullable, low, high, column.values, None, column.valid)
        if not _is_public(e):
            return None
        return literal(e["lit"] if "lit" in e else fold(e), Node.of(e), self.box, self.table.rows)

    def _compute(self, name: int) -> None:
        e, args = self._parts[name]
        self._values[name] = secret(e["fn"])(self.call(Node.of(e)), *[self._read(a) for a in args])

    def _finish(self, name: int, finish: Callable[[_Evaluation, Value], T]) -> T:
        return finish(self, self._read(name))

    def _read(self, name: int) -> Value:
        """A value, which is let go with its last reader."""
        self._readers[name] -= 1
        return self._values[name] if self._readers[name] else self._values.pop(name)


def source(table: Table, name: str) -> Column:
    """The column ``name``."""
    found = table.columns.get(name)
    if found is None:
        raise ColumnNotFoundError.of(name, list(table.columns))
    return found


def _column(evaluation: _Evaluation, value: Value, expression: Expression, field: Field) -> Column:
    if "col" in expression:
        return conform(evaluation.box, source(evaluation.table, expression["col"]), field, wider=True)
    call, share = evaluation.call(Node.of(expression)), value.share
    if share is None:
        share = _materialise(value, call)
    return conform(evaluation.box, Column(Field(field.name, value.dtype, value.nullable), share, value.valid), field)


def _materialise(value: Value, call: Call) -> Share:
    """A public value as a share."""
    if isinstance(value.dtype, String):
        return call.words(value, value.dtype.width)
    if kind_of(value.dtype)[0].bits == 1:
        return call.bit(value)
    return call.number(value, value.ring, value.frac)


def _is_public(e: Expression) -> bool:
    return "lit" in e or ("fn" in e and all(_is_public(a) for a in e["args"]))
