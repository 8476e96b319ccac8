"""Messages between a nursery and who has it: plain data behind a length, with descriptors, over a unix socket."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack

CHANNEL = 3
"""The number of the one descriptor that a child has beside stdin, stdout and stderr."""
_LENGTH = struct.Struct("<I")
_MOST = 8


def send(sock: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send a message, and copies of descriptors with it."""
    body: bytes = msgpack.packb(message)
    head = _LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(sock, [head], descriptors)
    else:
        sock.sendall(head)
    sock.sendall(body)


def receive(sock: socket.socket, descriptors: list[int] | None = None) -> dict[str, Any] | None:
    """Wait for a message; None at the end of the stream. Descriptors that come with it are added to ``descriptors``.

    >>> one, two = socket.socketpair()
    >>> with one, two:
    ...     send(one, {"do": "nothing"})
    ...     receive(two)
    {'do': 'nothing'}
    """
    head = _whole(sock, _LENGTH.size, descriptors)
    body = None if head is None else _whole(sock, _LENGTH.unpack(head)[0], None)
    return None if body is None else dict(msgpack.unpackb(body))


def _whole(sock: socket.socket, size: int, descriptors: list[int] | None) -> bytes | None:
    data = b""
    with contextlib.suppress(OSError):
        while len(data) < size:
            piece, given, _, _ = socket.recv_fds(sock, size - len(data), _MOST)
            for fd in given:
                os.set_inheritable(fd, False)  # Python makes all descriptors so but these
            if descriptors is None:
                for fd in given:
                    os.close(fd)
            else:
                descriptors += given
            if not piece:
                return None
            data += piece
        return data
    return None
