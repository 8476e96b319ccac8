"""Material for two parties with additive shares: triples, words as numbers and as bits, products of what parties know. Each draws its own parts.

What is needed besides are products of what one party knows with what the other knows: `spuframe.preprocessing.transfers`. Bytes of each party for one,
with a transfer at 4 bytes: a triple of Z_2^64 516 (Gilboa, CRYPTO 1999), of bits 3.9, an edaBit of 64 bits in Z_2^64 252.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spuframe.kernels.prg import Stream
from spuframe.preprocessing.permutations import correlate
from spuframe.preprocessing.transfers import Transfers, bits_cost, products_cost
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind
from spuframe.spu.wire import from_wire, uniform


class Correlations:
    """What this party makes with the other.

    Parameters
    ----------
    transfers : Transfers
    rank : int
        0 or 1.
    private : Stream
    """

    def __init__(self, transfers: Transfers, rank: int, private: Stream) -> None:
        self._transfers, self._rank, self._private = transfers, rank, private

    def triple(self, k: int, count: int) -> tuple[Array, ...]:
        """A, b and a b in Z_2^k: ``a_0 b_1`` and ``a_1 b_0`` by Gilboa's products."""
        kind = Arithmetic(k)
        a, b = (uniform(self._private, kind, (count,)) for _ in range(2))
        c, weights = a * b, np.arange(k, dtype=np.uint64)[:, None]

        def sink(rows: slice, cols: slice, sent: Array, got: Array) -> None:
            c[rows] += ((sent + got)[:, :, 0] << weights).sum(axis=0, dtype=np.uint64).astype(c.dtype)

        self._transfers.products(b, k, _falling(k, k), 1, _rows_of(a.astype(np.uint64)[:, None]), sink)
        return a, b, c

    def bits(self, b: int, count: int) -> tuple[Array, ...]:
        """X, y and x & y: words of b bits."""
        kind, whole = Boolean(b), count * b
        x, y, sent, got = self._transfers.bits(whole)
        return tuple(from_wire(part, kind, (count,)).copy() for part in (x, y, sent ^ got ^ (x & y)))

    def private_bits(self, b: int, count: int) -> tuple[Array, ...]:
        """U of this party and its share of ``u & u'``: words of b bits. A transfer each: for half of the bits from this party, for half to it."""
        kind, half = Boolean(b), _half_bits(b * count)
        x, y, sent, got = self._transfers.bits(half)
        pairs = [(x, y), (sent, got)] if self._rank == 0 else [(y, x), (got, sent)]
        parts = [np.concatenate(pair)[: -(-b * count // 8)] for pair in pairs]
        return tuple(from_wire(part, kind, (count,)).copy() for part in parts)

    def matrices(self, k: int, sizes: tuple[int, int, int], count: int) -> tuple[Array, ...]:
        """A (n, m), B (m, p) and A B; several are put below each other."""
        kind, (n, m, p) = Arithmetic(k), sizes
        made = [self._matrix(kind, n, m, p) for _ in range(count)]
        return tuple(np.stack(parts) for parts in zip(*made, strict=True))

    def _matrix(self, kind: Arithmetic, n: int, m: int, p: int) -> tuple[Array, Array, Array]:
        """The bits of the entries of the smaller side choose, rows or columns of the other are multiplied: as many transfers as that side has bits."""
        a, b = uniform(self._private, kind, (n, m)), uniform(self._private, kind, (m, p))
        c = np.matmul(a, b, dtype=kind.word)
        if not c.size or not m:
            return a, b, c
        if n < p:  # C' = B' A'
            self._cross(kind, b.T, a.T, c.T)
        else:
            self._cross(kind, a, b, c)
        return a, b, c

    def _cross(self, kind: Arithmetic, a: Array, b: Array, c: Array) -> None:
        """Add to c this party's shares of ``a b'`` and ``a' b``: entry (l, q) of b or b' chooses, column l of a or a' is multiplied."""
        k, (n, _), p = kind.bits, a.shape, b.shape[1]
        columns, weights = a.T.astype(np.uint64), np.arange(k, dtype=np.uint64)[:, None, None]

        def factor(rows: slice, cols: slice) -> Array:
            return np.ascontiguousarray(columns[np.arange(rows.start, rows.stop) // p, cols])[None]

        def sink(rows: slice, cols: slice, sent: Array, got: Array) -> None:
            whole = ((sent + got) << weights).sum(axis=0, dtype=np.uint64).astype(kind.word)
            into = np.arange(rows.start, rows.stop) % p
            for q in np.unique(into):
                c[cols, q] += whole[into == q].sum(axis=0, dtype=kind.word)

        self._transfers.products(np.ascontiguousarray(b).reshape(-1), k, _falling(k, k), n, factor, sink)

    def edabit(self, k: int, b: int, count: int) -> tuple[Array, ...]:
        """Words of b bits, as numbers and as words: ``sum_j 2^j (r_j + r'_j - 2 r_j r'_j)`` for words r and r' of the parties."""
        ring, kind = Arithmetic(k), Boolean(b)
        word = uniform(self._private, kind, (count,))
        plain = (np.unpackbits(word, bitorder="little")[:count] if kind == BIT else word).astype(np.uint64)
        twice = self._halves(plain, [w for w in _falling(k - 1, b) if w > 0])
        return (plain - (twice << np.uint64(1))).astype(ring.word), word

    def turn(self, q: int, b: int, count: int) -> tuple[Array, ...]:
        """U of b bits and a bit r, as a byte; v in Z_2^q; shares of ``u v'``, ``r v'``, and of the other's ``u' v``, ``r' v``, in Z_2^q."""
        u, v = uniform(self._private, Boolean(b), (count,)), uniform(self._private, Boolean(q), (count,))
        r = self._private.words(count, np.uint8) & np.uint8(1)
        shares = np.empty((4, count), np.uint64)
        weights = np.arange(b, dtype=np.uint64)[:, None]

        def sink(rows: slice, cols: slice, sent: Array, got: Array) -> None:
            for at, part in ((0, got), (2, sent)):
                shares[at, rows] = (part[:b, :, 0] << weights).sum(axis=0, dtype=np.uint64)
                shares[at + 1, rows] = part[b, :, 0]

        chooses = u.astype(np.uint64) | r.astype(np.uint64) << np.uint64(b)
        self._transfers.products(chooses, b + 1, [*_falling(q, b), q], 1, _rows_of(v.astype(np.uint64)[:, None]), sink)
        return (u, r, v, *(shares & np.uint64((1 << q) - 1)))

    def flag(self, e: int, count: int) -> tuple[Array, ...]:
        """A bit of this party, as a byte, and its share of the product of both parties' bits in Z_2^e."""
        u = self._private.words(count, np.uint8) & np.uint8(1)
        return u, self._halves(u.astype(np.uint64), [e]).astype(Arithmetic.least(e).word)

    def mux(self, k: int, count: int) -> tuple[Array, ...]:
        """A bit r of this party, as a byte, and a word d in Z_2^k; its shares of ``r d'`` and of ``r' d``."""
        r, d = self._private.words(count, np.uint8) & np.uint8(1), uniform(self._private, Arithmetic(k), (count,))
        shares = np.empty((2, count), d.dtype)

        def sink(rows: slice, cols: slice, sent: Array, got: Array) -> None:
            shares[0, rows], shares[1, rows] = got[0, :, 0].astype(d.dtype), sent[0, :, 0].astype(d.dtype)

        self._transfers.products(r, 1, [k], 1, _rows_of(d.astype(np.uint64)[:, None]), sink)
        return r, d, shares[0], shares[1]

    def permutations(self, halves: Sequence[Array], kinds: Sequence[Kind]) -> list[list[tuple[Array, Array, Array]]]:
        """See `correlate`."""
        return correlate(self._transfers, self._private, halves, kinds)

    def _halves(self, words: Array, widths: Sequence[int]) -> Array:
        """Shares of ``sum_j 2^j w_j w'_j`` for the bits of both parties' words: this party's bits choose in one half of the rows."""
        size, used = -(-len(words) // 2), len(widths)
        halves = slice(0, size), slice(size, len(words))
        mine, theirs = halves if self._rank == 0 else halves[::-1]
        factors, choices = (np.pad(words[half], (0, size - len(words[half]))) for half in (mine, theirs))  # one half may have a row less
        shifts, out = np.arange(used, dtype=np.uint64)[:, None], np.zeros(len(words), np.uint64)

        def factor(rows: slice, cols: slice) -> Array:
            return ((factors[rows] >> shifts) & np.uint64(1))[:, :, None]

        def sink(rows: slice, cols: slice, sent: Array, got: Array) -> None:
            for half, part in ((mine, sent), (theirs, got)):
                at = np.arange(half.start, half.stop)[rows]
                out[at] = (part[:, :, 0] << shifts).sum(axis=0, dtype=np.uint64)[: len(at)]

        if used:
            self._transfers.products(choices, used, widths, 1, factor, sink)
        return out


def _falling(top: int, count: int) -> list[int]:
    """Bits that count of a product that weighs 2^j."""
    return [top - j for j in range(count)]


def _rows_of(words: Array) -> Callable[[slice, slice], Array]:
    return lambda rows, cols: words[rows, cols][None]


# ---- what that sends --------------------------------------------------------------------------------------------
def triple_cost(k: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return products_cost(count, _falling(k, k), 1)


def bit_triple_cost(b: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return bits_cost(b * count)


def matrices_cost(k: int, sizes: tuple[int, int, int], count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    n, m, p = sizes
    if not n or not m or not p:
        return 0, 0
    rounds, sent = products_cost(m * min(n, p), _falling(k, k), max(n, p))
    return rounds * count, sent * count


def edabit_cost(k: int, b: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    widths: Sequence[int] = [w for w in _falling(k - 1, b) if w > 0]
    return products_cost(-(-count // 2), widths, 1) if widths else (0, 0)


def private_bits_cost(b: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return bits_cost(_half_bits(b * count))


def _half_bits(count: int) -> int:
    """Half of so many bits, in whole bytes."""
    return -(-count // 16) * 8


def flag_cost(e: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return products_cost(-(-count // 2), [e], 1)


def turn_cost(q: int, b: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return products_cost(count, [*_falling(q, b), q], 1)


def mux_cost(k: int, count: int) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    return products_cost(count, [k], 1)
