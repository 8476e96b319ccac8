"""Expressions over tables of shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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


def width(expressions: Iterable[Expression]) -> int:
    """How many parts of some expressions are computed at once, at most."""
    graph = _Graph()
    for e in expressions:
        graph.add(e)
    depths: list[int] = []
    for e, args in graph.parts:
        depths.append(0 if _is_given(e) else 1 + max((depths[a] for a in args), default=0))
    return max((depths.count(d) for d in set(depths) if d), default=1)


class _Graph:
    """The distinct parts of some expressions; what each is made of stands before it.

    Attributes
    ----------
    parts : list of (expression, list of int)
        Each with the places of its arguments; none where it is public.
    readers : list of int
        How many parts read each.
    """

    def __init__(self) -> None:
        self.parts: list[tuple[Expression, list[int]]] = []
        self.readers: list[int] = []
        self._places: dict[object, int] = {}

    def add(self, e: Expression) -> int:
        """The place of an expression; equal expressions, equal places."""
        bounds, args = e.get("range"), list[int]()
        what = (e["dtype"], e["nullable"], None if bounds is None else tuple(bounds))
        if "fn" in e:
            args = [] if _is_given(e) else [self.add(a) for a in e["args"]]
            key: object = ("fn", e["fn"], tuple(args) or repr(e["args"]), what)
        elif "col" in e:
            key = ("col", e["col"])
        elif "lit" in e:
            key = ("lit", type(e["lit"]).__name__, e["lit"], what)
        else:
            raise PlanError("an expression node must have 'col', 'lit' or 'fn': make the plan with the same spuframe")
        if key not in self._places:
            self._places[key] = len(self.parts)
            self.parts.append((e, args))
            self.readers.append(0)
            for a in args:
                self.readers[a] += 1
        return self._places[key]


class _Evaluation:
    """Expressions over one table."""

    def __init__(self, box: BlackBox, table: Table) -> None:
        self.box = box
        self.table = table
        self._graph = _Graph()
        self._values: dict[int, Value] = {}

    def run(self, wanted: Sequence[tuple[Expression, Callable[[_Evaluation, Value], T]]]) -> list[T]:
        """For each expression what its function makes of the value."""
        ends = [self._graph.add(e) for e, _ in wanted]
        for end in ends:
            self._graph.readers[end] += 1
        tasks: list[Callable[[], T | None]] = []
        needs: list[list[int]] = []
        made: dict[int, int] = {}  # the task of each part that is computed from shares
        for place, (e, args) in enumerate(self._graph.parts):
            if _is_given(e):
                self._values[place] = self._given(e)
                continue
            made[place] = len(tasks)
            needs.append([made[a] for a in args if a in made])
            tasks.append(partial(self._compute, place))
        for end, (_, finish) in zip(ends, wanted, strict=True):
            needs.append([made[end]] if end in made else [])
            tasks.append(partial(self._finish, end, finish))
        return cast("list[T]", self.box.together(tasks, needs)[len(made) :])

    def call(self, node: Node) -> Call:
        return Call(self.box, self.table.rows, node)

    def _given(self, e: Expression) -> Value:
        """A column, or a public value."""
        if "col" in e:
            column = source(self.table, e["col"])
            low, high = units(column.field.dtype, column.field.range)
            return Value(column.field.dtype, column.field.nullable, low, high, column.values, None, column.valid)
        return literal(e["lit"] if "lit" in e else fold(e), Node.of(e), self.box, self.table.rows)

    def _compute(self, place: int) -> None:
        e, args = self._graph.parts[place]
        self._values[place] = secret(e["fn"])(self.call(Node.of(e)), *[self._read(a) for a in args])

    def _finish(self, place: int, finish: Callable[[_Evaluation, Value], T]) -> T:
        return finish(self, self._read(place))

    def _read(self, place: int) -> Value:
        """A value, which is let go with its last reader."""
        self._graph.readers[place] -= 1
        return self._values[place] if self._graph.readers[place] else self._values.pop(place)


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


def _is_given(e: Expression) -> bool:
    """Whether nothing is computed from shares: a column, or a public value."""
    return "col" in e or _is_public(e)


def _is_public(e: Expression) -> bool:
    return "lit" in e or ("fn" in e and all(_is_public(a) for a in e["args"]))
