"""Division: its error over the whole range of denominators and numerators, its cost, and what zero gives."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from spuframe.dtypes import ring_for
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.share import Arithmetic
from spuframe.testing import simulate_blackbox


def _divide(protocol, a, b, numerator, denominator, shift, quotient=None, clip=False):
    ring = ring_for(*denominator)

    def work(box, x, y):
        found = divide(box, x, y, numerator=numerator, denominator=denominator, shift=shift, quotient=quotient, clip=clip)
        return [found.quotient] if found.nonzero is None else [found.quotient, found.nonzero]

    words, *nonzero = simulate_blackbox(protocol, work, (a.astype(np.int64), Arithmetic(64)), (b.astype(np.int64), Arithmetic(ring)))
    return words.view(np.int64), (nonzero[0] if nonzero else None)


def _check(words, a, b, shift):
    for q, n, d in zip(words.tolist(), a.tolist(), b.tolist()):
        exact = (n << shift) / d if shift >= 0 else n / (d << -shift)
        assert abs(q - exact) <= abs(exact) * 2.0**-27 + 6, (n, d)


def _spread(rng, bits, n):
    """Integers of every length up to ``bits``."""
    return (rng.integers(1 << 62, 1 << 63, n, dtype=np.uint64) >> rng.integers(63 - bits, 63, n, dtype=np.uint64)).astype(np.int64)


@pytest.mark.parametrize("bits", [3, 12, 29, 30, 31, 45, 61])
def test_denominators_of_every_length(protocol, bits):
    rng = np.random.default_rng(bits)
    b = np.concatenate([_spread(rng, bits, 300), [1, 2, 3, (1 << bits) - 1, 1 << (bits - 1)]])
    ratio = rng.integers(-(1 << 16), 1 << 16, len(b))
    a = np.array([max(-(1 << 61), min(1 << 61, int(r) * int(d) // 256)) for r, d in zip(ratio, b)])
    top = 1 << 61
    words, nonzero = _divide(protocol, a, b, (-top, top), (0, (1 << bits) - 1), 0, 1 << 16)
    assert nonzero.all()
    _check(words, a, b, 0)


def test_means_of_large_sums(protocol):
    rng = np.random.default_rng(5)
    count = np.concatenate([rng.integers(1, 1 << 31, 200), [1, 2, (1 << 31) - 1]])
    mean = rng.integers(-(1 << 29), 1 << 29, len(count))
    total = mean * count + count // 3
    words, nonzero = _divide(protocol, total, count, (-(1 << 60), 1 << 60), (1, (1 << 31) - 1), 0, (1 << 29) + 1)
    assert nonzero is None
    _check(words, total, count, 0)


def test_fixed_point_by_fixed_point_of_either_sign(protocol):
    rng = np.random.default_rng(6)
    f = 18
    a = _spread(rng, 40, 400) * rng.choice([-1, 1], 400)
    b = np.maximum(_spread(rng, 38, 400), 3) * rng.choice([-1, 1], 400)  # 1e-5 is 3 units
    keep = (np.abs(a) / np.abs(b)) < 2**24
    a, b = a[keep], b[keep]
    words, _ = _divide(protocol, a, b, (-(1 << 40), 1 << 40), (-(1 << 38), 1 << 38), f, 1 << (24 + f))
    _check(words, a, b, f)


def test_the_whole_range_of_the_type(protocol):
    """No bounds known: small operands keep their bits beside the largest."""
    f = 18
    a = np.array([1, 100, 3 << 17, 1 << 61, -(1 << 61), 12345 << 20, 1 << 18])
    b = np.array([7, 200, 1 << 18, 1 << 61, 3 << 59, -(77 << 18), 3])
    words, _ = _divide(protocol, a, b, (-(1 << 62), 1 << 62), (-(1 << 62), 1 << 62), f, None)
    _check(words, a, b, f)


def test_large_quotients(protocol):
    """Quotients up to 2^61 units, whose product with the reciprocal does not fit one word."""
    rng = np.random.default_rng(8)
    b = rng.integers(1, 1 << 20, 200)
    q = _spread(rng, 61, 200)
    a = np.array([int(x) // 4 for x in q])
    words, _ = _divide(protocol, a, np.ones_like(b), (-(1 << 60), 1 << 60), (0, 1 << 20), 0, 1 << 60)
    _check(words, a, np.ones_like(b), 0)
    a = np.array([min(int(x) * int(d) // (1 << 22), 1 << 61) for x, d in zip(q, b)])
    words, _ = _divide(protocol, a, b, (-(1 << 61), 1 << 61), (0, 1 << 20), 0, (1 << 61) + 1)
    _check(words, a, b, 0)


@pytest.mark.parametrize("bits", [62, 63, 64])
def test_denominators_that_fill_the_ring(protocol, bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    b = np.array([low, low + 1, high, high - 1, 1, -1, 1 << (bits - 2), -(1 << (bits - 2)), 12345])
    a = np.array([1 << 61, -(1 << 61), 1 << 61, 3 << 59, 5 << 18, 1 << 18, 1 << 60, 1 << 59, 98765 << 18])
    words, _ = _divide(protocol, a, b, (-(1 << 62), 1 << 62), (low, high), 0, 1 << 61)
    _check(words, a, b, 0)


def test_clipped_where_the_quotient_leaves_the_range(protocol):
    f, top = 18, (1 << 62) - (1 << 18)
    a = np.array([1 << 60, -(1 << 60), 1 << 60, 1 << 45, -(1 << 50), 1 << 61, -(1 << 61), 7 << 18, 0, 1 << 43])
    b = np.array([1, 1, -5, 1, -3, 1 << 61, 3 << 40, 3 << 18, 9, 1])
    for numerator in [(-(1 << 62), 1 << 62), (0, 1 << 62)]:
        keep = a >= numerator[0]
        words, _ = _divide(protocol, a[keep], b[keep], numerator, (-(1 << 62), 1 << 62), f, top, clip=True)
        for q, n, d in zip(words.tolist(), a[keep].tolist(), b[keep].tolist()):
            exact = min(max((n << f) / d, -top), top)
            assert abs(q - exact) <= abs(exact) * 2.0**-25 + 6, (n, d)


def test_zero_is_told(protocol):
    b = np.array([0, 5, -5, 0])
    _, nonzero = _divide(protocol, np.array([1, 1, 0, 0]), b, (0, 10), (-5, 5), 18)
    assert nonzero.tolist() == [0, 1, 1, 0]


def test_reciprocal_of_one_hundred_thousandth(protocol):
    f = 30
    b = np.array([round(1e-5 * 2**f), round(1e-4 * 2**f), 1 << f])
    words, _ = _divide(protocol, np.full(3, 1 << f), b, (1 << f, 1 << f), (1, 1 << 40), f)
    np.testing.assert_allclose(words / 2**f, 2.0**f / b, rtol=2**-27)


@pytest.mark.parametrize(
    ("na", "nb", "shift", "nq"),
    [
        (25, 25, 18, 44), (25, 6, 18, 40), (40, 38, 18, 50), (30, 10, 0, 30), (10, 10, 18, 28), (45, 20, -7, 40), (60, 31, 0, 30), (61, 20, 0, 61),
        # divisors that all but fill the ring, and dividends that leave it
        (61, 58, 18, 40), (61, 60, 18, 50), (61, 60, 0, 30), (61, 61, 50, 60), (61, 60, 40, 61), (53, 57, -3, 50), (10, 60, 60, 58), (1, 61, 78, 60),
        (1, 44, 90, 61), (53, 55, 70, 61), (61, 50, -11, 20), (61, 60, 3, 60),
    ],
)  # fmt: skip
def test_quotients_are_the_nearest(protocol, na, nb, shift, nq):
    """Exactly, half up: whatever the truncation of the protocol does; halves and whole numbers among them."""
    rng = np.random.default_rng(11)
    a, b = _spread(rng, na, 300) * rng.choice([-1, 1], 300), _spread(rng, nb, 300)
    a[:100] = a[:100] // b[:100] * b[:100]
    a[100:200], b[100:200] = a[100:200] | 1, 1 << rng.integers(0, nb, 100)
    exact = [Fraction(int(n), int(d)) * Fraction(2) ** shift for n, d in zip(a, b)]
    keep = [i for i, q in enumerate(exact) if abs(q) < (1 << nq) - 8]
    assert len(keep) > 60
    words, _ = _divide(protocol, a[keep], b[keep], (-(1 << na), 1 << na), (1, (1 << nb) - 1), shift, 1 << nq)
    assert words.tolist() == [math.floor(exact[i] + Fraction(1, 2)) for i in keep]
