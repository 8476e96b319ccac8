"""Inverse square root of a fixed-point share, by normalisation to [1/2, 1) and Newton's iteration."""

from __future__ import annotations

from math import sqrt

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, concat

SCALE = 38  # fraction bits of the argument
NEWTON_BITS = 28  # fraction bits of the iteration
LAST_BITS = 22  # fraction bits of its result: the product with 2^19 at f bits must fit
# Minimax line of u^(-1/2) on [1/2, 1): the secant, moved by half its largest distance; error 0.027.
LINE = (1.80171, -0.828427)


def leading_bit(box: BlackBox, x: Share) -> Share:
    """The highest set bit of every boolean word, alone: log2(bits) rounds.

    ``x |= x >> 1, 2, 4, ...`` fills all bits below the highest, then ``x ^ (x >> 1)`` keeps it.
    """
    bits, by = x.bits, 1
    while by < bits:
        x = box.or_(x, x.slice_bits(by, bits - by).widen(bits))
        by *= 2
    return x ^ x.slice_bits(1, bits - 1).widen(bits)


def rsqrt(box: BlackBox, x: Share, f: int) -> Share:
    """``1 / sqrt(x)`` of a vector with 38 fraction bits, ``0 < x <= 1``; relative error below 2^-17, plus 2^-f.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)``; words in 1 .. 2^38 (zero gives zero, anything else something).
    f : int
        Fraction bits of the result, at most 18; the result is at most 2^19.

    Returns
    -------
    Share
    """
    n, bits = x.rows, SCALE + 1
    top = leading_bit(box, box.a2b(x, bits))
    flags = box.b2a(concat([top.bit(i) for i in range(bits)]), 64)
    one_hot = [flags.slice(i * n, (i + 1) * n) for i in range(bits)]

    def weighted(weights: list[int]) -> Share:
        total = one_hot[0].scale(weights[0])
        for flag, weight in zip(one_hot[1:], weights[1:], strict=True):
            total = total + flag.scale(weight)
        return total

    u = box.trunc(box.mul(x, weighted([1 << (SCALE - i) for i in range(bits)])), SCALE + 1 - NEWTON_BITS)  # x 2^(38-i): [1/2, 1)
    one = 1 << NEWTON_BITS
    y = box.add_public(box.trunc(u.scale(round(LINE[1] * one)), NEWTON_BITS), round(LINE[0] * one))
    for _ in range(2):  # y (3 - u y^2) / 2: the error e becomes 1.5 e^2
        uy2 = box.mul(u, box.mul(y, y, NEWTON_BITS), NEWTON_BITS)
        y = box.mul(y, box.add_public(-uy2, 3 * one), NEWTON_BITS + 1)
    back = weighted([round(sqrt(2.0 ** (SCALE - 1 - i)) * 2**f) for i in range(bits)])  # x = u 2^(i+1-38)
    return box.mul(box.trunc(y, NEWTON_BITS - LAST_BITS), back, LAST_BITS)
