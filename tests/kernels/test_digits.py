"""The local part of a radix pass, on one component that holds the values themselves."""

from __future__ import annotations

import numpy as np
import pytest

from spuframe.kernels.digits import first_places, places, scatter


@pytest.mark.parametrize("word", [np.uint8, np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("values", [2, 4, 8])
def test_places_in_batches(word: type[np.unsignedinteger], values: int) -> None:
    digits = np.random.default_rng(values).integers(0, values, 200)
    ones = np.array([digits == v for v in range(values - 1)]).astype(word)
    following, unit, got = np.empty(values, word), np.ones(1, word), []
    first_places(ones, following)
    for start, stop in ((0, 64), (64, 65), (65, 200)):
        steps, last = np.empty((values - 1, stop - start), word), np.empty(stop - start, word)
        places(ones, start, unit, following, steps, last)
        got.append((ones[:, start:stop] * steps).sum(axis=0, dtype=word) + last)
    expected = np.empty(200, int)
    expected[np.argsort(digits, kind="stable")] = np.arange(200)
    np.testing.assert_array_equal(np.concatenate(got), expected)


def test_places_are_linear_in_the_shares() -> None:
    rng = np.random.default_rng(0)
    ones = rng.integers(0, 2, (3, 50)).astype(np.uint32)
    parts = [rng.integers(0, 2**32, (3, 50)).astype(np.uint32)]
    parts.append(ones - parts[0])
    results = []
    for part, unit in ((ones, 1), (parts[0], 1), (parts[1], 0)):
        following, steps, last = np.empty(4, np.uint32), np.empty((3, 50), np.uint32), np.empty(50, np.uint32)
        first_places(part, following)
        places(part, 0, np.array([unit], np.uint32), following, steps, last)
        results.append((steps, last))
    for whole, a, b in zip(*results):
        np.testing.assert_array_equal(whole, a + b)


def test_scatter() -> None:
    out = np.empty(4, np.uint16)
    scatter(np.array([5, 6, 7, 8], np.uint16), np.array([3, 0, 1, 2], np.uint32), out)
    assert out.tolist() == [6, 7, 8, 5]
