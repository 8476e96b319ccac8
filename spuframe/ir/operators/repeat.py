"""``repeat``: each row as often as it says.

``count``: the column that says how often, null for not at all; ``rank``: the new column, which repetition a row is, from 0. The step's rows bound
how many there may be, which is checked obliviously (`RowLimitError`). Rows stay in order, and stand before those that do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Rows as often as they say."""

    arity = 1
    params = Record({"count": NAME, "rank": NAME})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        rows = t.rows | t.of([p["count"]])
        return Flow({f.name: rows if f.name == p["rank"] else t.of([f.name]) for f in step.schema}, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return [f"the parties learn whether there are more than {step.rows:,} rows, each as often as it says (one bit; if so, the plan ends)"]

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return f"up to {step.rows:,}"
