"""``sort``: stable, nulls last, invalid rows at the end. ``by``: names, none for the validity alone; ``ascending``: a truth value for each."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAMES
from spuframe.ir.step import Step
from spuframe.shapes import Flag, Many, Record


class Specification(Operator):
    """Rows in order."""

    arity = 1
    params = Record({"by": NAMES, "ascending": Many(Flag())})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,) = inputs
        return Flow(t.columns, t.rows | t.of(step.params["by"]))

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return f"by {', '.join(step.params['by']) or 'validity'}"
