"""Square root, inverse square root and reciprocal of fixed point, by normalisation.

Roots: with 4^k the power that brings x into [1/4, 1), ``1/sqrt(x) = y 2^k``. Its one-hot word is that of the leading bit with
pairs of positions joined, so that 2^k, its square and 2^-k come from one conversion of half as many bits. ``y = u^(-1/2)`` is a
polynomial of degree 5 and one step of Newton.

Reciprocal: ``1/x = v / u`` with v a power of two and ``u = x v`` in [1/2, 1). The best parabola w leaves ``e = 1 - u w``, at most 1/99, and
``w (1 + e) (1 + e^2)`` leaves ``e^4``: 5 products, of which two share their rounds, against 6 of the division's iteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from spuframe.spu.algorithms.coefficients import INVERSE, RSQRT
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.divide import _power, _wide, total
from spuframe.spu.algorithms.log import scaled_product
from spuframe.spu.algorithms.normalise import leading, pairs
from spuframe.spu.algorithms.polynomial import polynomial
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share

P = 28
"""Fraction bits of the normalised argument and of its root."""
W = 27
"""Fraction bits of the normalised argument of a reciprocal, and of that."""
FEW = 7
"""Fraction bits of a factor for which the ring has no more room."""
ROOM = 62


@dataclass(frozen=True)
class _Root:
    """``x = u * 2**(top - f) / 4**k``, ``y = u ** -0.5``; ``up`` is 2^k, ``down`` is 2^(count - 1 - k)."""

    u: Share
    y: Share
    up: Share
    down: Share | None
    count: int
    half: int  # (top - f) / 2
    positive: Share | None


def _root(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], down: bool) -> _Root:
    found = leading(box, x, bounds, align=f & 1)
    pair = pairs(found.word)
    turned = type(found)(pair, 0, None).reversed() if pair.bits > 1 else pair
    powers = stacked(lambda s: box.b2a(s[0], 64), [(turned,), (pair,)] if down else [(turned,)])
    u = scaled_product(box, x, box.mul(powers[0], powers[0]), found.top, P)
    s = box.add_public(u.shift_left(1), -round(1.25 * (1 << P)))
    y = polynomial(box, s, P, RSQRT, P)
    uyy = box.mul(u, box.mul(y, y, P), P)
    y = box.mul(y, box.add_public(-uyy, 3 << P), P + 1)
    return _Root(u, y, powers[0], powers[1] if down else None, pair.bits, (found.top - f) // 2, found.positive)


def sqrt(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int) -> Share:
    """``sqrt(x)``; zero where x is not positive. Relative error below ``2**-19``, and two units.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, below 2^62.
    f : int
    bounds : tuple of int
        In units of ``2**-f``; the upper one positive.
    out : int
        Fraction bits of the result, which must stay below 2^61.
    """
    r = _root(box, x, f, bounds, True)
    assert r.down is not None
    root = box.mul(r.u, r.y, P)  # sqrt(u); x = u 4^half 4^(count - 1 - k) / 4^(count - 1)
    return _rescale(box, root, r.down, P - out - r.half + r.count - 1)


def rsqrt(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int) -> tuple[Share, Share | None]:
    """``1 / sqrt(x)``, and whether x is positive (None where ``bounds`` say so). Relative error below ``2**-19``, and two units.

    The parameters are those of `sqrt`.
    """
    r = _root(box, x, f, bounds, False)
    return _rescale(box, r.y, r.up, P - out + r.half), r.positive


def root_pair(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int, inverse: int) -> tuple[Share, Share]:
    """`sqrt` with ``out`` and `rsqrt` with ``inverse`` fraction bits, of one normalisation."""
    r = _root(box, x, f, bounds, True)
    down = r.down
    assert down is not None
    return box.both(
        lambda: _rescale(box, box.mul(r.u, r.y, P), down, P - out - r.half + r.count - 1),
        lambda: _rescale(box, r.y, r.up, P - inverse + r.half),
    )


def _rescale(box: BlackBox, x: Share, power: Share, drop: int) -> Share:
    """``x * power / 2**drop``."""
    if drop > ROOM - 2:
        return box.constant(0, x.kind, x.shape)
    return box.mul(x, power, drop) if drop > 0 else box.mul(x, power).shift_left(-drop)


def reciprocal(box: BlackBox, x: Share, f: int, bounds: tuple[int, int], out: int) -> tuple[Share, Share | None]:
    """``1 / x``, and whether x is not zero (None where ``bounds`` say so). Relative error below ``2**-24``, and three units.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic(64)`` with f fraction bits, below 2^62.
    f : int
    bounds : tuple of int
        In units of ``2**-f``.
    out : int
        Fraction bits of the result, at most ``61 - f`` if the bounds admit zero, so that every result fits.
    """
    low, high = bounds
    sign: Share | None = None
    if high <= 0:
        x, low, high = -x, -high, -low
        found, valid = reciprocal(box, x, f, (low, high), out)
        return -found, valid
    if low < 0:
        sign = box.msb(x, min(64, signed_bits(low, high)))
        x = x - box.inject(sign, x).scale(2)
        low, high = 0, max(-low, high)
    place = leading(box, x, (low, high))
    nb, bits = place.top, place.word.bits
    v, pieces = _power(box, place.reversed(), bits + W > ROOM - 1)
    w = _inverse(box, scaled_product(box, x, v, nb, W))
    shift = f + out
    drop = nb + W - shift  # 1 / X = v w 2^-(nb + W)
    most = (shift - max(low.bit_length() - 2, 0)) if low >= 64 else shift  # bits of the largest result
    tasks = [partial(_wide, box, w, piece, W + 2, size, max(most + 1, 1) + drop - at, drop - at) for at, size, piece in pieces]
    inverse = total(box.together(tasks))
    if sign is not None:
        inverse = inverse - box.inject(sign, inverse).scale(2)
    return inverse, place.positive


def _inverse(box: BlackBox, u: Share) -> Share:
    """``1 / u`` for u in [1/2, 1), with `W` fraction bits; relative error below 2^-24."""
    constant, slope, square = INVERSE
    vertex = -slope / (2 * square)
    t = box.add_public(u, -round(vertex * (1 << W)))
    w = box.add_public(box.mul(t, t.scale(round(square * (1 << FEW))), W + FEW), round((constant - square * vertex**2) * (1 << W)))
    e = box.add_public(-box.mul(u, w, W), 1 << W)
    gain, square_of_e = stacked(lambda s: box.mul(s[0], s[1], W), [(w, e), (e, e)])
    w = w + gain
    return w + box.mul(w, square_of_e, W)
