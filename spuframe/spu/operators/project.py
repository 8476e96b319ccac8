"""project: columns computed from columns."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.evaluate import Evaluator
from spuframe.spu.operator import Env, Step
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Expressions of one step share their common parts."""
    table = inputs[0]
    expressions = dict(step.params["columns"])
    evaluator = Evaluator(env.box, table)
    columns = {f.name: evaluator.column(expressions[f.name], f) for f in step.fields}
    renamed = {e["col"]: name for name, e in expressions.items() if "col" in e}
    order: list[str] = []
    for name in table.sorted_by:
        if name not in renamed:
            break
        order.append(renamed[name])
    return Table(columns, table.rows, table.valid, tuple(order))
