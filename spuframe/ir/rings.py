"""Rings: in which one a value, a column or a sum is shared, and what the steps of a plan want of the columns that they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from spuframe.dtypes import DType, Field, Range, parse_dtype
from spuframe.expr.expr import bounds_of, col
from spuframe.expr.rings import Stored
from spuframe.ir.expressions import functions

Source: TypeAlias = tuple[int, str]
"""A column of a scan: the place of the step, and its name."""
Origins: TypeAlias = Mapping[str, frozenset[Source]]
"""Which scanned columns the columns of a table are."""


def ring_of_sum(field: Field, rows: int) -> int:
    """The ring that holds the sum of ``rows`` values.

    >>> from spuframe.dtypes import Int
    >>> ring_of_sum(Field("age", Int(64), range=(18, 97)), 100)
    16
    """
    low, high = field.dtype.units(field.range)
    return field.dtype.holding(min(low * rows, low), max(high * rows, high))


def summing(dtype: DType, bounds: Range | None, rows: int) -> tuple[DType, Range]:
    """The type in which so many values of a type are summed, and the bounds of the sum; without ``bounds`` those of the type."""
    low, high = bounds_of(col(Field("", dtype, range=bounds)))
    total = (min(0, low * rows), max(0, high * rows))
    return dtype.summed(*total, known=bounds is not None), total


NEEDS_ROOM = "where the sum of so many rows takes the room of fraction bits"
"""How the error of a sum or mean is stated there."""


def bits_lost(source: Field, rows: int) -> int:
    """How many fraction bits a column loses before so many values of it are summed."""
    return source.dtype.frac - summing(source.dtype, source.range, rows)[0].frac


class Use:
    """What the steps do with the columns of scans: how wide they want them, which stay narrow, which are stacked and hence of one ring."""

    def __init__(self) -> None:
        self.wants: dict[Source, int] = {}
        self.fixed: set[Source] = set()
        self.groups: list[frozenset[Source]] = []

    def settle(self) -> None:
        """Pieces of one column: the widest of what is wanted of them, or narrow if one of them has to be."""
        changed = True
        while changed:
            before = len(self.fixed), dict(self.wants)
            for group in self.groups:
                if group & self.fixed:
                    self.fixed |= group
                self.want(group, max((self.wants.get(s, 0) for s in group), default=0))
            changed = before != (len(self.fixed), self.wants)

    def want(self, found: frozenset[Source], bits: int) -> None:
        for source in found:
            self.wants[source] = max(bits, self.wants.get(source, 0))

    def expressions(self, nodes: Sequence[Mapping[str, Any]], columns: Origins) -> None:
        """What the functions of a step's expressions want of the columns that are their arguments."""
        for e in nodes:
            args = [nodes[a] for a in e.get("args", ())]
            if not any(a.get("col") in columns for a in args):
                continue
            wanted = functions()[e["fn"]].rings(_stored(e), [_stored(a) for a in args])
            for a, bits in zip(args, wanted, strict=True):
                if a.get("col") in columns:
                    self.want(columns[a["col"]], bits)

    def stay(self, *columns: Iterable[frozenset[Source]]) -> None:
        """Nothing that is moved, revealed or kept gets wider."""
        for found in columns:
            self.fixed = self.fixed.union(*found)


def _stored(e: Mapping[str, Any]) -> Stored:
    return Stored(parse_dtype(e["dtype"]), None if e["range"] is None else (e["range"][0], e["range"][1]))
