"""A hash of 128-bit rows by AES under one fixed key, for what comes of oblivious transfer: two calls for a whole buffer, no key schedule.

``H(x, i) = E(E(x) ^ i) ^ E(x)`` is tweakable correlation-robust where E is an ideal permutation [Guo, Katz, Wang and Yu, "Efficient and Secure
Multiparty Computation from Fixed-Key Block Ciphers", IEEE S&P 2020, section 7.4: TMMO]: ``H(x, i)`` and ``H(x ^ delta, i)`` look
independent and uniform to who does not know delta, as long as no tweak i is used twice with it. From such a row, which is uniform, more words come
as ``E(s ^ t) ^ s ^ t``, t = 1, 2, ... [the same paper, section 7.2: MMO of distinct inputs].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from spuframe.kernels.digits import Array

_CHUNK = 1 << 14
"""Rows that go through at a time, so that what is between two calls stays in the cache."""


class FixedKey:
    """The hash, under a key that may be public.

    Parameters
    ----------
    key : bytes
        16 bytes.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(6, dtype=np.uint64).reshape(3, 2)
    >>> hash = FixedKey(bytes(16))
    >>> bool((hash.rows(rows, 5)[1:] == hash.rows(rows[1:], 6)).all())
    True
    """

    def __init__(self, key: bytes) -> None:
        self._aes: Any = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # a permutation, not a mode of encryption

    def __repr__(self) -> str:
        return "FixedKey(<key>)"

    def _permuted(self, x: Array) -> Array:
        flat = np.ascontiguousarray(x)
        out = np.empty(flat.nbytes + 15, np.uint8)  # the library asks for room for a block more
        self._aes.update_into(flat.reshape(-1).view(np.uint8), out)
        return out[: flat.nbytes].view(np.uint64).reshape(flat.shape)

    def rows(self, x: Array, first: int) -> Array:
        """``H(x[i], first + i)`` for rows of two uint64.

        Parameters
        ----------
        x : ndarray (n, 2) of uint64
        first : int
            The tweak of the first row.
        """
        out = np.empty_like(x)
        for at in range(0, len(x), _CHUNK):
            inner = self._permuted(x[at : at + _CHUNK])
            tweaked = inner.copy()
            tweaked[:, 0] ^= np.arange(first + at, first + at + len(inner), dtype=np.uint64)
            np.bitwise_xor(self._permuted(tweaked), inner, out=out[at : at + _CHUNK])
        return out

    def words(self, seeds: Array, start: int, count: int) -> Array:
        """Words ``start .. start + count - 1`` of every uniform row of two uint64; the first two are the row itself if there are no more.

        Parameters
        ----------
        seeds : ndarray (n, 2) of uint64
        start : int
            Even.
        count : int

        Returns
        -------
        ndarray (n, count) of uint64
        """
        blocks = -(-count // 2)
        counters = np.arange(1 + start // 2, 1 + start // 2 + blocks, dtype=np.uint64)
        inputs = np.repeat(seeds[:, None, :], blocks, axis=1)
        inputs[:, :, 0] ^= counters
        out: Array = self._permuted(inputs) ^ inputs
        return out.reshape(len(seeds), 2 * blocks)[:, :count]
