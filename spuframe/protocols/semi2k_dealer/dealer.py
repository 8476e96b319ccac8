"""The declared dealer: party 0 makes all material, and knows it. Party 1 draws its parts from the stream of both, party 0 sets its own to fit."""

from __future__ import annotations

import numpy as np

from spuframe.kernels.sines import sine_words
from spuframe.protocols.semi2k_dealer.sharing import held, minus
from spuframe.spu.context import Context
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, unpack
from spuframe.spu.supply import Maker, Supply
from spuframe.spu.wire import uniform

DEALER = 0
"""Its rank."""


def supply(ctx: Context) -> Supply:
    """What both parties take their material from."""
    maker = _Maker(ctx)
    pools: dict[str, Maker] = {
        "triple": maker.triple,
        "and": maker.bits,
        "matmul": maker.matrices,
        "edabit": maker.edabit,
        "sines": maker.sines,
        "permute": maker.permute,
    }
    return Supply(pools)


class _Maker:
    def __init__(self, ctx: Context) -> None:
        self._deals = ctx.rank == DEALER
        self._common, self._private = ctx.streams[1 - ctx.rank], ctx.private

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

    def permute(self, bits: int, count: int, kind: Kind, shape: tuple[int, ...], mover: int, index: Array | None, back: bool) -> tuple[Array, ...]:
        """For a column that party ``mover`` permutes: ``p(a) - b`` to it, a and b to the other."""
        if mover == DEALER:  # the other's come from the stream, the dealer computes its own
            a, b = uniform(self._common, kind, shape), uniform(self._common, kind, shape)
            return (minus(kind, _moved(kind, shape, a, index, back), b),) if self._deals else (a, b)
        given = uniform(self._common, kind, shape)
        if not self._deals:
            return (given,)
        a = self._secret(kind, shape)
        return a, minus(kind, _moved(kind, shape, a, index, back), given)


def _moved(kind: Kind, shape: tuple[int, ...], part: Array, index: Array | None, back: bool) -> Array:
    """Row i is the old row ``index[i]``; or the inverse."""
    assert index is not None
    x: Share = held(kind, shape, part)
    return (x.put(index) if back else x.take(index)).parts[0]
