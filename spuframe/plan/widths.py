"""Widths: in which ring an owner shares an integer column, by what its consumers need.

A column travels in the narrowest ring of its range, and is extended where it meets wider values: per row two rounds and up to 20 bytes over
all parties, against at most 14 bytes if its owner shares it in the wider ring at once. So where nothing moves or reveals a
scanned column, and expressions, sums or matrices want it wider, the scan says so. To narrow is free, so a consumer that
wants less loses nothing; a sort, a join or a shuffle would drag the wider words along, so before one of them the column stays narrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from spuframe.dtypes import RINGS, Date, DType, Field, Fixed, Int, parse_dtype, ring_for
from spuframe.ir.physical import Step

Source: TypeAlias = tuple[int, str]
Origins: TypeAlias = dict[str, frozenset[Source]]

_SAME = frozenset(("add", "sub", "mul", "neg", "where", "fill_null", "cast"))
_COMPARE = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))


def widen(steps: Sequence[Step]) -> list[Step]:
    """The same steps; scans whose columns are better shared in wider rings name them (``rings``: column to bits)."""
    use = _Use()
    origins: list[Origins] = []
    for i, step in enumerate(steps):
        origins.append(use.step(i, step, [origins[j] for j in step.inputs], steps))
    use.settle()
    wanted: dict[int, dict[str, int]] = {}
    for (i, name), bits in use.wants.items():
        if (i, name) not in use.fixed and bits > _ring(steps[i].schema[name].dtype, steps[i].schema[name].range):
            wanted.setdefault(i, {})[name] = bits
    return [replace(s, params={**s.params, "rings": wanted[i]}) if i in wanted else s for i, s in enumerate(steps)]


class _Use:
    """What the steps do with the columns of scans."""

    def __init__(self) -> None:
        self.wants: dict[Source, int] = {}
        self.fixed: set[Source] = set()
        self.groups: list[frozenset[Source]] = []  # what is stacked, and hence of one ring

    def step(self, i: int, step: Step, inputs: Sequence[Origins], steps: Sequence[Step]) -> Origins:
        """Note what a step wants of its inputs; which scanned columns its own columns are."""
        if step.op == "scan":
            return {f.name: frozenset([(i, f.name)]) for f in step.schema if isinstance(f.dtype, Int | Date)}
        if step.op in ("filter", "limit"):
            if step.op == "filter":
                self.expressions(step.params["expressions"], inputs[0])
            return {f.name: inputs[0][f.name] for f in step.schema if f.name in inputs[0]}
        if step.op == "project":
            nodes = step.params["expressions"]
            self.expressions(nodes, inputs[0])
            columns = {name: nodes[place].get("col") for name, place in step.params["columns"]}
            return {name: inputs[0][source] for name, source in columns.items() if source in inputs[0]}
        if step.op == "attach":
            return inputs[0]
        if step.op == "concat":
            return self.concat(step, inputs)
        if step.op == "tensor":
            for instruction in step.params["program"].get("body", ()):
                if instruction["op"] in ("input", "words"):
                    for name in instruction.get("columns", ()):
                        self.want(inputs[instruction["table"]].get(name, frozenset()), 64)
            return {}
        if step.op == "aggregate" and not step.params["keys"]:
            rows = steps[step.inputs[0]].rows
            for name, function, source in step.params["aggregates"]:
                found = inputs[0].get(source, frozenset())
                if function == "sum":
                    self.want(found, _ring(step.schema[name].dtype, step.schema[name].range))
                elif function == "mean":
                    self.want(found, _ring_of_sum(steps[step.inputs[0]].schema[source], rows))
                elif function not in ("size", "count"):
                    self.fixed |= found
            return {}
        for table in inputs:
            for found in table.values():
                self.fixed |= found
        return {}

    def concat(self, step: Step, inputs: Sequence[Origins]) -> Origins:
        """Rows below each other need one ring: all of a column's pieces are widened, or none."""
        passed: Origins = {}
        for f in step.schema:
            found = frozenset[Source]().union(*(t.get(f.name, frozenset()) for t in inputs))
            if all(f.name in t for t in inputs):
                self.want(found, _ring(f.dtype, f.range))
                passed[f.name] = found
            else:
                self.fixed |= found
        self.groups += passed.values()
        return passed

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
                bits = _ring(parse_dtype(e["dtype"]), e["range"])
            elif e["fn"] in _COMPARE:
                bits = _compared(args)
            elif e["fn"] == "div" and args[0].get("col") in columns:
                self.want(columns[args[0]["col"]], 64)
            for found in direct:
                self.want(found, bits)


def _ring(dtype: DType, bounds: Sequence[float] | None) -> int:
    """Bits of the ring of a value of the type."""
    if isinstance(dtype, Int | Date):
        low, high = dtype.bounds if bounds is None else bounds
        zero = dtype.ORIGIN if isinstance(dtype, Date) else 0
        return ring_for(int(low) - zero, int(high) - zero)
    return 64 if isinstance(dtype, Fixed) else 0


def _ring_of_sum(field: Field, rows: int) -> int:
    if not isinstance(field.dtype, Int):
        return 64
    low, high = (int(b) for b in (field.dtype.bounds if field.range is None else field.range))
    return ring_for(min(low * rows, low), max(high * rows, high))


def _compared(args: Sequence[Mapping[str, Any]]) -> int:
    """The ring in which two integers are subtracted to compare them."""
    ends: list[int] = []
    for a in args:
        dtype = parse_dtype(a["dtype"])
        if not isinstance(dtype, Int | Date):
            return 64 if isinstance(dtype, Fixed) else 0
        ends += [int(b) for b in (dtype.bounds if a["range"] is None else a["range"])]
    need = (max(ends) - min(ends)).bit_length() + 1
    return next((bits for bits in RINGS if bits >= need), 64)
