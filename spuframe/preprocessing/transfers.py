"""Both ends of a pair's oblivious transfers, and what they are for: products of what one party knows with bits that the other knows.

A correlated transfer gives the sender s and the receiver ``c d - s`` for its d and the other's bit c: with the keys H(q) and H(q ^ delta) the sender has
``s = -H(q)`` and sends ``y = H(q) + d - H(q ^ delta)``, the receiver has ``H(t) + c y`` [Gilboa, CRYPTO 1999; Asharov, Lindell, Schneider and
Zohner, "More Efficient Oblivious Transfer", CCS 2013, section 5.1]. y is masked by the key that the receiver lacks. Of y travel the bits that
count: those of d 2^j are k - j. Both parties play both roles at once, so that both links and both processors are busy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.kernels.bits import LANES, pack_words, packed_bytes, plane_to_bitmap, plane_words, to_planes, unpack_words
from spuframe.kernels.fixedkey import FixedKey
from spuframe.kernels.subsets import rows_of
from spuframe.preprocessing.extension import BLOCKS, WORDS, Receiver, Sender
from spuframe.preprocessing.wire import Wire
from spuframe.spu.kinds import Array

MESSAGE = 1 << 18
"""About as many words are masked at once."""

Factor = Callable[[slice, slice], Array]
"""``factor(rows, columns)``: what this party's side of a product is, for each bit of the other's word: (bits or 1, rows, columns) words."""
Sink = Callable[[slice, slice, Array, Array], None]
"""``sink(rows, columns, sent, got)``: the shares of own factor times the other's words, and of the other's factor times own words."""


@dataclass(frozen=True)
class Group:
    """Columns of one kind: how many bits count, and whether they are added by XOR."""

    columns: slice
    bits: int
    xor: bool

    @property
    def count(self) -> int:
        return int(self.columns.stop - self.columns.start)

    def plus(self, a: Any, b: Any) -> Array:
        return np.asarray(a ^ b if self.xor else a + b)

    def minus(self, a: Any, b: Any) -> Array:
        return np.asarray(a ^ b if self.xor else a - b)


class Transfers:
    """One party's end of all transfers of a session, in either direction.

    Parameters
    ----------
    wire : Wire
    sender, receiver : Sender, Receiver
        From `extension.set_up`.
    key : bytes
        Of the hash; public, the same at both.
    """

    def __init__(self, wire: Wire, sender: Sender, receiver: Receiver, key: bytes) -> None:
        self._wire, self._sender, self._receiver = wire, sender, receiver
        self._hash = FixedKey(key)
        self._done = 0  # rows so far, of either direction: no tweak is used twice

    # ---- rows ---------------------------------------------------------------------------------------------
    def _rows(self, choices: Array | None, words: int, planes: int) -> tuple[Array, Array, Array, Array]:
        """Keys of transfers in both directions, each (planes, rows, 2): of the receiver; the two of the sender; and the choices as planes."""
        t, message, choices = self._receiver.choose(choices, words)
        got = self._wire.swap(message, message.nbytes).view(np.uint64)
        q = self._sender.accept(got, words)
        each = words // planes
        at_once = words if planes == 1 or each % LANES == 0 else each  # planes that are whole tiles may lie one after the other
        rows = [np.concatenate([rows_of(np.ascontiguousarray(m[:, p : p + at_once]), 64 * at_once) for p in range(0, words, at_once)]) for m in (t, q)]
        first, self._done = self._done, self._done + 64 * words
        own, zero = (self._hash.rows(r, first) for r in rows)
        one = self._hash.rows(rows[1] ^ self._sender.delta, first)
        shape = (planes, 64 * each, 2)
        return own.reshape(shape), zero.reshape(shape), one.reshape(shape), choices

    # ---- bits times bits -----------------------------------------------------------------------------------
    def bits(self, count: int) -> tuple[Array, Array, Array, Array]:
        """Random bits a and b of this party, and its shares of ``a b'`` and of ``a' b``, where a' and b' are the other's: bitmaps of ``count`` bits.

        Nothing is sent but 31 bits a transfer: the two keys differ in their lowest bit by a, the choice is b.
        """
        out: list[tuple[Array, Array, Array, Array]] = []
        for words in pieces(plane_words(count), WORDS):
            own, zero, one, choices = self._rows(None, words, 1)
            low = [_bitmap(rows[0, :, 0]) for rows in (own, zero, one)]
            chosen = plane_to_bitmap(choices, 64 * words)
            out.append((low[1] ^ low[2], chosen, low[1], low[0]))
        nothing = np.empty(0, np.uint8)
        a, b, sent, got = (np.concatenate(part)[: -(-count // 8)] for part in zip((nothing,) * 4, *out, strict=True))
        return a, b, sent, got

    # ---- bits times words ------------------------------------------------------------------------------------
    def products(self, words: Array, bits: int, widths: Sequence[int], columns: int, factor: Factor, sink: Sink) -> None:
        """For rows of words that each party has, the products of their bits with words of the other party.

        Parameters
        ----------
        words : ndarray (n,)
            Of this party, of ``bits`` bits; the other has as many.
        bits : int
        widths : sequence of int
            For each bit how many bits of its products count; none where that is 0.
        columns : int
            How many words are multiplied with each bit.
        factor : callable
        sink : callable
            Its two arrays are (bits, rows, columns) uint64, of which ``widths`` bits count.
        """
        used = sum(w > 0 for w in widths)
        step = _rows_at_once(used)
        for start in range(0, len(words), step):
            here = words[start : start + step]
            n = len(here)
            planes = to_planes(here, bits)[:used]
            own, zero, one, _ = self._rows(planes.reshape(-1), planes.size, used)
            chosen = _spread(here, used)
            for rows, cols in _blocks(n, columns, used):
                first, second, mine = (self._wide(seeds[:, rows], cols, columns) for seeds in (zero, one, own))
                masked = first + factor(_moved(rows, start), cols) - second
                message = [pack_words(y, w) for y, w in zip(masked, widths, strict=False)]
                got = np.split(self.swap(np.concatenate(message)), np.cumsum([m.size for m in message])[:-1])
                theirs = np.stack([unpack_words(np.ascontiguousarray(m), mine[0].size, w) for m, w in zip(got, widths, strict=False)], dtype=np.uint64)
                sink(_moved(rows, start), cols, np.negative(first), mine + (chosen[:, rows, None] & theirs.reshape(mine.shape)))

    # ---- bits times rows of mixed kinds ---------------------------------------------------------------------------
    def keys(self, choices: Array) -> tuple[Array, Array, Array]:
        """For bits of this party the keys that it chose, and both keys of what the other chose: (n, 2) each. A round for each `WORDS` words."""
        found = []
        for start in range(0, len(choices), 64 * WORDS):
            here = choices[start : start + 64 * WORDS]
            planes = to_planes(here, 1)
            found.append([rows[0, : len(here)] for rows in self._rows(planes.reshape(-1), planes.size, 1)[:3]])
        own, zero, one = (np.concatenate(part) for part in zip(*found, strict=True))
        return own, zero, one

    def masked(self, zero: Array, one: Array, groups: Sequence[Group], factor: Array) -> tuple[list[Array], Array]:
        """What tells the other party the products of its bits with rows of words of this party; and this party's shares of them."""
        columns = factor.shape[1]
        first, second = (self._wide(keys[None], slice(0, columns), columns)[0] for keys in (zero, one))
        message, shares = [], np.empty_like(factor)
        for g in groups:
            message.append(pack_words(g.minus(g.plus(first, factor), second)[:, g.columns], g.bits))
            shares[:, g.columns] = g.minus(np.uint64(0), first[:, g.columns])
        return message, shares

    def chosen(self, own: Array, choices: Array, groups: Sequence[Group], message: Sequence[Array]) -> Array:
        """From such a message this party's shares of the products of its bits with the other's words."""
        columns = groups[-1].columns.stop
        key, bits = self._wide(own[None], slice(0, columns), columns)[0], np.negative(choices.astype(np.uint64))[:, None]
        out = np.empty((len(choices), columns), np.uint64)
        for g, piece in zip(groups, message, strict=True):
            theirs = unpack_words(np.ascontiguousarray(piece), len(choices) * g.count, g.bits).astype(np.uint64).reshape(-1, g.count)
            out[:, g.columns] = g.plus(key[:, g.columns], bits & theirs)
        return out

    def swap(self, message: Array) -> Array:
        """Tell the other party, and be told as much: one round."""
        return self._wire.swap(message, message.nbytes)

    def _wide(self, seeds: Array, cols: slice, columns: int) -> Array:
        """Words (bits, rows, columns) from keys (bits, rows, 2)."""
        if columns <= 2:
            return np.asarray(seeds[:, :, cols])
        flat = self._hash.words(seeds.reshape(-1, 2), cols.start, cols.stop - cols.start)
        return flat.reshape(*seeds.shape[:2], -1)


