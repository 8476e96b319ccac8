"""limit: the first physical rows."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Local. A masked input was sorted before, so that its valid rows stand first."""
    table = inputs[0]
    n = min(int(step.params["rows"]), table.rows)
    columns = {}
    for field in step.fields:
        c = conform(env.box, table.columns[field.name], field, wider=True)
        columns[field.name] = Column(field, c.values.slice(0, n), None if c.valid is None else c.valid.slice(0, n))
    return Table(columns, n, None if table.valid is None else table.valid.slice(0, n), table.sorted_by)
