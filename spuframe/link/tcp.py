"""The link between processes: TCP, one connection a pair; with TLS one connection a direction.

The bytes are protected by TLS alone. Without it a link is refused on anything but the loopback, unless the caller
insists; the proof of the session secret (`spuframe.link.handshake`) keeps strangers out in both cases.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from spuframe.errors import FrameError, LinkError, PeerClosedError, PeerTimeoutError, SpuframeError
from spuframe.link import frames
from spuframe.link.base import Link, LinkConfig, Traffic
from spuframe.link.handshake import Credentials
from spuframe.link.mesh import Pair, form
from spuframe.link.outbox import Outbox
from spuframe.link.sockets import Address, TLSConfig, check_network, listen
from spuframe.link.streams import PlainStream, Stream, TlsStream

log = logging.getLogger(__name__)
_SLICE = 0.5  # seconds a blocking call waits before the deadline is looked at
_FLUSH = 5.0  # seconds that a close may take to hand over what was sent
_FAREWELL = 2.0  # seconds that an abort may take
_OPTIONS = {"handshake_timeout"}


class _Peer:
    """One peer: its stream, what goes to it, and where its own frames stand."""

    def __init__(self, stream: Stream, name: str, deadline: float) -> None:
        self.stream = stream
        self.name = name
        self.out = Outbox(stream, name, deadline)
        self.sent = 0
        self.expected = 0
        self.failure: SpuframeError | None = None
        self.header = bytearray(frames.HEADER.size)
        self.head = memoryview(self.header)


class TcpLink(Link):
    """One rank of a mesh over TCP. Opened by `TcpLink.open`.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np
    >>> listeners = [listen(), listen()]
    >>> addresses = [l.getsockname()[:2] for l in listeners]
    >>> def open_rank(rank):
    ...     return TcpLink.open(rank, addresses, b"a secret of 32 random bytes here", b"session", listener=listeners[rank])
    >>> with ThreadPoolExecutor(2) as pool:
    ...     a, b = pool.map(open_rank, range(2))
    >>> a.send(1, np.arange(3))
    >>> out = np.empty(3, np.int64)
    >>> b.recv_into(0, out)
    >>> out.tolist()
    [0, 1, 2]
    >>> a.close(), b.close()
    (None, None)
    """

    def __init__(self, rank: int, pairs: dict[int, Pair], config: LinkConfig, *, tls: bool) -> None:
        self.rank = rank
        self.world = len(pairs) + 1
        self.config = config
        self.traffic = Traffic.zeros(self.world)
        self.waiting: str | None = None  # whom the thread that drives the link waits for: read by another thread
        self._closed = False
        kind: Callable[[Pair, float], Stream] = TlsStream if tls else PlainStream
        piece = min(_SLICE, config.deadline)
        self._peers = {peer: _Peer(kind(pair, piece), config.name(peer), config.deadline) for peer, pair in pairs.items()}

    @classmethod
    def open(
        cls,
        rank: int,
        addresses: Sequence[Address],
        secret: bytes,
        session_id: bytes,
        config: LinkConfig | None = None,
        *,
        listener: socket.socket | None = None,
        tls: TLSConfig | None = None,
        insecure_no_tls: bool = False,
    ) -> TcpLink:
        """Form the mesh: connect to every rank below, accept every rank above.

        Parameters
        ----------
        rank : int
            This process.
        addresses : sequence of (str, int)
            Where each rank listens; the last rank's is not used.
        secret : bytes
            What all ranks of the session know and nobody else: 16 bytes at least, random.
        session_id : bytes
            The session; the same secret does not join two of them.
        config : LinkConfig, optional
            Limits and names. Option ``handshake_timeout``: seconds before a silent stranger is dropped.
        listener : socket, optional
            From `listen`; without it this call listens at ``addresses[rank]``. It is closed in any case.
        tls : TLSConfig, optional
            Mutual TLS 1.3; needed off the loopback.
        insecure_no_tls : bool
            Send shares in the clear over a network. Only where something else protects it.

        Raises
        ------
        AuthenticationError
            A process that cannot prove the secret.
        PeerTimeoutError
            A rank that was not there by ``config.deadline``.
        AddressInUseError
            Something else listens at this rank's address.
        """
        config = config or LinkConfig()
        try:
            world = len(addresses)
            if not 0 <= rank < world:
                raise LinkError(f"`rank` must be below the number of addresses ({world}), got {rank}.")
            unknown = config.options.keys() - _OPTIONS
            if unknown:
                raise LinkError(f"`options` must be among {sorted(_OPTIONS)} for tcp, got {sorted(unknown)}.")
            own = Credentials(secret, session_id, rank, world).check()
            if listener is None and rank + 1 < world:
                check_network([addresses[rank]], tls, insecure_no_tls, warn=False)
                listener = listen(*addresses[rank])
            used = [] if listener is None or rank + 1 == world else [listener.getsockname()[:2]]
            check_network([*addresses[:rank], *used], tls, insecure_no_tls)
            pairs = form(own, addresses, listener, config, tls)
        finally:
            if listener is not None:
                listener.close()
        return cls(rank, pairs, config, tls=tls is not None)

    def send(self, to: int, data: NDArray[Any]) -> None:
        peer = self._peer(to, "to")
        body = frames.bytes_of(data, "data")
        size = body.nbytes
        try:
            peer.out.put(frames.encode_header(frames.DATA, peer.sent, size), body)
        except PeerClosedError:
            # Its last words may be waiting: an abort says more than that it is gone.
            raise self._last_words(peer) from None
        peer.sent += 1
        self.traffic.sent[to] += size
        self.traffic.frames += 1

    def recv_into(self, frm: int, out: NDArray[Any]) -> None:
        peer = self._peer(frm, "frm")
        body = frames.bytes_of(out, "out", write=True)
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
        head, size, wanted = peer.head, frames.HEADER.size, body.nbytes
        # Header and payload in one call, the payload straight to its place: if the frame turns out to be another
        # one, the link has failed anyway.
        got = self._some(peer, [head, body], until)
        while got < size:
            got += self._some(peer, [head[got:], body], until)
        got -= size
        if peer.header != frames.encode_header(frames.DATA, peer.expected, wanted) or wanted > self.config.max_frame:
            header = frames.decode_header(peer.header, peer.name)
            if header.kind == frames.BYE:
                raise self._gone(peer)
            if header.kind == frames.ABORT:
                raise self._read_abort(peer, header, bytes(body[:got]), until)
            frames.check_data(header, peer.expected, wanted, self.config.max_frame, peer.name)
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
            return frames.closed_here()
        return PeerClosedError(f"{peer.name} closed the link. Its own log says why; start the session again.", party=peer.name)

    def _read_abort(self, peer: _Peer, header: frames.Header, start: bytes, until: float) -> SpuframeError:
        if header.length > frames.MAX_ABORT:
            return FrameError(f"{peer.name} aborted with an error of {header.length} bytes. Its own log has the details.", party=peer.name)
        raw = bytearray(header.length)
        raw[: len(start)] = start[: header.length]
        got = min(len(start), header.length)
        while got < header.length:
            got += self._some(peer, [memoryview(raw)[got:]], until)
        return frames.decode_abort(raw, peer.name)

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
                header = frames.decode_header(peer.header, peer.name)
                if header.kind == frames.ABORT:
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
        self._end(frames.ABORT, frames.encode_abort(error), _FAREWELL)

    def close(self) -> None:
        self._end(frames.BYE, b"", _FLUSH)

    def _end(self, kind: int, body: bytes, seconds: float) -> None:
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + seconds
        waiting = []
        for peer in self._peers.values():
            with contextlib.suppress(LinkError):  # it is gone already
                peer.out.put(frames.encode_header(kind, peer.sent, len(body)), memoryview(body))
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
            raise frames.closed_here()
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
