"""Arithmetic kernels of aby3: products, truncation, extension, a bit times a word.

**Products** [Araki+ CCS 2016, section 2.2]. Party i computes z_i = x_i y_i + x_i y_(i+1) + x_(i+1) y_i + zero_i, where
zero_i = F(i, i+1) - F(i-1, i) are words of the pairs' streams that add up to zero, and sends z_i to party i-1. Sums of products and
matrix products send their result only. Without the zero share z_i would be a function of the inputs; with it, what is received is uniform.

**Two addends with a known wrap bit.** Truncation and extension need the integer behind x in Z_2^k, for -2^(k-2) <= x < 2^(k-2). Put
v = x + 2^(k-2), so that v < 2^(k-1): its top bit is zero. Let v = a + b - w 2^k, with a known to party 0 and b to parties 1 and 2. Were
just one of the top bits of a and b set, then a + b >= 2^(k-1), so v < 2^(k-1) only if it wrapped; were none set, it did not wrap; were both, it
did. So w = a_top OR b_top, and 1 - w = (1 - a_top)(1 - b_top): one product of a bit that party 0 knows and a bit that 1 and 2 know.

- truncation: y = ceil(a / 2^f) + floor(b / 2^f) - w 2^(k-f) - 2^(k-2-f). Then 2^f y - x = (-a mod 2^f) - (b mod 2^f), which is below 2^f in
  size for *every* x: the result is floor or ceiling of x / 2^f and never anything else (no wrap with small probability as in
  [Mohassel&Rindal CCS 2018, section 5.1]). For uniform a both terms are uniform over 0 .. 2^f - 1: x / 2^f is rounded up with the probability
  of its fraction, and the mean error is zero. A public constant is not uniformly shared (a or b is zero): it is rounded up. Multiples of 2^f
  are exact. Only w mod 2^f matters: it travels in the smallest word of at least f bits.
- extension to K bits: y = a + b - w 2^k - 2^(k-2) in Z_2^K, exact; w matters mod 2^(K-k).

Shares of y. With r' and r from the stream of parties 0 and 2, q1 and q2 from that of 1 and 2, t = (1 - a_top)(1 - b_top) = s n + r n where
s = (1 - a_top) - r, n = 1 - b_top:

=========  ============================================== ====================
component  value                                           held by
=========  ============================================== ====================
c_0        r' + (r n - q2) 2^e                              0 and 2; party 2 sends r n - q2 to 0
c_1        (high(a) - r') + (s n - q1) 2^e                  0 and 1; 0 sends high(a) - r' and s to 1 (round 1), 1 sends s n - q1 to 0 (round 2)
c_2        high(b) + (q1 + q2) 2^e - constants              1 and 2
=========  ============================================== ====================

Security: party 1 receives words masked by r' and r, which it does not know; party 0 receives words masked by q1 and q2; party 2 receives
nothing here. For a product, parties 1 and 2 first tell each other z_1 and z_2; each is masked by a word of a stream that the receiver
does not have (zero_1 contains F(0, 1), zero_2 contains F(2, 0)). So every view is uniform.

The functionality that is realised samples a + b = v, gives a to P0 and b to P1 and P2, and shares y afresh. The coin of the rounding is in the
low bits of a, or of b: *every* party knows it. To one party alone it tells nothing of x. With y it bounds what was cut off, since
x = 2^f y - (-a mod 2^f) + (b mod 2^f): whoever is handed y and works with a party learns on which side of a uniformly random number the cut-off
bits of x lie (see docs/design/secrecy.md). As in every probabilistic truncation.

Bytes a row with k = 64 and f <= 32: product with truncation 12 from each party; truncation alone 12, 4, 4; both 2 rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.kernels import arithmetic as loops
from spuframe.kernels.arithmetic import flat
from spuframe.protocols.aby3 import sharing
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context, Messages
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Arithmetic, Array, Share


# ---- products ---------------------------------------------------------------------------------------------
def _zero_words(ctx: Context, shape: tuple[int, ...], word: np.dtype[np.uint64]) -> tuple[Array, Array]:
    """F(i, i+1) and F(i-1, i): their difference is this party's share of zero."""
    return ctx.streams[(ctx.rank + 1) % 3].words(shape, word), ctx.streams[(ctx.rank + 2) % 3].words(shape, word)


