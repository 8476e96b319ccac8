"""limit: the first physical rows."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Local. A masked input was sorted before, so that its valid rows stand first."""
    table = inputs[0]
    n = min(int(step.params["rows"]), table.rows)
    columns = {
        name: Column(c.field, c.values.slice(0, n), None if c.valid is None else c.valid.slice(0, n))
        for name, c in conform_all(env.box, table.columns, step.schema.fields, wider=True).items()
    }
    return Table(columns, n, None if table.valid is None else table.valid.slice(0, n), table.sorted_by)
