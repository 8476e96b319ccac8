"""Division of secret by secret numbers, fixed point or integer.

The denominator is normalised by its leading bit [Catrina & Saxena, FC 2010]: ``x = b * v / 2**nb`` in [1/2, 1) with ``v`` a power of two that no one
sees; its reciprocal starts at a linear approximation of relative error 0.06 and is improved by Goldschmidt's iteration
``w (1 + e) (1 + e^2) (1 + e^4)``, whose two products per step share their round. Then ``a / b = a v w``.

Error: ``|result - a/b| <= 2**-28 |a/b| + 6 units`` (a unit is ``2**-f`` of the result), for every denominator of the given range, tested over the
whole of it. A factor too wide for a product in 64 bits is split in two, so that small operands keep their bits beside large ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import fit, together
from spuframe.spu.share import Array, Share

ROOM = 62
"""`trunc` takes what is below 2^62."""
X_BITS = 29
"""Fraction bits of the normalised denominator: its product with the first approximation stays below 2^62."""
W_BITS = 32
"""Fraction bits of the reciprocal, and of the error in it."""
_START = round(2.8177 * 2 ** (X_BITS + 3))
_PIECE = 31


@dataclass(frozen=True)
class Quotient:
    """A quotient, and the bit of the denominator's not being zero (None if its range excludes zero)."""

    quotient: Share
    nonzero: Share | None


def divide(
    box: BlackBox, a: Share, b: Share, *, numerator: tuple[int, int], denominator: tuple[int, int], shift: int = 0, quotient: int | None = None
) -> Quotient:
    """``a / b * 2**shift``, rounded; arbitrary where b is zero.

    Parameters
    ----------
    a : Share
        In the ring of 64 bits.
    b : Share
        In any ring.
    numerator, denominator : tuple of int
        Their inclusive bounds, as integers of the ring.
    shift : int
        ``f(result) + f(b) - f(a)``.
    quotient : int, optional
        A bound on the magnitude of the result, below 2^61, as an integer of the ring; the tighter, the cheaper.
    """
    low, high = denominator
    na, nb = _length(numerator), max(_length(denominator), 2)
    nonzero_range = low > 0 or high < 0
    smallest = 1 if not nonzero_range else min(abs(low), abs(high))
    top = _shifted(max(map(abs, numerator), default=0), shift) // smallest + 1
    if quotient is not None:
        top = min(top, quotient)
    nq = min(top.bit_length(), ROOM - 1)

    if low < 0:
        sign = box.msb(b, min(b.bits, signed_bits(low, high)))
        if a.kind == b.kind:
            flip_a, flip_b = together(lambda s: box.inject(s[0], s[1]), [(sign, a), (sign, b)])
        else:
            flip_a, flip_b = box.inject(sign, a), box.inject(sign, b)
        a, b = a - flip_a.scale(2), b - flip_b.scale(2)

    prefix = _prefix_or(box, box.a2b(b, nb))
    leading = prefix ^ prefix.map(lambda p: p >> p.dtype.type(1))
    power = leading.map(lambda p: _reverse(p, nb))  # bit nb - length(b): the factor that brings b to nb bits
    split = na + 2 * (nb - 1) > 2 * ROOM - 1
    pieces = [(0, box.b2a(power, 64))] if not split else [
        (0, box.b2a(power.slice_bits(0, _PIECE), 64)),
        (_PIECE, box.b2a(power.slice_bits(_PIECE, nb - _PIECE), 64)),
    ]  # fmt: skip
    v = pieces[0][1] if not split else pieces[0][1] + pieces[1][1].shift_left(_PIECE)
    w = _reciprocal(box, _normalised(box, fit(box, b, 64), v, nb))

    if shift > nb:  # |a| 2^(shift - nb) is below the bound of the quotient, since b < 2^nb
        a, na, shift = a.shift_left(shift - nb), min(na + shift - nb, nq + 1), nb
    guard = max(0, min(2, ROOM - 1 - nq))
    t = max(0, nb - shift - guard)
    product = nq + nb - shift + 1
    scaled: Share | None = None
    for at, piece in pieces:
        bits = (_PIECE - 1 if at == 0 else nb - _PIECE - 1) if split else nb - 1
        part = _wide(box, a, piece, na, bits, product - at, t - at)
        scaled = part if scaled is None else scaled + part
    assert scaled is not None
    drop = nb + W_BITS - shift - t
    result = _wide(box, scaled, w, min(nq + nb - shift - t + 1, na + nb - t), W_BITS + 1, nq + drop + 1, drop)
    return Quotient(result, None if nonzero_range else prefix.bit(0))


