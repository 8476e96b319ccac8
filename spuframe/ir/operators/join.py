"""``join``: rows of two tables with equal keys.

``how``: "inner"; ``left_on``, ``right_on``: the keys; ``unique``: "left" or "right", the side whose valid keys must be unique, which is checked
obliviously (`DuplicateKeyError`); ``columns``: list of [name, side, name there]. The rows are those of the other side, sorted by key.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME, NAMES, SIDE
from spuframe.ir.step import Step
from spuframe.shapes import Many, Record, Row, Text


class Specification(Operator):
    """Rows of two tables with equal keys."""

    arity = 2
    params = Record({"how": Text(32), "left_on": NAMES, "right_on": NAMES, "unique": SIDE, "columns": Many(Row((NAME, SIDE, NAME)))})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        p, sides = step.params, {"left": inputs[0], "right": inputs[1]}
        rows = inputs[0].rows | inputs[1].rows | inputs[0].of(p["left_on"]) | inputs[1].of(p["right_on"])
        return Flow({str(n): sides[side].of([source]) for n, side, source in p["columns"]}, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        side = step.params["unique"]
        keys = ", ".join(map(str, step.params[f"{side}_on"]))
        return [f"the parties learn whether {keys} of the {side} side is unique (one bit; if not, the plan ends)"]

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return f"on {', '.join(step.params['left_on'])}"
