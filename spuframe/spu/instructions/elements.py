"""How the instructions of `spuframe.ir.instructions.elements` run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spuframe.spu.algorithms.waves import LOGISTIC, saturating
from spuframe.spu.machine import ANY, Machine
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share

RATE_BITS = 20
"""Fraction bits of a public factor."""


def add(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A sum."""
    a, b = machine.of(i, "a", "b")
    return a + b


def sub(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A difference."""
    a, b = machine.of(i, "a", "b")
    return a - b


def mul(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A product of elements."""
    a, b = machine.of(i, "a", "b")
    return machine.box.mul(a, b, machine.f)


def scale(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A multiple by a public number."""
    (a,) = machine.of(i, "a")
    by = float(i["by"])
    if by == int(by):
        return a.scale(int(by))
    return machine.box.trunc(a.scale(round(by * 2**RATE_BITS)), RATE_BITS)


def sigmoid(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The logistic function."""
    (a,) = machine.of(i, "a")
    return logistic_of(machine, a, machine.f)


def positive(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Whether elements are above zero."""
    (a,) = machine.of(i, "a")
    return machine.box.msb(-a.reshape(a.size))  # a > 0: the sign of -a


def number(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Bits as numbers."""
    (a,) = machine.of(i, "a")
    return machine.box.b2a(a, 64).scale(1 << machine.f).reshape(-1, 1)


def both(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Bits that are set in both."""
    a, b = machine.of(i, "a", "b")
    return machine.box.and_(a, b)


def each(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Bits repeated."""
    (a,) = machine.of(i, "a")
    return a.take(np.repeat(np.arange(i["columns"]), i["rows"]))


def every(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Bits that are set in all of some columns."""
    (a,) = machine.of(i, "a")
    n: int = i["rows"]
    parts = [a.slice(j * n, (j + 1) * n) for j in i["columns"]]
    while len(parts) > 1:
        half = len(parts) // 2
        joined = stacked(lambda s: machine.box.and_(s[0], s[1]), list(zip(parts[:half], parts[half : 2 * half], strict=True)))
        parts = [*joined, *parts[2 * half :]]
    return parts[0]


def logistic_of(machine: Machine, x: Share, f: int) -> Share:
    """The logistic function of words with f fraction bits, with those of the program."""
    return saturating(machine.box, x.reshape(x.size), f, ANY, machine.f, LOGISTIC).reshape(*x.shape)
