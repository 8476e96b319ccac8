"""How the instructions of `spuframe.ir.instructions.clusters` run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spuframe.ir.instructions.clusters import CHANCES
from spuframe.spu.algorithms.argmin import smallest
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.roots import sqrt
from spuframe.spu.machine import Machine
from spuframe.spu.share import Share

ROOM = 62


def moved(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Rows counted from another origin."""
    (a,) = machine.of(i, "a")
    by = np.array(i["by"], np.int64).view(np.uint64).reshape(1, -1)
    if i["mask"] is None:
        return machine.box.add_public(a, -by)
    return a - machine.values[i["mask"]].broadcast(a.shape).scale(by)


def distances(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Squared distances between rows and centres."""
    box, (x, c) = machine.box, machine.of(i, "a", "b")
    d, k = c.shape
    rows = [c.slice(j, j + 1).reshape(k) for j in range(d)]
    tasks = [lambda: box.matmul(x, c).scale(2), lambda: box.dot(rows, rows).reshape(1, k)]
    if i["whole"]:
        sides = [x.column(j) for j in range(d)]
        tasks.append(lambda: box.dot(sides, sides).reshape(x.rows, 1))
    both, centres, *own = box.together(tasks)
    apart = centres - both
    return apart + own[0] if own else apart


def argmin(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The place of the least value of each row."""
    (a,) = machine.of(i, "a")
    hot, least = smallest(machine.box, a)
    machine.values[i["least"]] = least.reshape(a.rows, 1)
    machine.values[i["place"]] = hot.scale(np.arange(a.shape[1], dtype=np.uint64).reshape(1, -1)).sum(1).reshape(a.rows, 1)
    return hot


def choose(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Sums of rows by cluster."""
    hot, a = machine.of(i, "a", "b")
    return machine.box.matmul(hot.transpose(), a)


def selected(machine: Machine, i: Mapping[str, Any]) -> Share:
    """One of several matrices."""
    (hot,) = machine.of(i, "a")
    parts = [machine.values[name] for name in i["parts"]]
    return machine.box.dot([hot.column(j).reshape(1, 1).broadcast(part.shape) for j, part in enumerate(parts)], parts)


def means(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Means of rows by cluster."""
    box, (sums, counts, old) = machine.box, machine.of(i, "a", "b", "old")
    most: int = i["most"]
    flat, by, largest = sums.reshape(sums.size), counts.broadcast(sums.shape).reshape(sums.size), most << machine.f
    found = divide(box, flat, by, numerator=(-largest, largest), denominator=(0, most), quotient=(1 << machine.f) + 1)
    assert found.nonzero is not None
    return box.select(found.nonzero, found.quotient, old.reshape(old.size)).reshape(*sums.shape)


def draw(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A row by chance."""
    (a,) = machine.of(i, "a")
    sums = a.reshape(a.rows).cumsum()
    edge = sums.slice(a.rows - 1, a.rows).scale(i["chance"]).broadcast((a.rows,))
    beyond = machine.box.b2a(machine.box.msb(edge - sums.shift_left(CHANCES)), 64)
    return beyond.differences().reshape(a.rows, 1)


def total(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A weighted sum of rounded products."""
    weights, a = machine.of(i, "a", "b")
    return machine.box.matmul(weights.transpose(), machine.box.trunc(a, i["drop"]))


def rounded(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Products by weights, with fewer bits."""
    weights, a = machine.of(i, "a", "b")
    return machine.box.mul(weights, machine.box.trunc(a, i["drop"]))


def roots(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Square roots of products."""
    (a,) = machine.of(i, "a")
    return sqrt(machine.box, a.reshape(a.size), 2 * machine.f, (0, (1 << ROOM) - 1), machine.f).reshape(*a.shape)
