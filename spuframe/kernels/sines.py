"""Sines and cosines of words as angles, and of their multiples: the same at every machine, whatever its libraries.

Only additions and products of floating point are used, in one order: no party's libm decides a last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array = NDArray[Any]


@jit
def angles(words: Array, period: int, sin1: Array, cos1: Array) -> None:
    """Sine and cosine of ``2 pi words / 2^period``, error below 1e-13, without branches or calls: the loop is vectorised.

    The angle is brought into [-pi/4, pi/4] by its quarter turn; there the series of Taylor is cut after x^14.
    """
    up = np.uint64(64 - period)
    for i in range(words.size):
        turn = np.uint64(words[i]) << up  # 2^64 is a full turn
        quarter = (turn + np.uint64(1 << 61)) >> np.uint64(62)
        x = np.float64(np.int64(turn - (quarter << np.uint64(62)))) * (2.0 * np.pi / 2.0**64)
        y = x * x
        s = x * (1 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 + y * (-1 / 39916800 + y * (1 / 6227020800)))))))
        c = 1 + y * (-1 / 2 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800 + y * (1 / 479001600 - y * (1 / 87178291200)))))))
        odd = np.float64(quarter & np.uint64(1))
        sign_s = 1.0 - 2.0 * np.float64(quarter >> np.uint64(1))
        sign_c = sign_s * (1.0 - 2.0 * odd)
        sin1[i] = sign_s * (s + odd * (c - s))
        cos1[i] = sign_c * (c + odd * (s - c))


@jit
def advance(sin1: Array, cos1: Array, by: int, sin_h: Array, cos_h: Array) -> None:
    """From h to ``h + by`` times the angle, by the addition theorem; the error grows linearly in h."""
    for _ in range(by):
        for i in range(sin1.size):
            s = sin_h[i] * cos1[i] + cos_h[i] * sin1[i]
            cos_h[i] = cos_h[i] * cos1[i] - sin_h[i] * sin1[i]
            sin_h[i] = s


@jit
def masked_sines(words: Array, period: int, harmonics: Array, factors: Array, masks: Array, out: Array) -> None:
    """Rows 2j and 2j+1 of ``out``: ``round(factors_j sin)`` and ``round(factors_j cos)`` of harmonic j, less the masks."""
    n = words.size
    sin1, cos1 = np.empty(n), np.empty(n)
    angles(words, period, sin1, cos1)
    sin2, cos2, sin_h, cos_h, h = sin1.copy(), cos1.copy(), np.zeros(n), np.ones(n), 0
    advance(sin1, cos1, 1, sin2, cos2)
    for j in range(harmonics.size):
        advance(sin1, cos1, (harmonics[j] - h) % 2, sin_h, cos_h)
        advance(sin2, cos2, (harmonics[j] - h) // 2, sin_h, cos_h)
        h = harmonics[j]
        s, c, p, q, factor = out[2 * j], out[2 * j + 1], masks[2 * j], masks[2 * j + 1], factors[j]
        for i in range(n):
            s[i] = np.uint64(np.int64(np.rint(factor * sin_h[i]))) - np.uint64(p[i])
            c[i] = np.uint64(np.int64(np.rint(factor * cos_h[i]))) - np.uint64(q[i])


@jit
def sines_dot(words: Array, period: int, harmonics: Array, factors: Array, given: Array, out: Array) -> None:
    """``out += sum_j given[2j] round(factors_j cos) + given[2j+1] round(factors_j sin)``."""
    n = words.size
    sin1, cos1 = np.empty(n), np.empty(n)
    angles(words, period, sin1, cos1)
    sin2, cos2, sin_h, cos_h, h = sin1.copy(), cos1.copy(), np.zeros(n), np.ones(n), 0
    advance(sin1, cos1, 1, sin2, cos2)
    for j in range(harmonics.size):
        advance(sin1, cos1, (harmonics[j] - h) % 2, sin_h, cos_h)
        advance(sin2, cos2, (harmonics[j] - h) // 2, sin_h, cos_h)
        h = harmonics[j]
        s, c, factor = given[2 * j], given[2 * j + 1], factors[j]
        for i in range(n):
            cos_word, sin_word = np.uint64(np.int64(np.rint(factor * cos_h[i]))), np.uint64(np.int64(np.rint(factor * sin_h[i])))
            out[i] += np.uint64(s[i]) * cos_word + np.uint64(c[i]) * sin_word


def sine_words(words: Array, period: int, harmonics: Sequence[int], factors: Sequence[float]) -> Array:
    """Rows 2j and 2j+1: ``round(factors_j sin)`` and ``round(factors_j cos)`` of ``2 pi harmonics_j words / 2^period``, as words; harmonics rise.

    >>> sine_words(np.array([0, 1, 2], np.uint64), 2, [1, 2], [100.0, 10.0]).view(np.int64).tolist()
    [[0, 100, 0], [100, 0, -100], [0, 0, 0], [10, -10, 10]]
    """
    out = np.zeros((2 * len(harmonics), words.size), np.uint64)
    masked_sines(words, period, np.array(harmonics, np.int64), np.array(factors, np.float64), out, out)
    return out
