"""Additive sharing between two parties: ``x = x_0 + x_1`` in Z_2^k, or XOR for booleans; how a value enters and leaves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from spuframe.kernels.prg import KEY_BYTES, Stream
from spuframe.spu.components import Components
from spuframe.spu.context import Context
from spuframe.spu.kernel import Protocol
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, Share, stored_shape, unpack
from spuframe.spu.wire import from_wire, to_wire, uniform, wire_bytes

LAYOUT = Components(1)


def held(kind: Kind, shape: tuple[int, ...], part: Array) -> Share:
    """A share of this party's part."""
    return Share(kind, shape, (part,), LAYOUT)


def plus(kind: Kind, a: Array, b: Array) -> Array:
    """The sum of two parts."""
    return np.add(a, b) if isinstance(kind, Arithmetic) else np.bitwise_xor(a, b)


def minus(kind: Kind, a: Array, b: Array) -> Array:
    """Their difference."""
    return np.subtract(a, b) if isinstance(kind, Arithmetic) else np.bitwise_xor(a, b)


def constant(ctx: Context, values: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """``(v, 0)``."""
    stored = stored_shape(kind, shape)
    return held(kind, shape, np.array(values, kind.word).reshape(stored) if ctx.rank == 0 else np.zeros(stored, kind.word))


def deal(parties: int, values: Array, kind: Kind, shape: tuple[int, ...]) -> list[Array]:
    """A seed to party 0, ``x - F(seed)`` to party 1."""
    seed = Stream.fresh().words(KEY_BYTES, np.uint8)
    part = uniform(Stream(seed.tobytes()), kind, shape)
    return [seed, to_wire(minus(kind, np.asarray(values).reshape(part.shape), part), kind, shape).view(np.uint8)]


def deal_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The bytes of `deal`'s messages."""
    return KEY_BYTES, wire_bytes(kind, shape)


def accept(rank: int, parties: int, message: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """The inverse of `deal`."""
    return held(kind, shape, uniform(Stream(message.tobytes()), kind, shape) if rank == 0 else from_wire(message.copy(), kind, shape))


def yield_(rank: int, parties: int, share: Share, streams: Mapping[int, Stream] | None = None) -> Array:
    """The part, with a word of the common stream more at party 0, and less at party 1: the receiver learns the sum alone."""
    part = share.parts[0]
    if streams is not None:
        mask = uniform(streams[1 - rank], share.kind, share.shape)
        part = plus(share.kind, part, mask) if rank == 0 else minus(share.kind, part, mask)
    return to_wire(part, share.kind, share.shape).view(np.uint8)


def yield_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One part from each."""
    return (wire_bytes(kind, shape),) * 2


def combine(parties: int, messages: list[Array], kind: Kind, shape: tuple[int, ...]) -> Array:
    """Add up both parts."""
    first, second = (from_wire(np.array(m).reshape(-1).view(np.uint8), kind, shape) for m in messages)
    return total(kind, shape, first, second)


def total(kind: Kind, shape: tuple[int, ...], first: Array, second: Array) -> Array:
    """The value: words, or for bits zeros and ones."""
    words = plus(kind, first, second)
    return unpack(words, shape[0]) if kind == BIT else np.asarray(words)


BETWEEN_TWO = partial(
    Protocol,
    parties=(2, 2),
    layout=LAYOUT,
    constant=constant,
    deal=deal,
    deal_sizes=deal_sizes,
    accept=accept,
    yield_=yield_,
    yield_sizes=yield_sizes,
    combine=combine,
)
"""What protocols of two additive parts have in common."""
