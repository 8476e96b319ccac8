"""``cumulate``: its input, and one column of prefix sums.

``name``: the new column's; ``value``: an expression, summed over each row and those above it that exist, nulls skipped; null where it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.expressions import columns_of
from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import EXPRESSIONS, NAME, PLACE
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Prefix sums."""

    arity = 1
    params = Record(EXPRESSIONS | {"name": NAME, "value": PLACE})
    expressions = ("value",)

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        return Flow({**t.columns, str(p["name"]): t.of(*columns_of(p["expressions"], [p["value"]])) | t.rows}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return str(step.params["name"])
