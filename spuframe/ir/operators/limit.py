"""``limit``: the first ``rows`` rows."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator, passed_on
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record, Whole


class Specification(Operator):
    """The first rows."""

    arity = 1
    params = Record({"rows": Whole()})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,) = inputs
        return Flow({f.name: t.of([f.name]) for f in step.schema}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        return passed_on(step.schema, inputs[0])

    def detail(self, step: Step) -> str:
        return ""
