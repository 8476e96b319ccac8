"""repeat: each row as often as it says. Rows are merged with as many slots as there may be, each of which takes the row above it.

Row i is to stand at ``s_i``, the sum of the counts above it. Sorted together with slots 0, 1, ... by that number, rows first, slot j has above it
the last row with ``s_i <= j``: rows that are not to be there at all stand above the one that takes their place. So expand the published joins of
tables whose keys repeat (Krastnikov, Kerschbaum and Stebila 2020, "Efficient oblivious database joins", section 5); here the sort is of log2 n
bits, and what is copied down moves once, by a prefix sum of differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.dtypes import Int
from spuframe.errors import PlanError, RowLimitError
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.join import blank, copy_down
from spuframe.spu.algorithms.permute import Move, open_move
from spuframe.spu.algorithms.sort import index_bits, partition, sort_order
from spuframe.spu.algorithms.sums import numbers
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import RINGS, column_kind
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform, fit
from spuframe.spu.share import BIT, Boolean, Share, concat
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Repeat ``inputs[0]`` by its column ``params["count"]`` into ``step.rows`` rows."""
    box, table, limit, rank = env.box, inputs[0], step.rows, step.params["rank"]
    columns = [conform(box, table.columns[f.name], f, wider=True) for f in step.schema if f.name != rank]
    counts, bits = _counts(box, table, step.params["count"], limit)
    starts, total = counts.cumsum() - counts, counts.sum()
    if table.rows and box.open(box.msb(box.add_public(-total, limit), bits))[0]:
        raise RowLimitError(
            f"the result has more rows than the limit of {limit:,} allows, and none is left out: give a higher limit=, or filter or aggregate first"
        )
    moved: list[Share] = [starts, *(c.values for c in columns), *(c.valid for c in columns if c.valid is not None)]
    if table.rows and limit:
        moved = copy_down(box, _places(box, starts, limit), moved, limit)
    else:
        moved = [blank(box, c, limit) for c in moved]
    first, *values = moved
    valid = iter(values[len(columns) :])
    found = {c.field.name: Column(c.field, v, None if c.valid is None else next(valid)) for c, v in zip(columns, values, strict=False)}
    slots = box.constant(np.arange(limit), first.kind, (limit,))
    field = step.schema[rank]
    found[rank] = Column(field, fit(box, slots - first, column_kind(field)[0].bits))
    exists = box.msb(slots - total.broadcast((limit,)), bits) if table.rows else box.constant(0, BIT, (limit,))  # j < total
    return Table({f.name: found[f.name] for f in step.schema}, limit, exists)


def _places(box: BlackBox, starts: Share, limit: int) -> Move:
    """From the order by place, where rows stand above the slots that take them, to: the rows, then the slots, as they were."""
    rows, bits = starts.rows, limit.bit_length()
    words = concat([box.a2b(starts, bits), box.constant(np.arange(limit), Boolean(bits), (limit,))])
    side = index_bits(max(rows, limit))  # a label has the side as its top bit
    labels = np.concatenate([np.arange(rows), np.arange(limit) + (1 << side)])
    order = sort_order(box, [words], rows + limit, labels, side + 1)
    return open_move(box, partition(box, box.not_(order.index.bit(side))))[0]


def _counts(box: BlackBox, table: Table, name: str, limit: int) -> tuple[Share, int]:
    """How often each row is to be there, in a ring that holds their sum and the limit, and the bits of the sum's difference from a place."""
    column = table.columns[name]
    if not isinstance(column.field.dtype, Int) or column.field.range is None or column.field.range[0] < 0:
        raise PlanError(f"rows are repeated by whole numbers from 0 on, and {name!r} is {column.field.dtype} of unknown range: lower the plan again")
    most = table.rows * int(column.field.range[1])
    bits = signed_bits(-max(most, limit), max(most, limit))
    ring = next(r for r in RINGS if r >= max(bits, column.values.bits))
    counted = table.valid if column.valid is None else column.valid if table.valid is None else box.and_(column.valid, table.valid)
    return numbers(box, column, counted, ring), bits
