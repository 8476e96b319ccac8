"""Square root and inverse square root of fixed point, by normalisation.

With 4^k the power that brings x into [1/4, 1), ``1/sqrt(x) = y 2^k``. Its one-hot word is that of the leading bit with
pairs of positions joined, so that 2^k, its square and 2^-k come from one conversion of half as many bits. ``y = u^(-1/2)`` is a
polynomial of degree 5 and one step of Newton.
"""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.spu.algorithms.coefficients import RSQRT
from spuframe.spu.algorithms.log import scaled_product
from spuframe.spu.algorithms.normalise import leading, pairs
from spuframe.spu.algorithms.polynomial import polynomial
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share

P = 28
"""Fraction bits of the normalised argument and of its root."""
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
