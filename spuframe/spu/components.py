"""The layout of protocols that share a word as words: each component is an array like the value's own, and every operation is that on the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spuframe.kernels.digits import first_places, places, scatter
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind, pack, stored_shape, unpack
from spuframe.spu.layout import Held, Layout, Parts, Places


class Components(Layout):
    """The value is the sum (bits: the XOR) of components, of which this party holds some; what is done to a value is done to each.

    Parameters
    ----------
    count : int
        Components that a party holds: one in the clear or with additive shares, two with replicated ones; none stands for shapes alone.
    """

    drops = True

    def __init__(self, count: int) -> None:
        self._count = count

    def __repr__(self) -> str:
        return f"Components({self._count})"

    # ---- room -------------------------------------------------------------------------------------
    def count(self, kind: Kind) -> int:
        return self._count

    def held_bits(self, kind: Kind) -> int:
        return kind.bits

    def empty(self, kind: Kind, shape: tuple[int, ...]) -> Parts:
        return tuple(np.empty(stored_shape(kind, shape), kind.word) for _ in range(self._count))

    def write(self, into: Parts, start: int, piece: Held) -> None:
        at = start // 8 if piece.kind == BIT else start
        for part, made in zip(into, piece.parts, strict=True):
            part[at : at + len(made)] = made

    # ---- element by element -------------------------------------------------------------------------
    def add(self, x: Held, y: Held) -> Parts:
        return _both(x, y, np.add)

    def sub(self, x: Held, y: Held) -> Parts:
        return _both(x, y, np.subtract)

    def neg(self, x: Held) -> Parts:
        return tuple(np.negative(p) for p in x.parts)

    def xor(self, x: Held, y: Held) -> Parts:
        return _both(x, y, np.bitwise_xor)

    def scale(self, x: Held, factor: Array) -> Parts:
        return tuple(p * factor for p in x.parts)

    def weighted(self, xs: Sequence[Held], factors: Array) -> Parts:
        """Without an array for every term."""

        def total(column: tuple[Array, ...]) -> Array:
            out: Array = column[0] * factors[0]
            for p, factor in zip(column[1:], factors[1:], strict=True):
                out += p * factor
            return out

        return tuple(map(total, _aligned(xs)))

    def narrow(self, x: Held, kind: Kind) -> Parts:
        return tuple(p.astype(kind.word) for p in x.parts)

    # ---- words of bits --------------------------------------------------------------------------------
    def bit(self, x: Held, j: int) -> Parts:
        return tuple(pack((p >> p.dtype.type(j)) & p.dtype.type(1)) for p in x.parts)

    def slice_bits(self, x: Held, low: int, kind: Boolean) -> Parts:
        whole = kind.bits == 8 * kind.word.itemsize or (isinstance(x.kind, Boolean) and low + kind.bits == x.kind.bits)
        keep = kind.word.type(kind.mask)

        def cut(p: Array) -> Array:
            moved = (p >> p.dtype.type(low) if low else p).astype(kind.word, copy=False)
            return moved if whole else moved & keep

        return tuple(map(cut, x.parts))

    def widen(self, x: Held, kind: Boolean) -> Parts:
        return tuple(p.astype(kind.word, copy=False) for p in _words(x))

    def sign_extend(self, x: Held, kind: Boolean) -> Parts:
        word, own = kind.word.type, x.kind.bits
        if own == 1:
            return tuple(p.astype(kind.word) * word(kind.mask) for p in _words(x))
        above = word(kind.mask - ((1 << own) - 1))

        def extended(p: Array) -> Array:
            wide = p.astype(kind.word)
            wide |= (wide >> word(own - 1)) * above
            return wide

        return tuple(map(extended, x.parts))

    def shift_left(self, x: Held, by: int) -> Parts:
        shifted = tuple(p << p.dtype.type(by) for p in x.parts)
        if isinstance(x.kind, Arithmetic) or x.kind.bits == 8 * x.kind.word.itemsize:
            return shifted
        keep = x.kind.word.type(x.kind.mask)
        return tuple(p & keep for p in shifted)

    def mask(self, x: Held, words: Array) -> Parts:
        return tuple(p & words for p in x.parts)

    def reverse(self, x: Held) -> Parts:
        return tuple(_reversed(p, x.kind.bits) for p in x.parts)

    def evens(self, x: Held, first: int, kind: Boolean) -> Parts:
        return tuple(_evens(p >> p.dtype.type(first)).astype(kind.word) for p in x.parts)

    def parities(self, x: Held, masks: Sequence[int], kind: Boolean) -> Parts:
        def gather(p: Array) -> Array:
            wide, out = p.astype(np.uint64), np.zeros(p.shape, kind.word)
            for k, mask in enumerate(masks):
                parity = np.bitwise_count(wide & np.uint64(mask)) & np.uint8(1)
                out |= parity.astype(kind.word) << kind.word.type(k)
            return out

        return tuple(map(gather, x.parts))

    def join(self, bits: Sequence[Held], kind: Boolean) -> Parts:
        n = bits[0].shape[0]

        def joined(packed: tuple[Array, ...]) -> Array:
            out = np.zeros(n, kind.word)
            for j, p in enumerate(packed):
                out |= unpack(p, n).astype(kind.word) << kind.word.type(j)
            return out

        return tuple(map(joined, _aligned(bits)))

    def fold(self, x: Held) -> Parts:
        return tuple(np.ascontiguousarray(p).view(np.uint64) for p in x.parts)

    # ---- rows ------------------------------------------------------------------------------------------
    def slice(self, x: Held, start: int, stop: int) -> Parts:
        """Without a copy where the layout allows."""
        if x.kind != BIT:
            return tuple(p[start:stop] for p in x.parts)
        if start % 8 == 0:
            return tuple(p[start // 8 : -(-stop // 8)] for p in x.parts)
        return tuple(pack(unpack(p, stop)[start:]) for p in x.parts)

    def take(self, x: Held, index: Array) -> Parts:
        taken = tuple(p[index] for p in _words(x))
        return tuple(map(pack, taken)) if x.kind == BIT else taken

    def put(self, x: Held, index: Array) -> Parts:
        def placed(p: Array) -> Array:
            out = np.empty_like(p)
            if index.dtype == np.uint32 and p.ndim == 1 and x.kind != BIT:  # at half the time
                scatter(p, index, out)
            else:
                out[index] = p
            return out

        moved = tuple(map(placed, _words(x)))
        return tuple(map(pack, moved)) if x.kind == BIT else moved

    def reshape(self, x: Held, shape: tuple[int, ...]) -> Parts:
        return tuple(p.reshape(shape) for p in x.parts)

    def transpose(self, x: Held) -> Parts:
        return tuple(np.ascontiguousarray(p.T) for p in x.parts)

    def column(self, x: Held, j: int) -> Parts:
        return tuple(np.ascontiguousarray(p[:, j]) for p in x.parts)

    def broadcast(self, x: Held, shape: tuple[int, ...]) -> Parts:
        """Without a copy, but for a single bit, which is packed anew."""
        if x.kind == BIT:
            return tuple(np.full(stored_shape(BIT, shape), 255 * (p[0] & 1), np.uint8) for p in x.parts)
        return tuple(np.broadcast_to(p, shape) for p in x.parts)

    def concat(self, xs: Sequence[Held], axis: int) -> Parts:
        if xs[0].kind == BIT and any(x.shape[0] % 8 for x in xs[:-1]):
            rows = [x.shape[0] for x in xs]
            return tuple(pack(np.concatenate([unpack(p, n) for p, n in zip(column, rows, strict=True)])) for column in _aligned(xs))
        return tuple(np.concatenate(column, axis=axis) for column in _aligned(xs))

    def columns(self, xs: Sequence[Held]) -> Parts:
        return tuple(np.stack(column, axis=1) for column in _aligned(xs))

    # ---- sums ------------------------------------------------------------------------------------------
    def prefix(self, x: Held) -> Parts:
        if isinstance(x.kind, Arithmetic):
            return tuple(np.cumsum(p, axis=0, dtype=p.dtype) for p in x.parts)
        sums = tuple(np.bitwise_xor.accumulate(p, axis=0) for p in _words(x))
        return tuple(map(pack, sums)) if x.kind == BIT else sums

    def differences(self, x: Held) -> Parts:
        minus = np.subtract if isinstance(x.kind, Arithmetic) else np.bitwise_xor

        def steps(p: Array) -> Array:
            out = p.copy()
            minus(p[1:], p[:-1], out=out[1:])
            return out

        found = tuple(map(steps, _words(x)))
        return tuple(map(pack, found)) if x.kind == BIT else found

    def sum(self, x: Held, axis: int, shape: tuple[int, ...]) -> Parts:
        return tuple(p.sum(axis=axis, dtype=p.dtype).reshape(shape) for p in x.parts)

    def places(self, ones: Held, unit: Held) -> Places:
        counting = [_counting(p, one) for p, one in zip(ones.parts, unit.parts, strict=True)]

        def rows(start: int, stop: int) -> tuple[list[Parts], Parts]:
            found = [count(start, stop) for count in counting]
            return [tuple(steps[v] for steps, _ in found) for v in range(ones.shape[0])], tuple(last for _, last in found)

        return rows

    def drop(self, x: Held, bits: int) -> Parts:
        """The floor of each component."""
        return tuple(p >> p.dtype.type(bits) for p in x.parts)


def _both(x: Held, y: Held, operation: Callable[[Array, Array], Array]) -> Parts:
    return tuple(operation(p, q) for p, q in zip(x.parts, y.parts, strict=True))


def _aligned(xs: Sequence[Held]) -> list[tuple[Array, ...]]:
    """For each component, that of all values."""
    return list(zip(*(x.parts for x in xs), strict=True))


def _words(x: Held) -> Parts:
    """Components with an array's entry for every row: single bits unpacked."""
    return tuple(unpack(p, x.shape[0]) for p in x.parts) if x.kind == BIT else x.parts


