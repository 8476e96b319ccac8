"""Expressions over tables of shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, cast

from spuframe.dtypes import Field
from spuframe.errors import ColumnNotFoundError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.functions import secret
from spuframe.spu.plaintext import Expression, Expressions, constants, reachable
from spuframe.spu.shaping import conform
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table
from spuframe.spu.value import Call, Inferred, Value, literal

T = TypeVar("T")


def columns(box: BlackBox, table: Table, nodes: Expressions, wanted: Sequence[tuple[int, Field]]) -> list[Column]:
    """Expressions as columns of the kinds that their fields say; a column of the table that comes in a wider ring keeps it.

    What expressions have in common is computed once, and parts that do not wait for each other in common rounds.

    Parameters
    ----------
    box : BlackBox
    table : Table
    nodes : sequence of mapping
        The step's expressions.
    wanted : sequence of (int, Field)
        Places of expressions.
    """
    return _Evaluation(box, table, nodes).run([(place, partial(_column, expression=nodes[place], field=field)) for place, field in wanted])


def bit(box: BlackBox, table: Table, nodes: Expressions, place: int) -> tuple[Share, Share | None]:
    """A predicate as a bit, and the bit of its not being null (None: never null)."""

    def finish(evaluation: _Evaluation, value: Value) -> tuple[Share, Share | None]:
        return evaluation.call(Inferred.of(nodes[place])).bit(value), value.valid

    return _Evaluation(box, table, nodes).run([(place, finish)])[0]


def width(nodes: Expressions, places: Sequence[int]) -> int:
    """How many parts of some expressions are computed at once, at most."""
    depths: dict[int, int] = {}
    graph = _Graph(nodes, places)
    for place, args in graph.parts.items():
        depths[place] = 1 + max((depths[a] for a in args), default=0) if place in graph.computed else 0
    return max(Counter(d for d in depths.values() if d).values(), default=1)


class _Graph:
    """The parts of some expressions; what each is made of stands before it. A plan has each part once (`spuframe.expr.expr.plain_nodes`).

    Attributes
    ----------
    parts : dict of int to list of int
        By its place, the places of a part's arguments; none where it is public.
    computed : set of int
        The parts that are computed from shares: neither a column nor public.
    readers : Counter
        How many parts read each.
    """

    def __init__(self, nodes: Expressions, ends: Sequence[int]) -> None:
        self.parts: dict[int, list[int]] = {}
        self.computed: set[int] = set()
        public: set[int] = set()
        for place in reachable(nodes, ends):
            e = nodes[place]
            if "lit" in e or ("fn" in e and public.issuperset(e["args"])):
                public.add(place)
        stack = list(ends)
        self.readers = Counter(stack)
        while stack:
            place = stack.pop()
            if place not in self.parts:
                given = place in public or "col" in nodes[place]
                self.parts[place] = [] if given else list(nodes[place]["args"])
                self.readers.update(self.parts[place])
                stack += self.parts[place]
                if not given:
                    self.computed.add(place)
        self.parts = dict(sorted(self.parts.items()))


class _Evaluation:
    """Expressions over one table."""

    def __init__(self, box: BlackBox, table: Table, nodes: Expressions) -> None:
        self.box = box
        self.table = table
        self._nodes = nodes
        self._values: dict[int, Value] = {}

    def run(self, wanted: Sequence[tuple[int, Callable[[_Evaluation, Value], T]]]) -> list[T]:
        """For each expression what its function makes of the value."""
        graph = self._graph = _Graph(self._nodes, [place for place, _ in wanted])
        public = constants(self._nodes, [p for p in graph.parts if p not in graph.computed and "col" not in self._nodes[p]])
        tasks: list[Callable[[], T | None]] = []
        needs: list[list[int]] = []
        made: dict[int, int] = {}  # the task of each part that is computed from shares
        for place, args in graph.parts.items():
            if place in graph.computed:
                made[place] = len(tasks)
                needs.append([made[a] for a in args if a in made])
                tasks.append(partial(self._compute, place))
            elif place in public:
                self._values[place] = literal(public[place], Inferred.of(self._nodes[place]), self.box, self.table.rows)
            else:
                self._values[place] = self._stored(self._nodes[place]["col"])
        for place, finish in wanted:
            needs.append([made[place]] if place in made else [])
            tasks.append(partial(self._finish, place, finish))
        return cast("list[T]", self.box.together(tasks, needs)[len(made) :])

    def call(self, node: Inferred) -> Call:
        return Call(self.box, self.table.rows, node)

    def _stored(self, name: str) -> Value:
        """A column."""
        column = source(self.table, name)
        low, high = column.field.dtype.units(column.field.range)
        return Value(column.field.dtype, column.field.nullable, low, high, column.values, None, column.valid)

    def _compute(self, place: int) -> None:
        e, args = self._nodes[place], self._graph.parts[place]
        self._values[place] = secret(e["fn"])(self.call(Inferred.of(e)), *[self._read(a) for a in args])

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
    share = value.share
    if share is None:
        share = evaluation.call(value).operand(value)
    return conform(evaluation.box, Column(Field(field.name, value.dtype, value.nullable), share, value.valid), field)
