"""How the instructions of `spuframe.ir.instructions.regression` run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spuframe.spu.algorithms import least_squares as algorithms
from spuframe.spu.machine import Machine
from spuframe.spu.share import Share


def least_squares(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Coefficients of standardised columns."""
    (z,) = machine.of(i, "a")
    lifted = None if i["lifted"] is None else machine.values[i["lifted"]]
    w, machine.values[i["determined"]] = algorithms.solved(machine.box, machine.moments[i["keep"]], z, lifted, machine.f)
    return w.reshape(-1, 1)


def line(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Slopes as limbs, in the units of the columns and of the target."""
    (w,) = machine.of(i, "a")
    names = ("limb", "count", "up", "fraction", "largest", "f", "target", "middle", "centres", "places")
    units = algorithms.Units(**{name: i[name] for name in names})
    out, offset, intercept = algorithms.line(machine.box, machine.moments[i["keep"]], w.reshape(w.size), machine.f, units)
    machine.values[i["offset"]], machine.values[i["intercept"]] = offset.reshape(1, 1), intercept
    return out
