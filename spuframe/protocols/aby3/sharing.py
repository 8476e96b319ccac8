"""Replicated sharing among three parties: how a value enters, travels and leaves.

``x = c_0 + c_1 + c_2`` in Z_2^k, or XOR for booleans. Party i holds ``parts = (c_i, c_(i+1))``: component c_i is known to parties i
and i-1, and party i lacks c_(i-1) [Araki+ CCS 2016, section 2]. Any two parties together know the value, one knows nothing.
Ranks are counted modulo 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spuframe.kernels.prg import KEY_BYTES, Stream
from spuframe.spu.components import Components
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, Share, stored_shape, unpack
from spuframe.spu.wire import from_wire, to_wire, uniform, wire_bytes

LAYOUT = Components(2)
"""Of all shares: (c_i, c_(i+1))."""


# ---- public values ------------------------------------------------------------------------------------
def constant(ctx: Context, values: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """``(v, 0, 0)``: no randomness is needed for a public value."""
    held = stored_shape(kind, shape)
    first = np.array(values, kind.word).reshape(held) if ctx.rank == 0 else np.zeros(held, kind.word)
    second = np.array(values, kind.word).reshape(held) if ctx.rank == 2 else np.zeros(held, kind.word)
    return Share(kind, shape, (first, second), LAYOUT)


# ---- from an owner, to a receiver -------------------------------------------------------------------------
def deal(parties: int, values: Array, kind: Kind, shape: tuple[int, ...]) -> list[Array]:
    """Two components from fresh seeds, the third explicit: c_0 = F(s), c_1 = F(t), c_2 = x - c_0 - c_1.

    Party 0 gets s and t, party 1 gets t and c_2, party 2 gets s and c_2: 16 + ceil(n b / 8) bytes, 32 for party 0.
    """
    seeds = np.frombuffer(Stream.fresh().words(2 * KEY_BYTES, np.uint8).tobytes(), np.uint8).copy()
    s, t = seeds[:KEY_BYTES], seeds[KEY_BYTES:]
    c0, c1 = (uniform(Stream(seed.tobytes()), kind, shape) for seed in (s, t))
    words = np.asarray(values).reshape(c0.shape)
    c2 = words - c0 - c1 if isinstance(kind, Arithmetic) else words ^ c0 ^ c1
    sent = to_wire(c2, kind, shape).view(np.uint8)
    return [seeds, np.concatenate([t, sent]), np.concatenate([s, sent])]


def deal_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The bytes of `deal`'s messages."""
    explicit = KEY_BYTES + wire_bytes(kind, shape)
    return (2 * KEY_BYTES, explicit, explicit)


def accept(rank: int, parties: int, message: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """Draw the components that came as seeds; unpack the explicit one."""
    first = uniform(Stream(message[:KEY_BYTES].tobytes()), kind, shape)
    rest = message[KEY_BYTES:]
    if rank == 0:
        return Share(kind, shape, (first, uniform(Stream(rest.tobytes()), kind, shape)), LAYOUT)
    c2 = from_wire(rest.copy(), kind, shape)
    return Share(kind, shape, (first, c2) if rank == 1 else (c2, first), LAYOUT)


def yield_(rank: int, parties: int, share: Share, streams: Mapping[int, Stream] | None = None) -> Array:
    """Party i hands over c_i + F(i, i+1) - F(i-1, i): the receiver learns the sum, and nothing of how it was shared."""
    part = share.parts[0]
    if streams is not None:
        word = share.kind.word
        plus, minus = streams[(rank + 1) % 3].words(part.shape, word), streams[(rank + 2) % 3].words(part.shape, word)
        if isinstance(share.kind, Arithmetic):
            part = part + plus - minus
        else:
            keep = word.type((1 << min(share.kind.bits, 8 * word.itemsize)) - 1) if share.kind != BIT else word.type(255)
            part = part ^ ((plus ^ minus) & keep)
    return to_wire(part, share.kind, share.shape).view(np.uint8)


def yield_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One component from each party."""
    return (wire_bytes(kind, shape),) * 3


def combine(parties: int, messages: list[Array], kind: Kind, shape: tuple[int, ...]) -> Array:
    """Add up c_0, c_1 and c_2."""
    c0, c1, c2 = (from_wire(np.array(m).reshape(-1).view(np.uint8), kind, shape) for m in messages)
    return _total(c0, c1, c2, kind, shape)


def _total(c0: Array, c1: Array, c2: Array, kind: Kind, shape: tuple[int, ...]) -> Array:
    total: Any = c0 + c1 + c2 if isinstance(kind, Arithmetic) else c0 ^ c1 ^ c2
    return unpack(total, shape[0]) if kind == BIT else np.asarray(total)


# ---- to all parties -----------------------------------------------------------------------------------
def open_(ctx: Context, x: Share) -> Array:
    """Party i sends c_i to party i+1, who lacks it: 1 round, ceil(n b / 8) bytes a party."""
    after, before = (ctx.rank + 1) % 3, (ctx.rank + 2) % 3
    missing: Array = np.empty(wire_bytes(x.kind, x.shape), np.uint8)
    ctx.round([(after, to_wire(x.parts[0], x.kind, x.shape))], [(before, missing)])
    return _total(x.parts[0], x.parts[1], from_wire(missing, x.kind, x.shape), x.kind, x.shape)


def open_cost(parties: int, x: Share) -> Cost:
    """One component a party."""
    return Cost(1, (wire_bytes(x.kind, x.shape),) * 3)
