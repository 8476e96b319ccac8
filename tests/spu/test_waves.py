"""What every party computes by itself in floating point is the same at all of them, whatever the last bits of its libraries are."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spuframe import plugins
from spuframe.errors import RangeOverflowError, TypeMismatchError
from spuframe.spu.algorithms import waves
from spuframe.spu.algorithms.exp import LOG2_E, log2_of
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.operands import COEFFICIENT_BITS
from spuframe.spu.share import Arithmetic, Boolean, Share
from spuframe.testing import simulate_blackbox

ALL = [w for w in vars(waves).values() if isinstance(w, waves.Saturating)]
SERIES = [waves.harmonics(w) for w in ALL] + [((1, 1 - waves.AMPLE),)]
ULPS = 2.0**-46  # a few hundred of the last bits of numbers below one


@pytest.mark.parametrize("terms", SERIES)
def test_coefficients_are_far_from_ties(terms: tuple[tuple[int, float], ...]) -> None:
    for _, c in terms:
        scaled = c * 2**COEFFICIENT_BITS
        assert abs(abs(scaled - math.floor(scaled)) - 0.5) > ULPS * 2**COEFFICIENT_BITS


@pytest.mark.parametrize("what", ALL, ids=lambda w: w.name)
def test_the_number_of_terms_and_the_edges_are_decided_far_from_ties(what: waves.Saturating) -> None:
    fewer, more = (waves.harmonics(replace(what, tolerance=what.tolerance + by)) for by in (ULPS, -ULPS))
    assert fewer == more == waves.harmonics(what)
    assert len({w.name for w in ALL}) == len(ALL) >= 4
    for out in range(41):
        least = what.top - what.error - 2.0**-out
        assert abs(what.g(float(what.half)) - least) > ULPS
        found = waves.edge_of(what, out)
        if found < float(what.half):
            at = round((found + 3 * 2.0**-what.slack) * waves.EDGES)
            assert what.g(at / waves.EDGES) <= least - ULPS or at == 0
            assert what.g((at + 1) / waves.EDGES) >= least + ULPS


def test_parties_whose_libraries_differ_in_the_last_bits_agree() -> None:
    x = np.arange(-3000, 3000) << 40

    def party(box: BlackBox, x: Share) -> Share:
        rank = 0 if box.ctx is None else box.ctx.rank
        terms = tuple((h, c * (1 + (rank - 1) * 2.0**-50)) for h, c in waves.harmonics(waves.TANH))
        return box.fourier(x, 56, terms, waves.SINE_BITS)

    got = simulate_blackbox("aby3", party, x).view(np.int64) / 2.0 ** (2 * waves.SINE_BITS)
    angle = 2 * np.pi * x / 2.0**56
    assert np.abs(got - sum(c * np.sin(h * angle) for h, c in waves.harmonics(waves.TANH))).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "period", "terms", "f"),
    [
        (Arithmetic(32), 33, ((1, 0.5),), 8),
        (Arithmetic(64), 65, ((1, 0.5),), 8),
        (Arithmetic(64), 0, ((1, 0.5),), 8),
        (Arithmetic(16), 16, ((1, 0.5),), 8),
        (Arithmetic(64), 20, ((0, 0.5),), 8),
        (Arithmetic(64), 20, (), 8),
    ],
)
def test_what_does_not_fit_the_ring_is_refused(kind: Arithmetic, period: int, terms: tuple[tuple[int, float], ...], f: int) -> None:
    box = BlackBox(plugins.protocol("aby3"), 3)
    with pytest.raises(RangeOverflowError, match="fourier"):
        box.fourier(Share(kind, (8,), ()), period, terms, f)


def test_bits_have_no_sines() -> None:
    with pytest.raises(TypeMismatchError, match="fourier"):
        BlackBox(plugins.protocol("aby3"), 3).fourier(Share(Boolean(64), (8,), ()), 20, ((1, 0.5),), 8)


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_a_period_as_long_as_the_ring(protocol: str, bits: int) -> None:
    f = bits // 4 - 1
    x = np.arange(0, 1 << bits, max(1, (1 << bits) // 999)).astype(f"u{bits // 8}")[:999]
    got = simulate_blackbox(protocol, lambda box, x: box.fourier(x, bits, ((1, 0.9), (3, 0.25)), f), x).view(f"i{bits // 8}") / 4.0**f
    angle = x.astype(np.float64) * (2 * np.pi / 2.0**bits)
    assert np.abs(got - 0.9 * np.sin(angle) - 0.25 * np.sin(3 * angle)).max() < 2.0 ** (2 - f)


@pytest.mark.parametrize("number", [Fraction(10), Fraction(1, 3), Fraction(1.5), Fraction(2**70 + 1), Fraction(1, 10**12), Fraction(0.1)])
def test_log2_of_public_numbers(number: Fraction) -> None:
    assert float(log2_of(number)) == pytest.approx(math.log2(number), rel=1e-15)


def test_log2_of_powers_of_two_is_exact() -> None:
    assert [log2_of(Fraction(2) ** n) for n in range(-40, 41)] == [Fraction(n) for n in range(-40, 41)]
    assert float(LOG2_E) == math.log2(math.e)
