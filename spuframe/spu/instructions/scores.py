"""How the instructions of `spuframe.ir.instructions.scores` run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spuframe.spu.algorithms import moments, scaling
from spuframe.spu.algorithms import score as sums
from spuframe.spu.machine import Machine
from spuframe.spu.share import Share, concat


def scale_rows(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Other rows, scaled."""
    a, how = machine.of(i, "a", "scaling")
    scaled, inside = scaling.apply(machine.box, scaling.read(how, i["rows"], i["fitted"]), a, i["width"], machine.f)
    if inside is not None:
        machine.values[i["inside"]] = inside
    return scaled


def digits(machine: Machine, i: Mapping[str, Any]) -> None:
    """Slopes as limbs, from the coefficients of columns scaled."""
    w = None if i["a"] is None else machine.values[i["a"]]
    of = None if w is None else w.reshape(w.size)
    found = sums.digits(machine.box, machine.moments[i["keep"]], of, machine.f, i["limb"], i["count"])
    machine.values[i["out"]], machine.values[i["offset"]] = found[0], found[1].reshape(1, -1)


def origin(machine: Machine, i: Mapping[str, Any]) -> None:
    """Slopes times means."""
    slopes, centre = machine.of(i, "a", "b")
    found = sums.origin(machine.box, slopes, centre.reshape(centre.size), i["public"], i["width"], i["limb"], i["drops"], i["summed"])
    machine.values.update(zip(i["outs"], (x.reshape(1, -1) for x in found), strict=True))


def limbs(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Words as limbs."""
    (a,) = machine.of(i, "a")
    return concat(moments.limbs(machine.box, a, i["limb"] * i["count"] - 1, i["limb"]))


def score(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Weighted sums, right for any row."""
    x, by, offset = machine.of(i, "a", "b", "offset")
    found, inside = sums.score(machine.box, x, by, offset.reshape(1), i["width"], i["limb"], i["fraction"], i["most"], machine.f)
    if inside is not None:
        machine.values[i["inside"]] = inside
    return found.reshape(-1, 1)
