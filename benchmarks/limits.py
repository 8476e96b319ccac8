"""What the machine allows: how long an operation takes at least, from its bytes, rounds and keystream and three measured speeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spuframe.kernels.prg import Stream
from spuframe.link.base import Link

MESSAGE = 1 << 19
AES_BYTES = 1 << 26


@dataclass(frozen=True)
class Limits:
    """Speeds of one party while all the others do the same.

    Parameters
    ----------
    latency : float
        Seconds of a round of one byte.
    bandwidth : float
        Bytes a second that a party sends while it receives as many.
    aes : float
        Keystream bytes a second.
    """

    latency: float
    bandwidth: float
    aes: float

    def seconds(self, rounds: int, sent: Sequence[int], drawn: Sequence[int]) -> float:
        """Bytes at link speed, rounds at the latency, keystream at AES speed, one after the other, of the busiest party.

        >>> Limits(0.001, 1e6, 1e9).seconds(2, [500_000, 100], [10**8, 0])
        0.602
        """
        party = max((s / self.bandwidth + d / self.aes for s, d in zip(sent, drawn, strict=True)), default=0.0)
        return rounds * self.latency + party

    def to_plain(self) -> dict[str, float]:
        return asdict(self)

    def __str__(self) -> str:
        return f"a round {self.latency * 1e6:.0f} us, link {self.bandwidth / 1e6:,.0f} MB/s a party, AES {self.aes / 1e9:.2f} GB/s a party"


def probe(link: Link, parties: int, barrier: Callable[[], None], rounds: int, messages: int) -> dict[str, float]:
    """Measure at one party; all parties call it at once. The best of a few repetitions, since it is a limit."""
    to, frm = (link.rank + 1) % parties, (link.rank - 1) % parties

    def exchange(out: Any, count: int) -> float:
        data = np.zeros_like(out)
        barrier()
        start = time.perf_counter()
        for _ in range(count):
            link.send(to, data)
            link.recv_into(frm, out)
        return (time.perf_counter() - start) / count

    def stream(out: Any, count: int) -> float:
        data = np.zeros_like(out)
        barrier()
        start = time.perf_counter()
        for _ in range(count):
            link.send(to, data)
        for _ in range(count):
            link.recv_into(frm, out)
        return time.perf_counter() - start

    latency = bandwidth = 0.0
    if parties > 1:
        exchange(np.empty(1, np.uint8), 2)  # warm
        latency = min(exchange(np.empty(1, np.uint8), rounds) for _ in range(5))
        buffer = np.empty(MESSAGE, np.uint8)
        # without what the last message travels: that is the round's
        bandwidth = messages * MESSAGE / max(min(stream(buffer, messages) for _ in range(3)) - latency, 1e-9)
    keys, out = Stream.fresh(), np.empty(1 << 16, np.uint8)
    keys.fill(out)
    barrier()
    start = time.perf_counter()
    for _ in range(AES_BYTES // out.size):
        keys.fill(out)
    return {"latency": latency, "bandwidth": bandwidth, "aes": AES_BYTES / (time.perf_counter() - start)}


def combine(parties: Sequence[dict[str, float]]) -> Limits:
    """One figure of all parties': the shortest round, mean speeds."""

    def mean(name: str) -> float:
        return sum(p[name] for p in parties) / len(parties)

    return Limits(min(p["latency"] for p in parties), mean("bandwidth") or float("inf"), mean("aes"))
