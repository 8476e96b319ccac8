"""project: columns computed from columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from spuframe.spu.evaluate import columns as evaluate
from spuframe.spu.evaluate import width
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Expressions of one step share their common parts and their rounds, and are evaluated over some batches of rows at a time."""
    table, box = inputs[0], env.box
    nodes, at = step.params["expressions"], dict(step.params["columns"])
    computed = [f for f in step.schema if "fn" in nodes[at[f.name]]]

    def work(rows: Table) -> list[Share | None]:
        made = evaluate(box, rows, nodes, [(at[f.name], f) for f in computed])
        return [share for column in made for share in (column.values, column.valid)]

    found = iter(box.by_slices(table, work, width(nodes, [at[f.name] for f in computed])) if computed else [])
    columns = {f.name: Column(f, cast(Share, next(found)), next(found)) for f in computed}
    passed = [f for f in step.schema if f.name not in columns]
    columns |= {c.field.name: c for c in evaluate(box, table, nodes, [(at[f.name], f) for f in passed])}
    renamed = {nodes[place]["col"]: name for name, place in at.items() if "col" in nodes[place]}
    order: list[str] = []
    for name in table.sorted_by:
        if name not in renamed:
            break
        order.append(renamed[name])
    return Table({f.name: columns[f.name] for f in step.schema}, table.rows, table.valid, tuple(order))
