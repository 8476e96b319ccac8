"""What a protocol kernel may use: its rank, the link, and random streams that no two calls share.

`Context.open` agrees one AES key with every peer (X25519, then HKDF-SHA256 over the transcript), so that the two ends of a
link draw the same stream without sending anything, and takes a private key from the operating system.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from greenlet import getcurrent, greenlet

from spuframe.errors import ProtocolError
from spuframe.kernels.prg import Stream
from spuframe.link.base import Link, Traffic
from spuframe.spu.share import Array

T = TypeVar("T")
Messages: TypeAlias = Sequence[tuple[int, Array]]
Needs: TypeAlias = Sequence[Collection[int]]
Swap: TypeAlias = Callable[[int], None]
Kept: TypeAlias = Callable[[str, Callable[[], bytes]], bytes]


class Context:
    """One party's end of a running protocol.

    Parameters
    ----------
    link : Link
    parties : int
        Ranks 0..parties-1 run the protocol; ranks above are owners.
    streams : dict of int to Stream
        The stream shared with each other party, by its rank.
    private : Stream
        Randomness of this rank alone.

    Attributes
    ----------
    own : object
        The state of the protocol that runs, if it has any: see `spuframe.spu.kernel.Protocol.start`.
    kept : callable
        ``kept(name, make) -> bytes``: what was kept beside the stored shares under a name, or else what ``make()`` gives, which is kept.
    """

    def __init__(self, link: Link, parties: int, streams: dict[int, Stream], private: Stream) -> None:
        self.link = link
        self.rank = link.rank
        self.parties = parties
        self.streams = streams
        self.private = private
        self.own: Any = None
        self.kept: Kept = lambda name, make: make()

    @classmethod
    def open(cls, link: Link, parties: int, session_id: bytes) -> Context:
        """Agree keys with every other party over ``link``; fresh keys at every call. Not counted as traffic of a plan."""
        streams: dict[int, Stream] = {}
        if link.rank < parties:
            secret = X25519PrivateKey.generate()
            mine = np.frombuffer(secret.public_key().public_bytes_raw(), np.uint8)
            peers = [p for p in range(parties) if p != link.rank]
            for peer in peers:
                link.send(peer, mine)
            for peer in peers:
                theirs = np.empty(32, np.uint8)
                link.recv_into(peer, theirs)
                low, high = (mine, theirs) if link.rank < peer else (theirs, mine)
                ranks = bytes([min(link.rank, peer), max(link.rank, peer)])
                info = b"spuframe pair key" + session_id + ranks + low.tobytes() + high.tobytes()
                agreed = secret.exchange(X25519PublicKey.from_public_bytes(theirs.tobytes()))
                streams[peer] = Stream(HKDF(SHA256(), 16, salt=session_id, info=info).derive(agreed))
        link.traffic = Traffic.zeros(link.world)
        return cls(link, parties, streams, Stream.fresh())

    def compare_streams(self) -> None:
        """Make sure that this party and each other have drawn equally much from their common stream.

        Two ends that are apart would mask with unequal words: results are then random, and a message may go out under a mask that was used before.
        A control message, like the digests of plans: 8 bytes to each party, neither a round nor payload.

        Raises
        ------
        ProtocolError
            A pair is apart.
        """
        link, before = self.link, self.link.traffic.snapshot()
        for peer, stream in self.streams.items():
            link.send(peer, np.array([stream.position], np.uint64))
        for peer, stream in self.streams.items():
            theirs = np.empty(1, np.uint64)
            link.recv_into(peer, theirs)
            if theirs[0] != stream.position:
                here, there = link.config.name(self.rank), link.config.name(peer)
                raise ProtocolError(
                    f"{here} and {there} have drawn {stream.position} and {theirs[0]} bytes from their common stream: what they masked with it is "
                    "wrong, so nothing is handed over. Install the same spuframe at all parties and open a new session.",
                    party=there,
                )
        link.traffic = before

    def round(self, sends: Sequence[tuple[int, Array]], recvs: Sequence[tuple[int, Array]]) -> None:
        """One message exchange: send all, then fill all ``recvs``. Every party calls it, also with nothing to send.

        What runs in `together` with the caller computes and sends while these messages are on their way.
        """
        for to, data in sends:
            self.link.send(to, data)
        self._pass()
        for frm, out in recvs:
            self.link.recv_into(frm, out)

    def _pass(self) -> None:
        """A round passes: in a fiber, once all others wait for messages too."""
        here = getcurrent()
        if not isinstance(here, _Fiber):
            self.link.traffic.rounds += 1
            return
        if here.counts:
            self.link.traffic.rounds += 1
        here.parent.switch()

    def together(self, tasks: Sequence[Callable[[], T]], needs: Needs = (), swap: Swap | None = None, counted: bool = False) -> list[T]:
        """Run computations in common rounds: each in a fiber, as far as it can without a message; then the next; when all of them wait, a round passes.

        All ranks step through them in the same order, so that what they draw from a common stream between two rounds is the same, and frames
        arrive in the order in which they are awaited. Rounds count once for all of them, bytes for each. What one of them raises ends all.

        Parameters
        ----------
        tasks : sequence of callable
            May call `round` and `together`.
        needs : sequence of collection of int, optional
            For each task the earlier ones that must have ended before it starts.
        swap : callable, optional
            ``swap(i)`` is called before and after every stretch that the i-th task runs, to exchange what is its own with what is outside.
        counted : bool
            Whether ``link.traffic`` is one of each task's own while it runs, with its own rounds; in the end the sum is added to what is outside.

        Returns
        -------
        list
            What they returned.
        """
        link, n = self.link, len(tasks)
        missing = [len(needs[i]) if needs else 0 for i in range(n)]
        followers: list[list[int]] = [[] for _ in tasks]
        for i, before in enumerate(needs):
            for j in before:
                followers[j].append(i)
        traffic = [Traffic.zeros(link.world) for _ in tasks] if counted else []
        results: list[Any] = [None] * n

        def exchange(i: int) -> None:
            if counted:
                traffic[i], link.traffic = link.traffic, traffic[i]
            if swap is not None:
                swap(i)

        def begin(i: int) -> tuple[int, _Fiber]:
            fiber = _Fiber(tasks[i])
            fiber.counts = counted
            return i, fiber

        waiting: deque[tuple[int, _Fiber]] = deque()
        ready = deque(begin(i) for i in range(n) if not missing[i])
        try:
            while ready:
                while ready:
                    i, fiber = ready.popleft()
                    exchange(i)
                    try:
                        result = fiber.switch()
                    finally:
                        exchange(i)
                    if not fiber.dead:
                        waiting.append((i, fiber))
                        continue
                    results[i] = result
                    for k in followers[i]:
                        missing[k] -= 1
                        if not missing[k]:
                            ready.append(begin(k))
                if waiting:
                    self._pass()
                ready, waiting = waiting, ready
        except BaseException:
            for _, fiber in (*ready, *waiting):
                if fiber:  # has begun
                    with suppress(Exception):  # the first error is the one to tell
                        fiber.throw()
            raise
        finally:
            for part in traffic:
                link.traffic.add(part)
        return results


class _Fiber(greenlet):  # type: ignore[misc]
    """One computation of `Context.together`."""

    counts = False
