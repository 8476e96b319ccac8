"""The logistic function of a fixed-point share.

On ``|x| < 16`` it is a Fourier series: let g continue ``sigmoid(x) - 1/2`` by reflection at 16 (``g(32 - x) = g(x)``) to a function of
period 64. It is odd and smooth but for a kink of 1e-7 in the slope at 16, so that its odd harmonics die out as ``exp(-2 pi^2 h / 64)``; the
coefficients are computed here, by quadrature, and cut where they cannot be seen. Outside, the value is 0 or 1 to within 1.2e-7, chosen by
two comparisons.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, concat

HALF = 16  # |x| from which the value is 0 or 1
PERIOD = 6  # log2(4 * HALF)
SINE_BITS = 20  # fraction bits of the sines


@cache
def coefficients(tolerance: float = 2e-6) -> tuple[tuple[int, float], ...]:
    """(harmonic, coefficient) of ``sigmoid(x) - 1/2`` reflected at 16, until the rest adds up to less than ``tolerance``.

    ``c_h = 4/64 * integral_{-16}^{16} (sigmoid(x) - 1/2) sin(2 pi h x / 64) dx`` for odd h, by Gauss-Legendre quadrature.
    """
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x, w = nodes * HALF, weights * HALF
    g = 0.5 * np.tanh(x / 2)
    found = [(h, float(4 / 64 * np.sum(w * g * np.sin(2 * np.pi * h * x / 64)))) for h in range(1, 200, 2)]
    rest = np.cumsum([abs(c) for _, c in found][::-1])[::-1]
    return tuple(t for t, r in zip(found, rest, strict=True) if r > tolerance)


def sigmoid(box: BlackBox, x: Share, f: int) -> Share:
    """``1 / (1 + exp(-x))`` of a fixed-point vector; the whole range of the type, error below 1e-5 + 2^-f.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)``, one-dimensional, f fraction bits, ``|x| < 2^(61-f)``.
    f : int
        Fraction bits of x and of the result.

    Returns
    -------
    Share
        In [0, 1] up to the error.
    """
    n, bound = x.rows, HALF << f
    # 8 rounds: x < -16 and 16 < x at once.
    outside = box.msb(concat([box.add_public(x, bound), box.add_public(-x, bound)]))
    low, high = outside.slice(0, n), outside.slice(n, 2 * n)
    inside = box.not_(low ^ high)
    wave = box.fourier(x, f + PERIOD, coefficients(), SINE_BITS)  # 2 rounds
    wave = box.trunc(wave, 2 * SINE_BITS - f)  # 2 rounds
    middle = box.add_public(wave, 1 << (f - 1))
    # high * 1 + inside * middle: 2 to 3 rounds
    chosen = box.inject(concat([high, inside]), concat([box.constant(1 << f, x.kind, (n,)), middle]))
    return chosen.slice(0, n) + chosen.slice(n, 2 * n)
