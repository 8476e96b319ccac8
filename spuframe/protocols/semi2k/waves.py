"""Series of sines: ``sin h (a + b) = sin ha cos hb + cos ha sin hb`` for ``x = a + b``, a known to one party and b to the other.

Each product is one of private words u and v: with one made before, ``u' v'`` shared as ``z_0 + z_1``, the parties tell each other
``d = u - u'`` and ``e = v - v'``, and ``u v = u' v' + u' e + d v``. Both are masked by a word that the receiver lacks. The sines are the
parties' own, rounded to half a unit; 0.5 kB of material a product. A shared random angle with its sines (`spuframe.spu.kernel`: ``sines``)
would need a truncation besides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.kernels.sines import sine_words
from spuframe.spu.additive.sharing import held
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Share


def fourier(ctx: Context, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
    """One round, two words for each term."""
    rising, n = sorted(terms), x.rows
    word = x.kind.word
    factors = [factor * 2.0**f for _, factor in rising] if ctx.rank == 0 else [2.0**f] * len(rising)
    own = sine_words(x.parts[0], period, tuple(h for h, _ in rising), factors).astype(word)  # rows sin h_1, cos h_1, sin h_2, ...
    if ctx.rank == 1:  # sin of one goes with cos of the other
        own = own.reshape(-1, 2, n)[:, ::-1]
    u = np.ascontiguousarray(own).reshape(-1)
    mask, share = ctx.own.take(("private", x.bits), u.size)
    told = np.empty_like(u)
    ctx.round([(1 - ctx.rank, u - mask)], [(1 - ctx.rank, told)])
    total = share + (mask if ctx.rank == 0 else u) * told  # z + u' e of one, z + d v of the other
    return held(x.kind, x.shape, total.reshape(-1, n).sum(axis=0, dtype=word))


def fourier_cost(parties: int, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Cost:
    """One round."""
    n = 2 * len(terms) * x.rows
    return Cost(1, (n * x.bits // 8,) * 2, {("private", x.bits): n} if n else {})


KERNELS: dict[str, Kernel] = {
    "fourier": Kernel(fourier, fourier_cost, "sum_j c_j (sin h_j a cos h_j b + cos h_j a sin h_j b); 1 round, 2k bits a term", "addition theorem"),
}
"""The one kernel."""
