"""A link between threads of one process, for tests: queues instead of sockets, the same semantics."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, NamedTuple

from numpy.typing import NDArray

from spuframe.errors import LinkError, PeerClosedError, PeerTimeoutError, SpuframeError
from spuframe.link import framing
from spuframe.link.base import Link, LinkConfig, Traffic


class _Frame(NamedTuple):
    kind: int
    tag: int
    body: memoryview | bytes


class _Ending:
    """Why a rank is gone; ``None`` while it is there."""

    def __init__(self) -> None:
        self.closed = False
        self.abort: bytes | None = None


class MemoryNetwork:
    """The queues between ``world`` ranks of one process.

    Parameters
    ----------
    world : int
        How many ranks.
    config : LinkConfig, optional
        Limits and names.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = MemoryNetwork(2).links()
    >>> a.send(1, np.arange(3))
    >>> out = np.empty(3, np.int64)
    >>> b.recv_into(0, out)
    >>> out.tolist()
    [0, 1, 2]
    """

    def __init__(self, world: int, config: LinkConfig | None = None) -> None:
        if world < 1:
            raise LinkError(f"`world` must be at least 1, got {world}.")
        self.world = world
        self.config = config or LinkConfig()
        self.lock = threading.Lock()
        self.endings = [_Ending() for _ in range(world)]
        self.queues: dict[tuple[int, int], queue.SimpleQueue[_Frame]] = {
            (i, j): queue.SimpleQueue() for i in range(world) for j in range(world) if i != j
        }

    def links(self) -> list[Link]:
        """One link for each rank; to be called once."""
        return [MemoryLink(self, rank) for rank in range(self.world)]


class MemoryLink(Link):
    """One rank of a `MemoryNetwork`."""

    def __init__(self, network: MemoryNetwork, rank: int) -> None:
        self._network = network
        self.rank = rank
        self.world = network.world
        self.config = network.config
        self.traffic = Traffic.zeros(network.world)
        self._sent = [0] * network.world
        self._expected = [0] * network.world
        self._failures: dict[int, SpuframeError] = {}

    def send(self, to: int, data: NDArray[Any]) -> None:
        self._check(to, "to")
        body = framing.bytes_of(data, "data")
        ending = self._network.endings[to]
        if ending.closed:
            name = self.config.name(to)
            if ending.abort is not None:
                raise framing.decode_abort(ending.abort, name)
            raise PeerClosedError(f"{name} closed the link. Its own log says why; start the session again.", party=name)
        self._network.queues[self.rank, to].put(_Frame(framing.DATA, self._sent[to], body))
        self._sent[to] += 1
        self.traffic.sent[to] += body.nbytes
        self.traffic.frames += 1

    def recv_into(self, frm: int, out: NDArray[Any]) -> None:
        self._check(frm, "frm")
        view = framing.bytes_of(out, "out", write=True)
        if frm in self._failures:
            raise self._failures[frm]
        try:
            self._recv(frm, view)
        except SpuframeError as error:
            self._failures[frm] = error  # the stream is at an unknown place, or at its end: for good
            raise

    def _recv(self, frm: int, view: memoryview) -> None:
        name = self.config.name(frm)
        start = time.monotonic()
        try:
            frame = self._network.queues[frm, self.rank].get(timeout=self.config.deadline)
        except queue.Empty:
            waited = time.monotonic() - start
            raise PeerTimeoutError(
                f"{name} sent nothing for {waited:.1f} s. Look at its log, or raise the deadline ({self.config.deadline} s).", party=name
            ) from None
        if self._network.endings[self.rank].closed:
            raise framing.closed_here()
        if frame.kind == framing.ABORT:
            raise framing.decode_abort(bytes(frame.body), name)
        if frame.kind == framing.BYE:
            raise PeerClosedError(f"{name} closed the link. Its own log says why; start the session again.", party=name)
        assert isinstance(frame.body, memoryview)
        framing.check_data(
            framing.Header(frame.kind, frame.tag, frame.body.nbytes), self._expected[frm], view.nbytes, self.config.max_frame, name
        )
        view[:] = frame.body
        self._expected[frm] += 1
        self.traffic.received[frm] += view.nbytes

    def abort(self, error: Exception) -> None:
        self._end(framing.ABORT, framing.encode_abort(error))

    def close(self) -> None:
        self._end(framing.BYE, b"")

    def _end(self, kind: int, body: bytes) -> None:
        network = self._network
        with network.lock:
            ending = network.endings[self.rank]
            if ending.closed:
                return
            ending.abort = body if kind == framing.ABORT else None
            ending.closed = True
        for peer in range(self.world):
            if peer != self.rank:
                network.queues[self.rank, peer].put(_Frame(kind, self._sent[peer], body))
                network.queues[peer, self.rank].put(_Frame(framing.BYE, 0, b""))  # wakes a receive of our own

    def _check(self, peer: int, what: str) -> None:
        if self._network.endings[self.rank].closed:
            raise framing.closed_here()
        if not 0 <= peer < self.world or peer == self.rank:
            raise LinkError(f"`{what}` must be another rank below {self.world}, got {peer} (this is rank {self.rank}).")
