"""cumulate: the table, and a column of prefix sums; one product with a bit where rows or values may be missing, the sums are local."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from spuframe.dtypes import Field, parse_dtype
from spuframe.spu.algorithms.sums import numbers, summable
from spuframe.spu.encoding import column_kind
from spuframe.spu.evaluate import columns as evaluate
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Values that do not count become zero, in the ring of the sums; what is not a prefix sum is computed some batches of rows at a time."""
    box, table, nodes, place = env.box, inputs[0], step.params["expressions"], step.params["value"]
    e = nodes[place]
    bounds = e["range"]
    source = Field("", parse_dtype(e["dtype"]), bool(e["nullable"]), range=None if bounds is None else (bounds[0], bounds[1]))
    field = next(f for f in step.schema if f.name == step.params["name"])
    ring = column_kind(field)[0].bits

    def work(rows: Table) -> list[Share | None]:
        (column,) = evaluate(box, rows, nodes, [(place, source)])
        counted = column.valid if rows.valid is None else rows.valid if column.valid is None else box.and_(column.valid, rows.valid)
        return [numbers(box, summable(box, column, table.rows), counted, ring), column.valid]

    values, valid = box.by_slices(table, work)
    columns = conform_all(box, table.columns, [f for f in step.schema if f is not field], wider=True)
    columns[field.name] = Column(field, cast(Share, values).cumsum(), valid)
    return Table({f.name: columns[f.name] for f in step.schema}, table.rows, table.valid, table.sorted_by)
