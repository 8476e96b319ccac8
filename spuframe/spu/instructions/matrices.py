"""How the instructions of `spuframe.ir.instructions.matrices` run."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, gcd, log2
from typing import Any

import numpy as np

from spuframe.spu.instructions.elements import logistic_of
from spuframe.spu.machine import RING, Machine
from spuframe.spu.share import Array, Share, concat

LEAST_FACTOR = 50
"""A factor that is rounded to a whole number keeps 1 %."""
ROOM = 61
"""A word before rounding: `trunc` takes what is below 2^62, and a bound may be met to the rounding error."""
GUARD = 4
"""Fraction bits of a mean beyond f."""


def matmul(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A product of matrices."""
    a, b = machine.of(i, "a", "b")
    return machine.box.matmul(a, b, machine.f)


def logistic(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The logistic function of a product."""
    a, b = machine.of(i, "a", "b")
    score = machine.box.matmul(a, b)  # 2f fraction bits
    return logistic_of(machine, score, 2 * machine.f)


def matmul_mean(machine: Machine, i: Mapping[str, Any]) -> Share:
    """``rate/rows a^T b + sum_j diag(rates_j) add_j``: 2 rounds. The sums join the product before it is rounded, as rows more.

    The bound on the result takes h bits of the word, the sign and the room of `trunc` three, and the factor ``rate/rows`` what 2f leaves: if
    that is too little for 1 %, the product is rounded on its own first.
    """
    a, b = machine.of(i, "a", "b")
    n, d, f = a.rows, a.shape[1], machine.f
    total = ROOM - max(1, ceil(log2(i["bound"])))  # fraction bits before the rounding
    weights = [np.rint(np.array(r, np.float64) * 2.0 ** (total - f)).astype(np.int64).view(np.uint64) for r in i["add_rates"]]
    adds = [machine.values[name] for name in i["adds"]]
    factor = round(i["rate"] / n * 2.0 ** (total - 2 * f))
    if abs(factor) >= LEAST_FACTOR:
        return machine.box.matmul(_stack(machine, a, weights), concat([b.scale(factor), *adds]), total - f)
    cut = max(0, n.bit_length() - 1)
    mean = machine.box.matmul(a.transpose(), b, cut)  # times n / 2^cut, 2f fraction bits
    mean = machine.box.trunc(mean, f - GUARD)
    summed = mean.scale(round(i["rate"] / n * 2.0 ** (cut + total - f - GUARD)))
    for weight, add in zip(weights, adds, strict=True):
        summed = summed + add.scale(weight.reshape(d, 1))
    return machine.box.trunc(summed, total - f)


def spread(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The rows in a fixed even order."""
    (a,) = machine.of(i, "a")
    return a.take(even_order(a.rows))


def transpose(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Rows as columns."""
    (a,) = machine.of(i, "a")
    return a.transpose()


def hstack(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Matrices side by side."""
    return concat([machine.values[p] for p in i["parts"]], axis=1)


def vstack(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Matrices one below the other."""
    return concat([machine.values[p] for p in i["parts"]])


def rows(machine: Machine, i: Mapping[str, Any]) -> Share:
    """Some rows."""
    (a,) = machine.of(i, "a")
    return a.slice(i["start"], i["stop"])


def batch(machine: Machine, i: Mapping[str, Any]) -> Share:
    """The rows of a minibatch."""
    (a,) = machine.of(i, "a")
    size: int = i["size"]
    batches = -(-a.rows // size)
    start = min(machine.counters[i["index"]] % batches * size, a.rows - size)
    key = i["a"], start, size
    if key not in machine.batches or machine.batches[key][0] is not a:  # one share per batch, by which what is made of it is found again
        machine.batches[key] = a, a.slice(start, start + size)
    return machine.batches[key][1]


def _stack(machine: Machine, a: Share, weights: list[Array]) -> Share:
    """The transpose of a with diagonal matrices beside it; kept, since a batch comes again in every epoch (one more copy of the features)."""
    key = id(a), b"".join(w.tobytes() for w in weights)
    if key not in machine.stacked or machine.stacked[key][0] is not a:
        square = (a.shape[1], a.shape[1])
        machine.stacked[key] = a, concat([a, *(machine.box.constant(np.diag(w), RING, square) for w in weights)]).transpose()
    return machine.stacked[key][1]


def even_order(n: int) -> Array:
    """The multiples of a number near ``n / golden ratio`` modulo n, which visit every row once and every stretch of rows evenly."""
    step = max(1, round(n * 0.6180339887498949))
    while gcd(step, n) > 1:
        step += 1
    return np.arange(n, dtype=np.int64) * step % n
