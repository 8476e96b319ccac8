"""The link over byte streams, one for each peer: frames are sent without waiting, received by a deadline, and their traffic counted."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from spuframe.errors import FrameError, LinkError, PeerClosedError, PeerTimeoutError, SpuframeError
from spuframe.link import framing
from spuframe.link.base import Link, LinkConfig, Traffic
from spuframe.link.outbox import Outbox
from spuframe.link.streams import Stream

log = logging.getLogger(__name__)
_FLUSH = 5.0  # seconds that a close may take to hand over what was sent
_FAREWELL = 2.0  # seconds that an abort may take


class _Peer:
    """One peer: its stream, what goes to it, and where its own frames stand."""

    def __init__(self, stream: Stream, name: str, deadline: float) -> None:
        self.stream = stream
        self.name = name
        self.out = Outbox(stream, name, deadline)
        self.sent = 0
        self.expected = 0
        self.failure: SpuframeError | None = None
        self.header = bytearray(framing.HEADER.size)
        self.head = memoryview(self.header)


class StreamLink(Link):
    """One rank of a mesh of byte streams.

    Parameters
    ----------
    rank : int
    streams : mapping of int to Stream
        To every other rank, proven (`spuframe.link.mesh`); the link's own from here on.
    config : LinkConfig
    """

    def __init__(self, rank: int, streams: Mapping[int, Stream], config: LinkConfig) -> None:
        self.rank = rank
        self.world = len(streams) + 1
        self.config = config
        self.traffic = Traffic.zeros(self.world)
        self._closed = False
        self._peers = {peer: _Peer(stream, config.name(peer), config.deadline) for peer, stream in streams.items()}

    def send(self, to: int, data: NDArray[Any]) -> None:
        peer = self._peer(to, "to")
        body = framing.bytes_of(data, "data")
        size = body.nbytes
        try:
            peer.out.put(framing.encode_header(framing.DATA, peer.sent, size), body)
        except PeerClosedError:
            # Its last words may be waiting: an abort says more than that it is gone.
            raise self._last_words(peer) from None
        peer.sent += 1
        self.traffic.sent[to] += size
        self.traffic.frames += 1

    def recv_into(self, frm: int, out: NDArray[Any]) -> None:
        peer = self._peer(frm, "frm")
        body = framing.bytes_of(out, "out", write=True)
        if peer.failure is not None:
            raise peer.failure
        self.waiting = peer.name
        try:
            self._recv(peer, body)
        except SpuframeError as error:
            peer.failure = error  # the stream is at an unknown place, or at its end: for good
            raise
        self.waiting = None
        self.traffic.received[frm] += body.nbytes

    def _recv(self, peer: _Peer, body: memoryview) -> None:
        until = time.monotonic() + self.config.deadline
        head, size, wanted = peer.head, framing.HEADER.size, body.nbytes
        # Header and payload in one call, the payload straight to its place: if the frame turns out to be another
        # one, the link has failed anyway.
        got = self._some(peer, [head, body], until)
        while got < size:
            got += self._some(peer, [head[got:], body], until)
        got -= size
        if peer.header != framing.encode_header(framing.DATA, peer.expected, wanted) or wanted > self.config.max_frame:
            header = framing.decode_header(peer.header, peer.name)
            if header.kind == framing.BYE:
                raise self._gone(peer)
            if header.kind == framing.ABORT:
                raise self._read_abort(peer, header, bytes(body[:got]), until)
            framing.check_data(header, peer.expected, wanted, self.config.max_frame, peer.name)
        while got < wanted:
            got += self._some(peer, [body[got:]], until)
        peer.expected += 1

    def _some(self, peer: _Peer, buffers: list[memoryview], until: float) -> int:
        """Read at least one byte by ``until``."""
        while time.monotonic() < until:
            try:
                count = peer.stream.recv(buffers)
            except (OSError, ValueError):  # ValueError: closed by another thread meanwhile
                raise self._gone(peer) from None
            if count:
                return count
            if count == 0:
                raise self._gone(peer)
        text = f"{peer.name} sent nothing (or not all) within {self.config.deadline} s. Look at its log, or raise the deadline."
        raise PeerTimeoutError(text, party=peer.name)

    def _gone(self, peer: _Peer) -> LinkError:
        if self._closed:
            return framing.closed_here()
        return PeerClosedError(f"{peer.name} closed the link. Its own log says why; start the session again.", party=peer.name)

    def _read_abort(self, peer: _Peer, header: framing.Header, start: bytes, until: float) -> SpuframeError:
        if header.length > framing.MAX_ABORT:
            return FrameError(f"{peer.name} aborted with an error of {header.length} bytes. Its own log has the details.", party=peer.name)
        raw = bytearray(header.length)
        raw[: len(start)] = start[: header.length]
        got = min(len(start), header.length)
        while got < header.length:
            got += self._some(peer, [memoryview(raw)[got:]], until)
        return framing.decode_abort(raw, peer.name)

    def _last_words(self, peer: _Peer) -> SpuframeError:
        """Look through what a dead peer has sent for its abort; it is dead, so the stream has an end."""
        if peer.failure is not None:
            return peer.failure
        until = time.monotonic() + min(1.0, self.config.deadline)
        scratch = memoryview(bytearray(1 << 18))
        try:
            while True:
                got = 0
                while got < len(peer.head):
                    got += self._some(peer, [peer.head[got:]], until)
                header = framing.decode_header(peer.header, peer.name)
                if header.kind == framing.ABORT:
                    raise self._read_abort(peer, header, b"", until)
                left = header.length
                while left:
                    left -= self._some(peer, [scratch[: min(left, len(scratch))]], until)
        except PeerTimeoutError:
            peer.failure = self._gone(peer)
        except SpuframeError as error:
            peer.failure = error
        return peer.failure

    def abort(self, error: Exception) -> None:
        for peer in self._peers.values():
            peer.out.drop_unsent()
        self._end(framing.ABORT, framing.encode_abort(error), _FAREWELL)

    def close(self) -> None:
        self._end(framing.BYE, b"", _FLUSH)

    def _end(self, kind: int, body: bytes, seconds: float) -> None:
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + seconds
        waiting = []
        for peer in self._peers.values():
            with contextlib.suppress(LinkError):  # it is gone already
                peer.out.put(framing.encode_header(kind, peer.sent, len(body)), memoryview(body))
                waiting.append(peer)
        # A socket that is closed while bytes come in is reset, and a reset destroys what the peer has not got yet. So
        # the sockets close when its machine confirmed everything; until then what comes in is thrown away.
        pause = 0.0005
        while waiting := [peer for peer in waiting if not _delivered(peer)]:
            if time.monotonic() >= until:
                log.warning("closed before all was delivered", extra={"peers": [peer.name for peer in waiting]})
                break
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        for peer in self._peers.values():
            peer.stream.close()
            peer.out.stop()

    def _peer(self, rank: int, what: str) -> _Peer:
        if self._closed:
            raise framing.closed_here()
        peer = self._peers.get(rank)
        if peer is None:
            raise LinkError(f"`{what}` must be another rank below {self.world}, got {rank} (this is rank {self.rank}).")
        return peer


def _delivered(peer: _Peer) -> bool:
    """Whether all that was sent is at the peer's machine, or never will be."""
    peer.stream.discard()
    if not peer.out.idle():
        return False
    try:
        peer.stream.finish()
    except OSError:
        return True
    return peer.out.failure is not None or peer.stream.unread_by_peer() == 0