def _products(ctx: Context, xs: Sequence[Share], ys: Sequence[Share]) -> Array:
    """z_i of the sum of products, masked."""
    shape = np.broadcast_shapes(xs[0].shape, ys[0].shape)

    def parts(share: Share) -> tuple[Array, Array]:
        wide = share if share.shape == shape else share.broadcast(shape)
        return flat(wide.parts[0]), flat(wide.parts[1])

    plus, minus = _zero_words(ctx, (int(np.prod(shape, dtype=np.int64)),), xs[0].kind.word)
    out = np.empty_like(plus)
    loops.mul_masked(*parts(xs[0]), *parts(ys[0]), plus, minus, out)
    for x, y in zip(xs[1:], ys[1:], strict=True):
        loops.mul_add(*parts(x), *parts(y), out)
    return out


def _matrix_product(ctx: Context, x: Share, y: Share) -> Array:
    out = loops.replicated_matmul(*x.parts, *y.parts)
    plus, minus = _zero_words(ctx, out.shape, x.kind.word)
    out += plus
    out -= minus
    return out.reshape(-1)


def _reshare(ctx: Context, z: Array, kind: Arithmetic, shape: tuple[int, ...]) -> Share:
    """From z_i at party i to the replicated share: send z_i to party i-1."""
    after, before = (ctx.rank + 1) % 3, (ctx.rank + 2) % 3
    following = np.empty_like(z)
    ctx.round([(before, z)], [(after, following)])
    return Share(kind, shape, (z.reshape(shape), following.reshape(shape)), LAYOUT)


def _finish(ctx: Context, z: Array, kind: Arithmetic, shape: tuple[int, ...], f: int) -> Share:
    if f == 0:
        return _reshare(ctx, z, kind, shape)
    return _join(ctx, z, _truncation(kind, f), shape, exchange=True)


