"""The declared dealer: party 0 makes all material, and knows it. Party 1 draws its parts from the stream of both, party 0 sets its own to fit."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import cast

import numpy as np

from spuframe.kernels.sines import sine_words
from spuframe.protocols.semi2k_dealer.sharing import held, minus
from spuframe.spu.context import Context
from spuframe.spu.kernel import Name, What
from spuframe.spu.kinds import KINDS
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, unpack
from spuframe.spu.supply import Supply
from spuframe.spu.wire import uniform

DEALER = 0
"""Its rank."""


class Dealer(Supply):
    """What both parties take their material from."""

    def __init__(self, ctx: Context) -> None:
        super().__init__({
            "triple": self.triple, "and": self.bits, "matmul": self.matrices, "edabit": self.edabit, "sines": self.sines, "permute": self.permute,
        })  # fmt: skip
        self._deals = ctx.rank == DEALER
        self._common, self._private = ctx.streams[1 - ctx.rank], ctx.private
        self._orders: dict[Name, Order] = {}

    def expect(self, material: Mapping[What, int]) -> None:
        """Draw the permutations of a plan, with the correlations of all that they will move; the rest is made as it is taken."""
        super().expect(material)
        self._orders = {}
        for what in sorted(w for w in material if w[0] == "permute"):
            _, name, rows, kind, bits = cast("tuple[str, Name, int, str, int]", what)
            if name not in self._orders:
                self._orders[name] = self._order(rows)
            self._correlate(self._orders[name], KINDS[kind](bits), material[what])

    def settle(self) -> None:
        super().settle()
        self._orders = {}

    def order(self, name: Name, rows: int) -> Order:
        """The permutation of a name: once."""
        return self._orders.pop(name, None) or self._order(rows)

    def _order(self, rows: int) -> Order:
        second = self._common.permutation(rows)
        return Order(rows, (self._private.permutation(rows) if self._deals else None, second))

    def _correlate(self, order: Order, kind: Kind, count: int) -> None:
        """Add ``p(a) = b + c`` for both hops of some vectors: this party's c where it moves, its a and b where the other does."""
        shape = (order.rows,)
        for _ in range(count):
            a, b, given = (uniform(self._common, kind, shape) for _ in range(3))  # what party 1 gets: a, b of the dealer's hop, c of its own
            if self._deals:
                mine = self._secret(kind, shape)
                order.add(kind, (minus(kind, order.moved(0, kind, a), b), mine, minus(kind, order.moved(1, kind, mine), given)))
            else:
                order.add(kind, (given, a, b))

    def _secret(self, kind: Kind, shape: tuple[int, ...]) -> Array:
        """A value that the dealer alone draws; nothing at party 1."""
        return uniform(self._private, kind, shape) if self._deals else np.empty(0, kind.word)

    def _shared(self, kind: Kind, shape: tuple[int, ...], value: Array) -> Array:
        """Of a value that the dealer has, the part of this party."""
        given = uniform(self._common, kind, shape)
        return minus(kind, value, given) if self._deals else given

    def triple(self, k: int, count: int) -> tuple[Array, ...]:
        """A, b and a b in Z_2^k."""
        kind, shape = Arithmetic(k), (count,)
        a, b = self._secret(kind, shape), self._secret(kind, shape)
        return tuple(self._shared(kind, shape, v) for v in (a, b, a * b))

    def bits(self, b: int, count: int) -> tuple[Array, ...]:
        """X, y and x & y: words of b bits."""
        kind, shape = Boolean(b), (count,)
        x, y = self._secret(kind, shape), self._secret(kind, shape)
        return tuple(self._shared(kind, shape, v) for v in (x, y, x & y))

    def matrices(self, k: int, sizes: tuple[int, int, int], count: int) -> tuple[Array, ...]:
        """A (n, m), B (m, p) and A B."""
        kind, (n, m, p) = Arithmetic(k), sizes
        a, b = self._secret(kind, (n, m)), self._secret(kind, (m, p))
        product = np.matmul(a, b, dtype=kind.word) if self._deals else a
        return self._shared(kind, (n, m), a), self._shared(kind, (m, p), b), self._shared(kind, (n, p), product)

    def edabit(self, k: int, b: int, count: int) -> tuple[Array, ...]:
        """Words of b bits, as numbers and as words."""
        ring, kind, shape = Arithmetic(k), Boolean(b), (count,)
        word = self._secret(kind, shape)
        number = (unpack(word, count) if kind == BIT and self._deals else word).astype(ring.word)
        return self._shared(ring, shape, number), self._shared(kind, shape, word)

    def sines(self, k: int, period: int, harmonics: tuple[int, ...], f: int, count: int) -> tuple[Array, ...]:
        """Words as angles, and the sines and cosines of their multiples."""
        ring, kind = Arithmetic.least(period), Arithmetic(k)
        angle = self._secret(ring, (count,))
        waves = sine_words(angle, period, harmonics, [2.0**f] * len(harmonics)).astype(kind.word) if self._deals else angle
        return self._shared(ring, (count,), angle), self._shared(kind, (2 * len(harmonics), count), waves)

    def permute(self, name: Name, rows: int, kind: str, bits: int, count: int, order: Order, shape: tuple[int, ...]) -> tuple[Array, ...]:
        """For ``count`` vectors that a permutation moves: c of this party's hop, a and b of the other's."""
        found = KINDS[kind](bits)
        self._correlate(order, found, count - order.ready(found))
        columns = [order.take(found) for _ in range(count)]
        return columns[0] if len(shape) == 1 else tuple(np.stack(parts, axis=1) for parts in zip(*columns, strict=True))


class Order:
    """What a party has of the permutation ``x[p_0][p_1]``, which party 0 applies first: the dealer knows both halves, party 1 its own.

    Parameters
    ----------
    rows : int
    index : tuple of (ndarray or None)
        p_0 and p_1 where this party knows them.
    """

    def __init__(self, rows: int, index: tuple[Array | None, Array]) -> None:
        self.rows, self.index = rows, index
        self._ready: dict[Kind, deque[tuple[Array, ...]]] = {}

    def __repr__(self) -> str:
        return f"Order(rows={self.rows})"  # never the indices

    def moved(self, half: int, kind: Kind, vector: Array) -> Array:
        """Row i is the old row ``p[i]``."""
        index = self.index[half]
        assert index is not None
        return held(kind, (self.rows,), vector).take(index).parts[0]

    def add(self, kind: Kind, correlation: tuple[Array, ...]) -> None:
        self._ready.setdefault(kind, deque()).append(correlation)

    def ready(self, kind: Kind) -> int:
        """Vectors of a kind for which there is a correlation."""
        return len(self._ready.get(kind, ()))

    def take(self, kind: Kind) -> tuple[Array, ...]:
        """A correlation, once."""
        return self._ready[kind].popleft()
