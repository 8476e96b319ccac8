"""What a protocol kernel may use: its rank, the link, and random streams that no two calls share.

`Context.open` agrees one AES key with every peer (X25519, then HKDF-SHA256 over the transcript), so that the two ends of a
link draw the same stream without sending anything, and takes a private key from the operating system.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from spuframe.kernels.prg import Stream
from spuframe.link.base import Link, Traffic
from spuframe.spu.share import Array

T = TypeVar("T")
Messages: TypeAlias = Sequence[tuple[int, Array]]
Steps: TypeAlias = Generator[tuple[Messages, Messages], None, T]
"""A computation that yields, for each of its rounds, what it sends and where it wants to receive, and returns its result."""


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
    """

    def __init__(self, link: Link, parties: int, streams: dict[int, Stream], private: Stream) -> None:
        self.link = link
        self.rank = link.rank
        self.parties = parties
        self.streams = streams
        self.private = private

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

    def round(self, sends: Sequence[tuple[int, Array]], recvs: Sequence[tuple[int, Array]]) -> None:
        """One message exchange: send all, then fill all ``recvs``. Every party calls it, also with nothing to send."""
        self.link.traffic.rounds += 1
        for to, data in sends:
            self.link.send(to, data)
        for frm, out in recvs:
            self.link.recv_into(frm, out)

    def run(self, steps: Steps[T]) -> T:
        """Run one computation to its end."""
        results: list[T] = []
        self.together([steps], lambda _, result: results.append(result))
        return results[0]

    def together(self, runs: Iterable[Steps[T]], take: Callable[[int, T], None]) -> None:
        """Run computations with equally many rounds in common rounds; ``take(i, result)`` when the i-th ends.

        While the messages of one are on their way the others compute. All ranks step through them in the same order, so that what they
        draw from a common stream between two rounds is the same, and frames arrive in the order in which they are awaited.
        """
        link, waiting = self.link, list[tuple[int, Steps[T], Messages]]()

        def advance(i: int, steps: Steps[T]) -> None:
            try:
                sends, recvs = next(steps)
            except StopIteration as end:
                take(i, end.value)
                return
            for to, data in sends:
                link.send(to, data)
            waiting.append((i, steps, recvs))

        for i, steps in enumerate(runs):
            advance(i, steps)
        while waiting:
            link.traffic.rounds += 1
            now, waiting = waiting, []
            for i, steps, recvs in now:
                for frm, out in recvs:
                    link.recv_into(frm, out)
                advance(i, steps)


def finished(ctx: Context, result: Any) -> Any:
    """What a kernel gave: computations are run to their end."""
    return ctx.run(result) if isinstance(result, Generator) else result
