"""``concat``: the inputs' rows one below the other; all have the same columns and types."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow, Source
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Specification(Operator):
    """Rows below rows."""

    arity = None
    params = Record({})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        rows = frozenset[Source]().union(*(t.rows for t in inputs))
        return Flow({f.name: frozenset[Source]().union(*(t.of([f.name]) for t in inputs)) for f in step.schema}, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        passed = {}  # rows below each other need one ring: all of a column's pieces are widened, or none
        for f in step.schema:
            found = [t.get(f.name, frozenset()) for t in inputs]
            if not all(f.name in t for t in inputs):
                use.stay(found)
                continue
            passed[f.name] = found[0].union(*found)
            use.want(passed[f.name], f.dtype.ring(f.range))
        use.groups += passed.values()
        return passed

    def detail(self, step: Step) -> str:
        return ""
