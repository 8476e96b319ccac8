"""The seam between the SPU and the bytes between processes.

A `Link` joins the ranks of one SPU instance: parties 0..n-1 and, after them, the owners that share
data into it. Everything above it only sends and receives arrays whose size both ends know beforehand, so a
frame of another size is an error at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass
class Traffic:
    """What one rank has sent and received: payload bytes, without frame headers.

    Attributes
    ----------
    sent, received : list of int
        Payload bytes per peer rank.
    frames : int
        Frames sent.
    rounds : int
        Rounds, counted by whoever drives the link (`spuframe.spu.context.Context`).
    """

    sent: list[int]
    received: list[int]
    frames: int = 0
    rounds: int = 0

    @classmethod
    def zeros(cls, world: int) -> Traffic:
        return cls([0] * world, [0] * world)

    def snapshot(self) -> Traffic:
        return Traffic(list(self.sent), list(self.received), self.frames, self.rounds)

    def add(self, part: Traffic) -> None:
        """Bytes and frames of a part; its rounds may be those of another part too, and are left to the caller."""
        self.sent = [a + b for a, b in zip(self.sent, part.sent, strict=True)]
        self.received = [a + b for a, b in zip(self.received, part.received, strict=True)]
        self.frames += part.frames

    def to_plain(self) -> dict[str, Any]:
        return {"sent": list(self.sent), "received": list(self.received), "frames": self.frames, "rounds": self.rounds}


@dataclass(frozen=True)
class LinkConfig:
    """Limits that every transport keeps.

    Parameters
    ----------
    deadline : float
        Seconds that a receive (or the start of the link) may take before `PeerTimeoutError`.
    max_frame : int
        Largest payload in bytes that is accepted from a peer.
    names : sequence of str
        How errors call the ranks (``"party 0"``, ``"owner hospital"``).
    options : dict
        What a transport alone understands, by name.
    """

    deadline: float = 60.0
    max_frame: int = 1 << 31
    names: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def name(self, rank: int) -> str:
        return self.names[rank] if rank < len(self.names) else f"rank {rank}"


class Link(ABC):
    """The connections of one rank to all the others.

    Opening happens in a transport's own factory; a constructor opens nothing. Not thread-safe: one
    thread drives a link.
    """

    rank: int
    world: int
    config: LinkConfig
    traffic: Traffic

    @abstractmethod
    def send(self, to: int, data: NDArray[Any]) -> None:
        """Hand over the bytes of a C-contiguous array; never blocks on the peer.

        The caller must not change ``data`` afterwards. Raises `PeerClosedError` if the peer is known to be gone.
        """

    @abstractmethod
    def recv_into(self, frm: int, out: NDArray[Any]) -> None:
        """Fill the C-contiguous array ``out`` with the next frame from ``frm``.

        Raises
        ------
        PeerTimeoutError
            Nothing (or not all) came within the deadline.
        PeerClosedError
            The peer closed: the end of the stream.
        FrameError
            The frame's size, tag or kind is not the expected one.
        SpuframeError
            The peer aborted; its own error is raised here.
        """

    @abstractmethod
    def abort(self, error: Exception) -> None:
        """Tell every peer, best effort, that this rank fails with ``error``; then close."""

    @abstractmethod
    def close(self) -> None:
        """Flush what was sent, then close. Twice is harmless."""

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            self.abort(error)
        self.close()
