"""Widths: in which ring an owner shares an integer column, by what its consumers need.

A column travels in the narrowest ring of its range, and is extended where it meets wider values: per row two rounds and up to 20 bytes over
all parties, against at most 14 bytes if its owner shares it in the wider ring at once. So where nothing moves or reveals a
scanned column, and expressions, sums or matrices want it wider, the scan says so. To narrow is free, so a consumer that
wants less loses nothing; a sort, a join or a shuffle would drag the wider words along, so before one of them the column stays narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spuframe.ir.operators import operators
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step


def widen(steps: Sequence[Step]) -> list[Step]:
    """The same steps; scans whose columns are better shared in wider rings name them (``rings``: column to bits)."""
    use, known = Use(), operators()
    origins: list[Origins] = []
    for i, step in enumerate(steps):
        tables, inputs = [steps[j] for j in step.inputs], [origins[j] for j in step.inputs]
        origins.append(known[step.op].rings(i, step, tables, inputs, use))
    use.settle()
    wanted: dict[int, dict[str, int]] = {}
    for (i, name), bits in use.wants.items():
        if (i, name) not in use.fixed and bits > steps[i].schema[name].dtype.ring(steps[i].schema[name].range):
            wanted.setdefault(i, {})[name] = bits
    return [replace(s, params={**s.params, "rings": wanted[i]}) if i in wanted else s for i, s in enumerate(steps)]
