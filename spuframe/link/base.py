"""The seam between the SPU and the bytes between processes: ``Transport.bind -> Endpoint.open -> Link``.

A transport is found by its name (`spuframe.plugins.transport`): one module that holds ``TRANSPORT``. Each rank binds an
endpoint, tells the others its address, and opens its link once it knows theirs.

A `Link` joins the ranks of one SPU instance: parties 0..n-1 and, after them, the owners that share
data into it. Everything above it only sends and receives arrays whose size both ends know beforehand, so a
frame of another size is an error at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
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

    @property
    def slice(self) -> float:
        """Seconds that a blocking call waits before the deadline is looked at."""
        return min(0.5, self.deadline)

    def name(self, rank: int) -> str:
        return self.names[rank] if rank < len(self.names) else f"rank {rank}"


class Link(ABC):
    """The connections of one rank to all the others.

    `Endpoint.open` makes it; a constructor opens nothing. Not thread-safe: one thread drives a link.

    Attributes
    ----------
    waiting : str or None
        Whom the thread that drives the link waits for; another thread may read it.
    """

    rank: int
    world: int
    config: LinkConfig
    traffic: Traffic
    waiting: str | None = None

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


class Endpoint(ABC):
    """Where one rank can be reached, before the ranks have met. It opens one link.

    Attributes
    ----------
    address : str
        What the other ranks need to reach this one: at most 255 printable characters, which only the transport understands.
    """

    address: str

    @abstractmethod
    def open(self, rank: int, addresses: Sequence[str], secret: bytes, session_id: bytes, config: LinkConfig | None = None) -> Link:
        """Join all ranks, each of which opens its own endpoint at about the same time; the endpoint is closed in any case.

        Parameters
        ----------
        rank : int
            This process.
        addresses : sequence of str
            Of all ranks, in their order.
        secret : bytes
            What all ranks know and nobody else, 16 random bytes at least: who does not prove it does not join.
        session_id : bytes
            The session; the same secret does not join two of them.
        config : LinkConfig, optional
            Limits and names.

        Raises
        ------
        AuthenticationError
            A rank did not prove the secret.
        PeerTimeoutError
            A rank was not there by ``config.deadline``.
        LinkError
            An address that is none of this transport.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the address up; what was made for it is removed. Twice is harmless, and so is closing after `open`."""


class Transport(ABC):
    """A way to join ranks: what a transport's module holds as ``TRANSPORT``. It keeps no state."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name by which it is found."""

    @property
    @abstractmethod
    def insecure(self) -> bool:
        """Whether somebody between the ranks could read or change the bytes: then the runtime binds it to the loopback alone."""

    @property
    @abstractmethod
    def threat(self) -> str:
        """Whom it keeps out and whom not, in a sentence."""

    @abstractmethod
    def bind(self, host: str, folder: Path) -> Endpoint:
        """Make this process reachable.

        Parameters
        ----------
        host : str
            The address of this machine that peers know, for a transport over a network.
        folder : Path
            A private folder for what must lie on disk; who gave it removes it.

        Raises
        ------
        LinkError, AddressInUseError
        """
