"""Random values that no party knows: words and bits, integers below a bound, permutations; without bias."""

from __future__ import annotations

from math import ceil, log, sqrt

import numpy as np

from spuframe.errors import PlanError, ProtocolError
from spuframe.spu.algorithms.compare import word_less_public
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share

FAILURE_BITS = 40
"""`random_below` fails, with an error, with probability below 2^-40."""


def random_bits(box: BlackBox, rows: int) -> Share:
    """Uniform bits; no communication."""
    return box.random(BIT, rows)


def random_words(box: BlackBox, rows: int, bits: int) -> Share:
    """Uniform words of the ring Z_2^bits; no communication."""
    return box.random(Arithmetic(bits), rows)


def candidates(rows: int, bound: int) -> int:
    """How many words of b bits are drawn so that ``rows`` of them are below ``bound``, but for a probability of 2^-40 (Hoeffding).

    >>> candidates(1000, 6), candidates(1000, 8)
    (1528, 1000)
    """
    bits = (bound - 1).bit_length()
    if bound == 1 << bits or rows == 0:
        return rows
    p, t = bound / (1 << bits), sqrt(FAILURE_BITS * log(2) / 2)
    return ceil(((t + sqrt(t * t + 4 * p * rows)) / (2 * p)) ** 2)


def random_below(box: BlackBox, rows: int, bound: int) -> Share:
    """Uniform integers in 0 .. bound-1 as boolean words of as few bits as hold them; exactly uniform.

    More words than needed are drawn (free), each is compared with the bound, and the outcomes are opened: they are independent of which values the
    accepted words have, so nothing is learnt of those. The number drawn depends on ``rows`` and ``bound`` alone, and so does the cost.
    Over aby3, for b bits: 1 + ceil(log2 b) rounds, and from each party at most 4 bits for each bit of a candidate (15 bits where the bound is 100). For
    many rows there are fewer than 2 candidates a row, for few rows up to some 100 more. A power of two costs nothing.
    """
    if not 1 <= bound <= 1 << 64:
        raise PlanError(f"`bound` must be between 1 and 2^64, got {bound}")
    bits = max(1, (bound - 1).bit_length())
    if bound == 1:
        return box.constant(0, BIT, (rows,))
    count = candidates(rows, bound)
    words = box.random(Boolean(bits), count)
    if bound == 1 << bits or rows == 0:
        return words
    accepted = box.open(word_less_public(box, words, bound))
    index = np.arange(rows) if box.dry else np.flatnonzero(accepted)[:rows]
    if len(index) < rows:
        raise ProtocolError(f"too few of {count} random words were below the bound, which happens once in 2^{FAILURE_BITS} plans: run it again")
    return words.take(index)


def random_permutation(box: BlackBox, rows: int) -> Share:
    """A uniform permutation of 0 .. rows-1 as boolean words: the positions, shuffled. Drawing it is free, the shuffle costs one column: 2 rounds."""
    bits = max(1, (rows - 1).bit_length())
    positions = box.constant(np.arange(rows, dtype=np.uint64), Boolean(bits), (rows,)) if bits > 1 else box.constant(
        np.arange(rows, dtype=np.uint8), BIT, (rows,)
    )
    return box.shuffle(box.draw(rows), [positions])[0]
