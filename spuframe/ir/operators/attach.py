"""``attach``: the first input, and columns of the second, which has the same rows, or one that all get. ``columns``: list of [name, name there]."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME
from spuframe.ir.step import Step
from spuframe.shapes import Many, Record, Row


class Specification(Operator):
    """Columns beside columns."""

    arity = 2
    params = Record({"columns": Many(Row((NAME, NAME)))})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        t, other = inputs
        added = other.rows - t.rows  # which single row it is that all get
        return Flow({**t.columns, **{str(n): other.of([source]) | added for n, source in step.params["columns"]}}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        return inputs[0]

    def detail(self, step: Step) -> str:
        return ""
