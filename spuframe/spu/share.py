"""Shares: one party's part of a secret vector or matrix, and the operations that are local on it.

What a party holds are components; how, and what every operation does to them, is the protocol's `spuframe.spu.layout.Layout`. A share checks kinds and
shapes, and calls its layout. A share without components stands for its shape alone: the planner runs the same algorithms over such shares to add up
their cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from spuframe.errors import PlanError, ProtocolError, TypeMismatchError
from spuframe.spu.components import SHAPES
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind, pack, stored_shape, unpack
from spuframe.spu.layout import Layout, Parts

__all__ = [
    "BIT", "Arithmetic", "Array", "Boolean", "Kind", "Parts", "Share", "columns", "common_shape", "concat", "empty", "pack", "places", "stored_shape",
    "unpack", "weighted", "word_of",
]  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class Share:
    """One party's share of an array of ``shape`` (rows first); single bits are one-dimensional.

    Parameters
    ----------
    kind : Arithmetic or Boolean
    shape : tuple of int
    parts : tuple of ndarray
        The components that this party holds; empty where only the shape is known.
    layout : Layout
        Of the protocol, where there are components.
    """

    kind: Kind
    shape: tuple[int, ...]
    parts: Parts
    layout: Layout = SHAPES

    def __post_init__(self) -> None:
        if len(self.parts) != self.layout.count(self.kind):
            need = self.layout.count(self.kind)
            raise ProtocolError(f"a share of {self.kind} in {self.layout} has {need} components, got {len(self.parts)}: pass the protocol's layout")

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

    def _made(self, parts: Parts, kind: Kind | None = None, shape: tuple[int, ...] | None = None) -> Share:
        """A result in the same layout; its kind and shape if they change."""
        return Share(kind or self.kind, self.shape if shape is None else shape, parts, self.layout)

    # ---- element by element -------------------------------------------------------------------
    def _met(self, other: Share) -> tuple[Share, Share, tuple[int, ...]]:
        _same(self, other)
        shape = common_shape(self, other)
        return (self.broadcast(shape), other.broadcast(shape), shape) if self.is_bit else (self, other, shape)  # a packed row is no row of bytes

    def __add__(self, other: Share) -> Share:
        self._linear("+", Arithmetic)
        x, y, shape = self._met(other)
        return self._made(self.layout.add(x, y), shape=shape)

    def __sub__(self, other: Share) -> Share:
        self._linear("-", Arithmetic)
        x, y, shape = self._met(other)
        return self._made(self.layout.sub(x, y), shape=shape)

    def __neg__(self) -> Share:
        self._linear("-", Arithmetic)
        return self._made(self.layout.neg(self))

    def __xor__(self, other: Share) -> Share:
        self._linear("^", Boolean)
        x, y, shape = self._met(other)
        return self._made(self.layout.xor(x, y), shape=shape)

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
        by = _word(factor, self.kind)
        return self._made(self.layout.scale(self, by), shape=np.broadcast_shapes(self.shape, by.shape))

    def narrow(self, bits: int) -> Share:
        """Reduce modulo 2^bits: local, since the smaller ring divides the larger."""
        self._linear("narrow", Arithmetic)
        kind = Arithmetic(bits)
        return self if bits == self.bits else self._made(self.layout.narrow(self, kind), kind)

    def drop(self, bits: int) -> Share:
        """About ``x / 2^bits``, modulo 2^(k - bits); see `spuframe.spu.layout.Layout.drop`."""
        self._linear("drop", Arithmetic)
        return self._made(self.layout.drop(self, bits)) if bits else self

    # ---- words of bits -------------------------------------------------------------------------
    def bit(self, j: int) -> Share:
        """Bit ``j`` of every word, packed."""
        return self if self.is_bit else self._made(self.layout.bit(self, j), BIT, (self.rows,))

    def slice_bits(self, low: int, count: int) -> Share:
        """The bits ``low .. low+count-1`` as a word of their own."""
        if count == 1:
            return self.bit(low)
        kind = Boolean(count)
        return self if kind == self.kind else self._made(self.layout.slice_bits(self, low, kind), kind)

    def widen(self, bits: int) -> Share:
        """The same unsigned word (or bit) held as a boolean word of ``bits`` bits."""
        kind = Boolean(bits)
        return self if kind == self.kind else self._made(self.layout.widen(self, kind), kind)

    def sign_extend(self, bits: int) -> Share:
        """The same word of two's complement in ``bits`` bits: copies of its top bit stand above; a single bit becomes a word of copies of it."""
        self._linear("sign_extend", Boolean)
        kind = Boolean(bits)
        return self if kind == self.kind else self._made(self.layout.sign_extend(self, kind), kind)

    def shift_left(self, by: int) -> Share:
        """Shift inside the word; bits that leave it are lost."""
        self._unpacked("shift_left")
        return self._made(self.layout.shift_left(self, by)) if by else self

    def shift_right(self, by: int) -> Share:
        """Shift boolean words; zeros enter."""
        self._linear("shift_right", Boolean)
        return self.and_public(0) if by >= self.bits else self.slice_bits(by, self.bits - by).widen(self.bits) if by else self

    def and_public(self, words: int | Array) -> Share:
        """The AND with public words, which broadcast against the rows."""
        self._linear("and_public", Boolean)
        self._unpacked("and_public")
        return self._made(self.layout.mask(self, _word(words, self.kind)))

    def reverse(self) -> Share:
        """The bits of every word in the opposite order."""
        self._linear("reverse", Boolean)
        return self if self.is_bit else self._made(self.layout.reverse(self))

    def halves(self) -> tuple[Share, Share]:
        """The even and the odd bits of words of an even number of them, each as a word of half the bits."""
        self._linear("halves", Boolean)
        kind = Boolean(self.bits // 2)
        if kind == BIT:
            return self.bit(0), self.bit(1)
        return self._made(self.layout.evens(self, 0, kind), kind), self._made(self.layout.evens(self, 1, kind), kind)

    def parities(self, masks: Sequence[int]) -> Share:
        """Words whose bit k is the parity of the bits of the k-th public mask, of at least two."""
        self._linear("parities", Boolean)
        self._unpacked("parities")
        kind = Boolean(len(masks))
        return self._made(self.layout.parities(self, masks, kind), kind)

    def fold(self) -> Share:
        """Every 64 rows of single bits as one word; their number is a multiple of 64."""
        if not self.is_bit or self.rows % 64:
            raise PlanError(f"`fold` needs a multiple of 64 rows of single bits, got {self.rows} rows of {self.kind}: add rows of zeros")
        return self._made(self.layout.fold(self), Boolean(64), (self.rows // 64,))

    # ---- rows ----------------------------------------------------------------------------------
    def slice(self, start: int, stop: int) -> Share:
        """Rows ``start .. stop-1``; without a copy where the layout allows."""
        return self._made(self.layout.slice(self, start, stop), shape=(stop - start, *self.shape[1:]))

    def take(self, index: Array) -> Share:
        """The rows at public positions ``index``."""
        return self._made(self.layout.take(self, index), shape=(len(index), *self.shape[1:]))

    def put(self, index: Array) -> Share:
        """Row j goes to the public position ``index[j]``; ``index`` is a permutation."""
        return self._made(self.layout.put(self, index))

    def reshape(self, *shape: int) -> Share:
        self._unpacked("reshape")
        resolved = _resolve(shape, self.size)
        return self._made(self.layout.reshape(self, resolved), shape=resolved)

    def transpose(self) -> Share:
        self._unpacked("transpose")
        return self._made(self.layout.transpose(self), shape=self.shape[::-1])

    def column(self, j: int) -> Share:
        """Column ``j`` of a matrix, as a vector."""
        self._unpacked("column")
        return self._made(self.layout.column(self, j), shape=(self.rows,))

    def broadcast(self, shape: tuple[int, ...]) -> Share:
        """The same value in as many rows or columns as ``shape`` has."""
        if shape == self.shape:
            return self
        if self.is_bit and (self.rows != 1 or len(shape) != 1):
            raise PlanError(f"single bits of {self.rows} rows cannot be repeated to {shape}: give one row, or widen them to words first")
        return self._made(self.layout.broadcast(self, shape), shape=shape)

    def write(self, start: int, piece: Share) -> None:
        """Fill rows ``start ..`` (a multiple of 8 for single bits) of what `empty` made."""
        self.layout.write(self.parts, start, piece)

    # ---- sums ----------------------------------------------------------------------------------
    def prefix(self) -> Share:
        """Sums (bits: XOR) of each row and all above it."""
        return self._made(self.layout.prefix(self))

    def cumsum(self) -> Share:
        """Inclusive prefix sums over the rows, of numbers."""
        self._linear("cumsum", Arithmetic)
        return self.prefix()

    def differences(self) -> Share:
        """Each row less (bits: XOR) the row above it; the inverse of `prefix`."""
        return self._made(self.layout.differences(self))

    def sum(self, axis: int = 0) -> Share:
        """Sum over an axis; a vector gives one row."""
        self._linear("sum", Arithmetic)
        shape = tuple(s for i, s in enumerate(self.shape) if i != axis) or (1,)
        return self._made(self.layout.sum(self, axis, shape), shape=shape)


def empty(layout: Layout, kind: Kind, shape: tuple[int, ...]) -> Share:
    """Room for a share, to be filled with `Share.write`."""
    return Share(kind, shape, layout.empty(kind, shape), layout)


def concat(shares: Sequence[Share], axis: int = 0) -> Share:
    """Stack shares of one kind below each other; matrices with ``axis=1`` side by side."""
    first = shares[0]
    for other in shares[1:]:
        _same(first, other)
    shape = tuple(sum(s.shape[axis] for s in shares) if i == axis else size for i, size in enumerate(first.shape))
    return first._made(first.layout.concat(shares, axis), shape=shape)


def columns(shares: Sequence[Share]) -> Share:
    """Put vectors side by side as the columns of a matrix."""
    shares[0]._unpacked("columns")
    return shares[0]._made(shares[0].layout.columns(shares), shape=(shares[0].rows, len(shares)))


def word_of(bits: Sequence[Share]) -> Share:
    """Put single bits together to words, the first bit lowest: the inverse of `Share.bit`."""
    if len(bits) == 1:
        return bits[0]
    kind = Boolean(len(bits))
    return bits[0]._made(bits[0].layout.join(bits, kind), kind)


def weighted(shares: Sequence[Share], factors: Sequence[int]) -> Share:
    """``sum_k factors[k] * shares[k]`` for public integers."""
    first = shares[0]
    first._linear("weighted", Arithmetic)
    words = np.array([f % (1 << first.bits) for f in factors], first.kind.word)
    return first._made(first.layout.weighted(shares, words))


def places(ones: Share, unit: Share) -> Callable[[int, int], tuple[list[Share], Share]]:
    """Where rows go in a stable sort by a digit: see `spuframe.spu.layout.Layout.places`."""
    ones._linear("places", Arithmetic)
    counted = ones.layout.places(ones, unit)

    def rows(start: int, stop: int) -> tuple[list[Share], Share]:
        steps, last = counted(start, stop)
        return [ones._made(s, shape=(stop - start,)) for s in steps], ones._made(last, shape=(stop - start,))

    return rows


def _same(a: Share, b: Share) -> None:
    if a.kind != b.kind:
        raise TypeMismatchError(f"shares of one kind are needed, got {a.kind} and {b.kind}: convert one of them")


def _word(value: int | Array, kind: Kind) -> Array:
    """Public words of a kind."""
    if isinstance(value, np.ndarray):
        return value.astype(kind.word)
    return np.array(value % (1 << kind.bits), kind.word)


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
