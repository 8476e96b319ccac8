"""Secret permutations as shared index vectors: row j holds p[j]; apply, invert, compose.

Each opens one shuffled vector, which is a uniformly random permutation whatever p is (see `permute`). Over aby3, for n rows and words of b bits:
`inverse` 3 rounds (a shuffle of two columns, an opening), `compose` and the two ways of applying 5 (a shuffle, an opening, another shuffle).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.errors import PlanError
from spuframe.spu.algorithms.permute import open_move
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share


def inverse(box: BlackBox, p: Share) -> Share:
    """The vector q with ``q[p[j]] = j``.

    >>> from spuframe.spu.share import Boolean
    >>> from spuframe.testing import simulate_blackbox
    >>> simulate_blackbox("aby3", inverse, (np.array([2, 0, 1]), Boolean(2))).tolist()
    [1, 2, 0]
    """
    positions = box.constant(np.arange(p.rows, dtype=np.uint64), p.kind, p.shape)
    return open_move(box, p, [positions])[1][0]


def compose(box: BlackBox, p: Share, q: Share) -> Share:
    """The vector r with ``r[j] = q[p[j]]``: first p, then q."""
    if p.rows != q.rows:
        raise PlanError(f"permutations of as many rows are needed, got {p.rows} and {q.rows}")
    return open_move(box, p)[0].gather([q])[0]


def gather(box: BlackBox, p: Share, columns: Sequence[Share]) -> list[Share]:
    """Row j of each result is row ``p[j]`` of the column."""
    return open_move(box, p)[0].gather(columns)


def scatter(box: BlackBox, p: Share, columns: Sequence[Share]) -> list[Share]:
    """Row j of each column goes to row ``p[j]``; one shuffle."""
    return open_move(box, p, columns)[1]
