"""Random streams: AES-128 in counter mode, so that two ends with one key draw the same words and send nothing.

A `Stream` hands out every byte of its keystream once. Its nonce is always zero, which is right because its key is never
used by a second stream: keys come from the operating system, from a key agreement of the session, or from `Stream.spawn`.
The keystream of AES-CTR is indistinguishable from random far beyond what a session draws (the distance after q blocks is about
q^2 / 2^129: 2^-49 after 16 TiB).
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import DTypeLike, NDArray

from spuframe.kernels.jit import jit

KEY_BYTES = 16
_AHEAD = 1 << 13  # bytes that small draws are cut from
_PERM_WORDS = 1 << 14  # words drawn at a time for a permutation
_CHUNK = 1 << 16  # bytes of zeros that are encrypted in one call: stays in the L2 cache beside the destination


class Stream:
    """A keystream that is read once, from front to back.

    Two streams of one key give the same words for the same sequence of calls, whatever lies in between. Not thread-safe.

    Parameters
    ----------
    key : bytes
        16 bytes, used for this stream (at each of its ends) alone.

    Attributes
    ----------
    drawn : int
        Keystream bytes made so far, a few of them ahead.

    Examples
    --------
    >>> here, there = Stream(bytes(16)), Stream(bytes(16))  # never a constant key outside of tests
    >>> bool((here.words(5, np.uint64) == there.words(5, np.uint64)).all())
    True
    >>> here
    Stream(<key>)
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"`key` must be {KEY_BYTES} bytes, got {len(key)}.")
        self._encryptor: Any = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
        self._zeros = np.zeros(_AHEAD, np.uint8)  # grows to _CHUNK when much is drawn at once
        self._ahead = np.empty(_AHEAD, np.uint8)
        self._used = _AHEAD  # of `_ahead`
        self.drawn = 0

    @classmethod
    def fresh(cls) -> Stream:
        """A stream with a key from the operating system."""
        return cls(os.urandom(KEY_BYTES))

    def __repr__(self) -> str:
        return "Stream(<key>)"

    @property
    def position(self) -> int:
        """Keystream bytes handed out so far: equal at both ends when they have made the same calls."""
        return self.drawn - (_AHEAD - self._used)

    def __reduce__(self) -> Any:
        raise TypeError("a Stream cannot be copied or pickled: its words must be used once")

    def fill(self, out: NDArray[Any]) -> None:
        """Write the next keystream bytes over the C-contiguous array ``out``."""
        if not out.flags.c_contiguous:
            raise ValueError("`out` must be C-contiguous.")
        target = out.reshape(-1).view(np.uint8)
        size, start = target.size, self._used
        held = _AHEAD - start
        if size <= held:
            target[:] = self._ahead[start : start + size]
            self._used = start + size
            return
        target[:held] = self._ahead[start:]
        if size - held < _AHEAD:
            self._encrypt(_AHEAD, self._ahead)
            self._used = size - held
            target[held:] = self._ahead[: size - held]
            return
        self._used = _AHEAD
        if self._zeros.size < _CHUNK:
            self._zeros = np.zeros(_CHUNK, np.uint8)
        for at in range(held, size, _CHUNK):
            piece = target[at : at + _CHUNK]
            self._encrypt(piece.size, piece)

    def _encrypt(self, size: int, out: NDArray[np.uint8]) -> None:
        self._encryptor.update_into(self._zeros[:size], out)
        self.drawn += size

    def words(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """The next uniformly random words, as a new array.

        Parameters
        ----------
        shape : int or tuple of int
        dtype : dtype
            An unsigned integer type.
        """
        out = np.empty(shape, dtype)
        self.fill(out)
        return out

    def spawn(self, label: bytes) -> Stream:
        """A stream of its own key, made from the next bytes of this one and ``label`` by HKDF-SHA256.

        Both ends must call it at the same place of their sequence of calls.
        """
        seed = self.words(2 * KEY_BYTES, np.uint8).tobytes()
        return Stream(HKDF(SHA256(), KEY_BYTES, salt=None, info=b"spuframe stream" + label).derive(seed))

    def permutation(self, n: int) -> NDArray[np.uint32]:
        """A uniformly random permutation of ``0 .. n-1``, the same at both ends.

        Fisher-Yates; each index by Lemire's multiplication with rejection (ACM TOMACS 2019), so there is no modulo bias. How
        many words are drawn depends on the words alone, hence both ends stay together.

        Parameters
        ----------
        n : int
            Below 2^32.
        """
        if not 0 <= n < 1 << 32:
            raise ValueError(f"`n` must be at least 0 and below 2^32, got {n}.")
        order = np.arange(n, dtype=np.uint32)
        left = n  # rows order[left:] are settled
        while left > 1:
            left = _shuffle(order, left, self.words(min(left, _PERM_WORDS), np.uint32))
        return order


@jit
def _shuffle(order: NDArray[np.uint32], left: int, words: NDArray[np.uint32]) -> int:
    """Swap a random earlier row into each of order[left-1], order[left-2], ... until the words run out; return what is left."""
    at = 0
    low32 = np.uint64(0xFFFFFFFF)
    while left > 1 and at < words.size:
        bound = np.uint64(left)
        product = np.uint64(words[at]) * bound
        at += 1
        if product & low32 < bound:  # only then can it be one of the words to reject: the division is rare
            least = (np.uint64(1 << 32) - bound) % bound
            if product & low32 < least:
                continue
        j = product >> np.uint64(32)
        left -= 1
        other = order[j]
        order[j] = order[left]
        order[left] = other
    return left

