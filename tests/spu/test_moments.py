"""Moments against exact fractions: offsets, scales, outliers, sizes, rows that take no part."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spuframe.spu.algorithms.moments import moments
from spuframe.spu.algorithms.scaling import apply, scaling, standardised
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share
from spuframe.testing import simulate_blackbox

F = 18


def columns(rng: np.random.Generator, n: int, bits: int) -> np.ndarray:
    """Noise of every size around some offset; one outlier as large as the range in noise; a constant; one value that differs by one."""
    top = 1 << (bits - 1)
    made = []
    for e in range(0, bits - 1, max(1, bits // 4)):
        offset = int(rng.integers(-top // 2, top // 2 + 1))
        made.append(np.clip(offset + np.rint(rng.normal(size=n) * 2.0**e / 3).astype(np.int64), -top, top))
    outlier = np.rint(rng.normal(size=n)).astype(np.int64).clip(-top, top)
    outlier[0] = top
    other = np.full(n, -top)
    other[n // 2] += 1
    return np.stack([*made, outlier, np.full(n, top), other], axis=1)


@given(n=st.sampled_from([1, 2, 7, 60, 1000]), bits=st.integers(2, 61), masked=st.booleans(), ddof=st.integers(0, 2), seed=st.integers(0, 99))
def test_moments_are_those_of_fractions(protocol: str, n: int, bits: int, masked: bool, ddof: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = columns(rng, n, bits)
    keep = rng.random(n) < 0.6 if masked else np.ones(n, bool)
    more = 61 - bits

    def party(box: BlackBox, x: Share, keep: Share) -> list[Share]:
        mask = keep.reshape(-1, 1) if masked else None
        m = moments(box, x, bits, mask)
        scaled = standardised(box, m, F, mask)
        others = apply(box, scaling(box, m, F, [0] * x.shape[1], [more] * x.shape[1]), x, bits + 1, F)[0]
        return [m.mean(box, more - 1), m.deviation(box, more, ddof), scaled, others]

    mean, std, scaled, others = (w.view(np.int64) for w in simulate_blackbox(protocol, party, x.view(np.uint64), keep.astype(np.uint64)))
    kept = [[int(v) for v in x[keep, j]] for j in range(x.shape[1])]
    count = int(keep.sum())
    for j, values in enumerate(kept):
        if not count:
            assert (std[j], abs(scaled[:, j]).max()) == (0, 0)
            continue
        middle = Fraction(sum(values), count)
        squares = sum((v - middle) ** 2 for v in values)
        deviation = sqrt(squares / count)
        unit = 2.0**-more
        assert abs(float(Fraction(int(mean[j])) / 2 ** (more - 1) - middle) if more else 0) <= 1e-6 * deviation + 20 * unit
        if count > ddof:
            want = sqrt(squares / (count - ddof))
            assert abs(std[j] * unit - want) <= 5e-6 * want + 6 * unit
        z = np.array([float(v - middle) for v in values]) / deviation if deviation else np.zeros(count)
        np.testing.assert_allclose(scaled[keep, j] * 2.0**-F, z, rtol=1e-3, atol=3e-3)
        assert not abs(scaled[~keep, j]).any() or abs(scaled[~keep, j]).max() <= 2
        np.testing.assert_allclose(others[keep, j] * 2.0**-F, z, rtol=3e-3, atol=5e-3)
