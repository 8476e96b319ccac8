"""``filter``: the rows for which ``predicate``, an expression, is true; only their validity changes, the physical rows stay."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.expressions import columns_of
from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator, passed_on
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import EXPRESSIONS, PLACE
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Rows that stay valid."""

    arity = 1
    params = Record(EXPRESSIONS | {"predicate": PLACE})
    expressions = ("predicate",)

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        return Flow(t.columns, t.rows | t.of(*columns_of(p["expressions"], [p["predicate"]])))

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.expressions(step.params["expressions"], inputs[0])
        return passed_on(step.schema, inputs[0])

    def detail(self, step: Step) -> str:
        return ""
