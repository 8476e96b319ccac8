"""An owner's quotients and remainders against fractions, where they are computed in words and where words have no room."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spuframe.spu.rational import Numbers, floored, remainders

TOP = 1 << 62
WORDS = st.integers(1, 62).flatmap(lambda b: st.integers(-(1 << b) + 1, (1 << b) - 1))
UNITS = st.sampled_from([Fraction(1), Fraction(1, 1 << 22), Fraction(1, 1 << 40), Fraction(1, 100), Fraction(3, 1000), Fraction(0.01)])
PAIRS = st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=20)


def _numbers(words: list[int], unit: Fraction) -> Numbers:
    return Numbers(np.array(words, np.int64), unit, np.zeros(len(words), bool), False)


@given(PAIRS, UNITS, UNITS, st.sampled_from([0, 10, 22, 40]), st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(-1, 3)]))
def test_floors_are_exact(pairs: list[tuple[int, int]], left: Fraction, right: Fraction, f: int, offset: Fraction) -> None:
    got = floored(_numbers([n for n, _ in pairs], left), _numbers([d for _, d in pairs], right), f, offset)
    want = [((n * left) / (d * right) * (1 << f) + offset).__floor__() for n, d in pairs]
    assert got.tolist() == [max(-TOP, min(w, TOP)) for w in want]


@given(PAIRS, UNITS, UNITS, st.sampled_from([0, 10, 22]))
def test_remainders_are_exact(pairs: list[tuple[int, int]], left: Fraction, right: Fraction, f: int) -> None:
    exact = [(n * left) % (d * right) * (1 << f) for n, d in pairs]
    kept = [k for k, e in enumerate(exact) if abs(e) < TOP]
    if kept:
        chosen = [pairs[k] for k in kept]
        got = remainders(_numbers([n for n, _ in chosen], left), _numbers([d for _, d in chosen], right), f)
        want = [(1 if exact[k] >= 0 else -1) * int(abs(exact[k]) + Fraction(1, 2)) for k in kept]
        assert got.tolist() == want
