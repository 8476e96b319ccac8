"""How the instructions of `spuframe.ir.instructions.inputs` run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from spuframe.errors import PlanError
from spuframe.spu.algorithms.compare import less
from spuframe.spu.algorithms.moments import shifted
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.machine import RING, Machine
from spuframe.spu.share import BIT, Share, columns, concat
from spuframe.spu.table import Column


def input(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Columns of a table as a matrix."""
    box = machine.box
    table = machine.tables[i["table"]]
    found = [table.columns[name] for name in i["columns"]]
    values, ups = zip(*box.together([partial(_word, box, c) for c in found]), strict=True)
    moves = [machine.f - up - shift for up, shift in zip(ups, i["shifts"], strict=True)]
    ready: list[Share | None] = [w.scale(1 << m) if m >= 0 else None for w, m in zip(values, moves, strict=True)]
    amounts = {-m: [j for j, n in enumerate(moves) if n == m] for m in sorted(moves) if m < 0}  # one truncation each, in common rounds
    tasks = [partial(box.trunc, concat([values[j] for j in chosen]), amount) for amount, chosen in amounts.items()]
    for chosen, cut in zip(amounts.values(), box.together(tasks), strict=True):
        for k, j in enumerate(chosen):
            ready[j] = cut.slice(k * table.rows, (k + 1) * table.rows)
    done = [r for r in ready if r is not None]
    if i["complete"] is not None:
        keep = machine.keep(table, i["complete"])
        if keep is not None:
            masked = box.inject(concat([keep] * len(done)), concat(done))
            done = [masked.slice(j * table.rows, (j + 1) * table.rows) for j in range(len(done))]
    return columns(done)


def words(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Columns of a table as the words that they are."""
    box = machine.box
    table = machine.tables[i["table"]]
    found = [table.columns[name] for name in i["columns"]]

    def word(column: Column, fraction: int, centre: int, edges: Sequence[int] | None) -> tuple[Share, Share | None]:
        share, has = _word(box, column)
        if edges is None:
            return box.add_public(shifted(box, share, has - fraction), -centre), None
        moved, there = box.both(lambda: shifted(box, share, has - fraction), lambda: _between(box, share, *edges))
        return box.add_public(moved, -centre), there

    limits = i["edges"] or [None] * len(found)
    made = box.together([partial(word, *of) for of in zip(found, i["fractions"], i["centres"], limits, strict=True)])
    if i["inside"] is not None:
        one = box.constant(1, BIT, (table.rows,))
        machine.values[i["inside"]] = concat([one if there is None else there for _, there in made])
    return columns([moved for moved, _ in made])


def mask(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The rows that take part."""
    table = machine.tables[i["table"]]
    keep = machine.keep(table, i["columns"])
    return machine.box.constant(1, RING, (table.rows, 1)) if keep is None else machine.box.b2a(keep, 64).reshape(-1, 1)


def full(machine: Machine, i: Mapping[str, Any]) -> Share:
    """One number everywhere."""
    return machine.box.constant(round(i["value"] * 2.0**machine.f), RING, tuple(i["shape"]))


def constant(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Public numbers."""
    values = np.rint(np.array(i["values"], np.float64) * 2.0**machine.f).astype(np.int64).view(np.uint64)
    return machine.box.constant(values, RING, values.shape)


def _word(box: BlackBox, column: Column) -> tuple[Share, int]:
    """The column in Z_2^64, and the fraction bits that it has."""
    dtype = column.field.dtype
    if not dtype.as_number.is_numeric:
        raise PlanError(f"column {column.field.name!r} is {dtype}: a matrix takes numbers and booleans")
    return box.b2a(column.values, 64) if column.values.is_bit else box.extend(column.values, 64), dtype.frac


def _between(box: BlackBox, x: Share, low: int, high: int, lowest: int, highest: int) -> Share:
    """Whether ``low <= x <= high``, of words in ``lowest..highest``."""
    all_of = lowest, highest

    def of(v: Share, ring: int) -> Share:
        return v.narrow(ring)

    below = partial(less, box, x, low, all_of, (low, low), of, x.rows)
    above = partial(less, box, high, x, (high, high), all_of, of, x.rows)
    sides = [side for side, some in ((below, lowest < low), (above, highest > high)) if some]
    out = box.together(sides)
    return box.not_(out[0] ^ out[1] if len(out) > 1 else out[0])
