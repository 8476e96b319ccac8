"""Boolean circuits over bit planes of replicated shares, and how two summands enter them.

A circuit is a list of levels; a level is one round: all its AND gates in one message, written straight into the rows of the
state that the next levels read. XOR is local. Component i of every new plane is sent by party i to party i-1 [Araki+ CCS 2016, section 2].

Where an arithmetic value enters, ``x = a + b`` has only two summands: ``a = c_0 + c_1`` is known to P0, and ``b = c_2`` to both P1 and P2.
P0 shares planes of a, and the products of neighbouring planes: ``r`` from the stream with P2 and ``alpha = a ^ r`` sent to P1. Any
function that is linear in those and arbitrary in b is then the XOR of what P1 computes from alpha and what P2 computes from r:
with masks s, s' from the stream of P1 and P2 the shares are ``c_1 = f(alpha) ^ s``, ``c_0 = f(r) ^ s'``, ``c_2 = s ^ s'``, and P1 and P2 send one
plane each to P0, which sends nothing. Generate and propagate bits of *pairs* of positions are such functions, so the first level of a carry
tree costs neither a round nor traffic of its own.

Views (1 corrupt, semi-honest): P1 sees alpha, masked by r; P2 receives nothing; P0 sees two planes masked by s and s', which it does not
know; every AND message is masked by a zero share. All are uniform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from spuframe.kernels.bits import and_gates, mask_pairs, pair_terms, plane_to_bitmap, plane_words, to_planes
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost
from spuframe.spu.share import BIT, Array, Share

Gate = tuple[int, int, int]  # rows x, y and the row to XOR to their product (-1: none)


@dataclass(frozen=True, eq=False)
class Circuit:
    """AND gates by level over a state whose first ``inputs`` rows are given; gate outputs take the rows after, in order.

    Parameters
    ----------
    inputs : int
    levels : tuple of ndarray
        Of shape (gates, 3), see `and_gates`.
    outputs : tuple of int
        Rows.
    """

    inputs: int
    levels: tuple[Array, ...]
    outputs: tuple[int, ...]

    @property
    def gates(self) -> int:
        return sum(len(level) for level in self.levels)

    def state(self, words: int) -> Array:
        """Room for one component."""
        return np.empty((self.inputs + self.gates, words), np.uint64)


def build(inputs: int, levels: Sequence[Sequence[Gate]], outputs: Sequence[int]) -> Circuit:
    """A `Circuit` from lists of gates."""
    arrays = tuple(np.array(level, np.int64).reshape(-1, 3) for level in levels if level)
    return Circuit(inputs, arrays, tuple(outputs))


def run(ctx: Context, circuit: Circuit, own: Array, other: Array, addend: Array | None = None) -> None:
    """Fill the rows of all gates, one round a level.

    ``addend``, a plane that this rank knows, is XORed to the output of the last gate: before its message, which a zero share masks, is sent.
    """
    gates, words = circuit.gates, own.shape[1]
    if not gates:
        return
    after, before = (ctx.rank + 1) % 3, (ctx.rank + 2) % 3
    zero_a = ctx.streams[after].words((gates, words), np.uint64)
    zero_b = ctx.streams[before].words((gates, words), np.uint64)
    row, done = circuit.inputs, 0
    for level in circuit.levels:
        k = len(level)
        mine, theirs = own[row : row + k], other[row : row + k]
        and_gates(own, other, level, zero_a[done : done + k], zero_b[done : done + k], mine)
        if addend is not None and done + k == gates:
            mine[-1] ^= addend
        ctx.round([(before, mine)], [(after, theirs)])
        row, done = row + k, done + k


def plane_bytes(n: int) -> int:
    """What one plane of ``n`` rows takes on the wire."""
    return 8 * plane_words(n)


def run_cost(circuit: Circuit, n: int) -> Cost:
    """What `run` costs for ``n`` rows."""
    each = circuit.gates * plane_bytes(n)
    return Cost(len(circuit.levels), (each, each, each))


# ---- shapes of circuits -----------------------------------------------------------------------------------
@cache
def and_tree(planes: int) -> Circuit:
    """The AND of all planes: ``planes - 1`` gates in ``ceil(log2 planes)`` levels."""
    rows, levels, at = list(range(planes)), [], planes
    while len(rows) > 1:
        level: list[Gate] = [(rows[i], rows[i + 1], -1) for i in range(0, len(rows) - 1, 2)]
        rest = rows[len(level) * 2 :]
        rows = [*range(at, at + len(level)), *rest]
        at += len(level)
        levels.append(level)
    return build(planes, levels, rows)


def carry_tree(generate: list[int], propagate: list[int], at: int) -> tuple[list[list[Gate]], int]:
    """Levels that reduce groups, lowest first, to the carry out of the highest; and that carry's row.

    ``propagate[0]`` is never read. New rows begin at ``at``.
    """
    g, p, levels = list(generate), list(propagate), []
    while len(g) > 1:
        pairs = len(g) // 2
        level: list[Gate] = [(p[2 * i + 1], g[2 * i], g[2 * i + 1]) for i in range(pairs)]
        level += [(p[2 * i + 1], p[2 * i], -1) for i in range(1, pairs)]
        g, p = [*range(at, at + pairs), *g[2 * pairs :]], [-1, *range(at + pairs, at + 2 * pairs - 1), *p[2 * pairs :]]
        at += len(level)
        levels.append(level)
    return levels, g[0]


def all_carries(generate: list[int], propagate: list[int], block: int, at: int) -> tuple[list[list[Gate]], list[int]]:
    """Sklansky's prefix tree: levels, and the rows of the carries out of every position.

    On entry the positions of each aligned block hold its prefixes. Propagate bits of the first block are never read, and a block whose lower
    half is the first needs none [Sklansky, IRE Trans. EC 1960].
    """
    g, p, levels = list(generate), list(propagate), []
    while block < len(g):
        upper = [j for j in range(len(g)) if j // block & 1]
        level: list[Gate] = [(p[j], g[j // block * block - 1], g[j]) for j in upper]
        inner = [j for j in upper if j // block > 1]
        level += [(p[j], p[j // block * block - 1], -1) for j in inner]
        for row, j in enumerate(upper, at):
            g[j] = row
        for row, j in enumerate(inner, at + len(upper)):
            p[j] = row
        at += len(level)
        levels.append(level)
        block *= 2
    return levels, g


# ---- two summands, one known to P0, the other to P1 and P2 -------------------------------------------------------
def summands(x: Share, rank: int) -> Array:
    """``c_0 + c_1`` at P0, ``c_2`` at P1 and P2."""
    if rank == 0:
        return np.add(x.parts[0], x.parts[1])
    return x.parts[1] if rank == 1 else x.parts[0]


def enter(ctx: Context, planes: Array, count: int, pairs: int) -> tuple[Array, Array]:
    """XOR-share P0's first ``count`` planes and ``pairs`` products of neighbours; one round, P0 sends.

    Returns
    -------
    own, other : ndarray
        The replicated components of this rank; the one that is zero (c_2) is empty.
    """
    shape, nothing = (count + pairs, planes.shape[1]), np.empty((0, planes.shape[1]), np.uint64)
    if ctx.rank == 0:
        r, alpha = ctx.streams[2].words(shape, np.uint64), np.empty(shape, np.uint64)
        mask_pairs(planes, count, r, alpha)
        ctx.round([(1, alpha)], [])
        return r, alpha
    if ctx.rank == 1:
        alpha = np.empty(shape, np.uint64)
        ctx.round([], [(0, alpha)])
        return alpha, nothing
    r = ctx.streams[0].words(shape, np.uint64)
    ctx.round([], [])
    return nothing, r


def answer(ctx: Context, entered: tuple[Array, Array], b: Array, count: int, terms: Array, own: Array, other: Array) -> None:
    """Fill ``own`` and ``other`` with shares of ``terms`` (see `pair_terms`); one round, P1 and P2 send to P0."""
    shape = own.shape
    if ctx.rank == 0:
        ctx.round([], [(1, other), (2, own)])
        return
    masks = ctx.streams[3 - ctx.rank].words((2, *shape), np.uint64)
    mine, shared = (own, other) if ctx.rank == 1 else (other, own)
    alpha = entered[ctx.rank - 1]
    pair_terms(alpha, count, b, terms, ctx.rank == 1, masks[ctx.rank - 1], mine)
    np.bitwise_xor(masks[0], masks[1], out=shared)
    ctx.round([(0, mine)], [])


def linear(rank: int, entered: tuple[Array, Array], b: Array, rows: slice) -> tuple[Array, Array]:
    """Both components of ``a ^ b`` on those planes; local."""
    own, other = entered
    if rank == 0:
        return own[rows], other[rows]
    return (own[rows], b[rows]) if rank == 1 else (b[rows], other[rows])


def bit_share(own: Array, other: Array, n: int) -> Share:
    """Two planes as a share of single bits."""
    return Share(BIT, (n,), (plane_to_bitmap(own, n), plane_to_bitmap(other, n)), LAYOUT)


def planes_of(rank: int, x: Share, bits: int) -> Array:
    """The planes of this rank's summand of an arithmetic share."""
    return to_planes(summands(x, rank), bits)
