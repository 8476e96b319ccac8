"""Several ways to one result: what a protocol charges for each decides, never a list of protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from spuframe.errors import MissingKernelError
from spuframe.ir.cost import Cost
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share

T = TypeVar("T")

ROUND = 1 << 16
"""Bytes that a round is worth when two ways are compared: half a millisecond at 1 Gb/s."""
DEALT = 8
"""Bytes that a unit of material is worth where a dealer makes it; where the parties do, it is worth what that costs them."""


def cheapest(box: BlackBox, ways: Sequence[Callable[[BlackBox], T]]) -> T:
    """Run the way whose declared cost is least; kinds and shapes alone decide. One that needs a kernel that the protocol lacks is out of the question."""
    return min(ways, key=lambda way: price(box, way))(box)


def given(box: BlackBox, *shares: Share) -> list[Share]:
    """What a way begins with: the shares, or shapes alone for a box that runs dry."""
    return [Share(s.kind, s.shape, ()) for s in shares] if box.dry else list(shares)


def price(box: BlackBox, way: Callable[[BlackBox], object]) -> float:
    """What a way costs, in bytes of the party that sends most; infinite where it cannot be gone."""
    dry = BlackBox(box.protocol, box.parties, None, box.batch_rows)
    try:
        way(dry)
    except MissingKernelError:
        return math.inf
    cost: Cost = dry.declared
    made = box.protocol.prepared
    before = DEALT * sum(cost.material.values()) if made is None else max(made(cost.material).sent, default=0)
    return cost.rounds * ROUND + max(cost.sent, default=0) + before
