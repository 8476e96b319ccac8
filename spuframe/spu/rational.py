"""Numbers of plaintext without a rounding, as an owner computes with them: what the parties compute over shares is the same to the bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.spu.share import Array
from spuframe.spu.value import Applied

_TOP = 1 << 62
"""No word of fixed point is larger; nor is it one that is clipped later."""
_SURE = 2.0**-50
"""Relative error of a few operations on floats, at most."""


@dataclass(frozen=True, repr=False)  # an owner's plaintext is in no repr
class Numbers:
    """Whole multiples of a public unit: int64, uint64 or Python's integers, zero where ``missing``; ``single`` says that they are one scalar."""

    words: Array
    unit: Fraction
    missing: Array
    single: bool

    def floats(self) -> Array:
        """The nearest floats."""
        return self.words.astype(np.float64) * float(self.unit)

    def __getitem__(self, rows: Array) -> list[int]:
        return np.broadcast_to(self.words, self.missing.shape)[rows].tolist()  # type: ignore[no-any-return]

    def over(self, missing: Array, instead: int) -> Numbers:
        """With a number instead of what is missing here or in other operands."""
        words = np.where(missing, self.words.dtype.type(instead) if self.words.dtype != object else instead, self.words)
        return Numbers(words, self.unit, missing, self.single)


def numbers(node: Applied, k: int, x: Any) -> Numbers:
    """The k-th operand of a function: an array or a scalar, or a constant as it is."""
    if isinstance(x, Fraction):
        fits = -_TOP < x.numerator < _TOP
        return Numbers(np.array([x.numerator], np.int64 if fits else object), Fraction(1, x.denominator), np.zeros(1, bool), True)
    single = isinstance(x, pa.Scalar)
    array = pa.array([x.as_py()], x.type) if single else x.combine_chunks() if isinstance(x, pa.ChunkedArray) else x
    kind = pa.uint64() if pa.types.is_uint64(array.type) else pa.int64()
    unit = Fraction(1, 1 << node.args[k].frac)
    return Numbers(np.asarray(array.cast(kind).fill_null(0)), unit, np.asarray(array.is_null()), single)


def written(words: Array, missing: Array, single: bool) -> Any:
    """Words as an operand of other functions."""
    array = pa.array(np.broadcast_to(words, missing.shape), mask=missing)
    return array[0] if single else array


def shifted(words: Any, by: int) -> Any:
    """Words of fixed point with so many more fraction bits, in which they fit, or fewer: the nearest, half up."""
    if by == 0:
        return words
    if by > 0:  # beyond 62, only zeros fit
        return pc.shift_left(words, pa.scalar(by)) if by < 63 else pc.multiply(words, pa.scalar(0))
    return pc.shift_right(pc.add(words, pa.scalar(1 << -by - 1)), pa.scalar(-by))


def rounded(floats: Array) -> Array:
    """The nearest whole numbers, of magnitude 2^62 at most."""
    return np.clip(np.rint(floats), -float(_TOP), float(_TOP)).astype(np.int64)


def times(x: Numbers, y: Numbers, f: int) -> Array:
    """``x * y`` in units of ``2**-f``, at the nearest; modulo 2^64 where nothing is rounded, as what is known to fit."""
    ratio = x.unit * y.unit * (1 << f)
    if ratio.denominator == 1:
        product: Array = _modular(x.words) * _modular(y.words) * np.uint64(ratio.numerator % (1 << 64))
        return product.astype(np.int64)
    about = x.words.astype(np.float64) * y.words.astype(np.float64) * float(ratio)
    found, wide = rounded(about), np.flatnonzero(np.abs(about) > 2.0**50)
    missing = np.broadcast_to(x.missing | y.missing, about.shape)
    if wide.size:
        a, b = Numbers(x.words, x.unit, missing, False)[wide], Numbers(y.words, y.unit, missing, False)[wide]
        found[wide] = [_within(round(n * m * ratio)) for n, m in zip(a, b, strict=True)]
    return found


def _modular(words: Array) -> Array:
    return np.array([w % (1 << 64) for w in words.tolist()], np.uint64) if words.dtype == object else words.astype(np.uint64)


def _within(n: int) -> int:
    return max(-_TOP, min(n, _TOP))


