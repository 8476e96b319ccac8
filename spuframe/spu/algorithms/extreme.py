"""The smaller and the larger of two values, and of a vector: one comparison of as many bits as the range needs, and one choice.

A vector's by a tournament: ceil(log2 n) times the rounds of a comparison and a choice, n-1 of each in all.
"""

from __future__ import annotations

from spuframe.spu.algorithms.compare import less
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, concat

Bounds = tuple[int, int]


def minimum(box: BlackBox, x: Share, y: Share, bounds: Bounds, largest: bool = False) -> Share:
    """The smaller (the larger) of two values of one ring in every row; ``bounds`` hold both."""
    is_less = less(box, x, y, bounds, bounds, lambda v, ring: v.narrow(ring), x.rows, widest=x.bits)
    return box.select(is_less, y, x) if largest else box.select(is_less, x, y)


def extreme(box: BlackBox, x: Share, bounds: Bounds, largest: bool = False) -> Share:
    """The smallest (largest) value of a vector, as one row.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> simulate_blackbox("aby3", lambda box, x: extreme(box, x, (0, 9)), np.array([5, 3, 9, 4, 8], np.uint8)).tolist()
    [3]
    """
    while x.rows > 1:
        half = x.rows // 2
        best = minimum(box, x.slice(0, half), x.slice(half, 2 * half), bounds, largest)
        x = concat([best, x.slice(2 * half, x.rows)]) if x.rows % 2 else best
    return x
