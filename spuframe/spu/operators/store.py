"""store: keep a table of shares at the parties, so that later plans can load it."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import PlanError
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all, shuffled
from spuframe.spu.share import BIT
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Columns take exactly the kinds that their fields give, and the rows a mask where the step has one, so that `load` needs to know no more.

    Rows of a masked table without an order are shuffled, once for all that is revealed of them later: the places of the missing ones say nothing.
    """
    box, table = env.box, inputs[0]
    if table.valid is not None and not step.masked:
        raise PlanError(f"the plan stores {step.params['name']!r} without a mask, and some of its rows may not exist: lower the plan again")
    valid = box.constant(1, BIT, (table.rows,)) if table.valid is None and step.masked else table.valid
    kept = Table(conform_all(box, table.columns, step.schema.fields), table.rows, valid, table.sorted_by)
    if valid is not None and step.params.get("shuffled", False):
        kept = shuffled(box, kept)
    box.settle()  # nothing outlives a plan in which a party cheated
    if not env.box.dry:
        env.store.put(step.params["name"], kept)
    return kept
