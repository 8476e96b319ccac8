"""A running program over matrices (`spuframe.ir.instructions`): fixed point in Z_2^64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from spuframe.errors import PlanError
from spuframe.ir.instructions import instructions
from spuframe.spu.algorithms.moments import Moments
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.table import Table

RING = Arithmetic(64)
ANY = (-(1 << 62), 1 << 62)
"""The range of a value of which nothing is known."""


class Runs(Protocol):
    """How an instruction runs: the matrix that it makes, unless it puts several into the machine itself."""

    def __call__(self, machine: Machine, i: Mapping[str, Any]) -> Share | None: ...


@cache
def implementation(op: str) -> Runs:
    """The function that runs an instruction."""
    known = instructions().get(op)
    if known is None:
        raise PlanError(f"this SPU has no tensor instruction {op!r}: install the same spuframe everywhere")
    return cast(Runs, getattr(import_module(f"spuframe.spu.instructions.{known.family}"), op))


class Machine:
    """The values of a running program."""

    def __init__(self, box: BlackBox, tables: list[Table], f: int) -> None:
        self.box = box
        self.tables = tables
        self.f = f
        self.values: dict[str, Share] = {}
        self.moments: dict[str, Moments] = {}
        self.counters: dict[str, int] = {}
        self.batches: dict[tuple[str, int, int], tuple[Share, Share]] = {}
        self.stacked: dict[tuple[int, bytes], tuple[Share, Share]] = {}

    def run(self, body: Sequence[Mapping[str, Any]]) -> None:
        """Carry out instructions, and the bodies of loops at each of their trips."""
        for i in body:
            if i["op"] == "loop":
                for trip in range(i["trips"]):
                    self.counters[i["index"]] = trip
                    self.run(i["body"])
                continue
            result = implementation(i["op"])(self, i)
            if result is not None:
                self.values[i["out"]] = result

    def of(self, i: Mapping[str, Any], *names: str) -> list[Share]:
        """The matrices that some fields of an instruction name."""
        return [self.values[i[name]] for name in names]

    def keep(self, table: Table, names: Sequence[str]) -> Share | None:
        """Rows that exist and have no null; None: all of them."""
        complete = self.complete(table, names)
        if table.valid is None or complete is None:
            return table.valid if complete is None else complete
        return self.box.and_(table.valid, complete)

    def complete(self, table: Table, names: Sequence[str]) -> Share | None:
        """Rows that have no null in some columns; None: all of them."""
        all_there: Share | None = None
        for name in names:
            valid = table.columns[name].valid
            if valid is not None:
                all_there = valid if all_there is None else self.box.and_(all_there, valid)
        return all_there

    def valid(self, table: Table, names: Sequence[str], inside: str | None, columns: Sequence[str]) -> list[Share | None]:
        """Of each column of an output the rows that are not null: complete in some columns of a table, and inside of what can be held."""
        there = self.complete(table, names)
        if inside is None:
            return [there] * len(columns)
        held, n = self.values[inside], table.rows
        parts = [held if held.rows == n else held.slice(j * n, (j + 1) * n) for j in range(len(columns))]
        return list(parts) if there is None else list(stacked(lambda s: self.box.and_(s[0], s[1]), [[part, there] for part in parts]))
