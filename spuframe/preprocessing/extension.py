"""Any number of oblivious transfers from 128: SoftSpokenOT, semi-honest, over GF(2^4).

Roy, "SoftSpokenOT: Quieter OT Extension from Small-Field Silent VOLE in the Minicrypt Model", CRYPTO 2022, sections 3 to 5. The sender has a
secret delta of 128 bits, 32 blocks of k = 4. For every block the receiver has 16 keys, the leaves of a tree [Goldreich, Goldwasser and
Micali 1986]. The sender has all of them but the one whose number is its block d of delta, by 4 base OTs. From equally long keystreams r_x

    receiver: u = sum_x r_x,  v = sum_x x r_x         sender: w = sum_x (x ^ d) r_x = v + d u     (over GF(2), a field element as 4 bits)

The receiver sends ``u + c`` for its choices c, and the sender adds d times that: ``w = v + d c``. All blocks together give rows of 128 bits: q at the
sender and t at the receiver with ``q = t ^ c delta``. `FixedKey` makes independent keys of q, ``q ^ delta`` and t. Each transfer costs 32 bits; with
choices that may be random the first block's u are the choices, and it costs 31.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from spuframe.kernels.prg import Stream
from spuframe.kernels.subsets import fold
from spuframe.preprocessing import base_ot
from spuframe.preprocessing.wire import Wire
from spuframe.spu.kinds import Array

SECURITY = 128
FIELD = 4
LEAVES = 1 << FIELD
BLOCKS = SECURITY // FIELD
WORDS = 1 << 11
"""The most words of 64 transfers that are extended at once: 16 leaves of so many words stay in the cache."""


class _Keystreams:
    """The keystreams of many leaves, of which equally much is read at a time."""

    def __init__(self, keys: list[bytes]) -> None:
        self._next: list[Any] = [Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update_into for key in keys]
        self._zeros = np.zeros(8 * WORDS, np.uint8)
        self.leaves = np.empty((LEAVES, WORDS), np.uint64)

    def fill(self, order: Sequence[int], words: int, skip: int = 0) -> Array:
        """The next words of some of them, one in each row of ``leaves`` from row ``skip`` on."""
        leaves = self.leaves.reshape(-1)[: LEAVES * words].reshape(LEAVES, words)
        zeros = self._zeros[: 8 * words]
        for which, row in zip(order, leaves.view(np.uint8)[skip:], strict=True):
            self._next[which](zeros, row)
        return leaves


class Receiver:
    """Who chooses: it has all leaves."""

    def __init__(self, keys: list[bytes]) -> None:
        self._streams = _Keystreams(keys)

    def choose(self, choices: Array | None, words: int) -> tuple[Array, Array, Array]:
        """Extend by 64 transfers for every word.

        Parameters
        ----------
        choices : ndarray (words,) of uint64, or None
            None: random ones.
        words : int
            At most `WORDS`.

        Returns
        -------
        t : ndarray (128, words) of uint64
            Bit planes of the rows.
        message : ndarray (32 or 31, words)
        choices : ndarray (words,)
        """
        t, us = np.empty((SECURITY, words), np.uint64), np.empty((BLOCKS, words), np.uint64)
        for block in range(BLOCKS):
            leaves = self._streams.fill(range(LEAVES * block, LEAVES * (block + 1)), words)
            fold(leaves, us[block], t[FIELD * block : FIELD * (block + 1)])
        if choices is None:
            choices = us[0].copy()
            return t, us[1:] ^ choices, choices
        return t, us ^ choices, choices


class Sender:
    """Who gets both keys of every transfer; it lacks the leaf of each block that delta names."""

    def __init__(self, delta: Array, keys: list[bytes]) -> None:
        self._blocks = [int(b) for b in delta]
        self._streams = _Keystreams(keys)
        self._bits = np.array([-(block >> b & 1) & (1 << 64) - 1 for block in self._blocks for b in range(FIELD)], np.uint64)
        self.delta: Array = np.bitwise_or.reduce((self._bits & np.uint64(1)).reshape(2, 64) << np.arange(64, dtype=np.uint64), axis=1)

    def __repr__(self) -> str:
        return "Sender(<delta>)"

    def accept(self, message: Array, words: int) -> Array:
        """The planes of q, (128, words), from the receiver's message."""
        q = np.empty((SECURITY, words), np.uint64)
        unused = np.empty(words, np.uint64)
        for block, missing in enumerate(self._blocks):
            leaves = self._streams.fill([LEAVES * block + (y ^ missing) for y in range(1, LEAVES)], words, skip=1)
            leaves[0] = 0
            fold(leaves, unused, q[FIELD * block : FIELD * (block + 1)])
        given = message.reshape(-1, words)
        skipped = BLOCKS - len(given)
        rows = q[FIELD * skipped :].reshape(len(given), FIELD, words)
        rows ^= given[:, None, :] & self._bits[FIELD * skipped :].reshape(len(given), FIELD, 1)
        return q


