"""The declared dealer: party 0 makes all material, and knows it. Party 1 draws its parts from the stream of both, party 0 sets its own to fit."""

from __future__ import annotations

import numpy as np

from spuframe.kernels.sines import sine_words
from spuframe.spu.additive.sharing import held, minus
from spuframe.spu.context import Context
from spuframe.spu.orders import Dealt, Order
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, unpack
from spuframe.spu.wire import uniform


class Dealer(Dealt):
    """What both parties take their material from."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx, {"triple": self.triple, "and": self.bits, "matmul": self.matrices, "edabit": self.edabit, "sines": self.sines})

    def _correlate(self, order: Order, kind: Kind, count: int) -> None:
        shape = (order.rows,)

        def moved(half: int, vector: Array) -> Array:
            return held(kind, shape, vector).take(order.half(half)).parts[0]

        for _ in range(count):
            a, b, given = (uniform(self._common, kind, shape) for _ in range(3))  # what party 1 gets: a, b of the dealer's hop, c of its own
            if self._deals:
                mine = self._secret(kind, shape)
                order.add(kind, (minus(kind, moved(0, a), b), mine, minus(kind, moved(1, mine), given)))
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
