"""One-hot vectors and lookups in small public tables.

All products of a word's bits are formed, level by level: ``m - d - 1`` ANDs of single bits for values 0 .. m-1 of d bits, in ceil(log2 d)
rounds; a product that would need a larger value is zero and left out. Every function of the word is then an XOR of products (its algebraic
normal form), so the indicators, and each bit of a looked-up value, are local.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.errors import PlanError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import and_pairs
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share, word_of

LARGEST = 1 << 12
"""More values than this are no small table: a product each."""


def bit_products(box: BlackBox, word: Share, size: int) -> dict[int, Share]:
    """The product of every set of bits that a value below ``size`` can have, by the sum of their weights; not the empty one."""
    bits = max(1, (size - 1).bit_length())
    found = {1 << j: word.bit(j) for j in range(bits)}
    have = 1
    while have < bits:
        pairs = []
        for t in range(size):
            if have < t.bit_count() <= 2 * have:
                low, rest = 0, t
                for _ in range(have):
                    low |= rest & -rest
                    rest &= rest - 1
                pairs.append((low, rest))
        if pairs:
            for (a, b), product in zip(pairs, and_pairs(box, [(found[a], found[b]) for a, b in pairs]), strict=True):
                found[a | b] = product
        have *= 2
    return found


def one_hot(box: BlackBox, word: Share, size: int) -> list[Share]:
    """For each v in 0 .. size-1 the bit ``word == v``; the word must be below ``size``.

    Over aby3: ceil(log2 d) rounds and (size - d - 1)/8 bytes a row from every party, d the bits of size-1.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> x = (np.array([0, 2, 1]), Boolean(2))
    >>> [b.tolist() for b in simulate_blackbox("aby3", lambda box, x: one_hot(box, x, 3), x)]
    [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    """
    word = _prepared(box, word, size)
    flags: list[Share] = [box.constant(1, BIT, (word.rows,))]
    if size == 1:
        return flags
    products = bit_products(box, word, size)
    flags += [products[t] for t in range(1, size)]
    for j in range((size - 1).bit_length()):  # sums over all supersets
        for v in range(size):
            if not v >> j & 1 and v | 1 << j < size:
                flags[v] = flags[v] ^ flags[v | 1 << j]
    return flags


def lookup(box: BlackBox, word: Share, table: Sequence[int], bits: int) -> Share:
    """``table[word]`` as boolean words of ``bits`` bits, for a small public table of integers; the word must be below ``len(table)``.

    Negative entries stand for their two's complement. Traffic and rounds are those of `one_hot`, whatever ``bits`` is.
    """
    size = len(table)
    word = _prepared(box, word, size)
    mask = (1 << bits) - 1
    form = np.array([v & mask for v in table], np.uint64)
    for j in range((size - 1).bit_length()):  # the algebraic normal form, all bits of the values at once
        for t in range(size):
            if t >> j & 1:
                form[t] ^= form[t ^ 1 << j]
    products = bit_products(box, word, size) if size > 1 else {}
    planes = []
    for j in range(bits):
        plane = box.constant(int(form[0]) >> j & 1, BIT, (word.rows,))
        for t in range(1, size):
            if int(form[t]) >> j & 1:
                plane = plane ^ products[t]
        planes.append(plane)
    return word_of(planes)


def _prepared(box: BlackBox, word: Share, size: int) -> Share:
    if not 1 <= size <= LARGEST:
        raise PlanError(f"a table of 1 to {LARGEST} values is needed, got {size}: join with a table instead")
    bits = max(1, (size - 1).bit_length())
    if word.bits < bits:
        raise PlanError(f"words of {word.bits} bits do not reach {size} values: extend them, or give a smaller table")
    if isinstance(word.kind, Arithmetic):
        return box.a2b(word, bits)
    return word if isinstance(word.kind, Boolean) and word.bits == bits else word.slice_bits(0, bits)
