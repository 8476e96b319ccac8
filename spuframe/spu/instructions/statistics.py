"""How the instructions of `spuframe.ir.instructions.statistics` run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from spuframe.spu.algorithms import moments as over_rows
from spuframe.spu.algorithms import scaling
from spuframe.spu.algorithms.moments import shifted
from spuframe.spu.machine import RING, Machine
from spuframe.spu.share import Share, columns


def moments(machine: Machine, i: Mapping[str, Any]) -> None:
    """Means, deviations, and columns scaled by them."""
    (a,) = machine.of(i, "a")
    box, wanted = machine.box, i["outputs"]
    there = None if i["mask"] is None else machine.values[i["mask"]]
    m = over_rows.moments(box, a, i["bits"], there, i["centred"], i["lifts"])
    make: dict[str, Callable[[], Share]] = {
        "mean": lambda: m.mean(box, i["mean"]).reshape(1, -1),
        "std": lambda: m.deviation(box, i["std"], i["ddof"]).reshape(1, -1),
        "scaled": lambda: scaling.standardised(box, m, machine.f, there),
        "lifted": lambda: scaling.lifted(box, m, machine.f, i["lifts"]),
        "scaling": lambda: scaling.scaling(box, m, machine.f, i["units"], i["room"]).matrix(box, i["rows"]),
        "centre": lambda: m.centre.reshape(1, -1),
        "count": lambda: box.constant(a.rows, RING, (1, 1)) if m.count.share is None else m.count.share.reshape(1, 1),
    }
    found = box.together([make[what] for what in wanted])
    machine.values.update(zip(wanted.values(), found, strict=True))
    machine.moments[i["keep"]] = m


def less(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Words less a mean."""
    a, mean = machine.of(i, "a", "b")
    tasks = [partial(shifted, machine.box, a.column(j), f - to) for j, (f, to) in enumerate(zip(i["fractions"], i["to"], strict=True))]
    cuts = [f + more - to for f, more, to in zip(i["fractions"], i["more"], i["to"], strict=True)]
    moved, means = machine.box.both(lambda: columns(machine.box.together(tasks)), lambda: shifted(machine.box, mean.reshape(mean.size), cuts))
    return moved - means.reshape(1, -1)
