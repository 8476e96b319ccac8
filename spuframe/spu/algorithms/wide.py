"""Numbers wider than a word: limbs of a public base, the lowest first, ``sum parts[i] 2**(limb i)``, each of either sign and below the base.

Products and sums of them are exact. A shift to the left is an insertion of limbs, and of less than one limb by a local product.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from spuframe.spu.algorithms.divide import total
from spuframe.spu.algorithms.moments import carried as carried
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, concat

Parts = Sequence[Share]


def raised(box: BlackBox, x: Parts, by: int, limb: int) -> list[Share]:
    """``x 2**by``, not carried."""
    whole, part = divmod(by, limb)
    return [*[box.constant(0, x[0].kind, x[0].shape)] * whole, *(p.shift_left(part) for p in x)]


def picked(box: BlackBox, picks: Parts, numbers: Sequence[Parts], limb: int) -> list[Share]:
    """The number whose pick is the word 1, all others' being 0; the only number, if there are no picks. Limbs may be below the base squared."""
    most = max(map(len, numbers))
    filled = [[*n, *[box.constant(0, n[0].kind, n[0].shape)] * (most - len(n))] for n in numbers]
    found = box.together([partial(box.dot, picks, at) for at in zip(*filled, strict=True)]) if picks else filled[0]
    return carried(box, found, limb, most)


def times(box: BlackBox, x: Parts, y: Parts, limb: int) -> list[Share]:
    """The product, element by element."""
    count = len(x) + len(y) - 1

    def place(p: int) -> Share:
        pairs = [(x[i], y[p - i]) for i in range(len(x)) if 0 <= p - i < len(y)]
        return box.dot([a for a, _ in pairs], [b for _, b in pairs])

    return carried(box, box.together([partial(place, p) for p in range(count)]), limb, count)


def summed(box: BlackBox, x: Parts, y: Parts) -> list[Share]:
    """The sum over the elements of the products, (1,), not carried."""
    d = x[0].size

    def place(p: int) -> Share:
        pairs = [(x[i], y[p - i]) for i in range(len(x)) if 0 <= p - i < len(y)]
        rows, columns = (concat([pair[side].reshape(d) for pair in pairs]) for side in (0, 1))
        return box.matmul(rows.reshape(1, rows.size), columns.reshape(columns.size, 1)).reshape(1)

    return box.together([partial(place, p) for p in range(len(x) + len(y) - 1)])


def plus(x: Parts, y: Parts) -> list[Share]:
    """The sum, not carried."""
    longer, shorter = (x, y) if len(x) >= len(y) else (y, x)
    return [*(a + b for a, b in zip(longer, shorter, strict=False)), *longer[len(shorter) :]]


def cut(box: BlackBox, x: Parts, start: int, count: int, limb: int) -> list[Share]:
    """So many limbs from one on, the last of which takes in those above it: for numbers below ``2**(limb (start + count))``."""
    kept = list(x[start : start + count])
    kept += [box.constant(0, x[0].kind, x[0].shape)] * (count - len(kept))
    above = x[start + count :]
    return [*kept[:-1], total([kept[-1], *(p.shift_left(limb * (i + 1)) for i, p in enumerate(above) if limb * (i + 1) < 64)])]
