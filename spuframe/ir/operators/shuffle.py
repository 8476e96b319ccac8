"""``shuffle``: the rows in a random order that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Rows in no order."""

    arity = 1
    params = Record({})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,) = inputs
        return Flow({f.name: t.of([f.name]) for f in step.schema}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return ""
