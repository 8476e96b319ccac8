"""Functions that are waves, or become one: sin and cos; sigmoid, tanh and erf, which are odd, and flat from somewhere on.

The black box evaluates ``sum c_j sin(2 pi h_j x / 2^period)`` in 2 rounds for *any* x, since the period divides the ring's size. So sin(x) needs x
times ``2^62 / (2 pi)`` modulo the ring: an integer product, local, with no range that is too large.

The odd functions are continued from ``|x| <= half`` by reflection to period ``4 half``: smooth but for an invisible kink, so that the odd harmonics die
out exponentially; beyond, they are constant to within their last bits, which two comparisons choose (none where the range stays inside).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from spuframe.spu.algorithms.clip import beyond
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share

TURN = 62
"""A full turn is 2^62."""
SINE_BITS = 24
_SPLIT = 31
_TWO_PI = Fraction(2 * math.pi) + Fraction(2.4492935982947064e-16)


def sine(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, quarters: int = 0) -> Share:
    """``sin(x + quarters * pi / 2)``: with one quarter, the cosine. Any x of the ring; error below ``2**-21`` and one unit.

    4 rounds; 2 more where ``|x| * 2**f`` may reach 2^38.
    """
    turns = Fraction(1 << TURN) / _TWO_PI / (1 << f)  # of 2^-62, per unit of x
    angle = x.scale(round(turns))
    if max(map(abs, bounds)) >= 1 << 38:  # the constant's rounding would show: its next bits, times the upper half of x
        angle = x.scale(math.floor(turns))
        rest = round((turns - math.floor(turns)) * (1 << _SPLIT))
        angle = angle + box.trunc(x, _SPLIT).scale(rest)
    angle = box.add_public(angle, quarters << (TURN - 2))
    return box.trunc(box.fourier(angle, TURN, ((1, 1.0),), SINE_BITS), 2 * SINE_BITS - out)


@dataclass(frozen=True)
class Saturating:
    """``offset + g(x)`` for an odd g that is ``±top`` to within the last bits from ``2**half`` on.

    Parameters
    ----------
    name : str
    half : int
        log2 of where it is flat.
    offset, top : float
    g : callable
    """

    name: str
    half: int
    offset: float
    top: float
    g: Callable[[float], float]


SIGMOID = Saturating("sigmoid", 4, 0.5, 0.5, lambda x: 0.5 * math.tanh(x / 2))
TANH = Saturating("tanh", 3, 0.0, 1.0, math.tanh)
ERF = Saturating("erf", 2, 0.0, 1.0, math.erf)


@cache
def harmonics(what: Saturating, tolerance: float = 2e-6) -> tuple[tuple[int, float], ...]:
    """(harmonic, coefficient) of the reflected function, until the rest adds up to less than ``tolerance``; by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(300)
    x, w = nodes * 2.0**what.half, weights * 2.0**what.half
    g = np.array([what.g(float(v)) for v in x])
    period = 4 * 2.0**what.half
    found = [(h, float(4 / period * np.sum(w * g * np.sin(2 * np.pi * h * x / period)))) for h in range(1, 100, 2)]
    rest = np.cumsum([abs(c) for _, c in found][::-1])[::-1]
    return tuple(t for t, r in zip(found, rest, strict=True) if r > tolerance)


def saturating(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, what: Saturating) -> Share:
    """The function at ``x``; the whole range of the type. Error below ``5e-6`` and two units.

    4 rounds and one sine a harmonic (8 to 16 of them) where ``bounds`` stay within ``±2**half``; else comparisons, a product and 14 rounds in all.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, below 2^61.
    f : int
    bounds : tuple of int
        In units of ``2**-f``.
    out : int
        Fraction bits of the result.
    what : Saturating
        `SIGMOID`, `TANH` or `ERF`.
    """
    n, edge = x.rows, 1 << (what.half + f)
    if f + what.half + 2 > TURN:
        less = f + what.half + 2 - TURN
        x, f, bounds, edge = box.trunc(x, less), f - less, (bounds[0] >> less, bounds[1] >> less), edge >> less
    wave = box.fourier(x, f + what.half + 2, harmonics(what), SINE_BITS)
    wave = box.trunc(wave, 2 * SINE_BITS - out)
    offset, top = round(what.offset * (1 << out)), round(what.top * (1 << out))
    low, high = -edge if bounds[0] < -edge else None, edge if bounds[1] > edge else None
    flags = beyond(box, x, bounds, low, high)
    if not flags:
        return box.add_public(wave, offset)
    if len(flags) == 1:  # one end alone: inside * (wave - end) + end
        end = -top if high is None else top
        return box.add_public(box.inject(box.not_(flags[0]), box.add_public(wave, -end)), offset + end)
    below, above = flags
    inside = box.not_(below ^ above)
    # inside * (wave + top) + above * 2 top - top
    full = box.constant(2 * top, x.kind, (n,))
    parts = stacked(lambda s: box.inject(s[0], s[1]), [(inside, box.add_public(wave, top)), (above, full)])
    return box.add_public(parts[0] + parts[1], offset - top)
