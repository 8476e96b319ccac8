"""The arithmetic black box: the operations on shares that algorithms are written with.

It looks a kernel up in the protocol's table, cuts long vectors into batches that stay in the cache, and adds up
the declared cost. Without a context it runs nothing and only adds up: the same algorithm then tells its cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Protocol
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, concat, pack, stored_shape

BATCH_ROWS = 1 << 15
"""Rows per batch unless the plan says otherwise; a multiple of 64, so that bitmaps are cut at words."""


class BlackBox:
    """Operations on shares under one protocol.

    Parameters
    ----------
    protocol : Protocol
    parties : int
    ctx : Context or None
        None: nothing runs, results have shapes only, `declared` still adds up.
    batch_rows : int
        A multiple of 64.
    """

    def __init__(self, protocol: Protocol, parties: int, ctx: Context | None = None, batch_rows: int = BATCH_ROWS) -> None:
        self.protocol = protocol
        self.parties = parties
        self.ctx = ctx
        self.batch_rows = batch_rows
        self.declared = Cost()
        self.calls: dict[str, int] = {}

    @property
    def dry(self) -> bool:
        return self.ctx is None

    # ---- public values --------------------------------------------------------------------------
    def constant(self, values: Array | int, kind: Kind, shape: tuple[int, ...]) -> Share:
        """A public scalar or array as a share; signed values are taken modulo 2^bits, bits as zeros and ones."""
        if self.ctx is None:
            return Share(kind, shape, ())
        if kind == BIT:
            bits = np.broadcast_to(np.asarray(values, np.uint8), shape)
            return self.protocol.constant(self.ctx.rank, self.parties, pack(bits), kind, shape)
        if isinstance(values, int):
            words: Array = np.broadcast_to(np.asarray(values % (1 << kind.bits), np.uint64).astype(kind.word), shape)
        else:
            words = np.broadcast_to(values.astype(kind.word), shape)
        return self.protocol.constant(self.ctx.rank, self.parties, words, kind, shape)

    def add_public(self, x: Share, values: Array | int) -> Share:
        return x + self.constant(values, x.kind, x.shape)

    def not_(self, x: Share) -> Share:
        """Complement of a bit or of every bit of a word."""
        if isinstance(x.kind, Arithmetic):
            raise TypeError("not_ needs a boolean share")
        return x ^ self.constant(1 if x.is_bit else x.kind.mask, x.kind, x.shape)

    # ---- kernels --------------------------------------------------------------------------------
    def dot(self, xs: Sequence[Share], ys: Sequence[Share], f: int = 0) -> Share:
        """``sum_j xs[j] * ys[j]``, at the traffic of one product; truncated by ``f`` bits if f > 0."""
        m = len(xs)
        both = [*xs, *ys]
        return self._rowwise("dot", both, xs[0].kind, lambda s: (list(s[:m]), list(s[m:]), f))

    def mul(self, x: Share, y: Share, f: int = 0) -> Share:
        return self.dot([x], [y], f)

    def matmul(self, x: Share, y: Share, f: int = 0) -> Share:
        return cast(Share, self._run("matmul", (x, y, f), lambda: Share(x.kind, (x.shape[0], y.shape[1]), ())))

    def trunc(self, x: Share, f: int) -> Share:
        return self._rowwise("trunc", [x], x.kind, lambda s: (s[0], f)) if f else x

    def extend(self, x: Share, bits: int) -> Share:
        """The same signed value in the larger ring Z_2^bits; needs |x| < 2^(k-2)."""
        return x if bits == x.bits else self._rowwise("extend", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def and_(self, x: Share, y: Share) -> Share:
        return self._rowwise("and_", [x, y], x.kind, lambda s: (s[0], s[1]))

    def or_(self, x: Share, y: Share) -> Share:
        return x ^ y ^ self.and_(x, y)

    def msb(self, x: Share, bits: int | None = None) -> Share:
        b = x.bits if bits is None else bits
        return self._rowwise("msb", [x], BIT, lambda s: (s[0], b))

    def eqz(self, x: Share, bits: int | None = None) -> Share:
        b = x.bits if bits is None else bits
        return self._rowwise("eqz", [x], BIT, lambda s: (s[0], b))

    def a2b(self, x: Share, bits: int | None = None) -> Share:
        b = x.bits if bits is None else bits
        return self._rowwise("a2b", [x], Boolean(b), lambda s: (s[0], b))

    def b2a(self, x: Share, bits: int = 64) -> Share:
        return self._rowwise("b2a", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def inject(self, bit: Share, x: Share) -> Share:
        """``bit * x`` for a packed bit and a vector."""
        return self._rowwise("inject", [bit, x], x.kind, lambda s: (s[0], s[1]))

    def fourier(self, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
        """``sum_j c_j sin(2 pi h_j x / 2^period)`` scaled by ``2^(2f)``: periodic in x, so no range of x is too large."""
        return self._rowwise("fourier", [x], x.kind, lambda s: (s[0], period, tuple(terms), f))

    def select(self, bit: Share, x: Share, y: Share) -> Share:
        """``x`` where the bit is set, else ``y``."""
        if isinstance(x.kind, Arithmetic):
            return y + self.inject(bit, x - y)
        return y ^ self.and_(self.spread(bit, x), x ^ y)

    def spread(self, bit: Share, like: Share) -> Share:
        """A bit as a mask of all ones or zeros over the words of ``like``; local."""
        if like.is_bit:
            return bit
        kind, shape = cast(Boolean, like.kind), like.shape
        ones = kind.word.type(kind.mask)
        wide = bit.widen(max(like.kind.bits, 2)).map(lambda p: p * ones, kind)
        return wide if len(shape) == 1 else wide.reshape(-1, 1).map(lambda p: np.ascontiguousarray(np.broadcast_to(p, shape)), shape=shape)

    def open(self, x: Share) -> Array:
        """To all parties. Only for values that the leakage report names or that are uniformly random."""
        if self.dry:
            self._run("open", (x,), lambda: None)
            return np.broadcast_to(np.zeros((), x.kind.word), x.shape)
        return cast(Array, self._run("open", (x,), lambda: None))

    # ---- permutations ---------------------------------------------------------------------------
    def draw(self, n: int) -> Any:
        """A random permutation of n rows that no party knows."""
        return self._run("draw", (n,), lambda: None)

    def shuffle(self, perm: Any, xs: Sequence[Share]) -> list[Share]:
        return cast("list[Share]", self._run("shuffle", (perm, list(xs)), lambda: [Share(x.kind, x.shape, ()) for x in xs]))

    def unshuffle(self, perm: Any, xs: Sequence[Share]) -> list[Share]:
        return cast("list[Share]", self._run("unshuffle", (perm, list(xs)), lambda: [Share(x.kind, x.shape, ()) for x in xs]))

    # ---- how a kernel is run ----------------------------------------------------------------------
    def _run(self, name: str, arguments: tuple[Any, ...], shape_only: Callable[[], Any]) -> Any:
        kernel = self.protocol.kernels.get(name)
        if kernel is None:
            raise ProtocolError(f"protocol {self.protocol.name!r} has no kernel {name!r}: choose another protocol for this plan")
        self.declared += kernel.cost(*arguments)
        self.calls[name] = self.calls.get(name, 0) + 1
        return shape_only() if self.ctx is None else kernel.run(self.ctx, *arguments)

    def _rowwise(self, name: str, shares: Sequence[Share], kind: Kind, arguments: Callable[[Sequence[Share]], tuple[Any, ...]]) -> Share:
        """Run a kernel whose rows do not depend on each other, batch by batch."""
        shape = shares[0].shape if len(shares) == 1 else np.broadcast_shapes(*(s.shape for s in shares))
        n = shape[0]
        row = max(kind.bits, *(s.bits for s in shares)) * max(1, int(np.prod(shape[1:], dtype=np.int64)))
        step = max(64, self.batch_rows * 64 // row // 64 * 64)  # a batch is so many bytes: narrow rows make long batches
        if n == 0:
            return Share(kind, shape, () if self.ctx is None else tuple(np.empty(stored_shape(kind, shape), kind.word) for _ in shares[0].parts))
        shares = [s if s.shape == shape else s.broadcast(shape) for s in shares]

        def piece(start: int) -> Share:
            stop = min(start + step, n)
            out = (stop - start, *shape[1:])
            return cast(Share, self._run(name, arguments([s.slice(start, stop) for s in shares]), lambda: Share(kind, out, ())))

        if n <= step:
            return piece(0)
        if self.ctx is None:  # all full batches cost the same
            before = self.declared
            piece(0)
            full = self.declared - before
            self.declared += full.times(n // step - 1)
            self.calls[name] += n // step - 1
            if n % step:
                piece(n // step * step)
            return Share(kind, shape, ())
        pieces = [piece(start) for start in range(0, n, step)]
        return concat(pieces)
