"""``store``: its input, kept in the parties' stores under ``name``; ``shuffled``: in a random order. Nothing for the analyst."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Flag, Record, Text


class Specification(Operator):
    """Shares that are kept."""

    arity = 1
    params = Record({"name": Text(256, 1)}, {"shuffled": Flag()})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,) = inputs
        return Flow({f.name: t.of([f.name]) for f in step.schema}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        order = ", in a random order" if step.params.get("shuffled") else ""
        return [f"the parties keep {step.rows} rows of shares as {step.params['name']!r}{order}"]

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return str(step.params["name"])
