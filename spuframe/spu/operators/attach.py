"""attach: a table, and columns of another one that has the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import PlanError
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Local; which rows exist is what the first table says."""
    table, other = inputs
    if other.rows != table.rows:
        raise PlanError(f"{other.rows} rows cannot be attached to {table.rows}: lower the plan again")
    found = {**table.columns, **{name: other.columns[source] for name, source in step.params["columns"]}}
    return Table(conform_all(env.box, found, step.fields, wider=True), table.rows, table.valid, table.sorted_by)
