"""reveal: a table is handed to the analyst, and nothing of the rows and values that are not part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

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
    handed: list[tuple[Share, Callable[[tuple[Share, object]], None]]] = []
    delivery = Delivery(step.schema.fields, table.rows)
    for name, column in table.columns.items():
        handed.append((column.values, partial(delivery.messages.__setitem__, name)))
        if column.valid is not None:
            handed.append((column.valid, partial(delivery.valid.__setitem__, name)))
    if table.valid is not None:
        handed.append((table.valid, partial(setattr, delivery, "mask")))
    shares = [share for share, _ in handed]
    for (share, put), message in zip(handed, box.hand_over(shares), strict=True):
        put((share, message))
    env.deliveries.append(delivery)
    return table
