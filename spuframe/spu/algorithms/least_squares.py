"""Least squares on standardised columns: the inverse of their correlations, and coefficients in the columns' own units.

Columns z have mean 0 and mean square 1, the last of them is the target: ``A = z^T z / count`` without it, c its row. The inverse of A is found by
Newton's iteration ``X = X (2 I - A X)`` [Schulz 1933], from ``I / t`` with 2 t above the trace: an eigenvalue ``e`` of A leaves ``(1 - e / t)^(2^k)``
after k steps. Their number is public, so that X cannot leave the ring whatever A is; the trace of ``I - A X`` says whether all eigenvalues were
large enough (`SMALLEST`). Then ``w = X c``, improved by ``X (c - A w)`` with more digits.

Coefficients are ``w_j std_y / std_j``. Of two roots of D (`spuframe.spu.algorithms.moments`) the number of rows cancels; their product is made of limbs,
since neither the units of a column nor those of the target are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, log2

import numpy as np

from spuframe.spu.algorithms import wide
from spuframe.spu.algorithms.moments import INVERSE, ROOT, Moments, limbs, product
from spuframe.spu.algorithms.ratio import scale_by
from spuframe.spu.algorithms.scaling import stopped
from spuframe.spu.algorithms.score import score
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, columns, concat

FINE = 28
"""Fraction bits of correlations."""
INNER = 19
"""Fraction bits of their inverse, which is below ``2**REACH``."""
REACH = 16
"""Eigenvalues of the correlations above ``3 * 2**-REACH`` or so are inverted."""
STEP = 24
"""Fraction bits of ``2 I - A X``."""
LEFT = 0.05
"""The trace of what is left of the identity, at most, of an inverse that has been found."""
CLOSE = 38
"""Fraction bits of a residual."""
REFINED = 3
"""How often the solution is improved: each time by a factor of 20 at least."""
MOST_WEIGHT = 255
"""Where coefficients of standardised columns stop: they are below the inverse root of the least eigenvalue."""
COARSER = 8
"""Fraction bits that the target's root is taken without."""
LEAN = 20
"""Fraction bits of what a mean is above its word."""


def correlations(box: BlackBox, m: Moments, z: Share, lifted: Share | None, f: int) -> Share:
    """``z^T z / count`` with `FINE` fraction bits; the columns of a table and one row more in each column alone, ``lifted``."""
    d, most = z.shape[1], m.count.most
    gram = box.matmul(z.transpose(), z)
    if lifted is not None:
        row = lifted.reshape(d)
        gram = gram + diagonal(box, box.mul(row, row))
    flat = gram.reshape(d * d)
    if m.count.share is None:
        return scale_by(box, flat, Fraction(1 << FINE, most << 2 * f), 2 << FINE).reshape(d, d)
    bits = FINE + most.bit_length()  # one reciprocal for all elements: what it is off by cancels
    by = m.count.quotient(box, box.constant(1, flat.kind, (1,)), bits, (1 << bits) + 1)
    return product(box, flat, by.broadcast(flat.shape), [2 * f + bits - FINE])[0].reshape(d, d)


def diagonal(box: BlackBox, x: Share) -> Share:
    """A matrix with x on its diagonal, else zero; local."""
    d = x.size
    places = np.eye(d, dtype=np.uint64)
    return x.reshape(d, 1).broadcast((d, d)).scale(places)


def solved(box: BlackBox, m: Moments, z: Share, lifted: Share | None, f: int) -> tuple[Share, Share]:
    """The coefficients of the standardised columns, (d,) with f fraction bits, and the bit whether the columns determine them.

    A column that is constant gets the coefficient 0. No row: the bit is 0.
    """
    d = z.shape[1] - 1
    both = correlations(box, m, z, lifted, f)
    constant = box.b2a(box.msb(box.add_public(m.root.slice(0, d), -1)), 64)
    side = both.slice(0, d).transpose()
    a, c = side.slice(0, d) + diagonal(box, constant.shift_left(FINE)), side.slice(d, d + 1).transpose()
    x, bit = _inverse(box, a)
    w = box.matmul(x, c, INNER + FINE - f)
    for _ in range(REFINED):
        left = box.trunc(c.shift_left(f) - box.matmul(a, w), FINE + f - CLOSE)
        w = w + box.matmul(x, left, INNER + CLOSE - f)
    if m.count.share is not None:
        bit = box.and_(bit, box.msb(-m.count.share.reshape(1)))
    return w.reshape(d), bit


