"""Comparisons of numbers and of strings over the kernel contract.

Numbers: the sign of the difference, in as many bits as the difference's range needs, whatever the ring of the operands. Strings: a tree
over the bits that joins, level by level, (less, equal) of a more significant half with those of a less significant one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from spuframe.errors import RangeOverflowError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import RINGS
from spuframe.spu.shaping import folded, padded, stacked
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Share, concat, word_of

T = TypeVar("T")
Bounds = tuple[int, int]


def signed_bits(low: int, high: int) -> int:
    """Bits of two's complement for ``low..high``.

    >>> signed_bits(-4, 3), signed_bits(0, 4)
    (3, 4)
    """
    return max(high.bit_length() if high >= 0 else 0, (~low).bit_length() if low < 0 else 0) + 1


def less(
    box: BlackBox, x: T | int, y: T | int, bounds_x: Bounds, bounds_y: Bounds, share: Callable[[T, int], Share], rows: int, widest: int = 64
) -> Share:
    """``x < y`` for operands that ``share(operand, ring bits)`` gives, or that are public integers; signed, or unsigned if the bounds are.

    One `msb` of the difference if its range fits ``widest`` bits (of the operands' ring, if that must not be left); otherwise the operands'
    signs, taken in the same rounds, decide where they differ: three times the bytes, one round more.
    """
    need = signed_bits(bounds_x[0] - bounds_y[1], bounds_x[1] - bounds_y[0])
    ring = next((r for r in RINGS if r >= need), widest) if need <= widest else widest

    def operand(v: T | int) -> Share:
        return box.constant(v, Arithmetic(ring), (rows,)) if isinstance(v, int) else share(v, ring)

    def operands() -> tuple[Share, Share]:
        return box.both(lambda: operand(x), lambda: operand(y))

    if need <= widest:
        a, b = operands()
        return box.msb(a - b, need)
    unsigned = bounds_x[0] >= 0 and bounds_y[0] >= 0
    top, half = max(bounds_x[1], bounds_y[1]), 1 << (widest - 1)
    if top >= half and not unsigned:
        raise RangeOverflowError(
            f"integers of 2^{widest - 1} and more cannot be compared with negative ones: cast to a narrower type, or declare the ranges"
        )
    a, b = operands()
    if top >= half:  # signed order of x - 2^63 is unsigned order of x
        a, b = box.add_public(a, half), box.add_public(b, half)
    sign_a, sign_b, sign = stacked(lambda s: box.msb(s[0]), [[a], [b], [a - b]])
    differ = sign_a ^ sign_b
    return sign ^ box.and_(differ, sign ^ sign_a)


def differs(box: BlackBox, x: Share, y: Share, bits: int) -> Share:
    """Whether ``x != y``, given that ``|x - y| < 2**bits``."""
    return box.not_(box.eqz(x - y, bits))


# ---- strings ----------------------------------------------------------------------------------------
def _flat(x: Share) -> Share:
    """The words of a matrix as one long vector, column by column."""
    if len(x.shape) == 1:
        return x
    return concat([x.column(j) for j in range(x.shape[1])])


def string_equal(box: BlackBox, x: Share, y: Share, width: int) -> Share:
    """Whether strings of ``width`` bytes are equal."""
    n, words = x.rows, -(-width // 8)
    bits = 8 * width if words == 1 else 64
    zero = box.eqz(_flat(x ^ y), bits)
    if words == 1:
        return zero
    return box.eqz(box.not_(word_of([zero.slice(j * n, (j + 1) * n) for j in range(words)])), words)


def string_less(box: BlackBox, x: Share | Array, y: Share | Array, width: int, rows: int) -> Share:
    """``x < y`` bytewise, for strings of ``width`` bytes: ``3 * 64`` ANDs of bits a word, in ``1 + log2`` rounds.

    One of them may be public, as the words of one string: the first level, a third of the work, is then local.
    """
    n, words = rows, -(-width // 8)
    size = 1 << (8 * min(width, 8) - 1).bit_length()
    if isinstance(x, Share) and isinstance(y, Share):
        a, b = (_flat(v).widen(size) for v in (x, y))
        below = box.and_(box.not_(a), b)
    elif isinstance(x, Share):
        a, b = _flat(x).widen(size), _public_words(box, y, size, n)
        below = _keep(box.not_(a), y, n)
    else:
        assert isinstance(y, Share)
        a, b = _public_words(box, x, size, n), _flat(y).widen(size)
        below = _keep(b, ~x, n)
    same = box.not_(a ^ b)
    below, same = folded(box, below, same)
    if words == 1:
        return below
    columns = range(words - 1, -1, -1)  # the most significant word first: it becomes the highest bit
    low, eq = (word_of([v.slice(j * n, (j + 1) * n) for j in columns]) for v in (below, same))
    size = 1 << (words - 1).bit_length()
    return folded(box, low.widen(size), padded(box, eq, size))[0]


def _public_words(box: BlackBox, words: Array | Share, size: int, rows: int) -> Share:
    assert isinstance(words, np.ndarray)
    return box.constant(np.repeat(words.reshape(-1), rows), Boolean(size), (words.size * rows,))


def _keep(x: Share, words: Array | Share, rows: int) -> Share:
    """The AND of words, column by column, with those of one public string: local."""
    assert isinstance(words, np.ndarray)
    return x.reshape(words.size, rows).and_public(words.reshape(-1, 1)).reshape(words.size * rows)


def word_less_public(box: BlackBox, x: Share, bound: int) -> Share:
    """``x < bound`` for boolean words and a public bound: log2 rounds, about 2 bits a bit; no first level, since ``~x & bound`` is local."""
    if bound >= 1 << x.bits or bound <= 0:
        return box.constant(int(bound > 0), BIT, (x.rows,))
    if x.is_bit:
        return box.not_(x)
    size = 1 << (x.bits - 1).bit_length()
    wide = x.widen(size)
    limit = box.constant(bound, wide.kind, wide.shape)
    return folded(box, box.not_(wide).and_public(bound), box.not_(wide ^ limit))[0]
