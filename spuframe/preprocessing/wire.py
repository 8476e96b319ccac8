"""What two parties say to each other before a plan: exchanges of messages of known sizes, counted apart from those of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from spuframe.ir.cost import Cost
from spuframe.link.base import Traffic
from spuframe.spu.context import Context
from spuframe.spu.kinds import Array


class Wire:
    """One party's end.

    Parameters
    ----------
    ctx : Context
        Of one of two parties.

    Attributes
    ----------
    used : Cost
        Rounds, and bytes that this party has sent (of the other zero).
    """

    def __init__(self, ctx: Context) -> None:
        self._link, self.rank, self.peer = ctx.link, ctx.rank, 1 - ctx.rank
        self.used = Cost(0, (0, 0))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """While it lasts, traffic is that of this wire and not of the link."""
        link, before = self._link, self._link.traffic
        link.traffic = Traffic.zeros(link.world)
        try:
            yield
        finally:
            spent, link.traffic = link.traffic, before
            sent = [0, 0]
            sent[self.rank] = sum(spent.sent)
            self.used += Cost(spent.rounds, (sent[0], sent[1]))

    def swap(self, mine: Array, size: int) -> Array:
        """Send bytes, get ``size`` bytes: one round."""
        message, got = np.ascontiguousarray(mine).reshape(-1).view(np.uint8), np.empty(size, np.uint8)
        if message.size:
            self._link.send(self.peer, message)
        self._link.traffic.rounds += 1
        if size:
            self._link.recv_into(self.peer, got)
        return got
