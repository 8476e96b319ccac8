"""Slower networks than the one we have: a link whose messages arrive late, as over a line of some latency and bandwidth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spuframe.link import framing
from spuframe.link.base import Link, Traffic


@dataclass(frozen=True)
class Network:
    """A line between machines.

    Parameters
    ----------
    rtt : float
        Seconds there and back; a message takes half of it.
    bandwidth : float
        Bytes a second that one rank sends, to all its peers together.
    """

    rtt: float
    bandwidth: float

    @property
    def latency(self) -> float:
        """Seconds one way: what a round takes at least."""
        return self.rtt / 2

    def __str__(self) -> str:
        return f"{self.rtt * 1e3:g} ms, {self.bandwidth * 8 / 1e6:g} Mb/s"


NETWORKS = {"lan": Network(0.2e-3, 1.25e9), "metro": Network(5e-3, 125e6), "wan": Network(40e-3, 12.5e6)}


class ShapedLink(Link):
    """A link in front of another one that holds every message back until it would be there.

    The sender knows when its line is free, so it says in a frame of its own when the message is due; the receiver sleeps until then.
    That needs one clock for all ranks: processes of one machine (`time.monotonic`). The counters are this link's own and do not see
    those frames.

    Parameters
    ----------
    inner : Link
    network : Network

    Attributes
    ----------
    on : bool
        Whether messages that are sent now are held back; what was sent before arrives as it was meant to.
    """

    def __init__(self, inner: Link, network: Network) -> None:
        self.inner = inner
        self.network = network
        self.rank, self.world, self.config = inner.rank, inner.world, inner.config
        self.traffic = Traffic.zeros(inner.world)
        self.on = True
        self._free = 0.0  # when the last byte of what was sent has left

    def send(self, to: int, data: NDArray[Any]) -> None:
        size = framing.bytes_of(data, "data").nbytes
        due = 0.0
        if self.on:
            self._free = max(self._free, time.monotonic()) + size / self.network.bandwidth
            due = self._free + self.network.latency
        self.inner.send(to, np.array([due]))
        self.inner.send(to, data)
        self.traffic.sent[to] += size
        self.traffic.frames += 1

    def recv_into(self, frm: int, out: NDArray[Any]) -> None:
        size = framing.bytes_of(out, "out", write=True).nbytes  # refused before anything is taken from the stream
        due = np.empty(1)
        self.inner.recv_into(frm, due)
        self.inner.recv_into(frm, out)
        early = float(due[0]) - time.monotonic()
        if early > 0:
            time.sleep(early)
        self.traffic.received[frm] += size

    def abort(self, error: Exception) -> None:
        self.inner.abort(error)

    def close(self) -> None:
        self.inner.close()
