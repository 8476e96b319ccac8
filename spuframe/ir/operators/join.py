"""``join``: rows of two tables with equal keys.

``how``: one of `spuframe.ir.joins.KINDS`; ``left_on``, ``right_on``: the keys; ``unique``: "left" or "right", the side whose valid keys must be
unique, which is checked obliviously (`DuplicateKeyError`), but for a selection of the left's rows, where it says "right" and nothing is checked;
``columns``: list of [name, side, name there], the side of a key that either may have is "both". The rows are those of the other side, sorted by
key, and below them those of the unique side, if some stay without a match.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.flows import Flow, Source
from spuframe.ir.joins import BOTH, KINDS, SIDES
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME, NAMES, SIDE
from spuframe.ir.step import Step
from spuframe.shapes import Many, Record, Row, Word


class Specification(Operator):
    """Rows of two tables with equal keys."""

    arity = 2
    params = Record({
        "how": Word(tuple(KINDS)), "left_on": NAMES, "right_on": NAMES, "unique": SIDE, "columns": Many(Row((NAME, Word((*SIDES, BOTH)), NAME))),
    })  # fmt: skip
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        p, sides = step.params, {"left": inputs[0], "right": inputs[1]}
        rows = inputs[0].rows | inputs[1].rows | inputs[0].of(p["left_on"]) | inputs[1].of(p["right_on"])
        homes = {side: (side,) for side in SIDES} | {BOTH: SIDES}
        columns = {str(n): frozenset[Source]().union(*(sides[s].of([source]) for s in homes[home])) for n, home, source in p["columns"]}
        return Flow(columns, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        if KINDS[step.params["how"]].selects:
            return []
        side = step.params["unique"]
        keys = ", ".join(map(str, step.params[f"{side}_on"]))
        return [f"the parties learn whether {keys} of the {side} side is unique (one bit; if not, the plan ends)"]

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        how, on = step.params["how"], ", ".join(step.params["left_on"])
        return f"on {on}" if how == "inner" else f"{how} on {on}"
