"""``cross``: every row of the first table beside every row of the second, in the order of the first; ``columns``: list of [name, side, name there]."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME, SIDE
from spuframe.ir.step import Step
from spuframe.shapes import Many, Record, Row


class Specification(Operator):
    """All pairs of rows."""

    arity = 2
    params = Record({"columns": Many(Row((NAME, SIDE, NAME)))})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        sides = dict(zip(("left", "right"), inputs, strict=True))
        return Flow({str(n): sides[side].of([source]) for n, side, source in step.params["columns"]}, inputs[0].rows | inputs[1].rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return ""
