"""Messages between two processes of one session: msgpack behind a length, over any stream socket."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from typing import Any

import msgpack

from spuframe.errors import FrameError, PeerClosedError, PeerTimeoutError

_LENGTH = struct.Struct("<I")
MAX_MESSAGE = 1 << 31
_PIECE = 1 << 20  # read at a time: each counts as a sign of life
_SLICE = 0.5


class UnreadMessage(FrameError):
    """A message that came whole and was not taken in; the next one can be read.

    Attributes
    ----------
    number : int
        What its sender calls it, if that could be told; else 0.
    """

    number = 0


class Channel:
    """One end of a connection. Sending is thread-safe; one thread receives.

    Parameters
    ----------
    sock : socket
        Connected; the channel's own from here on.
    name : str
        Who is at the other end, for errors.
    max_message : int
        Bytes of a message that is accepted.
    deadline : float
        Seconds that a send may take without the other end taking a byte.

    Attributes
    ----------
    most : int
        Bytes of a message that the other end accepts.
    heard : int
        Grows with whatever comes in: a sign of life.

    Examples
    --------
    >>> a, b = (Channel(s, "the other") for s in socket.socketpair())
    >>> a.send({"x": 1}); b.recv()
    {'x': 1}
    >>> a.close(); b.recv() is None
    True
    >>> b.close()
    """

    def __init__(self, sock: socket.socket, name: str, max_message: int = MAX_MESSAGE, deadline: float = 600.0) -> None:
        sock.settimeout(None)
        self._sock = sock
        self._name = name
        self._max = max_message
        self.most = MAX_MESSAGE
        self._deadline = deadline
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self.heard = 0

    def encode(self, message: object) -> bytes:
        """Pack a message of plain data, for `transmit`.

        Raises
        ------
        FrameError
            It is larger than a message may be.
        """
        try:
            body: bytes = msgpack.packb(message)
        except (ValueError, OverflowError) as error:
            raise FrameError("a message holds something too large for the wire. Reveal fewer rows or columns at a time.") from error
        if len(body) > self.most:
            text = f"a message of {len(body)} bytes is more than {self._name} accepts, which is {self.most} (Quotas.message)"
            raise FrameError(f"{text}. Let owners read large tables from files; reveal fewer rows or columns at a time; or raise Quotas(message=...).")
        return body

    def send(self, message: object) -> None:
        """Send one message of plain data; what interrupts it would leave half a message behind, so not from a thread that takes signals.

        Raises
        ------
        FrameError
            It is larger than a message may be.
        PeerClosedError
            The other end is gone.
        PeerTimeoutError
            It takes no bytes; the channel is closed then.
        """
        self.transmit(self.encode(message))

    def transmit(self, body: bytes) -> None:
        """Send one packed message whole."""
        with self._lock:
            for piece in (_LENGTH.pack(len(body)), body):
                self._write(memoryview(piece))

    def _write(self, data: memoryview) -> None:
        until = time.monotonic() + self._deadline
        while data.nbytes:
            try:
                taken = self._sock.send(data, socket.MSG_DONTWAIT)
            except BlockingIOError:
                taken = 0
            except OSError:
                raise self._closed() from None
            data = data[taken:]
            if taken:
                until = time.monotonic() + self._deadline
            elif time.monotonic() >= until:
                self.close()
                text = f"{self._name} took no bytes for {self._deadline:g} s: its process is stopped or swapped out, or the network is cut."
                raise PeerTimeoutError(text, party=self._name)
            else:
                self._writable()

    def _writable(self) -> None:
        waiter = select.poll()
        try:
            waiter.register(self._sock, select.POLLOUT)
            waiter.poll(1000 * _SLICE)
        except (OSError, ValueError):  # closed by another thread meanwhile
            raise self._closed() from None

    def _closed(self) -> PeerClosedError:
        return PeerClosedError(f"{self._name} closed the connection. Its own log says why.", party=self._name)

    def recv(self) -> Any:
        """Wait for a message; None at the end of the stream.

        Raises
        ------
        UnreadMessage
            What came is not a message, or a larger one than is accepted.
        """
        head = self._read(_LENGTH.size)
        if head is None:
            return None
        (size,) = _LENGTH.unpack(head)
        if size > self._max:
            start = self._read(min(size, _PIECE))
            if start is None or not self._skip(size - len(start)):
                return None
            text = f"{self._name} sent a message of {size} bytes, more than the quota of {self._max} (Quotas.message)"
            raise self._unread(f"{text}. Send less at a time (a table as a file that the owner reads), or ask for a higher quota.", start)
        body = self._read(size)
        if body is None:
            return None
        try:
            return msgpack.unpackb(body)
        except (ValueError, msgpack.exceptions.UnpackException):
            raise self._unread(f"{self._name} sent bytes that are not a message. Install the same spuframe everywhere.", body) from None

    def _unread(self, text: str, start: bytearray) -> UnreadMessage:
        error = UnreadMessage(text, party=self._name)
        unpacker = msgpack.Unpacker(max_buffer_size=_PIECE)
        with contextlib.suppress(ValueError, msgpack.exceptions.UnpackException):
            unpacker.feed(start[:64])
            unpacker.read_map_header()
            if unpacker.unpack() == "id" and type(number := unpacker.unpack()) is int:
                error.number = number
        return error

    def close(self) -> None:
        """Close; a thread that waits in `recv` wakes up. In a forked child nothing happens: the connection is its parent's."""
        if os.getpid() != self._pid:
            return
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _skip(self, size: int) -> bool:
        """Let bytes go by, with the memory of one piece; False at the end of the stream."""
        while size:
            piece = self._read(min(size, _PIECE))
            if piece is None:
                return False
            size -= len(piece)
        return True

    def _read(self, size: int) -> bytearray | None:
        data = bytearray()
        # Memory grows with what really came, not with what was announced.
        while len(data) < size:
            piece = bytearray(min(size - len(data), _PIECE))
            try:
                count = self._sock.recv_into(piece, len(piece), socket.MSG_WAITALL)
            except OSError:
                return None
            if not count:
                return None
            self.heard += 1
            data += memoryview(piece)[:count]
        return data
