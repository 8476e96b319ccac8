"""Gathers against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.kernels.permute import ADD, SUBTRACT, XOR, compose, gathered, inverse


@pytest.mark.parametrize("word", [np.uint8, np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("shape", [(1,), (1000,), (100, 1), (100, 3)])
def test_gathered(word: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    rows, by = (rng.integers(0, 1 << 64, shape, dtype=np.uint64).astype(word) for _ in range(2))
    index = rng.permutation(shape[0]).astype(np.uint32)
    np.testing.assert_array_equal(gathered(rows, index, ADD, by), rows[index] + by)
    np.testing.assert_array_equal(gathered(rows, index, SUBTRACT, by), rows[index] - by)
    np.testing.assert_array_equal(gathered(rows, index, XOR, by), rows[index] ^ by)
    assert gathered(rows, index, ADD, by).dtype == word


@pytest.mark.parametrize("n", [0, 1, 5, 1000])
def test_indices_compose_and_invert(n: int) -> None:
    rng = np.random.default_rng(n)
    f, g = (rng.permutation(n).astype(np.uint32) for _ in range(2))
    x = rng.random(n)
    np.testing.assert_array_equal(x[compose(g, f)], x[f][g])
    np.testing.assert_array_equal(x[f][inverse(f)], x)
    assert compose(g, f).dtype == inverse(f).dtype == np.uint32
