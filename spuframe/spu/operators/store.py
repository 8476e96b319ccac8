"""store: keep a table of shares at the parties, so that later plans can load it."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Columns take exactly the kinds that their fields give, so that `load` needs to know no more than the schema."""
    table = inputs[0]
    kept = Table(conform_all(env.box, table.columns, step.fields), table.rows, table.valid, table.sorted_by)
    if not env.box.dry:
        env.store.put(step.params["name"], kept)
    return kept
