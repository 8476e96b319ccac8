"""Fused loops of replicated arithmetic on unsigned words of 8 to 64 bits.

All arrays are flat, C-contiguous, writable and of one length (matrices aside); `flat` makes them so. A loop is compiled once per
word type. Scalars are uint64, since Numba (like NumPy) takes the sum of a signed and an unsigned 64-bit word to float. Every loop
has a NumPy twin in ``tests/kernels/test_arithmetic.py``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array: TypeAlias = NDArray[Any]
U64: TypeAlias = np.uint64


def flat(words: Array) -> Array:
    """``words`` as a vector that the loops take without compiling again; a copy only if it must be."""
    out = np.ascontiguousarray(words).reshape(-1)
    return out if out.flags.writeable and out.flags.aligned else out.copy()


# ---- products -------------------------------------------------------------------------------------------
@jit
def mul_masked(x0: Array, x1: Array, y0: Array, y1: Array, plus: Array, minus: Array, out: Array) -> None:
    """``out = x0 (y0 + y1) + x1 y0 + plus - minus``."""
    for i in range(out.size):
        out[i] = x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i] + plus[i] - minus[i]


@jit
def mul_add(x0: Array, x1: Array, y0: Array, y1: Array, out: Array) -> None:
    """``out += x0 (y0 + y1) + x1 y0``."""
    for i in range(out.size):
        out[i] += x0[i] * (y0[i] + y1[i]) + x1[i] * y0[i]


@jit
def _matmul_add(a: Array, bt: Array, out: Array) -> None:
    """``out += a b`` for row-major ``a`` (n, m) and the transpose ``bt`` (p, m).

    Tiles of 4 by 4 results stay in registers while both rows stream by: 16 multiplications for 8 loads, which compiles to
    AVX-512 ``vpmullq`` where there is one (20 G multiply-adds a second on one Zen 4 core). Tiles at the border repeat the last row.
    """
    n, m = a.shape
    p = bt.shape[0]
    zero = np.uint64(0)
    for k0 in range(0, m, 2048):
        k1 = min(k0 + 2048, m)
        for j in range(0, p, 4):
            # Rows as vectors of their own, indexed from zero: indices that might be negative would keep the loop from being vectorised.
            q0, q1 = bt[j, k0:k1], bt[min(j + 1, p - 1), k0:k1]
            q2, q3 = bt[min(j + 2, p - 1), k0:k1], bt[min(j + 3, p - 1), k0:k1]
            for i in range(0, n, 4):
                p0, p1 = a[i, k0:k1], a[min(i + 1, n - 1), k0:k1]
                p2, p3 = a[min(i + 2, n - 1), k0:k1], a[min(i + 3, n - 1), k0:k1]
                s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = zero
                s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = zero
                for k in range(k1 - k0):
                    a0, a1, a2, a3 = p0[k], p1[k], p2[k], p3[k]
                    b0, b1, b2, b3 = q0[k], q1[k], q2[k], q3[k]
                    s00 += a0 * b0
                    s01 += a0 * b1
                    s02 += a0 * b2
                    s03 += a0 * b3
                    s10 += a1 * b0
                    s11 += a1 * b1
                    s12 += a1 * b2
                    s13 += a1 * b3
                    s20 += a2 * b0
                    s21 += a2 * b1
                    s22 += a2 * b2
                    s23 += a2 * b3
                    s30 += a3 * b0
                    s31 += a3 * b1
                    s32 += a3 * b2
                    s33 += a3 * b3
                rows, cols = min(n - i, 4), min(p - j, 4)
                for r, s0, s1, s2, s3 in ((0, s00, s01, s02, s03), (1, s10, s11, s12, s13), (2, s20, s21, s22, s23), (3, s30, s31, s32, s33)):
                    if r < rows:
                        out[i + r, j] += s0
                        if cols > 1:
                            out[i + r, j + 1] += s1
                        if cols > 2:
                            out[i + r, j + 2] += s2
                        if cols > 3:
                            out[i + r, j + 3] += s3


def matmul_add(a: Array, b: Array, out: Array) -> None:
    """``out += a @ b`` modulo 2^k, for words of k bits; ``out`` is C-contiguous."""
    n, m = a.shape
    if n and m and b.shape[1]:
        _matmul_add(flat(a).reshape(n, m), flat(b.T).reshape(b.shape[1], m), out)


@jit
def _matvec(x0: Array, x1: Array, y: Array, z: Array, out: Array) -> None:
    """``out = x0 y + x1 z`` for vectors y and z: both matrices are read once, and nothing is padded to a tile."""
    n, m = x0.shape
    for i in range(n):
        row0, row1 = x0[i], x1[i]
        total = out.dtype.type(0)
        for j in range(m):
            total += row0[j] * y[j] + row1[j] * z[j]
        out[i] = total


def replicated_matmul(x0: Array, x1: Array, y0: Array, y1: Array) -> Array:
    """``x0 (y0 + y1) + x1 y0``: two products for the three of the equation."""
    n, m = x0.shape
    if y0.shape[1] == 1 and n and m:
        vector = np.empty((n, 1), x0.dtype)
        _matvec(flat(x0).reshape(n, m), flat(x1).reshape(n, m), flat(y0 + y1), flat(y0), vector[:, 0])
        return vector
    out = np.zeros((x0.shape[0], y0.shape[1]), x0.dtype)
    matmul_add(x0, y0 + y1, out)
    matmul_add(x1, y0, out)
    return out


# ---- two addends with a known wrap bit (`spuframe.protocols.aby3.arithmetic`) -------------------------------------
@jit
def wrap_input(z: Array, offset: U64, keep: U64, f: U64, top: U64, mask: Array, bit_mask: Array, high: Array, bit: Array) -> None:
    """The first addend, a = z + offset mod keep+1: ``high = ceil(a / 2^f) - mask`` and ``bit = (1 - a >> top) - bit_mask``."""
    one = np.uint64(1)
    low = (one << f) - one
    for i in range(z.size):
        a = (np.uint64(z[i]) + offset) & keep
        up = one if (a & low) != np.uint64(0) else np.uint64(0)
        high[i] = (a >> f) + up - np.uint64(mask[i])
        bit[i] = (one - (a >> top)) - np.uint64(bit_mask[i])


@jit
def wrap_answer(
    b: Array, f: U64, top: U64, e: U64, fixed: U64, factor: Array, mine: Array, theirs: Array, base: Array, answer: Array, common: Array, own: Array
) -> None:
    """The second addend b, with its bit n = 1 - b >> top.

    ``answer = factor n - mine``, ``own = base + answer 2^e`` and ``common = floor(b / 2^f) + (mine + theirs) 2^e - fixed``.
    """
    one = np.uint64(1)
    for i in range(b.size):
        word = np.uint64(b[i])
        u = np.uint64(factor[i]) * (one - (word >> top)) - np.uint64(mine[i])
        answer[i] = u
        own[i] = np.uint64(base[i]) + (u << e)
        common[i] = (word >> f) + ((np.uint64(mine[i]) + np.uint64(theirs[i])) << e) - fixed


@jit
def add_shifted(base: Array, by: Array, e: U64, out: Array) -> None:
    """``out = base + by 2^e``."""
    for i in range(out.size):
        out[i] = np.uint64(base[i]) + (np.uint64(by[i]) << e)


# ---- a bit times a word ------------------------------------------------------------------------------------
@jit
def inject_input(u0: Array, u1: Array, x0: Array, x1: Array, r: Array, s: Array, t: Array, out: Array) -> None:
    """With the bit u = u0 ^ u1 (bitmaps) and X = x0 + x1: the rows of ``out`` (3, n) are u X - r, (1 - 2u) X - s and u - t."""
    for i in range(x0.size):
        u = np.uint64(((u0[i >> 3] ^ u1[i >> 3]) >> (i & 7)) & 1)
        x = np.uint64(x0[i]) + np.uint64(x1[i])
        out[0, i] = u * x - np.uint64(r[i])
        out[1, i] = (np.uint64(1) - u - u) * x - np.uint64(s[i])
        out[2, i] = u - np.uint64(t[i])


@jit
def inject_answer(v: Array, x: Array, parts: Array, mine: Array, theirs: Array, own: Array, common: Array) -> None:
    """With the bits of the bitmap v and the rows p, q, r of ``parts``: ``own = p + v q + r (1 - 2v) x - mine``, ``common = v x + mine + theirs``."""
    for i in range(x.size):
        bit = np.uint64((v[i >> 3] >> (i & 7)) & 1)
        word = np.uint64(x[i])
        signed = (np.uint64(1) - bit - bit) * word
        own[i] = np.uint64(parts[0, i]) + bit * np.uint64(parts[1, i]) + np.uint64(parts[2, i]) * signed - np.uint64(mine[i])
        common[i] = bit * word + np.uint64(mine[i]) + np.uint64(theirs[i])
