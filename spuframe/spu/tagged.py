"""The layout of protocols that authenticate: each value is held as wide words and, alike, as a tag of them under a key that no party knows.

A number of Z_2^k is a word x' of Z_2^L with ``x = x' mod 2^k``; what stands above its k bits says nothing and is never opened unmasked. A bit is a number
modulo 2, so XOR is addition, and a word of b bits is b of them. The tag is ``key * x'``, modulo 2^L as well. All that is linear on words is
done to both, and the tag stays right. L is 64, or 128 for rings of 32 bits and more, so that at least 48 bits are left above the value:
an opening with an error in it passes its check with a probability of at most 2^-(L-k+1) [Cramer+ (SPDZ2k) CRYPTO 2018, section 3].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spuframe.errors import PlanError
from spuframe.kernels import wide
from spuframe.spu.kinds import Arithmetic, Array, Boolean, Kind
from spuframe.spu.layout import Held, Layout, Parts, Places


def limbs(kind: Kind) -> int:
    """Limbs of 64 bits of the ring in which a value of a kind is held."""
    return 2 if isinstance(kind, Arithmetic) and kind.bits >= 32 else 1


def inner(kind: Kind) -> tuple[int, ...]:
    """The axes behind those of the value: bits of a word, and limbs."""
    return (limbs(kind),) if isinstance(kind, Arithmetic) else (kind.bits, 1)


def words_of(kind: Kind, values: Array) -> Array:
    """Public words (single bits: zeros and ones) as held ones."""
    if isinstance(kind, Arithmetic):
        return wide.of_words(values, limbs(kind))
    bits = (values.astype(np.uint64)[..., None] >> np.arange(kind.bits, dtype=np.uint64)) & np.uint64(1)
    return np.asarray(bits[..., None])


def values_of(kind: Kind, held: Array) -> Array:
    """The inverse, for held words of which all parts are added up: what stands above the value is cut off."""
    if isinstance(kind, Arithmetic):
        return np.asarray(held[..., 0].astype(kind.word))
    bits = (held[..., 0] & np.uint64(1)) << np.arange(kind.bits, dtype=np.uint64)
    return np.asarray(np.bitwise_or.reduce(bits, axis=-1).astype(kind.word))


class Tagged(Layout):
    """A party's part of the words, and of their tags."""

    def __repr__(self) -> str:
        return "Tagged()"

    # ---- room -------------------------------------------------------------------------------------
    def count(self, kind: Kind) -> int:
        return 2

    def held_bits(self, kind: Kind) -> int:
        return 64 * int(np.prod(inner(kind)))

    def empty(self, kind: Kind, shape: tuple[int, ...]) -> Parts:
        return tuple(np.empty((*shape, *inner(kind)), np.uint64) for _ in range(2))

    def write(self, into: Parts, start: int, piece: Held) -> None:
        for part, made in zip(into, piece.parts, strict=True):
            part[start : start + len(made)] = made

    # ---- element by element -------------------------------------------------------------------------
    def add(self, x: Held, y: Held) -> Parts:
        return _both(x, y, wide.add)

    def sub(self, x: Held, y: Held) -> Parts:
        return _both(x, y, wide.sub)

    def neg(self, x: Held) -> Parts:
        return _each(x, wide.neg)

    def xor(self, x: Held, y: Held) -> Parts:
        return _both(x, y, wide.add)

    def scale(self, x: Held, factor: Array) -> Parts:
        by = wide.of_words(factor, limbs(x.kind))
        return _each(x, lambda p: wide.mul(p, by))

    def weighted(self, xs: Sequence[Held], factors: Array) -> Parts:
        by = wide.of_words(factors, limbs(xs[0].kind))

        def weigh(column: tuple[Array, ...]) -> Array:
            out = wide.mul(column[0], by[0])
            for p, factor in zip(column[1:], by[1:], strict=True):
                out = wide.add(out, wide.mul(p, factor))
            return out

        return tuple(map(weigh, _aligned(xs)))

    def narrow(self, x: Held, kind: Kind) -> Parts:
        """Modulo a power of two that divides the old one; a tag stays one of what is left."""
        return _each(x, lambda p: p[..., : limbs(kind)])

    # ---- words of bits --------------------------------------------------------------------------------
    def bit(self, x: Held, j: int) -> Parts:
        if isinstance(x.kind, Boolean):
            return _each(x, lambda p: p[..., j : j + 1, :])
        if j:
            raise PlanError(f"bit {j} of a number is not linear in its shares: convert it with a2b")
        return _each(x, lambda p: p[..., None, :1])  # a number modulo 2 is its lowest bit

    def slice_bits(self, x: Held, low: int, kind: Boolean) -> Parts:
        if isinstance(x.kind, Arithmetic):
            raise PlanError("bits of a number are not linear in its shares: convert it with a2b")
        return _each(x, lambda p: p[..., low : low + kind.bits, :])

    def widen(self, x: Held, kind: Boolean) -> Parts:
        return _each(x, lambda p: _padded(p, kind.bits - x.kind.bits, 0))

    def sign_extend(self, x: Held, kind: Boolean) -> Parts:
        return _each(x, lambda p: np.concatenate([p, np.repeat(p[..., -1:, :], kind.bits - x.kind.bits, axis=-2)], axis=-2))

    def shift_left(self, x: Held, by: int) -> Parts:
        if isinstance(x.kind, Arithmetic):
            return _each(x, lambda p: wide.shift_left(p, by))
        keep = max(x.kind.bits - by, 0)
        return _each(x, lambda p: _padded(p[..., :keep, :], 0, x.kind.bits - keep))

    def mask(self, x: Held, words: Array) -> Parts:
        bits = words_of(x.kind, words)
        return _each(x, lambda p: p * bits)

    def reverse(self, x: Held) -> Parts:
        return _each(x, lambda p: p[..., ::-1, :])

    def evens(self, x: Held, first: int, kind: Boolean) -> Parts:
        return _each(x, lambda p: p[..., first::2, :])

    def parities(self, x: Held, masks: Sequence[int], kind: Boolean) -> Parts:
        chosen = np.array([[mask >> j & 1 for j in range(x.kind.bits)] for mask in masks], np.uint64)
        return _each(x, lambda p: np.stack([(p * row[:, None]).sum(axis=-2, dtype=np.uint64) for row in chosen], axis=-2))

    def join(self, bits: Sequence[Held], kind: Boolean) -> Parts:
        return tuple(np.concatenate(column, axis=-2) for column in _aligned(bits))

    def fold(self, x: Held) -> Parts:
        return _each(x, lambda p: p.reshape(-1, 64, 1))

    # ---- rows ------------------------------------------------------------------------------------------
    def slice(self, x: Held, start: int, stop: int) -> Parts:
        return _each(x, lambda p: p[start:stop])

    def take(self, x: Held, index: Array) -> Parts:
        return _each(x, lambda p: p[index])

    def put(self, x: Held, index: Array) -> Parts:
        def placed(p: Array) -> Array:
            out = np.empty_like(p)
            out[index] = p
            return out

        return _each(x, placed)

    def reshape(self, x: Held, shape: tuple[int, ...]) -> Parts:
        return _each(x, lambda p: p.reshape(*shape, *inner(x.kind)))

    def transpose(self, x: Held) -> Parts:
        return _each(x, lambda p: np.ascontiguousarray(p.swapaxes(0, 1)))

    def column(self, x: Held, j: int) -> Parts:
        return _each(x, lambda p: np.ascontiguousarray(p[:, j]))

    def broadcast(self, x: Held, shape: tuple[int, ...]) -> Parts:
        return _each(x, lambda p: np.broadcast_to(p, (*shape, *inner(x.kind))))

    def concat(self, xs: Sequence[Held], axis: int) -> Parts:
        return tuple(np.concatenate(column, axis=axis) for column in _aligned(xs))

    def columns(self, xs: Sequence[Held]) -> Parts:
        return tuple(np.stack(column, axis=1) for column in _aligned(xs))

    # ---- sums ------------------------------------------------------------------------------------------
    def prefix(self, x: Held) -> Parts:
        return _each(x, wide.running)

    def differences(self, x: Held) -> Parts:
        return _each(x, lambda p: np.concatenate([p[:1], wide.sub(p[1:], p[:-1])]))

    def sum(self, x: Held, axis: int, shape: tuple[int, ...]) -> Parts:
        return _each(x, lambda p: wide.total(p, axis).reshape(*shape, *inner(x.kind)))

    def places(self, ones: Held, unit: Held) -> Places:
        """Rank among the rows of a value, plus the number of rows of smaller values, less one."""
        counted = [_places(p, one) for p, one in zip(ones.parts, unit.parts, strict=True)]

        def rows(start: int, stop: int) -> tuple[list[Parts], Parts]:
            last = tuple(below[start:stop] for _, below in counted)
            return [tuple(wide.sub(steps[v][start:stop], below[start:stop]) for steps, below in counted) for v in range(ones.shape[0])], last

        return rows


