"""``load``: a table of shares kept in the parties' stores. ``name``: its name there."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record, Text


class Specification(Operator):
    """A stored table."""

    arity = 0
    params = Record({"name": Text(256, 1)})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        return Flow({f.name: frozenset({("", str(step.params["name"]), f.name)}) for f in step.schema}, frozenset())

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        return {}

    def detail(self, step: Step) -> str:
        return str(step.params["name"])
