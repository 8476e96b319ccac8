"""Weighted sums of columns, right for any row: ``sum_j w_j (x_j - mean_j) / deviation_j + offset``, however far the row is from those of the fit.

The slopes ``w / deviation`` are kept as `limbs` of one public grid, whatever their level: they have the same 20 bits beyond the point of the widest
column. A row's words are cut into limbs too, and all products of limbs that stand at the same place are summed in the ring without traffic (products of
matrices), exactly. What is left is one word a row and place. The sum itself may be wider than the ring: its low bits are right whatever it is, and a
second sum, of what its high bits leave, tells the rows where it is too large to be held.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from spuframe.ir.words import BEYOND, COARSE, HELD
from spuframe.spu.algorithms.clip import beyond, put_where
from spuframe.spu.algorithms.divide import total
from spuframe.spu.algorithms.moments import Moments, least, limbs, product, shifted
from spuframe.spu.algorithms.scaling import MOST_WEIGHT, stopped
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import and_pairs
from spuframe.spu.share import Share, concat

SLOPE = 52
"""Fraction bits that a slope has where the deviation is as small as its level allows: 127 of it are below 2^59."""
SEEN = 10
"""Bits of the edge of a sum that is too coarse to tell those that are held."""


def digits(box: BlackBox, m: Moments, w: Share | None, f: int, limb: int, count: int) -> tuple[Share, Share]:
    """The limbs of ``w / deviation * 2**(m.bits + BEYOND)``, (count, d), and the offset ``w_d - sum w lean`` with f fraction bits.

    Parameters
    ----------
    w : Share or None
        (d,), or (d + 1,) with an offset, with f fraction bits; they stop at `MOST_WEIGHT`. None: ones, and the offset is ``lean`` of each column.
    """
    n, d = m.count.most, m.centre.size
    lows = [least(n, m.limb, t) for t in range(m.levels)]
    w = None if w is None else stopped(box, w.reshape(1, w.size), 62, MOST_WEIGHT << f).reshape(w.size)
    factor, lean = box.both(lambda: m.factor(box, [SLOPE + low for low in lows]), lambda: m.lean(box, f))
    if w is None:
        slope, offset = factor, lean
    else:
        weight, own = w.slice(0, d), w.slice(d, w.size) if w.size > d else box.constant(0, w.kind, (1,))
        slope, leaning = box.both(lambda: product(box, factor, weight, [f])[0], lambda: box.mul(weight, lean, f))
        offset = own - leaning.sum(0).reshape(1)
    moves = [m.bits + BEYOND - SLOPE - low for low in lows]
    placed = box.together([partial(_placed, box, slope, move, limb, count) for move in moves])
    chosen = box.dot([concat([pick] * count) for pick in m.picks], placed) if m.picks else placed[0]
    return chosen.reshape(count, d), offset


def _placed(box: BlackBox, x: Share, move: int, limb: int, count: int) -> Share:
    """The limbs of ``x * 2**move``, one after another: (count * d,)."""
    whole, part = divmod(max(0, move), limb)
    x = shifted(box, x, max(0, -move))
    out = [box.constant(0, x.kind, x.shape)] * whole
    size = limb - part
    while len(out) < count - 1:
        upper = box.trunc(x, size)
        out.append((x - upper.shift_left(size)).shift_left(limb - size))
        x, size = upper, limb
    return concat([*out, x.shift_left(limb - size)])


def score(box: BlackBox, x: Share, slopes: Share, offset: Share, bits: int, limb: int, fraction: int, most: int, f: int) -> tuple[Share, Share | None]:
    """The sums with f fraction bits, ``±2**HELD`` where they lie beyond, and the bit of the rows where they do not; None where none can.

    Parameters
    ----------
    x : Share
        (n, d), below ``2**bits`` in magnitude.
    slopes : Share
        From `digits`, with ``fraction`` fraction bits in all.
    offset : Share
        (1,), with f fraction bits.
    most : int
        Sums are below ``2**most`` in magnitude.
    """
    n = x.rows
    pieces = limbs(box, x, bits + 1, limb)
    rows = [slopes.slice(p, p + 1).transpose() for p in range(slopes.rows)]

    def place(p: int) -> Share:
        pairs = [(piece, rows[p - i]) for i, piece in enumerate(pieces) if 0 <= p - i < len(rows)]
        side = concat([piece.transpose() for piece, _ in pairs]).transpose()
        return box.matmul(side, concat([row for _, row in pairs])).reshape(n)

    places = box.together([partial(place, p) for p in range(len(pieces) + len(rows) - 1)])
    if most + f <= COARSE:
        return _summed(box, places, limb, fraction - f) + offset.broadcast((n,)), None
    units = [COARSE - most]
    while HELD + units[-1] < SEEN:  # so coarse a sum does not tell: below its own edge a finer one fits a word
        units.append(units[-1] + COARSE - SEEN)
    fine, *coarse = box.together([partial(_summed, box, places, limb, fraction - at) for at in (f, *units)])
    edges = [1 << SEEN] * (len(units) - 1) + [1 << HELD + units[-1]]
    found = box.together([partial(beyond, box, x, (-(1 << COARSE), 1 << COARSE), -e, e) for x, e in zip(coarse, edges, strict=True)])
    flags = found.pop()
    for over in reversed(found):
        inside = box.not_(over[0] ^ over[1])
        flags = [a ^ b for a, b in zip(over, and_pairs(box, [(inside, flag) for flag in flags]), strict=True)]
    edge = 1 << HELD + f
    held = put_where(box, fine + offset.broadcast((n,)), flags, [-edge, edge])
    return held, box.not_(flags[0] ^ flags[1])


def origin(
    box: BlackBox, slopes: Share, centre: Share, public: Sequence[Sequence[int]], bits: int, limb: int, drops: Sequence[int], summed: bool
) -> list[Share]:
    """Of each column its slope times its mean, ``slopes * (centre + public) / 2**drop`` for each drop; or the sum over the columns.

    It is right modulo 2^64, whatever its size.

    Parameters
    ----------
    slopes : Share
        From `digits`: (count, d).
    centre : Share
        (d,), at most ``2**(bits - 1)`` in magnitude.
    public : sequence of sequence of int
        The limbs of what the words of each column are counted from, the lowest first.
    """
    d = centre.size
    parts: list[Share] = [box.constant(np.array(row, np.int64).view(np.uint64), centre.kind, (d,)) for row in public]
    for i, piece in enumerate(limbs(box, centre, bits, limb)):
        parts[i : i + 1] = [parts[i] + piece if i < len(parts) else piece]
    rows = [slopes.slice(p, p + 1).reshape(d) for p in range(slopes.rows)]

    def place(p: int) -> Share:
        pairs = [(part, rows[p - i]) for i, part in enumerate(parts) if 0 <= p - i < len(rows)]
        return box.dot([part for part, _ in pairs], [row for _, row in pairs])

    places = box.together([partial(place, p) for p in range(len(parts) + len(rows) - 1)])
    found = box.together([partial(_summed, box, places, limb, drop) for drop in drops])
    return [x.sum(0).reshape(1) if summed else x for x in found]


def _summed(box: BlackBox, places: Sequence[Share], limb: int, drop: int) -> Share:
    """``sum places[p] 2**(limb p) / 2**drop`` in the ring: a truncation for those below the point."""
    return total(box.together([partial(shifted, box, word, drop - limb * p) for p, word in enumerate(places)]))
