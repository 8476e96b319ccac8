"""Components on the wire: b bits travel as b bits; and uniformly random ones."""

from __future__ import annotations

from math import prod

import numpy as np

from spuframe.kernels.bits import pack_words, unpack_words
from spuframe.kernels.prg import Stream
from spuframe.spu.kinds import BIT, Array, Kind, stored_shape


def is_whole(kind: Kind) -> bool:
    """Whether a component travels as it is stored: full words, or packed single bits."""
    return kind == BIT or kind.bits == 8 * kind.word.itemsize


def wire_bytes(kind: Kind, shape: tuple[int, ...]) -> int:
    """Bytes of one component on the wire: b bits travel as b bits."""
    return -(-prod(shape) * kind.bits // 8)


def to_wire(part: Array, kind: Kind, shape: tuple[int, ...]) -> Array:
    """A component as what is sent; the component itself where it is already that.

    The unused bits at the end of a bitmap may be rows that were cut off: they must not travel.
    """
    flat = np.ascontiguousarray(part).reshape(-1)
    if not is_whole(kind):
        return pack_words(flat, kind.bits)
    if kind == BIT and shape[0] % 8:
        flat = flat.copy()
        flat[-1] &= (1 << shape[0] % 8) - 1
    return flat


def from_wire(message: Array, kind: Kind, shape: tuple[int, ...]) -> Array:
    """The inverse of `to_wire`; a view where nothing is packed."""
    if is_whole(kind):
        return message.view(kind.word).reshape(stored_shape(kind, shape))
    return unpack_words(message, prod(shape), kind.bits).astype(kind.word, copy=False).reshape(shape)


def uniform(stream: Stream, kind: Kind, shape: tuple[int, ...]) -> Array:
    """A uniformly random component."""
    out = stream.words(stored_shape(kind, shape), kind.word)
    if not is_whole(kind):
        out &= kind.word.type((1 << kind.bits) - 1)
    return out