def _length(bounds: tuple[int, int]) -> int:
    return max(abs(bounds[0]), abs(bounds[1]), 1).bit_length()


def _shifted(x: int, by: int) -> int:
    return x << by if by >= 0 else x >> -by


def _prefix_or(box: BlackBox, x: Share) -> Share:
    """Every bit ORed with all bits above it, in ``log2`` rounds."""
    bits, d = x.bits, 1
    while d < bits:
        below, above = x.slice_bits(0, bits - d), x.slice_bits(d, bits - d)
        either = above ^ box.and_(below, above)  # what the low bits gain; the d bits above have nothing over them
        x = x ^ either.widen(bits)
        d *= 2
    return x


def _reverse(p: Array, bits: int) -> Array:
    """The order of the low ``bits`` bits turned round: local on boolean shares."""
    w = p.astype(np.uint64)
    for shift, mask in ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        s, m = np.uint64(shift), np.uint64(mask)
        w = ((w >> s) & m) | ((w & m) << s)
    return (w.byteswap() >> np.uint64(64 - bits)).astype(p.dtype)


def _normalised(box: BlackBox, b: Share, v: Share, nb: int) -> Share:
    """``b * v`` in [2^(nb-1), 2^nb), brought to `X_BITS` fraction bits."""
    drop = nb - X_BITS
    if drop <= 0:
        return box.mul(b, v).shift_left(-drop)
    if nb < ROOM:
        return box.mul(b, v, drop)
    middle = 3 << (nb - 2)  # keeps the magnitude below 2^(nb-2), where trunc is right
    return box.add_public(box.trunc(box.add_public(box.mul(b, v), -middle), drop), middle >> drop)


def _reciprocal(box: BlackBox, x: Share) -> Share:
    """``1 / x`` for x in [1/2, 1) with `X_BITS` fraction bits; the result has `W_BITS`. Relative error below 2^-30."""

    def both(pairs: list[tuple[Share, Share]]) -> list[Share]:
        return together(lambda s: box.mul(s[0], s[1], W_BITS), pairs)

    w = box.add_public(x.scale(-15), _START)  # 2.8177 - 15/8 x, in units of 2^-32
    e = box.add_public(-box.mul(x, w, X_BITS), 1 << W_BITS)  # 1 - x w, |e| <= 0.06
    gain, square = both([(w, e), (e, e)])
    w = w + gain
    gain, fourth = both([(w, square), (square, square)])
    w = w + gain
    return w + box.mul(w, fourth, W_BITS)


def _wide(box: BlackBox, x: Share, y: Share, x_bits: int, y_bits: int, product: int, t: int) -> Share:
    """``x * y / 2**t`` for ``|x| < 2**x_bits``, ``0 <= y <= 2**y_bits`` and ``|x * y| < 2**product``; error below three units."""
    if t < 0:
        return _wide(box, x, y, x_bits, y_bits, product, 0).shift_left(-t)
    product = min(product, x_bits + y_bits)
    if product < ROOM or t == 0:
        return box.mul(x, y, t)
    h = min(ROOM - y_bits - 1, t)
    upper = box.trunc(x, h)
    lower = x - upper.shift_left(h)
    return box.mul(upper, y, t - h) + box.mul(lower, y, t)
