"""The local part of a radix sort's pass, on one component of the shares of a digit's indicators."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array: TypeAlias = NDArray[Any]


@jit
def places(ones: Array, one: Array, steps: Array, last: Array) -> None:
    """Where a row would go with each value of its digit, by prefix sums over the rows.

    Parameters
    ----------
    ones : ndarray (m, n)
        Indicators of all values of the digit but the last.
    one : ndarray (1,)
        This component of the public number 1.
    steps : ndarray (m, n)
        Filled with the place for each value, less the place for the last value.
    last : ndarray (n,)
        Filled with the place for the last value.

    Examples
    --------
    >>> steps, last = np.empty((1, 3), np.uint8), np.empty(3, np.uint8)
    >>> places(np.array([[1, 0, 1]], np.uint8), np.ones(1, np.uint8), steps, last)
    >>> last.tolist(), (steps + last)[0].tolist()
    ([1, 2, 2], [0, 0, 1])
    """
    m, n = ones.shape
    word = ones.dtype.type
    next_ = np.empty(m, ones.dtype)  # the place of the next row with the value, plus one
    total = word(0)
    for v in range(m):
        next_[v] = total
        for i in range(n):
            total = word(total + ones[v, i])
    unit = one[0]
    other = total  # rows of the last value start here
    for i in range(n):
        for v in range(m):
            other = word(other - ones[v, i])
        last[i] = other
        for v in range(m):
            next_[v] = word(next_[v] + ones[v, i])
            steps[v, i] = word(next_[v] - other - unit)
        other = word(other + unit)


@jit
def scatter(rows: Array, index: Array, out: Array) -> None:
    """``out[index[i]] = rows[i]``."""
    for i in range(index.size):
        out[index[i]] = rows[i]
