"""Mutual proof of the session secret, before the first frame.

::

    connector -> acceptor   hello(channel, ranks, nonce)
    acceptor  -> connector  hello(channel, ranks, nonce), HMAC("accept", both hellos)
    connector -> acceptor   HMAC("connect", both hellos)
    acceptor  -> connector  HMAC("ready", both hellos)

Every HMAC-SHA256 is keyed with the session secret and covers its role, the session's id, and both hellos: version,
channel, both ranks, the number of ranks and both fresh nonces. So nothing can be replayed, reflected or
bent to another rank. The secret must have at least 128 bits of randomness: a proof can be tested against guesses.

Without TLS this proves who is there when the connection opens; it does not protect the bytes that follow.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field

from spuframe.errors import AuthenticationError
from spuframe.link import framing

HELLO = struct.Struct("<4sBBHHH32s")
MAGIC = b"SPUF"
MAC_SIZE = 32
VERSION = 1
DUPLEX, UP, DOWN = 0, 1, 2  # one connection for both directions, or one each: connector to acceptor, and back
MIN_SECRET = 16


@dataclass(frozen=True)
class Credentials:
    """What a rank proves that it knows; the secret stays out of the repr."""

    secret: bytes = field(repr=False)
    session_id: bytes
    rank: int
    world: int

    def check(self) -> Credentials:
        """Refuse a secret that could be guessed."""
        if len(self.secret) < MIN_SECRET:
            raise AuthenticationError(
                f"`secret` must have at least {MIN_SECRET} bytes, got {len(self.secret)}. Use secrets.token_bytes(32)."
            )
        return self

    def hello(self, channel: int, peer: int) -> bytes:
        """Build this side's hello, with a fresh nonce."""
        version = VERSION << 4 | framing.VERSION
        return HELLO.pack(MAGIC, version, channel, self.rank, peer, self.world, secrets.token_bytes(32))

    def proof(self, role: bytes, first: bytes, second: bytes) -> bytes:
        """Compute the proof of ``role`` over both hellos."""
        session = struct.pack("<I", len(self.session_id)) + self.session_id
        return hmac.new(self.secret, b"spuframe link " + role + b"\0" + session + first + second, hashlib.sha256).digest()


class HandshakeClosedError(ConnectionError):
    """The other side closed before it proved anything; inside the link layer only."""


def connect(sock: socket.socket, own: Credentials, peer: int, channel: int, until: float, name: str) -> None:
    """Run the connector's side.

    Raises
    ------
    AuthenticationError
        What listens there did not prove the secret.
    OSError
        It closed or stayed silent; worth another try.
    """
    first = own.hello(channel, peer)
    write(sock, first, until)
    second = read(sock, HELLO.size, until)
    proof = read(sock, MAC_SIZE, until) if _fits(second, own, peer, channel) else b""
    if not hmac.compare_digest(proof, own.proof(b"accept", first, second)):
        raise refused(name)
    write(sock, own.proof(b"connect", first, second), until)
    if not hmac.compare_digest(read(sock, MAC_SIZE, until), own.proof(b"ready", first, second)):
        raise refused(name)


def accept(sock: socket.socket, own: Credentials, channels: tuple[int, ...], until: float, claims: list[int]) -> tuple[int, int]:
    """Run the acceptor's side; give the connector's proven rank and the channel.

    The rank that a stranger merely claims goes into ``claims``, for the error message at the deadline.
    """
    first = read(sock, HELLO.size, until)
    magic, _, channel, peer, *_ = HELLO.unpack(first)
    if magic != MAGIC:
        raise AuthenticationError("not a hello")
    claims.append(peer)
    second = own.hello(channel, peer)
    # Answered whatever the hello claims: a peer of another version or session sees at once that it is refused.
    write(sock, second + own.proof(b"accept", first, second), until)
    proof = read(sock, MAC_SIZE, until)
    known = hmac.compare_digest(proof, own.proof(b"connect", first, second))
    if not known or not _fits(first, own, peer, channel) or not own.rank < peer < own.world or channel not in channels:
        raise AuthenticationError("not a proof")
    write(sock, own.proof(b"ready", first, second), until)
    return peer, channel


def refused(name: str) -> AuthenticationError:
    """Build the error, the same for every reason."""
    return AuthenticationError(
        f"{name} did not prove that it belongs to this session. "
        "Check that the address is right and that all processes have the same secret, session and version of spuframe.",
        party=name,
    )


def _fits(hello: bytes, own: Credentials, peer: int, channel: int) -> bool:
    return hello[:-32] == HELLO.pack(MAGIC, VERSION << 4 | framing.VERSION, channel, peer, own.rank, own.world, b"")[:-32]


def read(sock: socket.socket, size: int, until: float) -> bytes:
    """Read exactly ``size`` bytes by ``until``, and not one more: frames may follow."""
    data = b""
    while len(data) < size:
        _arm(sock, until)
        piece = sock.recv(size - len(data))
        if not piece:
            raise HandshakeClosedError
        data += piece
    return data


def write(sock: socket.socket, data: bytes, until: float) -> None:
    """Write all of ``data`` by ``until``."""
    _arm(sock, until)
    sock.sendall(data)


def _arm(sock: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)