def _counting(ones: Array, unit: Array) -> Callable[[int, int], tuple[Array, Array]]:
    """Prefix sums over one component of a digit's indicators, batch by batch."""
    one, following = np.ascontiguousarray(unit), np.empty(len(ones) + 1, ones.dtype)
    first_places(ones, following)

    def rows(start: int, stop: int) -> tuple[Array, Array]:
        steps, last = np.empty((len(ones), stop - start), ones.dtype), np.empty(stop - start, ones.dtype)
        places(ones, start, one, following, steps, last)
        return steps, last

    return rows


def _reversed(p: Array, bits: int) -> Array:
    w = p.astype(np.uint64)
    for shift, mask in ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        s, m = np.uint64(shift), np.uint64(mask)
        w = ((w >> s) & m) | ((w & m) << s)
    return (w.byteswap() >> np.uint64(64 - bits)).astype(p.dtype)


def _evens(p: Array) -> Array:
    """Bits 0, 2, 4, ... of every word, moved together."""
    w = p.astype(np.uint64)
    w &= np.uint64(0x5555555555555555)
    for shift, mask in (
        (1, 0x3333333333333333),
        (2, 0x0F0F0F0F0F0F0F0F),
        (4, 0x00FF00FF00FF00FF),
        (8, 0x0000FFFF0000FFFF),
        (16, 0x00000000FFFFFFFF),
    ):
        w = (w | (w >> np.uint64(shift))) & np.uint64(mask)
    return w


SHAPES = Components(0)
"""Of shares that stand for their shape alone."""
