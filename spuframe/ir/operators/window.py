"""``window``: its input, and columns of what rows get of the rows of their groups, sorted for that; the rows stay where they are.

``by``: the columns to sort by, nulls last, stable; ``ascending``: a truth value for each; ``windows``: lists of [name, function, level, span,
column], see `spuframe.ir.windows.Window`.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import INT, NAME, NAMES
from spuframe.ir.step import Step
from spuframe.ir.windows import FUNCTIONS
from spuframe.shapes import Flag, Many, Maybe, Record, Row, Whole, Word


class Specification(Operator):
    """Rows and what is above them."""

    arity = 1
    params = Record(
        {"by": NAMES, "ascending": Many(Flag()), "windows": Many(Row((NAME, Word(FUNCTIONS), Whole(), Maybe(INT), Maybe(NAME))))}
    )
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        order = t.rows | t.of(p["by"])
        made = {str(name): order | (t.of([c]) if c is not None else frozenset()) for name, _, _, _, c in p["windows"]}
        return Flow({**t.columns, **made}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return f"by {', '.join(step.params['by'])}" if step.params["by"] else ""
