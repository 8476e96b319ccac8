"""Two parties with transfers between them, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from spuframe.preprocessing import extension
from spuframe.preprocessing.correlations import Correlations
from spuframe.preprocessing.transfers import Transfers
from spuframe.preprocessing.wire import Wire
from spuframe.spu.context import Context
from spuframe.testing import simulate

T = TypeVar("T")
KEY = bytes(range(16))


def transfers(ctx: Context) -> Transfers:
    wire = Wire(ctx)
    return Transfers(wire, *extension.set_up(wire, b"a session's label", ctx.private), KEY)


def both(work: Callable[[Correlations], T]) -> list[T]:
    """What each party gets from ``work``."""
    return simulate(2, lambda ctx: work(Correlations(transfers(ctx), ctx.rank, ctx.private)))


def costing(ctx: Context, work: Callable[[], Any]) -> tuple[Any, tuple[int, int]]:
    """What it gives, its rounds and the bytes that this party sends."""
    before = ctx.link.traffic.snapshot()
    found, after = work(), ctx.link.traffic
    return found, (after.rounds - before.rounds, sum(after.sent) - sum(before.sent))


