"""A few oblivious transfers of random keys by public-key cryptography, from which all others come.

Endemic OT of two messages [Masny and Rindal, "Endemic Oblivious Transfer", CCS 2019, section 5, from Diffie-Hellman] in the group of Edwards25519 of
prime order, by libsodium. For choice c the receiver draws x and a point r_(1-c), and sends r_0 and r_1 with ``r_c = x B - H_c(r_(1-c))``. The sender
draws one y for all, sends ``Y = y B``, and has the keys ``k_i = KDF(y (r_i + H_i(r_(1-i))))``; the receiver has ``k_c = KDF(x Y)``. The other
key needs the discrete logarithm of a point that the hash H decided. What the sender gets is uniform, whatever c is. Points are checked by the library: one
outside of the group, or of small order, is refused.

H hashes to the group as the sum of two independent Elligator points, so that it is like a random oracle [Brier et al., CRYPTO 2010].
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import nacl.bindings as group
import numpy as np
from nacl.exceptions import CryptoError

from spuframe.errors import ProtocolError
from spuframe.kernels.prg import Stream
from spuframe.spu.kinds import Array

POINT = 32
"""Bytes of a point."""


def _hashed(label: bytes, *parts: bytes) -> bytes:
    return hashlib.sha512(b"spuframe base OT " + label + b"".join(parts)).digest()


def _point(digest: bytes) -> bytes:
    return group.crypto_core_ed25519_add(group.crypto_core_ed25519_from_uniform(digest[:32]), group.crypto_core_ed25519_from_uniform(digest[32:]))


def _drawn(private: Stream) -> bytes:
    return private.words(64, np.uint8).tobytes()


def _scalar(private: Stream) -> bytes:
    return group.crypto_core_ed25519_scalar_reduce(_drawn(private))


class Receiver:
    """The one who chooses.

    Parameters
    ----------
    session : bytes
        The same at both, another for every use.
    choices : sequence of bool
    private : Stream
    """

    def __init__(self, session: bytes, choices: Sequence[bool], private: Stream) -> None:
        self._session, self._choices = session, choices
        self._secrets = [_scalar(private) for _ in choices]
        sent = []
        for i, (choice, x) in enumerate(zip(choices, self._secrets, strict=True)):
            other = _point(_drawn(private))
            own = group.crypto_core_ed25519_sub(group.crypto_scalarmult_ed25519_base_noclamp(x), _mask(session, i, choice, other))
            sent += [other, own] if choice else [own, other]
        self.message = np.frombuffer(b"".join(sent), np.uint8)

    def keys(self, reply: Array) -> list[bytes]:
        """The chosen key of each, 16 bytes."""
        theirs = reply.tobytes()
        messages = self.message.tobytes()
        return [
            _key(self._session, i, choice, messages, theirs, _times(x, theirs))
            for i, (choice, x) in enumerate(zip(self._choices, self._secrets, strict=True))
        ]


class Sender:
    """The one who gets both keys of each."""

    def __init__(self, session: bytes, private: Stream) -> None:
        self._session, self._secret = session, _scalar(private)
        self.message = np.frombuffer(group.crypto_scalarmult_ed25519_base_noclamp(self._secret), np.uint8)

    def keys(self, message: Array) -> list[tuple[bytes, bytes]]:
        """Both keys of each, from what the receiver sent."""
        messages, mine = message.tobytes(), self.message.tobytes()
        out = []
        for i in range(len(messages) // (2 * POINT)):
            pair = messages[2 * POINT * i : 2 * POINT * i + POINT], messages[2 * POINT * i + POINT : 2 * POINT * (i + 1)]
            points = [_sum(pair[c], _mask(self._session, i, bool(c), pair[1 - c])) for c in (0, 1)]
            first, second = (_key(self._session, i, bool(c), messages, mine, _times(self._secret, points[c])) for c in (0, 1))
            out.append((first, second))
        return out


def _mask(session: bytes, i: int, choice: bool, other: bytes) -> bytes:
    return _point(_hashed(b"mask", session, i.to_bytes(4, "little"), bytes([choice]), other))


def _key(session: bytes, i: int, choice: bool, messages: bytes, reply: bytes, shared: bytes) -> bytes:
    own = messages[2 * POINT * i : 2 * POINT * (i + 1)]
    return _hashed(b"key", session, i.to_bytes(4, "little"), bytes([choice]), own, reply, shared)[:16]


def _times(scalar: bytes, point: bytes) -> bytes:
    try:
        return group.crypto_scalarmult_ed25519_noclamp(scalar, point)
    except CryptoError:
        raise _foreign() from None


def _sum(p: bytes, q: bytes) -> bytes:
    try:
        return group.crypto_core_ed25519_add(p, q)
    except CryptoError:
        raise _foreign() from None


def _foreign() -> ProtocolError:
    return ProtocolError("the other party sent what is no point of the group: it runs another spuframe, or has changed a message. Open a new session.")
