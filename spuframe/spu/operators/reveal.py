"""reveal: a table is handed to the analyst, and nothing of the rows and values that are not part of it."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.kernel import Cost
from spuframe.spu.operator import Delivery, Env, Step
from spuframe.spu.shaping import conform_all, masked, shuffled
from spuframe.spu.share import Share
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Invalid rows and nulls are zeroed; unless ``ordered``, a masked table is shuffled first, so that the places of its rows say nothing.

    Rows that were shuffled when they were stored stay as they are.
    """
    box, table = env.box, inputs[0]
    table = Table(conform_all(box, table.columns, step.schema.fields), table.rows, table.valid)
    ordered, stored = bool(step.params.get("ordered", False)), step.params.get("stored")
    if table.valid is not None and not ordered and stored is None:
        table = shuffled(box, table)
    table = masked(box, table)
    box.settle()
    delivery = Delivery(step.schema.fields, table.rows)
    if box.ctx is not None:
        box.ctx.round([], [])  # what is handed over counts as one
    sizes = [0] * env.parties

    def hand(share: Share) -> tuple[Share, object]:
        for party, size in enumerate(box.protocol.yield_sizes(env.parties, share.kind, share.shape)):
            sizes[party] += size
        if box.ctx is None:
            return share, None
        return share, box.protocol.yield_(box.ctx.rank, env.parties, share, box.ctx.streams)

    for name, column in table.columns.items():
        delivery.messages[name] = hand(column.values)
        if column.valid is not None:
            delivery.valid[name] = hand(column.valid)
    if table.valid is not None:
        delivery.mask = hand(table.valid)
    box.declared += Cost(1, tuple(sizes))
    env.deliveries.append(delivery)
    return table
