"""Expressions over plaintext: what an owner computes alone on its own table, and constant parts of any expression.

The same primitives as over shares, with pandas' nullable (Kleene) rules: null in, null out, unless a logical operation is decided by its other
operand; integers are exact; dividing integers gives a float; dividing by zero gives null.

Whether an owner or the parties compute an expression is the optimiser's choice, and must not show: fixed point is held here as it is shared, in int64
words, which have more bits than a float. So comparisons, floors, quotients, nulls and every other exact function agree to the bit, and the others up to
their stated error (`spuframe.expr.stated`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import DType, parse_dtype
from spuframe.errors import ColumnNotFoundError, EncodingError, TypeMismatchError
from spuframe.spu.functions import plain, takes_exact
from spuframe.spu.value import Applied, Scalar

Expression: TypeAlias = Mapping[str, Any]
"""A node of a step's expressions."""
Expressions: TypeAlias = Sequence[Expression]
"""All of them, each after those that it is made of (see `spuframe.ir.physical`)."""


def evaluate(nodes: Expressions, table: pa.Table) -> pa.Array:
    """The column that an expression, the last of some nodes, gives over a table, cast to the type of its node.

    >>> x = {"col": "x", "dtype": "int64", "nullable": True, "range": None}
    >>> one = {"lit": 1, "dtype": "int64", "nullable": False, "range": [1, 1]}
    >>> more = {"fn": "add", "args": [0, 1], "dtype": "int64", "nullable": True, "range": None}
    >>> evaluate([x, one, more], pa.table({"x": [1, None]})).to_pylist()
    [2, None]
    """
    return parse_dtype(nodes[-1]["dtype"]).valued(Evaluation(nodes, [len(nodes) - 1], table).take(len(nodes) - 1))


def constants(nodes: Expressions, places: Sequence[int]) -> dict[int, Scalar]:
    """The values of some expressions without columns."""
    evaluation = Evaluation(nodes, places, pa.table({"": pa.nulls(1)}))
    out: dict[int, Scalar] = {}
    for place in places:
        if "lit" in nodes[place]:
            out[place] = nodes[place]["lit"]
            continue
        found, dtype = evaluation.take(place)[0].as_py(), parse_dtype(nodes[place]["dtype"])
        out[place] = Fraction(found, 1 << dtype.frac) if dtype.frac and found is not None else found
    return out


class Evaluation:
    """Some expressions over one table. What they have in common is computed once, and let go with the last that reads it.

    Parameters
    ----------
    nodes : sequence of mapping
    places : sequence of int
        Of the expressions that are taken, each as often as it stands here.
    table : pyarrow.Table
    """

    def __init__(self, nodes: Expressions, places: Sequence[int], table: pa.Table) -> None:
        self._nodes = nodes
        self._table = table
        self._values: dict[int, Any] = {}
        self._readers = Counter(places)
        self._readers.update(a for place in reachable(nodes, places) for a in nodes[place].get("args", ()))

    def take(self, place: int) -> pa.Array:
        """The column that an expression gives; fixed point in words."""
        for below in reachable(self._nodes, [place], self._values.__contains__):
            if below not in self._values:
                self._values[below] = self._compute(self._nodes[below])
        found = self._read(place)
        if isinstance(found, pa.Scalar):
            return pa.array([found.as_py()] * self._table.num_rows, found.type)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found

    def keep(self, place: int) -> pa.Array:
        """Which rows a filter keeps: false and null drop a row."""
        return pc.fill_null(self.take(place), False)

    def _read(self, place: int) -> Any:
        self._readers[place] -= 1
        return self._values[place] if self._readers[place] else self._values.pop(place)

    def _compute(self, e: Expression) -> Any:
        dtype = parse_dtype(e["dtype"])
        if "lit" in e:
            return pa.scalar(dtype.word(e["lit"]), dtype.held)
        if "col" in e:
            if e["col"] not in self._table.column_names:
                raise ColumnNotFoundError.of(e["col"], self._table.column_names)
            return dtype.numbers(_read(self._table.column(e["col"]), dtype, e["col"]), e["col"])
        args, about = [self._read(a) for a in e["args"]], [self._nodes[a] for a in e["args"]]
        if takes_exact(e["fn"]):
            args = [_exact(v, a) for v, a in zip(args, about, strict=True)]
        return _cast(plain(e["fn"])(Applied.over(e, about), *args), dtype.held, dtype, f"{e['fn']}(...)")


def _exact(value: Any, e: Expression) -> Any:
    """An operand of a function that takes constants as they are."""
    number = isinstance(e.get("lit"), int | float) and not isinstance(e["lit"], bool)
    return Fraction(e["lit"]) if number else value


def reachable(nodes: Expressions, ends: Iterable[int], closed: Callable[[int], bool] = lambda place: False) -> list[int]:
    """The places of all that some expressions are made of, in order, themselves included; not below what is ``closed``."""
    found = set(ends)
    stack = list(found)
    while stack:
        place = stack.pop()
        for a in () if closed(place) else nodes[place].get("args", ()):
            if a not in found:
                found.add(a)
                stack.append(a)
    return sorted(found)


def _read(column: pa.ChunkedArray, dtype: DType, name: str) -> pa.Array:
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return _cast(array, dtype.arrow, dtype, f"column {name!r}")


def _cast(array: Any, target: pa.DataType, dtype: DType, what: str) -> Any:
    if array.type == target:
        return array
    safe = not (pa.types.is_integer(array.type) and pa.types.is_floating(target)) and not pa.types.is_floating(array.type)
    try:
        if pa.types.is_integer(target) and pa.types.is_floating(array.type):
            _whole(array, what)
        return array.cast(target, safe=safe)
    except pa.ArrowNotImplementedError as error:
        raise TypeMismatchError(f"{what} has the Arrow type {array.type}, which is no {dtype}: declare the column's type") from error
    except pa.ArrowInvalid:  # its text holds the value
        raise EncodingError(f"{what} has values that {dtype} cannot hold: declare a wider type") from None


def _whole(array: Any, what: str) -> None:
    """Floats that stand for integers (pandas makes them of integers with nulls) must be whole."""
    values = np.asarray(pc.drop_null(array) if isinstance(array, pa.Array) else [array.as_py() or 0.0], dtype=np.float64)
    if not (np.isfinite(values).all() and (values == np.trunc(values)).all() and (np.abs(values) < 2.0**63).all()):
        raise EncodingError(f"{what} has values that are not whole numbers: declare it float, or round it")

