"""`Ideal`: the material of two parties with additive shares as a trusted third would make it, for checks alone.

The parties tell each other all their parts in the clear, and one sets its last part to fit: what is made so hides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.preprocessing.supply import Source, Stock
from spuframe.spu.additive.sharing import held, minus
from spuframe.spu.context import Context
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind, unpack
from spuframe.spu.wire import uniform


class Ideal(Stock):
    """Material without secrets. Each party draws its parts from its own stream, as in a real preparation.

    Parameters
    ----------
    ctx : Context
    """

    def _source(self) -> Source:
        return _Clear(self._ctx)


class _Clear:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def triple(self, k: int, count: int) -> tuple[Array, ...]:
        (a, b, c), (u, v, w) = self._both([(Arithmetic(k), (count,))] * 3)
        return a, b, self._fit(c, (a + u) * (b + v) - w)

    def bits(self, b: int, count: int) -> tuple[Array, ...]:
        (x, y, z), (u, v, w) = self._both([(Boolean(b), (count,))] * 3)
        return x, y, self._fit(z, ((x ^ u) & (y ^ v)) ^ w)

    def matrices(self, k: int, sizes: tuple[int, int, int], count: int) -> tuple[Array, ...]:
        n, m, p = sizes
        (a, b, c), (u, v, w) = self._both([(Arithmetic(k), (count, *shape)) for shape in ((n, m), (m, p), (n, p))])
        return a, b, self._fit(c, np.matmul(a + u, b + v, dtype=a.dtype) - w)

    def edabit(self, k: int, b: int, count: int) -> tuple[Array, ...]:
        ring, kind = Arithmetic(k), Boolean(b)
        (number, word), (other, theirs) = self._both([(ring, (count,)), (kind, (count,))])
        whole = word ^ theirs
        return self._fit(number, (unpack(whole, count) if kind == BIT else whole).astype(ring.word) - other), word

    def turn(self, q: int, b: int, count: int) -> tuple[Array, ...]:
        parts = self._both([(Boolean(b), (count,)), (Boolean(8), (count,)), *[(Boolean(q), (count,))] * 5])
        (u, r, v, *shares), (u_, r_, v_, *others) = ([part.astype(np.uint64) for part in side] for side in parts)
        bits = (r & np.uint64(1), r_ & np.uint64(1))
        products = [u * v_ - others[2], bits[0] * v_ - others[3], u_ * v - others[0], bits[1] * v - others[1]]
        fitting = [self._fit(share, product & np.uint64((1 << q) - 1)) for share, product in zip(shares, products, strict=True)]
        return u.astype(Boolean(b).word), bits[0].astype(np.uint8), v, *fitting

    def private_bits(self, b: int, count: int) -> tuple[Array, ...]:
        (u, share), (v, other) = self._both([(Boolean(b), (count,))] * 2)
        return u, self._fit(share, (u & v) ^ other)

    def flag(self, e: int, count: int) -> tuple[Array, ...]:
        (u, share), (v, other) = self._both([(Boolean(8), (count,)), (Arithmetic.least(e), (count,))])
        own, theirs = u & np.uint8(1), v & np.uint8(1)
        return own, self._fit(share, (own & theirs).astype(share.dtype) - other)

    def mux(self, k: int, count: int) -> tuple[Array, ...]:
        (r, d, got, sent), (q, e, theirs, ours) = self._both([(Boolean(8), (count,)), *[(Arithmetic(k), (count,))] * 3])
        own, other = (bit & np.uint8(1) for bit in (r, q))
        return own, d, self._fit(got, own * e - ours), self._fit(sent, other * d - theirs)

    def permutations(self, halves: Sequence[Array], kinds: Sequence[Kind]) -> list[list[tuple[Array, Array, Array]]]:
        return [[self._moved(half, kind) for kind in kinds] for half in halves]

    def _moved(self, half: Array, kind: Kind) -> tuple[Array, Array, Array]:
        shape = half.shape
        (a, b), (u, v) = self._both([(kind, shape)] * 2)
        return minus(kind, held(kind, shape, u).take(half).parts[0], v), a, b

    def _fit(self, drawn: Array, fitting: Array) -> Array:
        return drawn if self._ctx.rank == 0 else fitting

    def _both(self, shapes: Sequence[tuple[Kind, tuple[int, ...]]]) -> tuple[list[Array], list[Array]]:
        """Drawn parts, and the other party's."""
        link, peer = self._ctx.link, 1 - self._ctx.rank
        mine = [uniform(self._ctx.private, kind, shape) for kind, shape in shapes]
        theirs = [np.empty_like(part) for part in mine]
        before = link.traffic.snapshot()
        for part, got in zip(mine, theirs, strict=True):
            if part.size:
                link.send(peer, part)
                link.recv_into(peer, got)
        link.traffic = before  # no part of a plan
        return mine, theirs
