"""cross: every row of one table beside every row of the other; local but for an AND a row where both may lack rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.errors import PlanError
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Pairs of ``inputs[0]`` and ``inputs[1]``."""
    left, right = inputs
    if left.rows * right.rows != step.rows:  # before there is room for them: quotas look at what a step says of itself
        raise PlanError(f"{left.rows:,} rows beside {right.rows:,} are not the {step.rows:,} that the step says: lower the plan again")
    places = {"left": np.repeat(np.arange(left.rows), right.rows), "right": np.tile(np.arange(right.rows), left.rows)}
    tables = dict(zip(("left", "right"), inputs, strict=True))
    columns: dict[str, Column] = {}
    for name, side, source in step.params["columns"]:
        c, at = tables[side].columns[source], places[side]
        columns[name] = Column(c.field, c.values.take(at), None if c.valid is None else c.valid.take(at))
    valid: Share | None = None
    for side, table in tables.items():
        if table.valid is not None:
            there = table.valid.take(places[side])
            valid = there if valid is None else env.box.and_(valid, there)
    found = conform_all(env.box, columns, step.schema.fields, wider=True)
    return Table({f.name: found[f.name] for f in step.schema}, step.rows, valid)
