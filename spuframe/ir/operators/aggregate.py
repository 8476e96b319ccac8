"""``aggregate``: a row for each group of equal keys (null keys dropped), sorted by key; without keys one row.

``keys``: names; ``aggregates``: list of [name, function, column], function: size, count, sum, mean, min, max; ``size`` has no column.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.aggregates import aggregation
from spuframe.ir.flows import Flow
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME, NAMES
from spuframe.ir.step import Step
from spuframe.shapes import Many, Maybe, Record, Row, Text


class Specification(Operator):
    """Groups of rows."""

    arity = 1
    params = Record({"keys": NAMES, "aggregates": Many(Row((NAME, Text(64), Maybe(NAME))))})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,), p = inputs, step.params
        keys = {str(k): t.of([k]) for k in p["keys"]}
        rows = t.rows.union(*keys.values())
        made = {str(n): rows | (t.of([c]) if c is not None else frozenset()) for n, _, c in p["aggregates"]}
        return Flow({**keys, **made}, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        return []

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        if step.params["keys"]:
            use.stay(inputs[0].values())
            return {}
        (table,) = tables
        for _, function, source in step.params["aggregates"]:
            how = aggregation(function)
            if how.of_rows:
                continue
            found, ring = inputs[0].get(source, frozenset()), how.ring(table.schema[source], table.rows)
            if ring is None:
                use.stay([found])
            else:
                use.want(found, ring)
        return {}

    def detail(self, step: Step) -> str:
        return f"by {', '.join(step.params['keys']) or 'nothing'}"