def floored(x: Numbers, y: Numbers, f: int, offset: Fraction = Fraction(0)) -> Array:
    """``floor(x / y * 2**f + offset)``, y not zero; of magnitude 2^62 at most.

    In floating point, and anew in whole numbers where that may be off: where the quotient is near to a whole number.
    """
    ratio = x.unit / y.unit * (1 << f)
    if ratio == 1 and not offset and x.words.dtype.kind == y.words.dtype.kind == "i":
        return np.asarray(np.floor_divide(x.words, y.words))
    with np.errstate(all="ignore"):
        about = x.words.astype(np.float64) / y.words.astype(np.float64) * _float(ratio) + float(offset)
        found: Array = np.clip(np.nan_to_num(np.floor(about)), -float(_TOP), float(_TOP)).astype(np.int64)
        doubtful = np.flatnonzero(~(np.abs(about - np.rint(about)) > np.abs(about) * _SURE + _SURE))
    if doubtful.size:
        a, b = (np.broadcast_to(n.words, about.shape)[doubtful] for n in (x, y))
        found[doubtful] = _floors(a, b, ratio, offset)
    return found


def _floors(a: Array, b: Array, ratio: Fraction, offset: Fraction) -> Array:
    """``floor(a / b * ratio + offset)`` in whole numbers: ``a = q d + r`` for ``d = b * under`` leaves little, ``q over + (r over + offset d) / d``."""
    (over, under), (top, low) = ratio.as_integer_ratio(), offset.as_integer_ratio()
    if _below(_TOP, a) and _below(_TOP, b, under * (over * low + abs(top) + low)):
        d = b * np.int64(under)
        q, r = np.divmod(a, d)
        if _below(_TOP - 1, q, over):
            return np.asarray(q * np.int64(over) + (r * np.int64(over * low) + np.int64(top) * d) // (d * np.int64(low))).clip(-_TOP, _TOP)
    found = [_within((n * over * low + top * d * under) // (d * under * low)) for n, d in zip(a.tolist(), b.tolist(), strict=True)]
    return np.array(found, np.int64)


def _below(limit: int, words: Array, times: int = 1) -> bool:
    """Whether int64 words, so many times, stay below a limit."""
    return words.dtype == np.int64 and max(int(words.max(initial=0)), -int(words.min(initial=0)), 1) * times < limit


def _float(ratio: Fraction) -> float:
    try:
        return float(ratio)
    except OverflowError:
        return float("inf")


def remainders(x: Numbers, y: Numbers, f: int) -> Array:
    """``x - y * floor(x / y)`` in units of ``2**-f``, rounded to the nearest, half away from zero; y not zero."""
    if x.unit == y.unit == Fraction(1, 1 << f) and x.words.dtype.kind == y.words.dtype.kind == "i":
        return np.asarray(np.mod(x.words, y.words))
    a, b = np.broadcast_arrays(x.words, y.words)
    unit = Fraction(gcd(x.unit.numerator * y.unit.denominator, y.unit.numerator * x.unit.denominator), x.unit.denominator * y.unit.denominator)
    up, down, (p, q) = int(x.unit / unit), int(y.unit / unit), (unit * (1 << f)).as_integer_ratio()
    if _below(_TOP, b, down * 2 * p) and q < _TOP:  # the rest is below the divisor: modulo 2^64 it is right
        quotients = floored(x, y, 0)
        if _below(_TOP, quotients):
            rest = (_modular(a) * np.uint64(up % (1 << 64)) - _modular(quotients) * _modular(b) * np.uint64(down % (1 << 64))).astype(np.int64)
            return np.asarray(np.sign(rest) * ((2 * p * np.abs(rest) + q) // (2 * q)))
    found = [_remainder(n * x.unit, d * y.unit, f) for n, d in zip(a.tolist(), b.tolist(), strict=True)]
    return np.array(found, np.int64)


def _remainder(a: Fraction, b: Fraction, f: int) -> int:
    rest = a % b * (1 << f)
    half = abs(rest) + Fraction(1, 2)
    return int(half) if rest >= 0 else -int(half)


def with_two(work: Callable[[Applied, Numbers, Numbers], Array]) -> Callable[[Applied, Any, Any], Any]:
    """A function of two numbers, the second not zero: null where it is."""

    def run(node: Applied, x: Any, y: Any) -> Any:
        a, b = numbers(node, 0, x), numbers(node, 1, y)
        missing = a.missing | b.missing | (b.words == 0)
        return written(work(node, a.over(missing, 0), b.over(missing, 1)), missing, a.single and b.single)

    return run
