from __future__ import annotations

import copy
import pickle
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from spuframe.kernels.prg import Stream

KEY = bytes(range(16))


def keystream(size: int) -> bytes:
    return Cipher(algorithms.AES(KEY), modes.CTR(bytes(16))).encryptor().update(bytes(size))


def test_words_are_the_aes_ctr_keystream() -> None:
    words = Stream(KEY).words(1 << 15, np.uint64)
    assert words.tobytes() == keystream(1 << 18)


@given(st.lists(st.tuples(st.integers(0, 40_000), st.sampled_from(["u1", "u2", "u4", "u8"])), max_size=8))
def test_every_byte_is_handed_out_once_and_in_order(draws: list[tuple[int, str]]) -> None:
    stream = Stream(KEY)
    got = b"".join(stream.words(n, word).tobytes() for n, word in draws)
    assert got == keystream(len(got))
    assert stream.position == len(got)


def test_both_ends_stay_together() -> None:
    here, there = Stream(KEY), Stream(KEY)
    for n in (1, 1000, 3, 70_000):
        np.testing.assert_array_equal(here.permutation(n), there.permutation(n))
        np.testing.assert_array_equal(here.words((n, 2), np.uint32), there.words((n, 2), np.uint32))
    one, two = here.spawn(b"lane 0"), there.spawn(b"lane 0")
    np.testing.assert_array_equal(one.words(9, np.uint64), two.words(9, np.uint64))
    np.testing.assert_array_equal(here.words(9, np.uint64), there.words(9, np.uint64))


def test_spawned_streams_differ() -> None:
    parent = Stream(KEY)
    seen = {parent.spawn(label).words(2, np.uint64).tobytes() for label in (b"a", b"b", b"a")}
    assert len(seen) == 3
    assert Stream(KEY).spawn(b"a").words(2, np.uint64).tobytes() in seen
    assert Stream(KEY).spawn(b"c").words(2, np.uint64).tobytes() not in seen


def test_fresh_streams_differ() -> None:
    assert Stream.fresh().words(4, np.uint64).tolist() != Stream.fresh().words(4, np.uint64).tolist()


def test_the_key_stays_inside() -> None:
    stream = Stream(b"sixteen  letters")
    assert "sixteen" not in repr(stream) and "letters" not in str(vars(stream))
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="once"):
            duplicate(stream)


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(32)])
def test_a_key_has_sixteen_bytes(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Stream(key)


def test_fill_refuses_an_array_it_would_copy() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        Stream(KEY).fill(np.zeros((4, 4), np.uint8)[:, :2])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100, 50_001])
def test_permutation_holds_every_row_once(n: int) -> None:
    order = Stream(KEY).permutation(n)
    assert order.dtype == np.uint32
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


def test_permutations_of_four_are_equally_likely() -> None:
    stream, draws = Stream(KEY), 24_000
    counts = Counter(tuple(stream.permutation(4).tolist()) for _ in range(draws))
    expected = draws / 24
    chi2 = sum((counts[p] - expected) ** 2 / expected for p in permutations(range(4)))
    assert chi2 < 49.73  # 23 degrees of freedom, probability 0.999; the key is fixed


def test_a_large_permutation_has_no_trend() -> None:
    n = 1 << 16
    order = Stream(KEY).permutation(n).astype(np.float64)
    correlation = np.corrcoef(order, np.arange(n))[0, 1]
    assert abs(correlation) < 5 / np.sqrt(n)
    assert (order == np.arange(n)).sum() < 12  # fixed points: Poisson with mean 1


def test_permutation_refuses_what_its_words_cannot_number() -> None:
    with pytest.raises(ValueError, match="2\\^32"):
        Stream(KEY).permutation(1 << 32)
    with pytest.raises(ValueError, match="at least 0"):
        Stream(KEY).permutation(-1)
