"""attach: a table, and columns of another one that has the same rows, or one row that all of them get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.errors import PlanError
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Local; which rows exist is what the first table says."""
    table, other = inputs
    added = {name: other.columns[source] for name, source in step.params["columns"]}
    found = conform_all(env.box, {**table.columns, **added}, step.schema.fields, wider=True)
    if other.rows != table.rows:
        if other.rows != 1 or other.valid is not None:
            raise PlanError(f"{other.rows} rows cannot be attached to {table.rows}: lower the plan again")
        row = np.zeros(table.rows, np.intp)  # the same row everywhere, of whole words and of packed bits
        found |= {n: Column(c.field, c.values.take(row), None if c.valid is None else c.valid.take(row)) for n, c in found.items() if n in added}
    return Table(found, table.rows, table.valid, table.sorted_by)
