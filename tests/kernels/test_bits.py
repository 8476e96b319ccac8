"""Packing, planes and gates against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.kernels import bits as B

Array = np.ndarray[Any, Any]
WIDTHS = (1, 2, 3, 7, 8, 12, 16, 31, 32, 33, 63, 64)
SIZES = (1, 7, 64, 100, 2048, 5000, 40_000)


def words(rng: np.random.Generator, n: int, bits: int) -> Array:
    out = rng.integers(0, 1 << 64, n, dtype=np.uint64) & np.uint64((1 << bits) - 1)
    out[:2] = [0, (1 << bits) - 1][: len(out)]
    return out.astype(B.word_type(bits))


def bit_matrix(w: Array, bits: int) -> Array:
    return ((w.astype(np.uint64)[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8)


@pytest.mark.parametrize("bits", WIDTHS)
def test_pack_words_is_the_bit_stream(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for n in SIZES:
        w = words(rng, n, bits)
        packed = B.pack_words(w, bits)
        np.testing.assert_array_equal(packed, np.packbits(bit_matrix(w, bits).reshape(-1), bitorder="little"))
        assert packed.size == B.packed_bytes(bits, n)
        back = B.unpack_words(packed, n, bits)
        assert back.dtype == w.dtype
        np.testing.assert_array_equal(back, w)


def test_pack_words_ignores_what_is_above_and_takes_other_words() -> None:
    high = np.array([0xFF, 0x01], np.uint8)
    np.testing.assert_array_equal(B.pack_words(high, 3), [0b001111])
    np.testing.assert_array_equal(B.pack_words(high.astype(np.uint64), 3), [0b001111])
    np.testing.assert_array_equal(B.pack_words(np.array([[1, 2], [3, 0]], np.uint8), 4), [0x21, 0x03])


@pytest.mark.parametrize("bits", WIDTHS)
def test_planes_hold_one_bit_of_every_row(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for n in SIZES:
        w = words(rng, n, bits)
        planes = B.to_planes(w, bits)
        assert planes.shape == (bits, B.plane_words(n))
        np.testing.assert_array_equal(B.from_planes(planes, n), w)
        for j in {0, bits // 2, bits - 1}:
            row = np.unpackbits(B.plane_to_bitmap(planes[j], n), count=n, bitorder="little")
            np.testing.assert_array_equal(row, bit_matrix(w, bits)[:, j])
        if n % 64:  # rows that do not exist are zero
            assert int(np.bitwise_count(planes[0]).sum()) == int(bit_matrix(w, bits)[:, 0].sum())


def test_planes_take_the_low_bits_of_wider_words() -> None:
    w = np.random.default_rng(1).integers(0, 1 << 64, 3000, dtype=np.uint64)
    for bits in (1, 5, 12, 31):
        np.testing.assert_array_equal(B.from_planes(B.to_planes(w, bits), w.size), w & np.uint64((1 << bits) - 1))


def test_tile_order_is_that_of_the_module() -> None:
    n = 64 * (B.LANES + 3)
    w = np.zeros(n, np.uint8)
    w[5 * B.LANES + 7] = 1  # row r*L + l
    plane = B.to_planes(w, 1)[0]
    assert int(plane[7]) == 1 << 5
    assert int(np.bitwise_count(plane).sum()) == 1


def shares(rng: np.random.Generator, x: Array) -> list[Array]:
    a, b = (rng.integers(0, 1 << 64, x.shape, dtype=np.uint64).astype(x.dtype) for _ in range(2))
    return [a, b, x ^ a ^ b]


def test_and_gates_of_three_parties_add_up() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 1 << 64, (5, 9), dtype=np.uint64)
    c = shares(rng, x)
    gates = np.array([[0, 1, -1], [2, 3, 4], [1, 1, 0]], np.int64)
    f = rng.integers(0, 1 << 64, (3, 3, 9), dtype=np.uint64)  # f[i]: drawn by parties i and i+1
    total = np.zeros((3, 9), np.uint64)
    for i in range(3):
        out = np.empty((3, 9), np.uint64)
        B.and_gates(c[i], c[(i + 1) % 3], gates, f[i], f[i - 1], out)
        total ^= out
    np.testing.assert_array_equal(total, [x[0] & x[1], (x[2] & x[3]) ^ x[4], x[1] ^ x[0]])


@pytest.mark.parametrize("word", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_and_words_of_three_parties_add_up(word: Any) -> None:
    rng = np.random.default_rng(4)
    x, y = (rng.integers(0, 1 << 64, 77, dtype=np.uint64).astype(word) for _ in range(2))
    xs, ys, f = shares(rng, x), shares(rng, y), shares(rng, x)
    total = np.zeros(77, word)
    for i in range(3):
        out = np.empty(77, word)
        B.and_words(xs[i], xs[(i + 1) % 3], ys[i], ys[(i + 1) % 3], f[i], f[i - 1], out)
        total ^= out
    np.testing.assert_array_equal(total, x & y)


def test_pair_terms_are_carries() -> None:
    """The two sides' parts add up to generate and propagate bits, whatever the masks."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 1 << 64, (2, 5, 4), dtype=np.uint64)
    r = rng.integers(0, 1 << 64, (7, 4), dtype=np.uint64)
    alpha = np.empty_like(r)
    B.mask_pairs(a, 5, r, alpha)
    np.testing.assert_array_equal(alpha ^ r, [*a, a[0] & a[1], a[2] & a[3]])
    terms = np.array([[0, 4], [0, 2], [1, 1], [1, 3], [2, 3]], np.int64)
    zero, one, two = np.zeros((5, 4), np.uint64), np.empty((5, 4), np.uint64), np.empty((5, 4), np.uint64)
    B.pair_terms(alpha, 5, b, terms, True, zero, one)
    B.pair_terms(r, 5, b, terms, False, zero, two)
    g, p = a & b, a ^ b
    np.testing.assert_array_equal(one ^ two, [g[4], g[2], g[1] ^ p[1] & g[0], g[3] ^ p[3] & g[2], p[3] & p[2]])


@pytest.mark.parametrize("word", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_bits_become_ring_elements(word: Any) -> None:
    rng = np.random.default_rng(6)
    u, v = rng.integers(0, 16, (2, 50)).astype(np.uint8)
    r = rng.integers(0, 1 << 64, (50, 4), dtype=np.uint64).astype(word)
    masked = np.empty_like(r)
    B.bits_minus(u, r, masked)
    np.testing.assert_array_equal(masked + r, bit_matrix(u, 4))
    zero, one, two = np.zeros(50, word), np.empty(50, word), np.empty(50, word)
    B.bit_products(masked, v, True, zero, one)
    B.bit_products(r, v, False, zero, two)
    np.testing.assert_array_equal(one + two, u ^ v)
