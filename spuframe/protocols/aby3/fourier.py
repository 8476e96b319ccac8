"""Fourier series of sines of a shared value in two rounds, whatever the number of terms.

``x = a + b`` where ``a = x_0 + x_1`` is known to P0 and ``b = x_2`` to P1 and P2. The addition theorem
``sin(h(a+b)) = sin(ha) cos(hb) + cos(ha) sin(hb)`` splits every term into products of something that P0 computes alone, in floating point
on its own uniformly random a, and something that P1 and P2 compute alone; reducing a and b modulo the period first loses
nothing, since the period is a power of two. The sum of all products is one inner product. [Zheng+, ACSAC 2023, "Secure Softmax/Sigmoid in
Machine-learning Computation", uses the theorem with an opened masked value and a preprocessed sine; here replicated sharing gives the two
summands for nothing.]

Views (1 corrupt, semi-honest): P1 receives P0's sines masked by words of the stream of P0 and P2; P0 receives two sums, each masked by words
of the stream of P1 and P2; P2 receives nothing. All are uniform in Z_2^k.
"""

from __future__ import annotations

import numpy as np

from spuframe.kernels.sines import masked_sines, sines_dot
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Share

Terms = tuple[tuple[int, float], ...]


def run(ctx: Context, x: Share, period: int, terms: Terms, f: int) -> Share:
    """Evaluate the series."""
    n, word = x.size, x.kind.word
    rising = sorted(terms)
    harmonics = np.array([h for h, _ in rising], np.int64)
    factors = np.array([c for _, c in rising], np.float64) * 2.0**f
    shape = (2 * len(terms), n)
    first, second = (np.ascontiguousarray(p).reshape(-1) for p in x.parts)
    if ctx.rank == 0:  # u_j: shared as c_0 = r (known to P0, P2) and c_1 = u - r (sent to P1)
        u = ctx.streams[2].words(shape, word)
        masked_sines(first + second, period, harmonics, np.full(len(terms), 2.0**f), u, u)
        ctx.round([(1, u)], [])
        one, two = np.empty(n, word), np.empty(n, word)
        ctx.round([], [(1, one), (2, two)])
        parts = two, one
    else:
        # P1: sum_j s_j v_j, masked by m_1, becomes c_1; P2: sum_j r_j v_j, masked by m_2, becomes c_0; P1 and P2 know m_1 + m_2 = c_2.
        masks = ctx.streams[3 - ctx.rank].words((2, n), word)
        mine = np.negative(masks[ctx.rank - 1])
        if ctx.rank == 1:
            given = np.empty(shape, word)
            ctx.round([], [(0, given)])
            sines_dot(second, period, harmonics, factors, given, mine)
        else:
            sines_dot(first, period, harmonics, factors, ctx.streams[0].words(shape, word), mine)
            ctx.round([], [])
        ctx.round([(0, mine)], [])
        common = masks[0] + masks[1]
        parts = (mine, common) if ctx.rank == 1 else (common, mine)
    return Share(x.kind, x.shape, tuple(p.reshape(x.shape) for p in parts), LAYOUT)


def cost(parties: int, x: Share, period: int, terms: Terms, f: int) -> Cost:
    """2 rounds; P0 sends 2 words a term, P1 and P2 one word each."""
    word = x.size * x.bits // 8
    return Cost(2, (2 * len(terms) * word, word, word))


KERNELS: dict[str, Kernel] = {
    "fourier": Kernel(run, cost, "sum_j c_j (sin h_j a cos h_j b + cos h_j a sin h_j b), x = a + b", "Zheng+ ACSAC 2023, section 4; Araki+ CCS 2016"),
}