def _places(ones: Array, unit: Array) -> tuple[list[Array], Array]:
    """For every row its place with each value but the last, and its place with the last."""
    steps, start = [], np.zeros_like(unit)
    positions = wide.running(np.broadcast_to(unit, ones.shape[1:]))
    rest = positions
    for column in ones:
        ranks = wide.running(column)
        steps.append(wide.sub(wide.add(ranks, start), unit))
        start, rest = wide.add(start, wide.total(column, 0)), wide.sub(rest, ranks)
    return steps, wide.sub(wide.add(rest, start), unit)


def _each(x: Held, operation: Callable[[Array], Array]) -> Parts:
    """What is linear is done to the words and to their tags."""
    return tuple(map(operation, x.parts))


def _both(x: Held, y: Held, operation: Callable[[Array, Array], Array]) -> Parts:
    return tuple(operation(p, q) for p, q in zip(x.parts, y.parts, strict=True))


def _aligned(xs: Sequence[Held]) -> list[tuple[Array, ...]]:
    """The words of all values, and the tags of all."""
    return list(zip(*(x.parts for x in xs), strict=True))


def _padded(p: Array, above: int, below: int) -> Array:
    """Bits that are zero, above and below those of a word."""
    return np.pad(p, [(0, 0)] * (p.ndim - 2) + [(below, above), (0, 0)])


TAGGED = Tagged()
