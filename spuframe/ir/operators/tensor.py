"""``tensor``: a ``program`` over matrices (see `spuframe.plan.tensor`), whose outputs are read with ``output``."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow, Source
from spuframe.ir.instructions import PROGRAM, instructions
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """A program over matrices."""

    arity = None
    params = Record({"program": PROGRAM})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        rows = frozenset[Source]().union(*(t.rows for t in inputs))
        everything = rows.union(*(t.values for t in inputs))  # into every output
        return Flow({"": everything}, everything)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        for i in step.params["program"].get("body", ()):
            known = instructions().get(i["op"])
            read = None if known is None else known.reads(i)
            if read is not None:
                table, columns = read
                for name in columns:
                    use.want(inputs[table].get(name, frozenset()), 64)
        return {}

    def detail(self, step: Step) -> str:
        return ""
