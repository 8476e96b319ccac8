"""How values enter and leave where one message from or to each party is enough: the owner's hand, the parties', and the analyst's messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.link.base import Link
from spuframe.spu.context import Context
from spuframe.spu.kernel import Columns, Protocol
from spuframe.spu.share import Array, Kind, Share


def accept(protocol: Protocol, ctx: Context, owner: int, columns: Columns, sizes: Sequence[tuple[int, ...]]) -> list[Share]:
    """At a party: all columns come in one message, of the ``sizes`` of each for every party."""
    message = np.empty(sum(s[ctx.rank] for s in sizes), np.uint8)
    ctx.round([], [(owner, message)] if message.size else [])
    ends = np.cumsum([s[ctx.rank] for s in sizes])[:-1]
    pieces = np.split(message, ends) if sizes else []
    return [
        protocol.accepted(ctx.rank, ctx.parties, np.ascontiguousarray(piece), kind, shape)
        for piece, (kind, shape) in zip(pieces, columns, strict=True)
    ]


def give(protocol: Protocol, parties: int, link: Link, columns: Sequence[tuple[Array, Kind, tuple[int, ...]]]) -> None:
    """At the owner: share and send words (single bits: a bitmap)."""
    if protocol.give is not None:
        protocol.give(link, parties, columns)
        return
    messages: list[list[Array]] = [[] for _ in range(parties)]
    for words, kind, shape in columns:
        for to, message in enumerate(protocol.deal(parties, words, kind, shape)):
            messages[to].append(message)
    for to, pieces in enumerate(messages):
        whole = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
        if whole.size:
            link.send(to, whole)


def messages(protocol: Protocol, ctx: Context, xs: Sequence[Share]) -> list[Array]:
    """At a party: what it hands over of each value."""
    return [protocol.yield_(ctx.rank, ctx.parties, x, ctx.streams) for x in xs]
