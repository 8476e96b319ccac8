"""Rings: in which one a value, a column or a sum is shared, and what the steps of a plan want of the columns that they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from spuframe.dtypes import RINGS, DType, Field, Range, parse_dtype
from spuframe.expr.expr import bounds_of, col

Source: TypeAlias = tuple[int, str]
"""A column of a scan: the place of the step, and its name."""
Origins: TypeAlias = Mapping[str, frozenset[Source]]
"""Which scanned columns the columns of a table are."""

_SAME = frozenset(("add", "sub", "mul", "neg", "where", "fill_null", "cast", "units"))
_COMPARE = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))


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
            direct = [columns[a["col"]] for a in args if a.get("col") in columns]
            if not direct:
                continue
            bits = 0
            if e["fn"] in _SAME:
                bits = parse_dtype(e["dtype"]).ring(e["range"])
            elif e["fn"] in _COMPARE:
                bits = _compared(args)
            elif e["fn"] == "div" and args[0].get("col") in columns:
                self.want(columns[args[0]["col"]], 64)
            for found in direct:
                self.want(found, bits)

    def stay(self, *columns: Iterable[frozenset[Source]]) -> None:
        """Nothing that is moved, revealed or kept gets wider."""
        for found in columns:
            self.fixed = self.fixed.union(*found)


def _compared(args: Sequence[Mapping[str, Any]]) -> int:
    """The ring in which two integers are subtracted to compare them."""
    ends: list[int] = []
    for a in args:
        dtype = parse_dtype(a["dtype"])
        if not dtype.has_range or not dtype.exact:
            return dtype.ring(None)
        ends += [int(b) for b in (dtype.limits if a["range"] is None else a["range"])]
    need = (max(ends) - min(ends)).bit_length() + 1
    return next((bits for bits in RINGS if bits >= need), 64)
