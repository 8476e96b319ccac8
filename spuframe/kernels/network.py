"""A network of switches for any permutation of any number of rows, and how its switches stand for a given one.

Layer s pairs the rows p and p + 2^s where bit s of p is zero: s = 0, 1, ..., S-1 and back S-2, ..., 0, with S = ceil(log2 n). Behind layer s
the rows whose numbers agree in their lowest s+1 bits are a network of their own [Benes 1964]. In one of an odd number of rows the last goes
unpaired, into the larger half [Beauquier and Darrot, "On arbitrary size Waksman networks and their vulnerability", Parallel Processing
Letters 2002]. So all layers work in place.
"""

from __future__ import annotations

import numpy as np

from spuframe.kernels.digits import Array
from spuframe.kernels.jit import jit


def depth(n: int) -> int:
    """S."""
    return max(0, (n - 1).bit_length())


def layers(n: int) -> list[int]:
    """The bits by which the rows of each layer are paired, from the first to the last layer.

    >>> layers(5)
    [0, 1, 2, 1, 0]
    """
    s = depth(n)
    return [*range(s), *range(s - 2, -1, -1)]


def uppers(n: int, s: int) -> Array:
    """The upper rows of the switches of a layer.

    >>> uppers(5, 1).tolist()
    [0, 1]
    """
    rows = np.arange(max(0, n - (1 << s)), dtype=np.int64)
    found: Array = rows[(rows >> s) & 1 == 0]
    return found


@jit
def _halves(order: Array, inverse: Array, s: int, side_in: Array, side_out: Array) -> None:
    """Which half every row enters (``side_in``) and leaves (``side_out``): 0 or 1; partners go to unlike halves, a row leaves the half that it enters."""
    n = order.size
    step = 1 << s
    for p in range(n):
        side_in[p], side_out[p] = 2, 2
        inverse[order[p]] = p
    for turn in range(2):  # first the rows without a partner, whose half is given
        for start in range(n):
            if side_out[start] != 2:
                continue
            alone = (start & step) == 0 and start + step >= n
            if turn == 0 and not alone:
                continue
            out = start
            while True:
                side_out[out] = 0
                row = order[out]
                side_in[row] = 0
                mate = row ^ step
                if mate >= n:
                    break
                side_in[mate] = 1
                back = inverse[mate]
                side_out[back] = 1
                out = back ^ step
                if out >= n or side_out[out] != 2:
                    break


@jit
def _inner(order: Array, s: int, side_in: Array, side_out: Array, inner: Array) -> None:
    """The permutation that is left to do between the two layers of bit s."""
    bit = 1 << s
    for out in range(order.size):
        row = order[out]
        to = (out & ~bit) | (side_out[out] << s)
        inner[to] = (row & ~bit) | (side_in[row] << s)


def switches(order: Array) -> list[Array]:
    """For each layer which of its switches cross (uint8), so that row i of the result is row ``order[i]``.

    Parameters
    ----------
    order : ndarray (n,)
        A permutation.

    Examples
    --------
    >>> [s.tolist() for s in switches(np.array([2, 0, 1], np.uint32))]
    [[1], [1], [0]]
    """
    n = order.size
    current, inverse = order.astype(np.int64), np.empty(n, np.int64)
    side_in, side_out = np.empty(n, np.int64), np.empty(n, np.int64)
    before, after = [], []
    for s in range(depth(n)):
        upper = uppers(n, s)
        if s == depth(n) - 1:
            before.append((current[upper] != upper).astype(np.uint8))
            break
        _halves(current, inverse, s, side_in, side_out)
        before.append(side_in[upper].astype(np.uint8))
        after.append(side_out[upper].astype(np.uint8))
        inner = np.empty(n, np.int64)
        _inner(current, s, side_in, side_out, inner)
        current = inner
    return [*before, *reversed(after)]