def dot(ctx: Context, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Share:
    """Sum of products element by element, truncated by f bits if f > 0."""
    shape = np.broadcast_shapes(xs[0].shape, ys[0].shape)
    return _finish(ctx, _products(ctx, xs, ys), _ring(xs[0]), shape, f)


def matmul(ctx: Context, x: Share, y: Share, f: int) -> Share:
    """Matrix product, truncated by f bits if f > 0."""
    return _finish(ctx, _matrix_product(ctx, x, y), _ring(x), (x.shape[0], y.shape[1]), f)


def dot_cost(parties: int, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Cost:
    """Traffic of one product, whatever the number of pairs."""
    return _product_cost(_ring(xs[0]), int(np.prod(np.broadcast_shapes(xs[0].shape, ys[0].shape), dtype=np.int64)), f)


def matmul_cost(parties: int, x: Share, y: Share, f: int) -> Cost:
    """Traffic of the result."""
    return _product_cost(_ring(x), x.shape[0] * y.shape[1], f)


def _product_cost(kind: Arithmetic, n: int, f: int) -> Cost:
    if f == 0:
        return Cost(1, (n * kind.bits // 8,) * 3)
    return Cost(2, (n * (kind.bits + _truncation(kind, f).wrap.bits) // 8,) * 3)


# ---- two addends ------------------------------------------------------------------------------------------
class _Join(NamedTuple):
    """Parameters of one use of the wrap bit: from ``ring`` to ``out``, dividing by 2^f, with w weighing 2^e and travelling as ``wrap``."""

    ring: Arithmetic
    out: Arithmetic
    f: int
    e: int
    wrap: Arithmetic

    @property
    def fixed(self) -> int:
        """What is taken off in the end: w enters as 1 - t, and the offset."""
        return (1 << self.e) + (1 << (self.ring.bits - 2 - self.f))


def _smallest_word(bits: int) -> Arithmetic:
    return Arithmetic(8 if bits <= 8 else 16 if bits <= 16 else 32 if bits <= 32 else 64)


def _truncation(kind: Arithmetic, f: int) -> _Join:
    if not 1 <= f <= kind.bits - 2:
        raise ProtocolError(f"`f` must be between 1 and {kind.bits - 2} for a ring of {kind.bits} bits, got {f}: choose a wider ring")
    return _Join(kind, kind, f, kind.bits - f, _smallest_word(f))


def _extension(kind: Arithmetic, bits: int) -> _Join:
    return _Join(kind, Arithmetic(bits), 0, kind.bits, _smallest_word(bits - kind.bits))


def _join(ctx: Context, z: Array, how: _Join, shape: tuple[int, ...], *, exchange: bool) -> Share:
    """The two rounds that the module's docstring derives.

    ``z`` is a at party 0; at parties 1 and 2 it is b, or with ``exchange`` the addend of b that this party tells the other.
    """
    n, ring, out, wrap = z.size, how.ring, how.out, how.wrap
    f, e, top = np.uint64(how.f), np.uint64(how.e), np.uint64(ring.bits - 1)
    if ctx.rank == 0:
        mask, bit_mask = ctx.streams[2].words(n, out.word), ctx.streams[2].words(n, wrap.word)
        message = np.empty(n * (out.bits + wrap.bits) // 8, np.uint8)
        high, bit = _split(message, n, out, wrap)
        offset, keep = np.uint64(1 << (ring.bits - 2)), np.uint64((1 << ring.bits) - 1)
        loops.wrap_input(z, offset, keep, f, top, mask, bit_mask, high, bit)
        ctx.round([(1, message)], [])
        from1, from2 = np.empty(n, wrap.word), np.empty(n, wrap.word)
        ctx.round([], [(1, from1), (2, from2)])
        c1 = np.empty(n, out.word)
        loops.add_shifted(high, from1, e, c1)
        loops.add_shifted(mask, from2, e, mask)
        return Share(out, shape, (mask.reshape(shape), c1.reshape(shape)), LAYOUT)

    other = 3 - ctx.rank
    sends: Messages = [(other, z)] if exchange else []
    b = np.empty_like(z) if exchange else z
    recvs: list[tuple[int, Array]] = [(other, b)] if exchange else []
    if ctx.rank == 1:
        message = np.empty(n * (out.bits + wrap.bits) // 8, np.uint8)
        recvs.append((0, message))
        base, factor = _split(message, n, out, wrap)
    else:
        base, factor = ctx.streams[0].words(n, out.word), ctx.streams[0].words(n, wrap.word)
    q1, q2 = ctx.streams[other].words(n, wrap.word), ctx.streams[other].words(n, wrap.word)
    mine, theirs = (q1, q2) if ctx.rank == 1 else (q2, q1)
    ctx.round(sends, recvs)
    if exchange:
        b += z
    answer, common, own = np.empty(n, wrap.word), np.empty(n, out.word), np.empty(n, out.word)
    fixed = np.uint64(how.fixed % (1 << 64))
    loops.wrap_answer(b, f, top, e, fixed, factor, mine, theirs, base, answer, common, own)
    ctx.round([(0, answer)], [])
    parts = (own, common) if ctx.rank == 1 else (common, own)
    return Share(out, shape, (parts[0].reshape(shape), parts[1].reshape(shape)), LAYOUT)


def _split(message: Array, n: int, out: Arithmetic, wrap: Arithmetic) -> tuple[Array, Array]:
    """The words of ``out`` and the words of ``wrap`` in one message: one frame is cheaper than two."""
    cut = n * out.bits // 8
    return message[:cut].view(out.word), message[cut:].view(wrap.word)


def _addend(ctx: Context, x: Share) -> Array:
    """What enters `_join`: a = c_0 + c_1 at party 0, b = c_2 at the others."""
    if ctx.rank == 0:
        total: Array = np.add(x.parts[0], x.parts[1])
        return flat(total)
    return flat(x.parts[1] if ctx.rank == 1 else x.parts[0])


def _join_cost(how: _Join, n: int) -> Cost:
    answer = n * how.wrap.bits // 8
    return Cost(2, (n * how.out.bits // 8 + answer, answer, answer))


def trunc(ctx: Context, x: Share, f: int) -> Share:
    """Divide by 2^f, with a = c_0 + c_1 and b = c_2."""
    return _join(ctx, _addend(ctx, x), _truncation(_ring(x), f), x.shape, exchange=False)


def trunc_cost(parties: int, x: Share, f: int) -> Cost:
    """Two rounds."""
    return _join_cost(_truncation(_ring(x), f), x.size)


def extend(ctx: Context, x: Share, bits: int) -> Share:
    """The same signed value in a larger ring."""
    return _join(ctx, _addend(ctx, x), _extension(_ring(x), bits), x.shape, exchange=False)


def extend_cost(parties: int, x: Share, bits: int) -> Cost:
    """Two rounds."""
    return _join_cost(_extension(_ring(x), bits), x.size)


# ---- a bit times a word -------------------------------------------------------------------------------------
def inject(ctx: Context, bit: Share, x: Share) -> Share:
    """Party 0 knows u = b_0 ^ b_1 and X = x_0 + x_1, parties 1 and 2 know v = b_2 and x_2; b = u + v - 2uv.

    b x = u X + v (1-2u) X + u (1-2v) x_2 + v x_2. Party 0 splits u X, (1-2u) X and u between parties 1 and 2 (the halves of party 2
    from their stream), who are then linear in what they hold; they mask with their own stream and give the results to party 0.
    """
    n, kind = x.size, _ring(x)
    if ctx.rank == 0:
        masks = ctx.streams[2].words((3, n), kind.word)
        halves = np.empty((3, n), kind.word)
        u0, u1 = flat(bit.parts[0]), flat(bit.parts[1])
        loops.inject_input(u0, u1, flat(x.parts[0]), flat(x.parts[1]), masks[0], masks[1], masks[2], halves)
        ctx.round([(1, halves)], [])
        c0, c1 = np.empty(n, kind.word), np.empty(n, kind.word)
        ctx.round([], [(1, c1), (2, c0)])
        return Share(kind, x.shape, (c0.reshape(x.shape), c1.reshape(x.shape)), LAYOUT)
    held = 1 if ctx.rank == 1 else 0  # where c_2 lies
    q1, q2 = (ctx.streams[3 - ctx.rank].words(n, kind.word) for _ in range(2))
    mine, theirs = (q1, q2) if ctx.rank == 1 else (q2, q1)
    if ctx.rank == 1:
        halves = np.empty((3, n), kind.word)
        ctx.round([], [(0, halves)])
    else:
        halves = ctx.streams[0].words((3, n), kind.word)
        ctx.round([], [])
    own, common = np.empty(n, kind.word), np.empty(n, kind.word)
    loops.inject_answer(flat(bit.parts[held]), flat(x.parts[held]), halves, mine, theirs, own, common)
    ctx.round([(0, own)], [])
    parts = (own, common) if ctx.rank == 1 else (common, own)
    return Share(kind, x.shape, (parts[0].reshape(x.shape), parts[1].reshape(x.shape)), LAYOUT)


def inject_cost(parties: int, bit: Share, x: Share) -> Cost:
    """Two rounds."""
    size = x.size * x.bits // 8
    return Cost(2, (3 * size, size, size))


def _ring(x: Share) -> Arithmetic:
    if not isinstance(x.kind, Arithmetic):
        raise ProtocolError(f"an arithmetic share is needed, got {x.kind}: convert it with b2a")
    return x.kind


KERNELS: dict[str, Kernel] = {
    "dot": Kernel(
        dot,
        dot_cost,
        "z_i = sum_j x_i y_i + x_i y_(i+1) + x_(i+1) y_i + zero_i; f = 0: 1 round, k bits a party; f > 0: 2 rounds, k + word(f) bits",
        "Araki+ CCS 2016, 2.2; truncation: see trunc",
    ),
    "matmul": Kernel(
        matmul,
        matmul_cost,
        "Z_i = X_i Y_i + X_i Y_(i+1) + X_(i+1) Y_i + zero_i; traffic of the result alone, as dot",
        "Araki+ CCS 2016, 2.2; Mohassel&Rindal CCS 2018, 5.2",
    ),
    "trunc": Kernel(
        trunc,
        trunc_cost,
        "y = ceil(a/2^f) + floor(b/2^f) - (a_top OR b_top) 2^(k-f) - 2^(k-2-f), x + 2^(k-2) = a + b; 2 rounds; k + w, w, w bits, w = word(f)",
        "known-sign wrap bit: Escudero+ CRYPTO 2020 (probabilistic truncation), Huang+ (Cheetah) USENIX Security 2022, 5; proof in the module",
    ),
    "extend": Kernel(
        extend,
        extend_cost,
        "y = a + b - (a_top OR b_top) 2^k - 2^(k-2) in Z_2^K; 2 rounds; K + word(K-k), word(K-k), word(K-k) bits",
        "as trunc",
    ),
    "inject": Kernel(
        inject,
        inject_cost,
        "b x = u X + v (1-2u) X + u (1-2v) x_2 + v x_2; 2 rounds; 3k, k, k bits",
        "after Mohassel&Rindal CCS 2018, 5.4, without oblivious transfer",
    ),
    "open": Kernel(sharing.open_, sharing.open_cost, "party i sends c_i to party i+1; 1 round, k bits a party", "Araki+ CCS 2016, 2.1"),
}

