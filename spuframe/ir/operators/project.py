"""``project``: columns computed from the input's. ``columns``: list of [name, expression]."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.expressions import columns_of
from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import EXPRESSIONS, PLACES
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Columns computed from columns."""

    arity = 1
    params = Record(EXPRESSIONS | {"columns": PLACES})
    expressions = ("columns",)

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        read = columns_of(p["expressions"], [e for _, e in p["columns"]])
        return Flow({str(n): t.of(names) for (n, _), names in zip(p["columns"], read, strict=True)}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        nodes = step.params["expressions"]
        use.expressions(nodes, inputs[0])
        columns = {name: nodes[place].get("col") for name, place in step.params["columns"]}
        return {name: inputs[0][source] for name, source in columns.items() if source in inputs[0]}

    def detail(self, step: Step) -> str:
        return ""
