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

from spuframe.kernels.jit import jit
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Array, Share

Terms = tuple[tuple[int, float], ...]


@jit
def angles(words: Array, period: int, sin1: Array, cos1: Array) -> None:
    """Sine and cosine of ``2 pi words / 2^period``, error below 1e-13, without branches or calls: the loop is vectorised.

    The angle is brought into [-pi/4, pi/4] by its quarter turn; there the series of Taylor is cut after x^14.
    """
    up = np.uint64(64 - period)
    for i in range(words.size):
        turn = np.uint64(words[i]) << up  # 2^64 is a full turn
        quarter = (turn + np.uint64(1 << 61)) >> np.uint64(62)
        x = np.float64(np.int64(turn - (quarter << np.uint64(62)))) * (2.0 * np.pi / 2.0**64)
        y = x * x
        s = x * (1 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 + y * (-1 / 39916800 + y * (1 / 6227020800)))))))
        c = 1 + y * (-1 / 2 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800 + y * (1 / 479001600 - y * (1 / 87178291200)))))))
        odd = np.float64(quarter & np.uint64(1))
        sign_s = 1.0 - 2.0 * np.float64(quarter >> np.uint64(1))
        sign_c = sign_s * (1.0 - 2.0 * odd)
        sin1[i] = sign_s * (s + odd * (c - s))
        cos1[i] = sign_c * (c + odd * (s - c))


@jit
def advance(sin1: Array, cos1: Array, by: int, sin_h: Array, cos_h: Array) -> None:
    """From h to ``h + by`` times the angle, by the addition theorem; the error grows linearly in h."""
    for _ in range(by):
        for i in range(sin1.size):
            s = sin_h[i] * cos1[i] + cos_h[i] * sin1[i]
            cos_h[i] = cos_h[i] * cos1[i] - sin_h[i] * sin1[i]
            sin_h[i] = s


@jit
def masked_sines(words: Array, period: int, harmonics: Array, scale: float, masks: Array, out: Array) -> None:
    """Rows 2j and 2j+1 of ``out``: ``round(scale sin)`` and ``round(scale cos)`` of harmonic j, less the masks."""
    n = words.size
    sin1, cos1 = np.empty(n), np.empty(n)
    angles(words, period, sin1, cos1)
    sin2, cos2, sin_h, cos_h, h = sin1.copy(), cos1.copy(), np.zeros(n), np.ones(n), 0
    advance(sin1, cos1, 1, sin2, cos2)
    for j in range(harmonics.size):
        advance(sin1, cos1, (harmonics[j] - h) % 2, sin_h, cos_h)
        advance(sin2, cos2, (harmonics[j] - h) // 2, sin_h, cos_h)
        h = harmonics[j]
        s, c, p, q = out[2 * j], out[2 * j + 1], masks[2 * j], masks[2 * j + 1]
        for i in range(n):
            s[i] = np.uint64(np.int64(np.rint(scale * sin_h[i]))) - np.uint64(p[i])
            c[i] = np.uint64(np.int64(np.rint(scale * cos_h[i]))) - np.uint64(q[i])


@jit
def sines_dot(words: Array, period: int, harmonics: Array, factors: Array, given: Array, out: Array) -> None:
    """``out += sum_j given[2j] round(factors_j cos) + given[2j+1] round(factors_j sin)``."""
    n = words.size
    sin1, cos1 = np.empty(n), np.empty(n)
    angles(words, period, sin1, cos1)
    sin2, cos2, sin_h, cos_h, h = sin1.copy(), cos1.copy(), np.zeros(n), np.ones(n), 0
    advance(sin1, cos1, 1, sin2, cos2)
    for j in range(harmonics.size):
        advance(sin1, cos1, (harmonics[j] - h) % 2, sin_h, cos_h)
        advance(sin2, cos2, (harmonics[j] - h) // 2, sin_h, cos_h)
        h = harmonics[j]
        s, c, factor = given[2 * j], given[2 * j + 1], factors[j]
        for i in range(n):
            cos_word, sin_word = np.uint64(np.int64(np.rint(factor * cos_h[i]))), np.uint64(np.int64(np.rint(factor * sin_h[i])))
            out[i] += np.uint64(s[i]) * cos_word + np.uint64(c[i]) * sin_word


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
        masked_sines(first + second, period, harmonics, 2.0**f, u, u)
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
