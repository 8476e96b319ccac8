"""How values enter and leave, so that no party can change them: owner and receiver check what the parties tell them, under a key of this once.

An owner gets both parts of a mask r that the parties hold with tags, and sends ``y = x - r``, which is public: ``x = y + r``. A receiver gets both
parts of ``x + 2^k s``: the parties open ``y = x - r``, check it, and add y to what they hold of ``r + 2^k s``. In either case the parts come with
those of a tag under a fresh key and with the key itself, so that who knows its own parts alone can change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from spuframe.kernels import wide
from spuframe.link.base import Link
from spuframe.protocols.spdz2k_dealer.dealer import count, ring, tampered
from spuframe.protocols.spdz2k_dealer.kernels import KERNELS, above, flat, held, minus, plus, public, reveal, settle, settle_cost
from spuframe.spu.context import Context
from spuframe.spu.kernel import Columns, Cost, Kernel, What
from spuframe.spu.kinds import BIT, unpack
from spuframe.spu.orders import DEALER
from spuframe.spu.share import Array, Kind, Share
from spuframe.spu.tagged import inner, limbs, values_of, words_of


def _told(kind: Kind, shape: tuple[int, ...]) -> int:
    """Words that a party tells of a column: its parts of the masked words, of their tags, and of the key."""
    return 2 * count(kind, prod(shape)) + 1


def yield_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The bytes of what both tell."""
    return (_told(kind, shape) * ring(kind) // 8,) * 2


def _checked(messages: Sequence[Array], kind: Kind) -> Array:
    """Both parts added up, once the tag is found to be right."""
    words = wide.add(*(m.view(np.uint64).reshape(-1, limbs(kind)) for m in messages))
    size = len(words) // 2
    value, tag, key = words[:size], words[size : 2 * size], words[2 * size]
    if (wide.mul(value, key) != tag).any():
        raise tampered("the check of what the parties told failed")
    return value


# ---- in -----------------------------------------------------------------------------------------------------
def enter(ctx: Context, owner: int, columns: Columns) -> list[Share]:
    """At the parties: tell the owner the masks, get the values under them."""
    masks = [ctx.own.take(("enter", ring(kind)), count(kind, prod(shape))) for kind, shape in columns]
    told = np.concatenate([np.concatenate(ticket[2:]).reshape(-1) for ticket in masks] or [np.empty(0, np.uint64)])
    ctx.round([(owner, told)], [])
    got = np.empty(sum(m[0].size for m in masks), np.uint64)
    ctx.round([], [(owner, got)])
    out, start = [], 0
    for (kind, shape), mask in zip(columns, masks, strict=True):
        size = mask[0].size
        out.append(held(kind, shape, plus(mask[:2], public(ctx, got[start : start + size].reshape(mask[0].shape)))))
        start += size
    return out


def enter_cost(parties: int, owner: int, columns: Columns) -> Cost:
    """Two rounds; twice the words and a key from the parties, the words to each of them from the owner."""
    material: dict[What, int] = {}
    for kind, shape in columns:
        material["enter", ring(kind)] = material.get(("enter", ring(kind)), 0) + count(kind, prod(shape))
    told = sum(sum(yield_sizes(parties, kind, shape)[:1]) for kind, shape in columns)
    sent = sum(count(kind, prod(shape)) * ring(kind) // 8 for kind, shape in columns)
    return Cost(2, (told, told, *[0] * (owner - parties), parties * sent), {what: n for what, n in material.items() if n})


def give(link: Link, parties: int, columns: Sequence[tuple[Array, Kind, tuple[int, ...]]]) -> None:
    """At the owner: check the masks, tell both parties the values under them."""
    sizes = [_told(kind, shape) * limbs(kind) for _, kind, shape in columns]
    told = [np.empty(sum(sizes), np.uint64) for _ in range(parties)]
    for rank, message in enumerate(told):
        link.recv_into(rank, message)
    out, start = [np.empty(0, np.uint64)], 0
    for (values, kind, shape), size in zip(columns, sizes, strict=True):
        mask = _checked([m[start : start + size] for m in told], kind)
        plain = unpack(values, shape[0]) if kind == BIT else np.asarray(values).reshape(shape)
        out.append(wide.sub(words_of(kind, plain).reshape(mask.shape), mask).reshape(-1))
        start += size
    for rank in range(parties):
        link.send(rank, np.concatenate(out))


# ---- out ----------------------------------------------------------------------------------------------------
def hand_over(ctx: Context, xs: Sequence[Share]) -> list[Array]:
    """What this party tells the receiver of each column, after all that was opened has been checked."""
    tickets = [ctx.own.take(("hand_over", ring(x.kind), above(x.kind)), count(x.kind, x.size)) for x in xs]
    opened = reveal(ctx, [minus(flat(x), ticket[:2]) for x, ticket in zip(xs, tickets, strict=True)])
    settle(ctx)
    out = []
    for y, (_, _, told, tag, key) in zip(opened, tickets, strict=True):
        words = wide.add(told, y) if ctx.rank == DEALER else told
        out.append(np.concatenate([words, wide.add(tag, wide.mul(y, key)), key]).reshape(-1).view(np.uint8))
    return out


def hand_over_cost(parties: int, xs: Sequence[Share]) -> Cost:
    """Three rounds: a word for every value or bit, and `settle`. What is told comes on top."""
    material: dict[What, int] = {}
    for x in xs:
        what = ("hand_over", ring(x.kind), above(x.kind))
        material[what] = material.get(what, 0) + count(x.kind, x.size)
    each = sum(count(x.kind, x.size) * ring(x.kind) // 8 for x in xs)
    return Cost(1, (each,) * 2, {what: n for what, n in material.items() if n}) + settle_cost(parties)


def combine(parties: int, messages: list[Array], kind: Kind, shape: tuple[int, ...]) -> Array:
    """At the receiver: check, and put together."""
    value = _checked([np.array(m).reshape(-1).view(np.uint8) for m in messages], kind)
    return values_of(kind, value.reshape(*shape, *inner(kind)))


GATES = {
    "enter": Kernel(enter, enter_cost, "x = y + r, y = x - r from the owner, who checked r; 2 rounds, L bits", "Damgard+ CRYPTO 2012, figure 1"),
    "hand_over": Kernel(hand_over, hand_over_cost, "y = x - r, checked; y + (r + 2^k s), tagged by the receiver's key; 3 rounds", "Cramer+ CRYPTO 2018"),
}
ALL = {**KERNELS, **GATES}
