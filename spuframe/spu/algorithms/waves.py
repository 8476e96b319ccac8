"""Functions that are waves, or become one: sin and cos; sigmoid, tanh and erf, which are odd, and flat from somewhere on.

The black box evaluates ``sum c_j sin(2 pi h_j x / 2^period)`` in 2 rounds for *any* x, since the period divides the ring's size. So sin(x) needs x
times ``2^62 / (2 pi)`` modulo the ring: an integer product, local, with no range that is too large.

The odd functions are continued from ``|x| <= half`` by reflection to period ``4 half``: smooth but for an invisible kink, so that the odd harmonics die
out exponentially; beyond, they are constant to within their last bits, which two comparisons choose (none where the range stays inside) while the
series is evaluated. The comparisons need not be sharp, since on both sides of an edge either is right: they look at a few fraction bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from spuframe.spu.algorithms.clip import beyond, put_where
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share

TURN = 62
"""A full turn is 2^62."""
SINE_BITS = 24
AMPLE = 2.0**-22
"""How much less than one the amplitude of a sine is: more than its rounding, so that no result is beyond ±1."""
_SPLIT = 31
EDGES = 1 << 10
"""Grid points to one at which an edge may lie."""
TWO_PI = Fraction(2 * math.pi) + Fraction(2.4492935982947064e-16) + Fraction(-5.989539619436679e-33)  # what a float cannot hold


def sine(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, quarters: int = 0) -> Share:
    """``sin(x + quarters * pi / 2)``: with one quarter, the cosine. Any x of the ring; never beyond ±1; error below ``2**-21`` and one unit.

    Over aby3: 4 rounds; 2 more where ``|x| * 2**f`` may reach 2^38.
    """
    turns = Fraction(1 << TURN) / TWO_PI / (1 << f)  # of 2^-62, per unit of x
    angle = x.scale(round(turns))
    if max(map(abs, bounds)) >= 1 << 38:  # the constant's rounding would show: its next bits, times the upper half of x
        angle = x.scale(math.floor(turns))
        rest = round((turns - math.floor(turns)) * (1 << _SPLIT))
        angle = angle + box.trunc(x, _SPLIT).scale(rest)
    angle = box.add_public(angle, quarters << (TURN - 2))
    return box.trunc(box.fourier(angle, TURN, ((1, 1 - AMPLE),), SINE_BITS), 2 * SINE_BITS - out)


@dataclass(frozen=True)
class Saturating:
    """``offset + g(x)`` for an odd g that is ``±top`` to within the last bits from ``half`` on.

    Parameters
    ----------
    name : str
    half : Fraction
        Where it is flat: a power of two over a small whole number. The smaller, the fewer sines.
    offset, top : float
    g : callable
    tolerance : float
        Of the series.
    error : float
        Of the series with the rounding of its terms: where the function is nearer to its end than that, the end is chosen, so that no result is beyond.
    slack : int
        Fraction bits that are compared with an edge: more, where the function is steep beside it.
    """

    name: str
    half: Fraction
    offset: float
    top: float
    g: Callable[[float], float]
    tolerance: float = 2e-6
    error: float = 3e-6
    slack: int = 5

    @property
    def times(self) -> int:
        """The series is one of ``times * x``, which is local, ..."""
        return self.half.denominator

    @property
    def turn(self) -> int:
        """... whose period is ``2**turn``."""
        return (4 * self.half.numerator).bit_length() - 1


SIGMOID = Saturating("sigmoid", Fraction(16), 0.5, 0.5, lambda x: 0.5 * math.tanh(x / 2))
LOGISTIC = Saturating("logistic", Fraction(32, 3), 0.5, 0.5, lambda x: 0.5 * math.tanh(x / 2), 1e-5, 2e-5)
"""The sigmoid for training: error below 3e-5, with two thirds of the sines."""
TANH = Saturating("tanh", Fraction(8), 0.0, 1.0, math.tanh)
ERF = Saturating("erf", Fraction(4), 0.0, 1.0, math.erf, slack=8)


@cache
def harmonics(what: Saturating) -> tuple[tuple[int, float], ...]:
    """(harmonic, coefficient) of the reflected function, until the rest adds up to less than its tolerance; by quadrature.

    Every party computes them by itself. Their last bits are its libraries' own: `BlackBox.fourier` rounds them away, and how many there are is
    decided far from the tolerance (both tested).
    """
    half = float(what.half)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x, w = nodes * half, weights * half
    g = np.array([what.g(float(v)) for v in x])
    found = [(h, float(np.sum(w * g * np.sin(np.pi * h * x / (2 * half))) / half)) for h in range(1, 120, 2)]
    rest = np.cumsum([abs(c) for _, c in found][::-1])[::-1]
    return tuple(t for t, r in zip(found, rest, strict=True) if r > what.tolerance)


@cache
def edge_of(what: Saturating, out: int) -> float:
    """From where on the end is chosen, a unit of ``2**-out`` inside of what is never reached; at most ``half``.

    On a grid that is coarse enough for the last bits of a machine's own functions not to matter (tested).
    """
    least = what.top - what.error - 2.0**-out
    if what.g(float(what.half)) <= least:
        return float(what.half)
    low, high = 0, math.floor(what.half * EDGES)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if what.g(middle / EDGES) <= least else (low, middle)
    return low / EDGES - 3 * 2.0**-what.slack  # how far a comparison may be off: a unit of what is compared, for each component


def saturating(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, what: Saturating) -> Share:
    """The function at ``x``; the whole range of the type. Error below ``5e-6`` (`LOGISTIC`: 3e-5) and two units; its ends are never reached.

    Over aby3: 4 rounds and 8 to 22 sines where ``bounds`` stay where the function is not flat yet (`edge_of`). Else two comparisons in the same
    rounds, and a choice: 7 rounds in all for bounds up to 30, at most 9. Two more, before, where the period does not fit (more than 56 fraction bits).

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, below 2^62.
    f : int
    bounds : tuple of int
        In units of ``2**-f``.
    out : int
        Fraction bits of the result.
    what : Saturating
        `SIGMOID`, `LOGISTIC`, `TANH` or `ERF`.
    """
    if f + what.turn > TURN:
        less = f + what.turn - TURN
        x, f, bounds = box.trunc(x, less), f - less, (bounds[0] >> less, bounds[1] >> less)
    edge, offset, top = round(edge_of(what, out) * (1 << f)), round(what.offset * (1 << out)), round(what.top * (1 << out)) - 1
    low, high = -edge if bounds[0] < -edge else None, edge if bounds[1] > edge else None

    def wave() -> Share:
        return box.trunc(box.fourier(x.scale(what.times), f + what.turn, harmonics(what), SINE_BITS), 2 * SINE_BITS - out)

    def flat() -> list[Share]:
        return beyond(box, x, bounds, low, high, max(0, f - what.slack))

    if low is None and high is None:
        return box.add_public(wave(), offset)
    flags, series = box.both(flat, wave)  # the comparison first: its messages are under way while the sines are computed
    ends = [end for end, asked in ((-top, low), (top, high)) if asked is not None]
    return box.add_public(put_where(box, series, flags, ends), offset)
