"""Sums of keystreams over the bits of their numbers: the local part of an oblivious transfer extension over small fields."""

from __future__ import annotations

import numpy as np

from spuframe.kernels.bits import from_planes
from spuframe.kernels.digits import Array
from spuframe.kernels.jit import jit


@jit
def fold(leaves: Array, total: Array, weighted: Array) -> None:
    """XOR of 2^k vectors, and for each bit of their numbers that of the vectors whose number has it; ``leaves`` is used up.

    Parameters
    ----------
    leaves : ndarray (2^k, n) of uint64
    total : ndarray (n,)
        Filled with ``XOR_x leaves[x]``.
    weighted : ndarray (k, n)
        Row b: filled with ``XOR_x x_b leaves[x]``.

    Examples
    --------
    >>> import numpy as np
    >>> leaves, total, weighted = np.array([[1], [2], [4], [8]], np.uint64), np.empty(1, np.uint64), np.empty((2, 1), np.uint64)
    >>> fold(leaves, total, weighted)
    >>> total.tolist(), weighted.tolist()
    ([15], [[10], [12]])
    """
    half, bit = leaves.shape[0] // 2, weighted.shape[0] - 1
    n = total.size
    while half > 0:
        out, first = weighted[bit], leaves[half]
        for i in range(n):
            out[i] = first[i]
        for x in range(half + 1, 2 * half):
            row = leaves[x]
            for i in range(n):
                out[i] ^= row[i]
        for x in range(half):
            low, high = leaves[x], leaves[x + half]
            for i in range(n):
                low[i] ^= high[i]
        half //= 2
        bit -= 1
    first = leaves[0]
    for i in range(n):
        total[i] = first[i]


def rows_of(planes: Array, n: int) -> Array:
    """The n columns of 128 planes as rows of two uint64, in the order of `spuframe.kernels.bits`."""
    out = np.empty((n, 2), np.uint64)
    out[:, 0], out[:, 1] = from_planes(planes[:64], n), from_planes(planes[64:], n)
    return out
