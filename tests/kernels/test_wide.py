"""Words of two limbs, against Python's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.kernels import wide

Numbers = list[int]
EDGES = st.sampled_from([0, 1, (1 << 32) - 1, 1 << 32, (1 << 64) - 1, 1 << 64, (1 << 96) - 1, 1 << 127, (1 << 128) - 1])
NUMBERS = st.lists(st.tuples(st.one_of(EDGES, st.integers(0, (1 << 128) - 1)), st.one_of(EDGES, st.integers(0, (1 << 128) - 1))), min_size=1, max_size=12)


def held(numbers: Numbers, limbs: int) -> Any:
    return np.array([[n >> 64 * i & (1 << 64) - 1 for i in range(limbs)] for n in numbers], np.uint64)


def numbers(words: Any) -> Numbers:
    return [sum(int(limb) << 64 * i for i, limb in enumerate(word)) for word in words.reshape(-1, words.shape[-1])]


@pytest.mark.parametrize("limbs", [1, 2])
@given(pairs=NUMBERS, by=st.integers(0, 130))
def test_as_integers(limbs: int, pairs: list[tuple[int, int]], by: int) -> None:
    top = (1 << 64 * limbs) - 1
    x, y = ([p[i] for p in pairs] for i in range(2))
    a, b = held(x, limbs), held(y, limbs)
    assert numbers(wide.add(a, b)) == [(i + j) & top for i, j in pairs]
    assert numbers(wide.sub(a, b)) == [(i - j) & top for i, j in pairs]
    assert numbers(wide.neg(a)) == [-i & top for i in x]
    assert numbers(wide.mul(a, b)) == [i * j & top for i, j in pairs]
    assert numbers(wide.mul(a, b[0])) == [i * y[0] & top for i in x]
    assert numbers(wide.shift_left(a, by)) == [(i & top) << by & top for i in x]
    assert numbers(wide.total(a, 0)) == [sum(x) & top]
    assert numbers(wide.running(a)) == [sum(x[: i + 1]) & top for i in range(len(x))]
    assert numbers(wide.matmul(a[:, None], b[None])) == [i * j & top for i in x for j in y]
    assert numbers(wide.matmul(a[None], b[:, None])) == [sum(i * j for i, j in pairs) & top]
    assert numbers(wide.of_words(a[:, 0], limbs)) == [i & (1 << 64) - 1 for i in x]
