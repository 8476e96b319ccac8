from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.kernels import arithmetic as loops
from spuframe.spu.share import pack

WORDS = ["u1", "u2", "u4", "u8"]
rng = np.random.default_rng(5)


def draw(word: str, *shape: int) -> np.ndarray:
    out = rng.integers(0, 1 << 64, shape, dtype=np.uint64).astype(word)
    if out.size:
        out.reshape(-1)[0] = -1 % (1 << 8 * out.itemsize)
    return out


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_products(word: str, n: int) -> None:
    x0, x1, y0, y1, plus, minus = (draw(word, n) for _ in range(6))
    out = np.empty(n, word)
    loops.mul_masked(x0, x1, y0, y1, plus, minus, out)
    expected = x0 * (y0 + y1) + x1 * y0 + plus - minus
    np.testing.assert_array_equal(out, expected)
    loops.mul_add(y0, x1, x0, y1, out)
    np.testing.assert_array_equal(out, expected + y0 * (x0 + y1) + x1 * x0)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("shape", [(1, 5, 1), (4, 4, 4), (5, 3, 6), (7, 2050, 2), (2, 4097, 9), (3, 0, 2), (0, 3, 2), (2, 3, 0), (33, 17, 1)])
def test_matmul(word: str, shape: tuple[int, int, int]) -> None:
    n, m, p = shape
    x0, x1, y0, y1 = draw(word, n, m), draw(word, n, m), draw(word, m, p), draw(word, m, p)
    expected = np.matmul(x0, y0 + y1, dtype=x0.dtype) + np.matmul(x1, y0, dtype=x0.dtype)
    got = loops.replicated_matmul(x0, x1, y0, y1)
    assert got.dtype == x0.dtype
    np.testing.assert_array_equal(got, expected)


def test_matmul_of_views() -> None:
    a, b = draw("u8", 6, 9), draw("u8", 6, 5)
    out = np.zeros((9, 5), np.uint64)
    loops.matmul_add(a.T, b, out)
    np.testing.assert_array_equal(out, a.T @ b)


@given(st.sampled_from([(8, 8), (16, 16), (32, 32), (64, 64), (8, 32), (16, 64), (32, 64)]), st.integers(0, 6), st.integers(0, 2**64 - 1))
def test_wrap_loops(rings: tuple[int, int], f: int, seed: int) -> None:
    k, wide = rings
    n, g = 65, np.random.default_rng(seed)

    def words(bits: int) -> np.ndarray:
        return g.integers(0, 1 << 64, n, dtype=np.uint64).astype(f"u{bits // 8}")

    z, mask, bit_mask = words(k), words(wide), words(wide)
    high, bit = np.empty(n, mask.dtype), np.empty(n, mask.dtype)
    offset = 1 << (k - 2)
    loops.wrap_input(z, np.uint64(offset), np.uint64((1 << k) - 1), np.uint64(f), np.uint64(k - 1), mask, bit_mask, high, bit)
    a = [(int(v) + offset) % (1 << k) for v in z]
    assert [(int(h) + int(m)) % (1 << wide) for h, m in zip(high, mask)] == [-(-v // (1 << f)) % (1 << wide) for v in a]
    assert [(int(b) + int(m)) % (1 << wide) for b, m in zip(bit, bit_mask)] == [1 - (v >> (k - 1)) for v in a]

    factor, mine, theirs, base = (words(wide) for _ in range(4))
    answer, common, own = (np.empty(n, mask.dtype) for _ in range(3))
    e, fixed = wide // 2, 12345
    loops.wrap_answer(z, np.uint64(f), np.uint64(k - 1), np.uint64(e), np.uint64(fixed), factor, mine, theirs, base, answer, common, own)
    for i in range(n):
        b = int(z[i])
        u = int(factor[i]) * (1 - (b >> (k - 1))) - int(mine[i])
        assert int(answer[i]) == u % (1 << wide)
        assert int(own[i]) == (int(base[i]) + (u << e)) % (1 << wide)
        assert int(common[i]) == ((b >> f) + ((int(mine[i]) + int(theirs[i])) << e) - fixed) % (1 << wide)
    out = np.empty(n, mask.dtype)
    loops.add_shifted(base, mine, np.uint64(e), out)
    np.testing.assert_array_equal(out, base + (mine << mine.dtype.type(e)))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("n", [1, 8, 77])
def test_inject_loops(word: str, n: int) -> None:
    u0, u1, v = (g.integers(0, 2, n).astype(np.uint8) for g in (rng,) * 3)
    x0, x1, x2, r, s, t, q1, q2 = (draw(word, n) for _ in range(8))
    halves = np.empty((3, n), word)
    loops.inject_input(pack(u0), pack(u1), x0, x1, r, s, t, halves)
    u, x = (u0 ^ u1).astype(word), x0 + x1
    np.testing.assert_array_equal(halves[0], u * x - r)
    np.testing.assert_array_equal(halves[1], np.where(u == 1, -x, x) - s)
    np.testing.assert_array_equal(halves[2], u - t)
    own, common = np.empty((2, n), word), np.empty((2, n), word)
    loops.inject_answer(pack(v), x2, halves, q1, q2, own[0], common[0])
    loops.inject_answer(pack(v), x2, np.stack([r, s, t]), q2, q1, own[1], common[1])
    np.testing.assert_array_equal(common[0], common[1])
    np.testing.assert_array_equal(own[0] + own[1] + common[0], (u ^ v.astype(word)) * (x + x2))


def test_flat_gives_one_kind_of_array() -> None:
    frozen = np.arange(8, dtype=np.uint64)
    frozen.setflags(write=False)
    odd = np.frombuffer(bytes(65), np.uint8)[1:].view(np.uint64)
    for a in (frozen, odd, np.arange(16, dtype=np.uint64)[::2], np.broadcast_to(np.uint64(3), (8,)), np.zeros((2, 4), np.uint64).T):
        out = loops.flat(a)
        assert out.flags.c_contiguous and out.flags.writeable and out.flags.aligned and out.shape == (8,)
        np.testing.assert_array_equal(out, a.reshape(-1))
    ready = np.arange(8, dtype=np.uint64)
    assert loops.flat(ready) is ready or loops.flat(ready).base is ready
