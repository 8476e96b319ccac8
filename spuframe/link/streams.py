"""Byte streams over one direction (TLS) or both directions (plain) of a socket.

Receiving and sending wait for at most one slice of time, then tell that nothing moved: so whoever drives them keeps a
deadline over many calls, at no cost in the fast path.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import struct
import sys
import termios
from collections.abc import Sequence
from typing import Protocol

from spuframe.link.mesh import Pair
from spuframe.link.sockets import shut

_DISCARD = 64  # reads at a time: a peer that never stops sending must not keep us


class Stream(Protocol):
    """What the link needs of a pair of connections. All calls raise `OSError` where the connection is broken."""

    def recv(self, buffers: Sequence[memoryview]) -> int | None:
        """Read into the buffers in turn: a count, 0 at the end of the stream, None if a slice passed without a byte."""

    def send_now(self, buffers: Sequence[memoryview]) -> int:
        """Send what the kernel takes without waiting; 0 if it takes nothing."""

    def send(self, buffers: Sequence[memoryview]) -> int | None:
        """Send some; None if a slice passed without a byte."""

    def finish(self) -> None:
        """End the outgoing direction; what was sent before is still delivered."""

    def unread_by_peer(self) -> int:
        """How many sent bytes the peer's machine has not confirmed; 0 where that is not known."""

    def discard(self) -> None:
        """Throw away what came in (a bounded piece of it), without waiting."""

    def close(self) -> None:
        """Close, waking a thread that waits."""


class PlainStream:
    """A TCP socket. Blocking calls with the kernel's own timeouts: one syscall a frame, no poll before it."""

    def __init__(self, pair: Pair, slice_seconds: float) -> None:
        self._sock = sock = pair.incoming
        sock.settimeout(None)
        self.tune(sock)
        whole = int(slice_seconds)
        timeval = struct.pack("@ll", whole, max(1, int((slice_seconds - whole) * 1e6)))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)

    @staticmethod
    def tune(sock: socket.socket) -> None:
        """Let small frames go at once."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, buffers: Sequence[memoryview]) -> int | None:
        # Not MSG_WAITALL: with it, each byte that a peer drips starts the kernel's timeout anew.
        try:
            return self._sock.recvmsg_into(buffers)[0]
        except BlockingIOError:
            return None

    def send_now(self, buffers: Sequence[memoryview]) -> int:
        try:
            return self._sock.sendmsg(buffers, (), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def send(self, buffers: Sequence[memoryview]) -> int | None:
        try:
            return self._sock.sendmsg(buffers)
        except BlockingIOError:
            return None

    def finish(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def unread_by_peer(self) -> int:
        return _unconfirmed(self._sock)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            for _ in range(_DISCARD):
                if not self._sock.recv(1 << 18, socket.MSG_DONTWAIT):
                    break

    def close(self) -> None:
        shut(self._sock)


class TlsStream:
    """Two TLS connections, one a direction: an SSL object must not be read and written by two threads at once."""

    NOW = 1 << 16
    CHUNK = 1 << 18  # not below NOW: OpenSSL wants a write that it refused again, at least as long

    def __init__(self, pair: Pair, slice_seconds: float) -> None:
        assert isinstance(pair.incoming, ssl.SSLSocket) and isinstance(pair.outgoing, ssl.SSLSocket)
        self._in, self._out = pair.incoming, pair.outgoing
        self._slice = slice_seconds
        self._in.settimeout(slice_seconds)
        for sock in (self._in, self._out):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(self, buffers: Sequence[memoryview]) -> int | None:
        try:
            return self._in.recv_into(next(b for b in buffers if b.nbytes))
        except (TimeoutError, ssl.SSLWantReadError):
            return None

    def send_now(self, buffers: Sequence[memoryview]) -> int:
        self._out.settimeout(0)
        sent = 0
        try:
            for piece in _pieces(buffers, self.NOW):
                taken = self._out.send(piece)
                sent += taken
                if taken < len(piece):
                    break
        except (ssl.SSLWantWriteError, BlockingIOError):
            pass
        return sent

    def send(self, buffers: Sequence[memoryview]) -> int | None:
        self._out.settimeout(self._slice)
        try:
            return self._out.send(next(iter(_pieces(buffers, self.CHUNK))))
        except (TimeoutError, ssl.SSLWantWriteError):
            return None

    def finish(self) -> None:
        socket.socket.shutdown(self._out, socket.SHUT_WR)  # below TLS: the BYE frame has said the rest

    def unread_by_peer(self) -> int:
        return _unconfirmed(self._out)

    def discard(self) -> None:
        self._in.settimeout(0)
        with contextlib.suppress(OSError):
            for _ in range(_DISCARD):
                if not self._in.recv(1 << 18):
                    break

    def close(self) -> None:
        shut(self._in)
        shut(self._out)


def _pieces(buffers: Sequence[memoryview], size: int) -> list[bytes | memoryview]:
    """Cut into pieces of ``size``, the first made of header and payload together: a small frame is one record."""
    full = [b for b in buffers if b.nbytes]
    if len(full) == 1:
        rest = full[0]
        return [rest[i : i + size] for i in range(0, rest.nbytes, size)]
    head, rest = full
    room = size - head.nbytes
    return [bytes(head) + bytes(rest[:room]), *(rest[i : i + size] for i in range(room, rest.nbytes, size))]


def _unconfirmed(sock: socket.socket) -> int:
    if sys.platform != "linux":
        return 0
    try:
        return int(struct.unpack("@i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
    except (OSError, ValueError):  # closed already
        return 0
