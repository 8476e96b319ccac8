"""Odd Fourier series of a shared value in two rounds, whatever the number of terms.

``x = a + b`` where ``a = x_0 + x_1`` is known to P0 and ``b = x_2`` to P1 and P2. The addition theorem
``sin(h(a+b)) = sin(ha) cos(hb) + cos(ha) sin(hb)`` splits every term into products of something that P0 computes alone, in floating point
on its own uniformly random a, and something that P1 and P2 compute alone; reducing a and b modulo the period first loses
nothing, since the period is a power of two. The sum of all products is one inner product. [Zheng+, ACSAC 2023, "Secure Softmax/Sigmoid in
Machine-learning Computation", uses the theorem with an opened masked value and a preprocessed sine; here replicated sharing gives the two
summands for nothing.]
"""

from __future__ import annotations

import numpy as np

from spuframe.kernels.jit import jit
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Array, Share

Terms = tuple[tuple[int, float], ...]


@jit
def sines(words: Array, period: int, harmonics: Array, factors: Array, f: int, swap: bool) -> Array:
    """Per row and harmonic h: ``round(2^f factor sin)`` and the same of cos (swapped if asked), modulo 2^64.

    Multiples of the angle follow from the recurrence of Chebyshev, whose error grows linearly: below 1e-13 for h < 200.
    """
    n, m = len(words), len(harmonics)
    out = np.empty((n, 2 * m), np.uint64)
    mask = np.uint64((1 << period) - 1)
    unit = 2.0 * np.pi / float(1 << period)
    scale = float(1 << f)
    s, c = (1, 0) if swap else (0, 1)
    for i in range(n):
        theta = unit * float(np.uint64(words[i]) & mask)
        sin1, cos1 = np.sin(theta), np.cos(theta)
        sin_h, cos_h, h = 0.0, 1.0, 0
        for j in range(m):
            while h < harmonics[j]:
                sin_h, cos_h, h = sin_h * cos1 + cos_h * sin1, cos_h * cos1 - sin_h * sin1, h + 1
            by = scale * factors[j]
            out[i, 2 * j + s] = np.uint64(np.int64(np.rint(by * sin_h)))
            out[i, 2 * j + c] = np.uint64(np.int64(np.rint(by * cos_h)))
    return out


@jit
def rows_dot(x: Array, y: Array) -> Array:
    """Inner products of the rows, modulo 2^64."""
    n, m = x.shape
    out = np.empty(n, np.uint64)
    for i in range(n):
        total = np.uint64(0)
        for j in range(m):
            total += x[i, j] * y[i, j]
        out[i] = total
    return out


def run(ctx: Context, x: Share, period: int, terms: Terms, f: int) -> Share:
    """Evaluate the series on one batch."""
    flat, word = x.size, x.kind.word
    harmonics = np.array([h for h, _ in terms], np.int64)
    factors = np.array([c for _, c in terms], np.float64)
    shape = (flat, 2 * len(terms))
    zero = np.zeros(flat, word)
    first, second = (p.reshape(-1) for p in x.parts)
    parts: tuple[Array, Array]
    if ctx.rank == 0:  # u_j: shared as c_0 = r (known to P0, P2) and c_1 = u - r (sent to P1)
        u = sines(first + second, period, harmonics, np.ones(len(terms)), f, False)
        u -= ctx.streams[2].words(shape, np.uint64)
        ctx.round([(1, u.astype(word, copy=False))], [])
        one, two = np.empty(flat, word), np.empty(flat, word)
        ctx.round([], [(1, one), (2, two)])
        parts = two, one
    elif ctx.rank == 1:  # sum_j s_j v_j: masked by m_1 (known to P1, P2), becomes c_1
        mask = ctx.streams[2].words((2, flat), np.uint64).astype(word)
        s = np.empty(shape, word)
        ctx.round([], [(0, s)])
        v = sines(second, period, harmonics, factors, f, True)
        mine = rows_dot(s.astype(np.uint64, copy=False), v).astype(word) - mask[0]
        ctx.round([(0, mine)], [])
        parts = mine, mask[0] + mask[1]
    else:  # sum_j r_j v_j: masked by m_2 (known to P1, P2), becomes c_0
        mask = ctx.streams[1].words((2, flat), np.uint64).astype(word)
        r = ctx.streams[0].words(shape, np.uint64)
        v = sines(first, period, harmonics, factors, f, True)
        ctx.round([], [])
        mine = rows_dot(r, v).astype(word) - mask[1]
        ctx.round([(0, mine)], [])
        parts = mask[0] + mask[1], mine
    if x.rows == 0:
        parts = zero, zero
    return Share(x.kind, x.shape, tuple(p.reshape(x.shape) for p in parts))


def cost(x: Share, period: int, terms: Terms, f: int) -> Cost:
    """2 rounds; P0 sends 2 words a term, P1 and P2 one word each."""
    word = x.size * x.bits // 8
    return Cost(2, (2 * len(terms) * word, word, word))


KERNELS: dict[str, Kernel] = {
    "fourier": Kernel(run, cost, "sum_j c_j (sin h_j a cos h_j b + cos h_j a sin h_j b), x = a + b", "Zheng+ ACSAC 2023, section 4; Araki+ CCS 2016"),
}

