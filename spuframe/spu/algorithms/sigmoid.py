"""The logistic function of a fixed-point share.

On ``|x| < 32/3`` it is a Fourier series: let g continue ``sigmoid(x) - 1/2`` by reflection at 32/3 to a function of period 128/3. It is odd
and smooth but for a kink of 2e-5 in the slope, so that its odd harmonics die out as ``exp(-2 pi^2 h / (128/3))``; the
coefficients are computed here, by quadrature, and cut where they cannot be seen. Outside, the value is 0 or 1 to within 2.4e-5, chosen by
two comparisons. A period that is no power of two costs nothing: ``3 x`` is local and has the period 128.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, concat
from spuframe.spu.wave import Wave

TIMES = 3  # the series is one of TIMES * x ...
PERIOD = 7  # ... with the period 2^PERIOD
HALF = 2.0**PERIOD / TIMES / 4  # |x| from which the value is 0 or 1
SINE_BITS = 20  # fraction bits of the sines
SLACK = 5  # the bounds are compared with 5 fraction bits: both sides of them are right there


@cache
def coefficients(tolerance: float = 1e-5) -> tuple[tuple[int, float], ...]:
    """(harmonic, coefficient) of ``sigmoid(x) - 1/2`` reflected at `HALF`, until the rest adds up to less than ``tolerance``.

    ``c_h = 1/HALF * integral_{-HALF}^{HALF} (sigmoid(x) - 1/2) sin(2 pi h x / (4 HALF)) dx`` for odd h, by Gauss-Legendre quadrature.
    """
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x, w = nodes * HALF, weights * HALF
    g = 0.5 * np.tanh(x / 2)
    found = [(h, float(np.sum(w * g * np.sin(np.pi * h * x / (2 * HALF))) / HALF)) for h in range(1, 120, 2)]
    rest = np.cumsum([abs(c) for _, c in found][::-1])[::-1]
    return tuple(t for t, r in zip(found, rest, strict=True) if r > tolerance)


def sigmoid(box: BlackBox, x: Share, f: int, out: int | None = None) -> Share:
    """``1 / (1 + exp(-x))`` of a fixed-point vector; the whole range of the type, error below 3e-5 + 2^-out.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)``, one-dimensional, f fraction bits, ``|x| < 2^(62-f)``.
    f : int
        Fraction bits of x, at most 56.
    out : int, optional
        Fraction bits of the result; as x.

    Returns
    -------
    Share
        In [0, 1] up to the error.
    """
    n, g = x.rows, f if out is None else out
    wave = Wave(round(HALF * 2.0**f), max(0, f - SLACK), TIMES, f + PERIOD, coefficients(), SINE_BITS, g)
    at_once = box.logistic(x, wave)
    if at_once is not None:
        return at_once
    low, high = _outside(box, x, wave)
    inside = box.not_(low ^ high)
    series = box.fourier(x.scale(wave.times), wave.period, wave.terms, wave.sine_bits)
    middle = box.add_public(box.trunc(series, wave.cut), 1 << (g - 1))
    chosen = box.inject(concat([high, inside]), concat([box.constant(1 << g, x.kind, (n,)), middle]))
    return chosen.slice(0, n) + chosen.slice(n, 2 * n)


def _outside(box: BlackBox, x: Share, wave: Wave) -> tuple[Share, Share]:
    """Whether ``x < -HALF`` and ``x > HALF``, at once.

    The bounds need not be sharp, so low bits of every component are dropped, which is local and moves the sum by less than one unit of
    what is left per component. 33 bits take a round less than more.
    """
    both = concat([box.add_public(x, wave.bound), box.add_public(-x, wave.bound)]).map(lambda p: p >> p.dtype.type(wave.drop))
    outside = box.msb(both, 64 - wave.drop)
    return outside.slice(0, x.rows), outside.slice(x.rows, 2 * x.rows)
