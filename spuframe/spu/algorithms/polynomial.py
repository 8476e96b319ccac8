"""A public polynomial of a shared number, with about ``2 sqrt(degree)`` products [Paterson & Stockmeyer 1973].

The coefficients come in groups of three, which are linear in t and t^2, and so local; the groups are joined by Horner's rule in t^3. Every join is
one inner product ``t^3 * acc + 1 * group``, so that a step is rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share, weighted

GROUP = 3


def polynomial(box: BlackBox, t: Share, p: int, coefficients: Sequence[float], out: int, extra: Share | None = None) -> Share:
    """``extra + sum_k coefficients[k] * t**k`` with ``out`` fraction bits.

    ``2 + groups - 1`` products with rounding and, beside the second, a truncation: 6 rounds for degree 5, 8 for degree 8.

    Parameters
    ----------
    box : BlackBox
    t : Share
        ``Arithmetic(64)``, p fraction bits, ``|t| <= 1``.
    p : int
        Fraction bits inside; the result times ``2**(2p)`` must stay below 2^62.
    coefficients : sequence of float
        Lowest first; more than three, the sum of the magnitudes in a group below 4.
    out : int
        At most ``2p``.
    extra : Share, optional
        Is added before the last rounding; ``2p`` fraction bits.

    Returns
    -------
    Share
        Error below ``2**-out + 5 * 2**-p``.
    """
    square = box.mul(t, t, p)
    powers = (t, square)
    groups = [coefficients[i : i + GROUP] for i in range(0, len(coefficients), GROUP)]

    def linear(group: Sequence[float]) -> Share:
        first = round(group[0] * (1 << (2 * p)))
        factors = [round(c * (1 << p)) for c in group[1:]]
        return box.add_public(weighted(powers[: len(factors)], factors), first) if factors else box.constant(first, t.kind, t.shape)

    one = box.constant(1, t.kind, t.shape)
    cube, acc = box.both(lambda: box.mul(t, square, p), lambda: box.trunc(linear(groups[-1]), p))
    for i in range(len(groups) - 2, -1, -1):
        group = linear(groups[i])
        if i == 0 and extra is not None:
            group = group + extra
        acc = box.dot([cube, one], [acc, group], 2 * p - out if i == 0 else p)
    return acc
