"""Series of sines: ``sin h (a + b) = sin ha cos hb + cos ha sin hb`` for ``x = a + b``, a known to one party and b to the other.

So each term is two products of private words, u of one party and v of the other. u is a sine, rounded and made positive by an offset: b = f + 2 bits.
v is a cosine times the coefficient, modulo 2^q, where q bits hold the whole sum. With random u', r (one bit) of the one party, v' of the
other and shares of ``u' v'`` and ``r v'`` made before, the parties tell each other ``d = u - u'`` modulo 2^b, ``e = v - v'`` modulo 2^q, and
whether u' was passed: ``u = d + u' - w 2^b`` for a bit w, of which ``t = w ^ r`` is told. Then

    u v = d v + u' v' + u' e - 2^b (w e + t v' + (1 - 2 t) r v')

is shared: of each term one party knows both factors, or has its share. All that is told is masked by a word that the receiver lacks. b + 1 transfers a
product, where Gilboa's of words of 64 bits takes 64. The sum is extended to the ring in the end. The sines are the parties' own, rounded to half a unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.kernels.bits import pack_words, packed_bytes, unpack_words
from spuframe.kernels.sines import sine_words
from spuframe.protocols.semi2k.private import clear_tops, material, swap
from spuframe.spu.additive.sharing import held
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import BIT, Share, pack, unpack
from spuframe.spu.wire import wire_bytes


def _widths(k: int, terms: Sequence[tuple[int, float]], f: int) -> tuple[int, int]:
    """B and q: of a sine, and of the whole sum with two bits above it."""
    most = int(sum(abs(c) for _, c in terms) * 2.0 ** (2 * f)) + len(terms) * (2 << f) + 1
    return f + 2, min(k, most.bit_length() + 2)


def fourier(ctx: Context, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
    """One round, and one to extend the sum."""
    rising, n, k = sorted(terms), x.rows, x.bits
    (b, q), hs = _widths(k, terms, f), tuple(h for h, _ in rising)
    low, whole, one = np.uint64((1 << b) - 1), np.uint64((1 << q) - 1), np.uint64(1)
    u = sine_words(x.parts[0], period, hs, [2.0**f] * len(hs)).astype(np.uint64)[0::2].reshape(-1) + np.uint64(1 << f)
    v = sine_words(x.parts[0], period, hs, [c * 2.0**f for _, c in rising]).astype(np.uint64)[1::2].reshape(-1)
    mask, r, other, *shares = ctx.own.take(("turn", q, b), u.size)
    got_u, got_r, sent_u, sent_r = (share.astype(np.uint64) for share in shares)
    mask, other = mask.astype(np.uint64), other.astype(np.uint64)
    d, e = (u - mask) & low, (v - other) & whole
    w = (d + mask) >> np.uint64(b)
    t = w.astype(np.uint8) ^ r
    told = swap(ctx, pack_words(d, b), pack(t), pack_words(e, q))
    d_, e_ = unpack_words(told[0], u.size, b).astype(np.uint64), unpack_words(told[2], u.size, q).astype(np.uint64)
    t_, t = unpack(told[1], u.size).astype(np.uint64), t.astype(np.uint64)
    shift = np.uint64(b)
    total = got_u + mask * e_ - ((w * e_ + (one - (t << one)) * got_r) << shift)
    total += sent_u + d_ * v - (v << np.uint64(f)) - ((t_ * other + (one - (t_ << one)) * sent_r) << shift)
    total = total.reshape(-1, n).sum(axis=0, dtype=np.uint64)
    if q < k:
        if ctx.rank == 0:
            total += np.uint64(1 << (q - 2))
        total &= whole
        total += clear_tops(ctx, total, q, k - q).astype(np.uint64) << np.uint64(q)
        if ctx.rank == 0:
            total -= np.uint64((1 << q) + (1 << (q - 2)))
    return held(x.kind, x.shape, total.astype(x.kind.word))


def fourier_cost(parties: int, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Cost:
    """One or two rounds."""
    (b, q), n = _widths(x.bits, terms, f), len(terms) * x.rows
    cost = Cost(1, (packed_bytes(b, n) + packed_bytes(1, n) + packed_bytes(q, n),) * 2, material(("turn", q, b), n))
    return cost + Cost(1, (wire_bytes(BIT, (x.rows,)),) * 2, material(("flag", x.bits - q), x.rows)) if q < x.bits else cost


KERNELS: dict[str, Kernel] = {
    "fourier": Kernel(fourier, fourier_cost, "sum_j c_j (sin h_j a cos h_j b + cos h_j a sin h_j b); 2 rounds, 3f + 5 bits a term", "addition theorem"),
}
"""The one kernel."""
