"""Rows gathered by an index, with masks added on the way: each touches memory once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array: TypeAlias = NDArray[Any]


@jit
def compose(outer: Array, inner: Array) -> Array:
    """The index of gathering by ``inner`` first and by ``outer`` then: ``inner[outer]``."""
    out = np.empty_like(inner)
    for i in range(outer.size):
        out[i] = inner[outer[i]]
    return out


@jit
def inverse(index: Array) -> Array:
    """The index that undoes a gather by ``index``.

    Examples
    --------
    >>> inverse(np.array([2, 0, 1], np.uint32))
    array([1, 2, 0], dtype=uint32)
    """
    out = np.empty_like(index)
    for i in range(index.size):
        out[index[i]] = i
    return out


@jit
def is_permutation(index: Array) -> bool:
    """Whether every number from 0 to n-1 occurs once among n: what nobody has checked must not index anything.

    Examples
    --------
    >>> [is_permutation(np.array(v, np.uint8)) for v in ([2, 0, 1], [2, 0, 2], [2, 0, 3], [])]
    [True, False, False, True]
    """
    size = np.uint64(index.size)
    seen = np.zeros(index.size, np.uint8)
    for i in range(index.size):
        place = np.uint64(index[i])
        if place >= size or seen[place]:
            return False
        seen[place] = 1
    return True


ADD, SUBTRACT, XOR = 0, 1, 2


@jit
def gather(rows: Array, index: Array, mode: int, by: Array, out: Array) -> None:
    """``out[i] = rows[index[i]] + by[i]`` (or ``-``, or ``^``, by ``mode``) for vectors of words."""
    for i in range(index.size):
        word = rows[index[i]]
        if mode == 0:
            out[i] = word + by[i]
        elif mode == 1:
            out[i] = word - by[i]
        else:
            out[i] = word ^ by[i]


@jit
def gather_rows(rows: Array, index: Array, mode: int, by: Array, out: Array) -> None:
    """`gather` for the rows of matrices."""
    for i in range(index.size):
        k = index[i]
        for j in range(rows.shape[1]):
            if mode == 0:
                out[i, j] = rows[k, j] + by[i, j]
            elif mode == 1:
                out[i, j] = rows[k, j] - by[i, j]
            else:
                out[i, j] = rows[k, j] ^ by[i, j]


def gathered(rows: Array, index: Array, mode: int, by: Array) -> Array:
    """Rows of a vector or matrix at ``index``, with ``by`` added, subtracted or XORed.

    Examples
    --------
    >>> words = np.array([5, 6, 7], np.uint8)
    >>> gathered(words, np.array([2, 0, 1], np.uint32), ADD, np.array([1, 1, 1], np.uint8))
    array([8, 6, 7], dtype=uint8)
    """
    out = np.empty_like(by)
    (gather if rows.ndim == 1 else gather_rows)(rows, index, mode, by, out)
    return out