# ---- the leaves -----------------------------------------------------------------------------------------------
def _children(seed: bytes) -> tuple[bytes, bytes]:
    digest = hashlib.sha256(b"spuframe tree" + seed).digest()
    return digest[:16], digest[16:]


def _xor(parts: list[bytes]) -> bytes:
    out = np.zeros(16, np.uint8)
    for part in parts:
        out ^= np.frombuffer(part, np.uint8)
    return out.tobytes()


def _tree(private: Stream) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
    """The leaves of a fresh tree, and for every level the XOR of all left and of all right children."""
    nodes, sums = [private.words(16, np.uint8).tobytes()], []
    for _ in range(FIELD):
        children = [_children(node) for node in nodes]
        sums.append((_xor([left for left, _ in children]), _xor([right for _, right in children])))
        nodes = [child for pair in children for child in pair]
    return nodes, sums


def _punctured(missing: int, sums: list[bytes]) -> list[bytes]:
    """All leaves but one, from the sum of one kind at every level; zeros in its place."""
    nodes: list[bytes | None] = [None]
    for level, given in enumerate(sums):
        path = missing >> (FIELD - 1 - level) & 1
        children: list[bytes | None] = []
        for node in nodes:
            children += [None, None] if node is None else list(_children(node))
        others = [node for node in children[1 - path :: 2] if node is not None]
        hole = 2 * nodes.index(None) + 1 - path
        children[hole] = _xor([given, *others])
        nodes = children
    return [bytes(16) if node is None else node for node in nodes]


SET_UP = (2 * SECURITY * base_ot.POINT + base_ot.POINT, 2 * SECURITY * 16)
"""Bytes that each party sends in the two rounds of `set_up`."""


def set_up(wire: Wire, session: bytes, private: Stream) -> tuple[Sender, Receiver]:
    """Both roles of this party, for transfers in either direction: two rounds.

    Parameters
    ----------
    wire : Wire
    session : bytes
        The same at both parties, and in no other session.
    private : Stream
    """
    delta = private.words(BLOCKS, np.uint8) & np.uint8(LEAVES - 1)
    wanted = [not (int(d) >> (FIELD - 1 - level) & 1) for d in delta for level in range(FIELD)]  # the children beside the path
    chooser, server = base_ot.Receiver(session + bytes([wire.rank]), wanted, private), base_ot.Sender(session + bytes([wire.peer]), private)
    got = wire.swap(np.concatenate([chooser.message, server.message]), SET_UP[0])
    theirs, reply = got[: -base_ot.POINT], got[-base_ot.POINT :]
    trees = [_tree(private) for _ in range(BLOCKS)]
    pairs = [pair for _, sums in trees for pair in sums]
    sealed = [_xor([value, key]) for pair, keys in zip(pairs, server.keys(theirs), strict=True) for value, key in zip(pair, keys, strict=True)]
    told = wire.swap(np.frombuffer(b"".join(sealed), np.uint8), SET_UP[1]).tobytes()
    opened = [_xor([told[16 * (2 * i + want) :][:16], key]) for i, (want, key) in enumerate(zip(wanted, chooser.keys(reply), strict=True))]
    leaves = [leaf for i, d in enumerate(delta) for leaf in _punctured(int(d), opened[FIELD * i : FIELD * (i + 1)])]
    return Sender(delta, leaves), Receiver([leaf for tree, _ in trees for leaf in tree])
