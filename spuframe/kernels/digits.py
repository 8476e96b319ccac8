"""The local part of a radix sort's pass, on one component of the shares of a digit's indicators."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array: TypeAlias = NDArray[Any]


@jit
def first_places(ones: Array, following: Array) -> None:
    """Where the rows of each value of the digit start, in a vector of m+1 words.

    Parameters
    ----------
    ones : ndarray (m, n)
        Indicators of all values of the digit but the last.
    following : ndarray (m+1,)
        Filled.
    """
    total = ones.dtype.type(0)
    for v in range(ones.shape[0]):
        following[v] = total
        for i in range(ones.shape[1]):
            total += ones[v, i]
    following[ones.shape[0]] = total


@jit
def places(ones: Array, start: int, unit: Array, following: Array, steps: Array, last: Array) -> None:
    """Where each row would go with each value of its digit, for the rows from ``start`` on.

    Parameters
    ----------
    ones : ndarray (m, n)
    start : int
    unit : ndarray (1,)
        This component of the public number 1.
    following : ndarray (m+1,)
        Where the next row of each value goes: from `first_places`, and carried from call to call.
    steps : ndarray (m, rows)
        Filled with the place for each value, less the place for the last value.
    last : ndarray (rows,)
        Filled with the place for the last value; not empty.

    Examples
    --------
    >>> import numpy as np
    >>> ones, following = np.array([[1, 0, 1]], np.uint8), np.empty(2, np.uint8)
    >>> steps, last = np.empty((1, 3), np.uint8), np.empty(3, np.uint8)
    >>> first_places(ones, following)
    >>> places(ones, 0, np.ones(1, np.uint8), following, steps, last)
    >>> last.tolist(), (steps + last)[0].tolist()  # the indicated rows are 0 and 2
    ([1, 2, 2], [0, 0, 1])
    """
    m, rows = steps.shape
    word = ones.dtype.type
    one = unit[0]
    base = word(following[m])
    for v in range(m):
        place = word(following[v] - one)
        base = word(base + place)
        for i in range(rows):
            place = word(place + ones[v, start + i])
            steps[v, i] = place
        following[v] = word(place + one)
    # Row i is the i-th of the batch: its place with the last value is the batch's first, and i, less what the others took.
    for i in range(rows):
        last[i] = word(base + word(i) * one)
    for v in range(m):
        for i in range(rows):
            last[i] = word(last[i] - steps[v, i])
    following[m] = word(last[rows - 1] + one)
    for v in range(m):
        for i in range(rows):
            steps[v, i] = word(steps[v, i] - last[i])


@jit
def scatter(rows: Array, index: Array, out: Array) -> None:
    """``out[index[i]] = rows[i]``."""
    for i in range(index.size):
        out[index[i]] = rows[i]
