"""Messages between two processes of one session: msgpack behind a length, over any stream socket."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Any

import msgpack

from spuframe.errors import FrameError, PeerClosedError

_LENGTH = struct.Struct("<I")
MAX_MESSAGE = 1 << 31


class Channel:
    """One end of a connection. Sending is thread-safe; one thread receives.

    Parameters
    ----------
    sock : socket
        Connected; the channel's own from here on.
    name : str
        Who is at the other end, for errors.
    max_message : int

    Examples
    --------
    >>> a, b = (Channel(s, "the other") for s in socket.socketpair())
    >>> a.send({"x": 1}); b.recv()
    {'x': 1}
    >>> a.close(); b.recv() is None
    True
    >>> b.close()
    """

    def __init__(self, sock: socket.socket, name: str, max_message: int = MAX_MESSAGE) -> None:
        sock.settimeout(None)
        self._sock = sock
        self._name = name
        self._max = max_message
        self._lock = threading.Lock()

    def send(self, message: object) -> None:
        """Send one message of plain data.

        Raises
        ------
        FrameError
            It is larger than a message may be.
        PeerClosedError
            The other end is gone.
        """
        try:
            body = msgpack.packb(message)
        except (ValueError, OverflowError) as error:
            raise FrameError("a message holds something too large for the wire. Reveal fewer rows or columns at a time.") from error
        if len(body) > self._max:
            raise FrameError(f"a message of {len(body)} bytes is larger than {self._max}. Reveal fewer rows or columns at a time.")
        try:
            with self._lock:
                self._sock.sendall(_LENGTH.pack(len(body)))
                self._sock.sendall(body)
        except OSError:
            raise PeerClosedError(f"{self._name} closed the connection. Its own log says why.", party=self._name) from None

    def recv(self) -> Any:
        """Wait for a message; None at the end of the stream.

        Raises
        ------
        FrameError
            What came is not a message.
        """
        head = self._read(_LENGTH.size)
        if head is None:
            return None
        (size,) = _LENGTH.unpack(head)
        if size > self._max:
            raise FrameError(f"{self._name} announced a message of {size} bytes; at most {self._max} are accepted.", party=self._name)
        body = self._read(size)
        if body is None:
            return None
        try:
            return msgpack.unpackb(body)
        except (ValueError, msgpack.exceptions.UnpackException):
            raise FrameError(f"{self._name} sent bytes that are not a message. Install the same spuframe everywhere.", party=self._name) from None

    def close(self) -> None:
        """Close; a thread that waits in `recv` wakes up."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _read(self, size: int) -> bytearray | None:
        data = bytearray()
        # Memory grows with what really came, not with what was announced.
        while len(data) < size:
            piece = bytearray(min(size - len(data), 1 << 24))
            try:
                count = self._sock.recv_into(piece, len(piece), socket.MSG_WAITALL)
            except OSError:
                return None
            if not count:
                return None
            data += memoryview(piece)[:count]
        return data
