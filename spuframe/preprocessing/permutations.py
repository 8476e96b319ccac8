"""Correlations of a permutation that one party knows: ``p(a) = b + c``, c with who knows p, a and b with the other.

The mover evaluates a network of switches (`spuframe.kernels.network`) on wires that the other masks [Mohassel and Sadeghian, EUROCRYPT 2013,
section 3]. A switch with control bit c turns x_i and x_j to ``x_i + t`` and ``x_j - t`` for ``t = c (x_j - x_i)``. With ``x = v + r``, v of
the mover and r of the other, ``c (v_j - v_i)`` is local, and ``c (r_j - r_i)`` is a product of a bit and a word of different parties: one
transfer and k bits, half of what the paper sends. From v = 0 and r = a come ``v = c`` and ``r = b``.

For n rows each of about ``n (log2 n - 1/2)`` switches costs 4 bytes and the bits of a row: 186 bytes for each of 2^16 rows of 64 bits. The
punctured networks of Chase, Ghosh and Poburinnaya (ASIACRYPT 2020) cost about 500 there, so there is no choice to make. All columns of a
permutation share the transfers, and as the masks do not depend on what the mover tells, all layers go in one exchange, two rounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.kernels.bits import packed_bytes, plane_words
from spuframe.kernels.network import layers, switches, uppers
from spuframe.kernels.prg import Stream
from spuframe.preprocessing.extension import BLOCKS, WORDS
from spuframe.preprocessing.transfers import Group, Transfers, pieces
from spuframe.spu.kinds import BIT, Array, Boolean, Kind, pack

BLOCK = 1 << 20
"""About as many words are masked in one message."""


def correlate(transfers: Transfers, private: Stream, halves: Sequence[Array], kinds: Sequence[Kind]) -> list[list[tuple[Array, Array, Array]]]:
    """Correlations for several permutations of as many rows, in both directions at once.

    Parameters
    ----------
    transfers : Transfers
    private : Stream
    halves : sequence of ndarray (n,)
        The permutations that this party knows; the other knows as many, of as many rows.
    kinds : sequence of Kind
        Of the vectors that each will move.

    Returns
    -------
    list of list of (c, a, b)
        For each permutation and vector: c of this party's permutation, a and b of the other's, as components are stored.
    """
    n, many, columns = len(halves[0]), len(halves), len(kinds)
    groups = groups_of(kinds)
    controls = [switches(half) for half in halves]
    mask = np.array([(1 << kind.bits) - 1 for kind in kinds], np.uint64)
    given = private.words((many, n, columns), np.uint64) & mask
    r, v = given.copy(), np.zeros((many, n, columns), np.uint64)
    for block in _blocks(n, many, columns):
        crossed = [np.concatenate([control[layer] for control in controls]) for layer, _ in block]
        ends = np.cumsum([0, *map(len, crossed)])
        own, zero, one = transfers.keys(np.concatenate(crossed))
        message: list[Array] = []
        for (_, s), first, last in zip(block, ends, ends[1:], strict=False):  # what the other's switches need depends on own keys alone
            upper, lower = _sides(n, s)
            told, sent = transfers.masked(zero[first:last], one[first:last], groups, _difference(groups, r, lower, upper).reshape(-1, columns))
            message += told
            _exchange(groups, r, upper, lower, sent.reshape(many, -1, columns))
        got = iter(np.split(transfers.swap(np.concatenate(message)), np.cumsum([m.size for m in message])[:-1]))
        for (_, s), choices, first, last in zip(block, crossed, ends, ends[1:], strict=False):
            upper, lower = _sides(n, s)
            shares = transfers.chosen(own[first:last], choices, groups, [next(got) for _ in groups]).reshape(many, -1, columns)
            moved = np.negative(choices.astype(np.uint64)).reshape(many, -1, 1) & _difference(groups, v, lower, upper)
            for g in groups:
                moved[:, :, g.columns] = g.plus(moved[:, :, g.columns], shares[:, :, g.columns])
            _exchange(groups, v, upper, lower, moved)
    return [[tuple(_stored(kind, part[p, :, j]) for part in (v, given, r)) for j, kind in enumerate(kinds)] for p in range(many)]  # type: ignore[misc]


def _sides(n: int, s: int) -> tuple[Array, Array]:
    upper = uppers(n, s)
    return upper, upper + (1 << s)


def _exchange(groups: Sequence[Group], rows: Array, upper: Array, lower: Array, moved: Array) -> None:
    """Add to the upper row of each switch, take from the lower."""
    for g in groups:
        cols = g.columns
        rows[:, upper, cols], rows[:, lower, cols] = g.plus(rows[:, upper, cols], moved[:, :, cols]), g.minus(rows[:, lower, cols], moved[:, :, cols])


def _blocks(n: int, many: int, columns: int) -> list[list[tuple[int, int]]]:
    """Layers, numbered, that are done in one exchange: of about `BLOCK` words."""
    out: list[list[tuple[int, int]]] = []
    room = 0
    for layer, s in enumerate(layers(n)):
        size = len(uppers(n, s)) * many * columns
        if not out or size > room:
            out.append([])
            room = BLOCK
        out[-1].append((layer, s))
        room -= size
    return out


def groups_of(kinds: Sequence[Kind]) -> list[Group]:
    """Vectors of one kind that stand beside each other."""
    groups: list[Group] = []
    for j, kind in enumerate(kinds):
        xor = isinstance(kind, Boolean)
        if groups and (groups[-1].bits, groups[-1].xor) == (kind.bits, xor):
            groups[-1] = Group(slice(groups[-1].columns.start, j + 1), kind.bits, xor)
        else:
            groups.append(Group(slice(j, j + 1), kind.bits, xor))
    return groups


def _difference(groups: Sequence[Group], rows: Array, lower: Array, upper: Array) -> Array:
    out = np.empty((len(rows), len(upper), rows.shape[2]), np.uint64)
    for g in groups:
        out[:, :, g.columns] = g.minus(rows[:, lower, g.columns], rows[:, upper, g.columns])
    return out


def _stored(kind: Kind, words: Array) -> Array:
    low = words & np.uint64((1 << kind.bits) - 1)
    return pack(low.astype(np.uint8)) if kind == BIT else low.astype(kind.word)


def correlate_cost(rows: int, many: int, kinds: Sequence[Kind]) -> tuple[int, int]:
    """Rounds, and bytes of each party."""
    rounds = sent = 0
    for block in _blocks(rows, many, len(kinds)):
        sizes = [many * len(uppers(rows, s)) for _, s in block]
        words = [plane_words(n) for n in pieces(sum(sizes), 64 * WORDS)]
        rounds, sent = rounds + len(words) + 1, sent + sum(BLOCKS * 8 * w for w in words)
        sent += sum(packed_bytes(g.bits, n * g.count) for n in sizes for g in groups_of(kinds))
    return rounds, sent
