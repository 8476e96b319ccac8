"""Several ways to one result: what a protocol charges for each decides, never a list of protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from spuframe.errors import MissingKernelError
from spuframe.ir.cost import Cost
from spuframe.spu.blackbox import BlackBox

T = TypeVar("T")

ROUND = 1 << 16
"""Bytes that a round is worth when two ways are compared: half a millisecond at 1 Gb/s."""
PREPARED = 8
"""Bytes that a unit of material is worth: it was made before, and costs where it was made."""


def cheapest(box: BlackBox, ways: Sequence[Callable[[BlackBox], T]]) -> T:
    """Run the way whose declared cost is least; kinds and shapes alone decide. One that needs a kernel that the protocol lacks is out of the question."""
    return min(ways, key=lambda way: price(box, way))(box)


def price(box: BlackBox, way: Callable[[BlackBox], object]) -> float:
    """What a way costs, in bytes of the party that sends most; infinite where it cannot be gone."""
    dry = BlackBox(box.protocol, box.parties, None, box.batch_rows)
    try:
        way(dry)
    except MissingKernelError:
        return math.inf
    cost: Cost = dry.declared
    return cost.rounds * ROUND + max(cost.sent, default=0) + PREPARED * sum(cost.material.values())
