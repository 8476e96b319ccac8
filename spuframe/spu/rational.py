"""Quotients of plaintext numbers, exactly, as an owner computes them: what the parties compute over shares is the same to the bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spuframe.spu.share import Array


def floored(x: Array, y: Array, f: int, offset: Fraction = Fraction(0)) -> Array:
    """``floor(x / y * 2**f + offset)`` of int64 or float64 numbers, y not zero, as float64 or, where all of it fits, without a rounding.

    In floating point, and anew in whole numbers where that may be off: where the quotient is near to a whole number.
    """
    with np.errstate(over="ignore"):
        about = np.asarray(x, np.float64) / np.asarray(y, np.float64) * 2.0**f + float(offset)
    found = np.floor(about)
    doubtful = np.flatnonzero(np.abs(about - np.rint(about)) <= np.abs(about) * 2.0**-50 + 2.0**-50)
    if doubtful.size:
        a, b = (np.broadcast_to(v, about.shape)[doubtful].tolist() for v in (x, y))
        found[doubtful] = [_floor(n, d, f, offset) for n, d in zip(a, b, strict=True)]
    return found


def _floor(n: float, d: float, f: int, offset: Fraction) -> int:
    if not isinstance(n, int) or not isinstance(d, int):
        n_top, n_low = n.as_integer_ratio()
        d_top, d_low = d.as_integer_ratio()
        n, d = n_top * d_low, d_top * n_low
    top, low = offset.as_integer_ratio()
    return ((n << f) * low + top * d) // (d * low)


def remainders(x: Array, y: Array, f: int) -> Array:
    """``x - y * floor(x / y)`` in units of ``2**-f``, rounded to the nearest, half away from zero; y not zero."""
    x, y = np.broadcast_arrays(x, y)
    found = [_remainder(a, b, f) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return np.array(found, np.float64).reshape(x.shape)


def _remainder(a: float, b: float, f: int) -> int:
    rest = Fraction(a) % Fraction(b) * (1 << f)
    half = abs(rest) + Fraction(1, 2)
    return int(half) if rest >= 0 else -int(half)
