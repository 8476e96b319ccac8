"""What a protocol kernel may use: its rank, the link, and random streams that no two calls share.

`Context.open` agrees one AES key with every peer (X25519, then HKDF-SHA256 over the transcript), so that the two ends of a
link draw the same stream without sending anything, and takes a private key from the operating system.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from spuframe.kernels.prg import Stream
from spuframe.link.base import Link, Traffic
from spuframe.spu.share import Array


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
