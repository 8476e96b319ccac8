"""Words of one or two limbs of 64 bits: arrays with a last axis of limbs, the lowest first; arithmetic is modulo 2^64 or 2^128.

>>> import numpy as np
>>> top = np.array([[2**64 - 1, 0]], np.uint64)
>>> add(top, top).tolist(), mul(top, top).tolist(), total(np.repeat(top, 3, axis=0), 0).tolist()
([[18446744073709551614, 1]], [[1, 18446744073709551614]], [18446744073709551613, 2])
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
_HALF = np.uint64(32)
_LOW = np.uint64((1 << 32) - 1)


def of_words(words: Array, limbs: int) -> Array:
    """Unsigned words as wide ones."""
    out = np.zeros((*words.shape, limbs), np.uint64)
    out[..., 0] = words
    return out


def add(x: Array, y: Array) -> Array:
    """The sum; the axes before the limbs broadcast."""
    out: Array = x + y
    if out.shape[-1] == 2:
        out[..., 1] += out[..., 0] < y[..., 0]
    return out


def neg(x: Array) -> Array:
    """What adds up to zero with ``x``."""
    out: Array = ~x
    out[..., 0] += np.uint64(1)
    if out.shape[-1] == 2:
        out[..., 1] += out[..., 0] == 0
    return out


def sub(x: Array, y: Array) -> Array:
    """The difference."""
    out: Array = x - y
    if out.shape[-1] == 2:
        out[..., 1] -= x[..., 0] < y[..., 0]
    return out


def mul(x: Array, y: Array) -> Array:
    """The product."""
    if x.shape[-1] == 1:
        return np.asarray(x * y)
    a, b = x[..., 0], y[..., 0]
    out = np.empty((*np.broadcast_shapes(a.shape, b.shape), 2), np.uint64)
    out[..., 0] = a * b
    out[..., 1] = _upper(a, b) + a * y[..., 1] + x[..., 1] * b
    return out


def _upper(a: Array, b: Array) -> Array:
    """The upper 64 of the 128 bits of a product, from four products of halves."""
    a0, a1, b0, b1 = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = a1 * b0 + (a0 * b0 >> _HALF)  # below 2^64: (2^32 - 1)^2 + 2^32 - 1
    other = a0 * b1 + (middle & _LOW)
    return np.asarray(a1 * b1 + (middle >> _HALF) + (other >> _HALF))


def shift_left(x: Array, by: int) -> Array:
    """Times 2^by; bits that leave the word are lost."""
    if by == 0:
        return x.copy()
    bits = 64 * x.shape[-1]
    if by >= bits:
        return np.zeros_like(x)
    if bits == 64:
        return np.asarray(x << np.uint64(by))
    out = np.empty_like(x)
    low, high = x[..., 0], x[..., 1]
    if by >= 64:
        out[..., 0], out[..., 1] = 0, low << np.uint64(by - 64)
    else:
        out[..., 0], out[..., 1] = low << np.uint64(by), high << np.uint64(by) | low >> np.uint64(64 - by)
    return out


def total(x: Array, axis: int) -> Array:
    """The sum over an axis (of fewer than 2^32)."""
    if x.shape[-1] == 1:
        return np.asarray(x.sum(axis=axis, dtype=np.uint64))
    sums = (part.sum(axis=axis, dtype=np.uint64, keepdims=True) for part in (x[..., 1], *_halves(x)))  # arrays, whose words may overflow
    return np.squeeze(_carried(*sums), axis=axis)


def running(x: Array) -> Array:
    """Sums of each row and all above it."""
    if x.shape[-1] == 1:
        return np.cumsum(x, axis=0, dtype=np.uint64)
    return _carried(np.cumsum(x[..., 1], axis=0, dtype=np.uint64), *(np.cumsum(h, axis=0, dtype=np.uint64) for h in _halves(x)))


def matmul(x: Array, y: Array) -> Array:
    """The matrix product of (n, m) and (m, p), one inner row at a time."""
    if x.shape[-1] == 1:
        return np.asarray(np.matmul(x[..., 0], y[..., 0])[..., None])
    out = np.zeros((x.shape[0], y.shape[1], 2), np.uint64)
    for j in range(x.shape[1]):
        out = add(out, mul(x[:, j, None], y[None, j]))
    return out


def _halves(x: Array) -> tuple[Array, Array]:
    """Both halves of the lower limb, whose sums keep their carries."""
    return x[..., 0] & _LOW, x[..., 0] >> _HALF


def _carried(high: Array, low: Array, middle: Array) -> Array:
    """``low + 2^32 middle + 2^64 high``."""
    middle = middle + (low >> _HALF)
    return np.stack([(low & _LOW) | (middle << _HALF), high + (middle >> _HALF)], axis=-1)
