"""Shares: one party's part of a secret vector or matrix, and the operations that are local on it.

A share holds one array per component (replicated sharing has two, additive sharing one). Every
function here applies to each component alone, which is correct for any linear secret sharing: over Z_2^k for
`Arithmetic`, over bits (XOR) for `Boolean`. A share without components stands for its shape alone: the
planner runs the same algorithms over such shares to add up their cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.errors import PlanError, TypeMismatchError

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Arithmetic:
    """Additive over the ring Z_2^bits; bits is 8, 16, 32 or 64."""

    bits: int

    @property
    def word(self) -> np.dtype[Any]:
        return np.dtype(f"u{self.bits // 8}")


@dataclass(frozen=True)
class Boolean:
    """XOR-shared words of 1 to 64 bits.

    One bit a row is held packed, as an Arrow validity bitmap (uint8, least significant bit first, unused bits at
    the end arbitrary). More bits are held in the low bits of the narrowest unsigned word; the bits above are zero.
    """

    bits: int

    @property
    def word(self) -> np.dtype[Any]:
        return np.dtype("u1" if self.bits <= 8 else "u2" if self.bits <= 16 else "u4" if self.bits <= 32 else "u8")

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1


Kind: TypeAlias = Arithmetic | Boolean
BIT = Boolean(1)


def stored_shape(kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a component's array: packed bits take an eighth."""
    return (-(-shape[0] // 8),) if kind == BIT else shape


@dataclass(frozen=True, repr=False, eq=False)
class Share:
    """One party's share of an array of ``shape`` (rows first); single bits are one-dimensional.

    Parameters
    ----------
    kind : Arithmetic or Boolean
    shape : tuple of int
    parts : tuple of ndarray
        The components that this party holds; empty where only the shape is known.
    """

    kind: Kind
    shape: tuple[int, ...]
    parts: tuple[Array, ...]

    def __repr__(self) -> str:
        return f"Share({self.kind}, shape={self.shape})"  # never the words

    @property
    def rows(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def bits(self) -> int:
        return self.kind.bits

    @property
    def is_bit(self) -> bool:
        return self.kind == BIT

    # ---- element by element -------------------------------------------------------------------
    def map(self, fn: Callable[[Array], Array], kind: Kind | None = None, shape: tuple[int, ...] | None = None) -> Share:
        """Apply ``fn`` to every component; state the kind and shape of the result if they change."""
        return Share(kind or self.kind, self.shape if shape is None else shape, tuple(fn(p) for p in self.parts))

    def _zip(self, other: Share, fn: Callable[[Array, Array], Array]) -> Share:
        _same(self, other)
        shape = common_shape(self, other)
        x, y = (s.broadcast(shape) if s.is_bit else s for s in (self, other))  # a packed row is no row of bytes
        return Share(self.kind, shape, tuple(fn(p, q) for p, q in zip(x.parts, y.parts, strict=True)))

    def __add__(self, other: Share) -> Share:
        self._linear("+", Arithmetic)
        return self._zip(other, np.add)

    def __sub__(self, other: Share) -> Share:
        self._linear("-", Arithmetic)
        return self._zip(other, np.subtract)

    def __neg__(self) -> Share:
        self._linear("-", Arithmetic)
        return self.map(np.negative)

    def __xor__(self, other: Share) -> Share:
        self._linear("^", Boolean)
        return self._zip(other, np.bitwise_xor)

    def _linear(self, what: str, kind: type[Kind]) -> None:
        """Refuse what is not linear over this kind: applied to components, it would give a wrong value."""
        if not isinstance(self.kind, kind):
            remedy = "convert it with b2a" if kind is Arithmetic else "convert it with a2b"
            raise TypeMismatchError(f"`{what}` needs {kind.__name__.lower()} shares, got {self.kind}: {remedy}")

    def _unpacked(self, what: str) -> None:
        if self.is_bit:
            raise PlanError(f"`{what}` needs words, got single bits, which are packed: widen them first")

    def scale(self, factor: int | Array) -> Share:
        """Multiply by a public integer or integers (broadcast against the rows)."""
        self._linear("scale", Arithmetic)
        word = self.kind.word
        if isinstance(factor, np.ndarray):
            by = factor.astype(word)
            return self.map(lambda p: p * by, shape=np.broadcast_shapes(self.shape, factor.shape))
        small = word.type(factor % (1 << self.bits))
        return self.map(lambda p: p * small)

    # ---- words of bits -------------------------------------------------------------------------
    def bit(self, j: int) -> Share:
        """Bit ``j`` of every word, packed."""
        if self.is_bit:
            return self
        one = self.kind.word.type(1)
        return self.map(lambda p: pack((p >> p.dtype.type(j)) & one), BIT, (self.rows,))

    def slice_bits(self, low: int, count: int) -> Share:
        """The bits ``low .. low+count-1`` as a word of their own."""
        if count == 1:
            return self.bit(low)
        kind = Boolean(count)
        keep = np.uint64(kind.mask)

        def cut(p: Array) -> Array:
            out: Array = ((p >> p.dtype.type(low)).astype(np.uint64) & keep).astype(kind.word)
            return out

        return self.map(cut, kind)

    def widen(self, bits: int) -> Share:
        """The same unsigned word (or bit) held as a boolean word of ``bits`` bits."""
        kind = Boolean(bits)
        if self.is_bit:
            n = self.rows
            return self if bits == 1 else self.map(lambda p: unpack(p, n).astype(kind.word), kind)
        return self.map(lambda p: p.astype(kind.word), kind)

    def shift_left(self, by: int) -> Share:
        """Shift inside the word; bits that leave it are lost."""
        self._unpacked("shift_left")
        keep = self.kind.word.type(self.kind.mask) if isinstance(self.kind, Boolean) else None
        shifted = self.map(lambda p: p << p.dtype.type(by))
        return shifted if keep is None else shifted.map(lambda p: p & keep)

    # ---- rings ---------------------------------------------------------------------------------
    def narrow(self, bits: int) -> Share:
        """Reduce modulo 2^bits: local, since the smaller ring divides the larger."""
        self._linear("narrow", Arithmetic)
        kind = Arithmetic(bits)
        return self if bits == self.bits else self.map(lambda p: p.astype(kind.word), kind)

    # ---- rows ----------------------------------------------------------------------------------
    def slice(self, start: int, stop: int) -> Share:
        """Rows ``start .. stop-1``; without a copy where the layout allows."""
        shape = (stop - start, *self.shape[1:])
        if not self.is_bit:
            return self.map(lambda p: p[start:stop], shape=shape)
        if start % 8 == 0:
            return self.map(lambda p: p[start // 8 : -(-stop // 8)], shape=shape)
        return self.map(lambda p: pack(unpack(p, stop)[start:]), shape=shape)

    def take(self, index: Array) -> Share:
        """The rows at public positions ``index``."""
        n, shape = self.rows, (len(index), *self.shape[1:])
        if self.is_bit:
            return self.map(lambda p: pack(unpack(p, n)[index]), shape=shape)
        return self.map(lambda p: p[index], shape=shape)

    def put(self, index: Array) -> Share:
        """Row j goes to the public position ``index[j]``; ``index`` is a permutation."""
        n = self.rows

        def scatter(p: Array) -> Array:
            out = np.empty_like(p)
            out[index] = p
            return out

        if self.is_bit:
            return self.map(lambda p: pack(scatter(unpack(p, n))))
        return self.map(scatter)

    def reshape(self, *shape: int) -> Share:
        self._unpacked("reshape")
        return self.map(lambda p: p.reshape(shape), shape=_resolve(shape, self.size))

    def transpose(self) -> Share:
        self._unpacked("transpose")
        return self.map(lambda p: np.ascontiguousarray(p.T), shape=self.shape[::-1])

    def column(self, j: int) -> Share:
        """Column ``j`` of a matrix, as a vector."""
        self._unpacked("column")
        return self.map(lambda p: np.ascontiguousarray(p[:, j]), shape=(self.rows,))

    def broadcast(self, shape: tuple[int, ...]) -> Share:
        """The same value in as many rows or columns as ``shape`` has; without a copy, but for single bits, which are packed anew."""
        if shape == self.shape:
            return self
        if self.is_bit:
            if self.rows != 1 or len(shape) != 1:
                raise PlanError(f"single bits of {self.rows} rows cannot be repeated to {shape}: give one row, or widen them to words first")
            return self.map(lambda p: np.full(stored_shape(BIT, shape), 255 * (p[0] & 1), np.uint8), shape=shape)
        return self.map(lambda p: np.broadcast_to(p, shape), shape=shape)

    # ---- sums ----------------------------------------------------------------------------------
    def cumsum(self) -> Share:
        """Inclusive prefix sums over the rows."""
        self._linear("cumsum", Arithmetic)
        return self.map(lambda p: np.cumsum(p, axis=0, dtype=p.dtype))

    def sum(self, axis: int = 0) -> Share:
        """Sum over an axis; a vector gives one row."""
        self._linear("sum", Arithmetic)
        shape = tuple(s for i, s in enumerate(self.shape) if i != axis) or (1,)
        return self.map(lambda p: p.sum(axis=axis, dtype=p.dtype).reshape(shape), shape=shape)


def concat(shares: Sequence[Share]) -> Share:
    """Stack shares of one kind below each other."""
    first = shares[0]
    for other in shares[1:]:
        _same(first, other)
    shape = (sum(s.rows for s in shares), *first.shape[1:])
    if first.is_bit and any(s.rows % 8 for s in shares[:-1]):
        parts = tuple(
            pack(np.concatenate([unpack(p, s.rows) for p, s in zip(column, shares, strict=True)]))
            for column in zip(*(s.parts for s in shares), strict=True)
        )
    else:
        parts = tuple(np.concatenate(column) for column in zip(*(s.parts for s in shares), strict=True))
    return Share(first.kind, shape, parts)


def columns(shares: Sequence[Share]) -> Share:
    """Put vectors side by side as the columns of a matrix."""
    shares[0]._unpacked("columns")
    shape = (shares[0].rows, len(shares))
    return Share(shares[0].kind, shape, tuple(np.stack(c, axis=1) for c in zip(*(s.parts for s in shares), strict=True)))


def word_of(bits: Sequence[Share]) -> Share:
    """Put single bits together to words, the first bit lowest: the inverse of `Share.bit`."""
    kind = Boolean(len(bits))
    n = bits[0].rows
    if len(bits) == 1:
        return bits[0]

    def join(*packed: Array) -> Array:
        out = np.zeros(n, kind.word)
        for j, p in enumerate(packed):
            out |= unpack(p, n).astype(kind.word) << kind.word.type(j)
        return out

    return Share(kind, (n,), tuple(join(*c) for c in zip(*(b.parts for b in bits), strict=True)))


def pack(bits: Array) -> Array:
    """Zeros and ones to a bitmap, least significant bit first (Arrow's order)."""
    return np.packbits(bits.astype(np.uint8, copy=False), bitorder="little")


def unpack(packed: Array, n: int) -> Array:
    """A bitmap to ``n`` zeros and ones of uint8."""
    return np.unpackbits(packed, count=n, bitorder="little")


def _same(a: Share, b: Share) -> None:
    if a.kind != b.kind:
        raise TypeMismatchError(f"shares of one kind are needed, got {a.kind} and {b.kind}: convert one of them")


def common_shape(*shares: Share) -> tuple[int, ...]:
    """The shape that shares broadcast to."""
    shapes = [s.shape for s in shares]
    if shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise PlanError(f"shares of shapes that go together are needed, got {' and '.join(map(str, shapes))}: they must have as many rows") from error


def _resolve(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    known = prod(s for s in shape if s != -1)
    return tuple(size // max(known, 1) if s == -1 else s for s in shape)