def _inverse(box: BlackBox, a: Share) -> tuple[Share, Share]:
    """The inverse with `INNER` fraction bits, and the bit whether it is one."""
    d = a.rows
    start = 0.55 * d
    eye = np.eye(d)

    def multiple(value: float, f: int) -> Share:
        return box.constant(np.rint(eye * value * 2.0**f).astype(np.int64).view(np.uint64), a.kind, (d, d))

    x = multiple(1 / start, INNER)
    for _ in range(max(0, ceil(log2(start))) + REACH):
        x = box.matmul(x, multiple(2.0, STEP) - box.matmul(a, x, FINE + INNER - STEP), STEP)
    traces = box.matmul(a.reshape(1, d * d), x.transpose().reshape(d * d, 1)).reshape(1)
    return x, box.msb(box.add_public(-traces, round((d - LEFT) * 2.0 ** (FINE + INNER))))


# ---- in units of the columns --------------------------------------------------------------------------
@dataclass(frozen=True)
class Units:
    """What is public of slopes per word of the columns, for words of the target.

    Parameters
    ----------
    limb, count : int
        Bits and number of their limbs.
    up : int
        Slopes are of the words times ``2**up``.
    fraction : int
        Fraction bits of slopes.
    largest : int
        Slopes are below ``2**largest``.
    f : int
        Fraction bits of sums.
    target : int
        Fraction bits of sums beyond those of the target's words.
    middle : int
        What the target's words are counted from, as such a sum.
    centres : sequence of rows
        Limbs of what the columns' words are counted from.
    places : int
        Limbs of the intercept.
    """

    limb: int
    count: int
    up: int
    fraction: int
    largest: int
    f: int
    target: int
    middle: int
    centres: Sequence[Sequence[int]]
    places: int


def slopes(box: BlackBox, m: Moments, w: Share, f: int, u: Units) -> Share:
    """``w_j std_y / std_j 2**up`` as limbs, (count, d)."""
    d = w.size
    w = stopped(box, w.reshape(1, d), 62, MOST_WEIGHT << f).reshape(d)
    half, limb = m.limb // 2, u.limb
    span = half * (m.levels - 1)
    has = ROOT - COARSER + INVERSE + f + span
    extra = u.up - has if u.up > has else (u.up - has) % limb
    root, inverse = box.trunc(m.root.slice(d, d + 1), COARSER), m.inverse.slice(0, d)
    sizes = ((root, ROOT + 30 - COARSER), (inverse, INVERSE + 1), (w, f + MOST_WEIGHT.bit_length()))
    above, below, weight = box.together([lambda x=x, bits=bits: limbs(box, x, bits, limb) for x, bits in sizes])  # type: ignore[misc]
    tall, short = box.both(
        lambda: wide.picked(box, [p.slice(d, d + 1) for p in m.picks], [wide.raised(box, above, extra + half * t, limb) for t in range(m.levels)], limb),
        lambda: wide.picked(box, [p.slice(0, d) for p in m.picks], [wide.raised(box, below, span - half * t, limb) for t in range(m.levels)], limb),
    )
    ratio = wide.times(box, [p.broadcast((d,)) for p in tall], short, limb)
    whole = wide.times(box, ratio, weight, limb)
    return concat([p.reshape(1, d) for p in wide.cut(box, whole, (has + extra - u.up) // limb, u.count, limb)])


def line(box: BlackBox, m: Moments, w: Share, f: int, u: Units) -> tuple[Share, Share, Share]:
    """The slopes; what is added where every column is at its centre, (1,) with `Units.f` fraction bits; and the intercept's limbs, (1, places)."""
    d = w.size
    found = slopes(box, m, w, f, u)
    target = replace(m, centre=m.centre.slice(d, d + 1), rest=m.rest.slice(d, d + 1))
    mean = box.add_public(target.mean(box, u.target), u.middle)
    lean = m.count.quotient(box, m.rest.slice(0, d), LEAN, 1 << LEAN).reshape(1, d)
    offset, _ = score(box, -lean, found, mean, LEAN + 1, u.limb, u.fraction + LEAN, u.largest + d.bit_length() + 1, u.f)
    public = [box.constant(np.array(row, np.int64).view(np.uint64), w.kind, (d,)) for row in u.centres]
    means = wide.plus(limbs(box, m.centre.slice(0, d), m.bits, u.limb), public)
    down = wide.summed(box, [found.slice(i, i + 1).reshape(d) for i in range(found.rows)], means)
    start = wide.raised(box, limbs(box, offset, 62, u.limb), u.fraction - u.f, u.limb)
    whole = wide.plus(start, [-p for p in down])
    return found, offset, columns(wide.cut(box, wide.carried(box, whole, u.limb, len(whole)), 0, u.places, u.limb))