def pieces(total: int, most: int) -> Iterator[int]:
    """Sizes of at most so much each."""
    for start in range(0, total, most):
        yield min(most, total - start)


def _rows_at_once(planes: int) -> int:
    """Whole tiles of so many planes, in as many words as are extended at once."""
    return 64 * LANES * (WORDS // (LANES * planes))


def _moved(rows: slice, by: int) -> slice:
    return slice(rows.start + by, rows.stop + by)


def _blocks(n: int, columns: int, bits: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of rows and columns of about `MESSAGE` words over all bits; columns start at even ones."""
    wide = min(columns, max(2, MESSAGE // bits // 2 * 2))
    many = max(1, MESSAGE // bits // wide) if columns else n
    for row in range(0, n, many):
        for col in range(0, columns, wide):
            yield slice(row, min(n, row + many)), slice(col, min(columns, col + wide))


def _spread(words: Array, bits: int) -> Array:
    """For each bit the words that are all ones where it is set: (bits, n)."""
    wide = words.astype(np.uint64)
    return np.asarray(np.negative((wide[None, :] >> np.arange(bits, dtype=np.uint64)[:, None]) & np.uint64(1)))


def _bitmap(words: Array) -> Array:
    return np.packbits((words & np.uint64(1)).astype(np.uint8), bitorder="little")


# ---- what that sends ------------------------------------------------------------------------------------------
def bits_cost(count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party, of `Transfers.bits`."""
    words = list(pieces(plane_words(count), WORDS))
    return len(words), sum((BLOCKS - 1) * 8 * w for w in words)


def products_cost(n: int, widths: Sequence[int], columns: int) -> tuple[int, int]:
    """Rounds, and bytes of each party, of `Transfers.products`."""
    rounds, sent, used = 0, 0, sum(w > 0 for w in widths)
    for rows in pieces(n, _rows_at_once(used)):
        rounds, sent = rounds + 1, sent + BLOCKS * 8 * used * plane_words(rows)
        for block, cols in _blocks(rows, columns, used):
            size = (block.stop - block.start) * (cols.stop - cols.start)
            rounds, sent = rounds + 1, sent + sum(packed_bytes(w, size) for w in widths[:used])
    return rounds, sent
