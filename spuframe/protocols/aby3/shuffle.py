"""A secret permutation of rows: three permutations, each known to two parties, composed in two rounds.

The pair (i, i+1) draws the permutation p_i from its common stream; a shuffle gathers by p_0, then p_1, then p_2, an unshuffle by
their inverses in the opposite order. Party i lacks p_(i+1), so to every party the whole is uniformly random.

One run has three roles: X applies the first and the third permutation (f, h), Y the first and the second (f, g), Z the second and the
third (g, h). X is P0; Y, Z are P1, P2 for a shuffle and P2, P1 for an unshuffle. ``x = A + B``, where ``A = c_0 + c_1`` is known to X and ``B = c_2``
to Y. X and Y draw vectors r, u, m from their stream, Y and Z draw q from theirs (``v[p]``: gathered by p)::

    round 1   X -> Z   A' = A[f] - r                  D = u[h] + m
              Y -> Z   S  = B[f][g] + r[g] + u
              Z        A'[g] + S = x[f][g] + u
    round 2   Z -> X   c_XZ = (x[f][g] + u)[h] - D - q = x[f][g][h] - m - q
    result    c_XY = m, c_YZ = q, and c_XZ

Each hop re-randomises. Views (1 corrupt, semi-honest): Z sees A', S, D, masked by r, u, m, of which it knows none; X sees
c_XZ, masked by q; Y receives nothing. A column costs four vectors over all parties, two from X. The idea of three hops, each by a pair,
is that of [Araki+ CCS 2021, "Secure Graph Analysis at Scale"] and [Asharov+ CCS 2022]; here Y re-randomises with a vector that X
draws too and sends the difference straight to Z, so all of the first two hops goes at once.

Booleans are masked by XOR and travel packed to their bits. All columns share the permutations and the rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from spuframe.kernels.bits import pack_words, packed_bytes, unpack_words
from spuframe.kernels.permute import ADD, SUBTRACT, XOR, compose, gathered, inverse
from spuframe.kernels.prg import Stream
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel, Name, Permutation
from spuframe.spu.share import Arithmetic, Array, Kind, Share, pack, unpack


class Known:
    """What one party knows of a secret permutation.

    Parameters
    ----------
    known : dict of int to ndarray
        The index arrays p_i by i, for the two pairs (i, i+1) that this party belongs to.
    """

    def __init__(self, known: dict[int, Array]) -> None:
        self._known = known
        self._back: dict[int, Array] = {}

    def index(self, pair: int, back: bool) -> Array:
        """p_pair, or its inverse."""
        if not back:
            return self._known[pair]
        if pair not in self._back:
            self._back[pair] = inverse(self._known[pair])
        return self._back[pair]


def draw(ctx: Context, n: int, name: Name) -> Known:
    """A uniformly random permutation of n rows that no party knows; no communication."""
    pairs = ((ctx.rank, (ctx.rank + 1) % 3), ((ctx.rank + 2) % 3, (ctx.rank + 2) % 3))
    return Known({pair: ctx.streams[peer].permutation(n) for pair, peer in pairs})


def shuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """All columns, permuted by ``perm`` and re-randomised."""
    return _run(ctx, perm, xs, back=False)


def unshuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """The inverse of `shuffle`."""
    return _run(ctx, perm, xs, back=True)


def _run(ctx: Context, perm: Permutation, xs: Sequence[Share], back: bool) -> list[Share]:
    known: Known = perm.known
    x_, y_, z_ = (0, 2, 1) if back else (0, 1, 2)
    first, second, third = (2, 1, 0) if back else (0, 1, 2)
    xy, yz, xz = (0, 2, 1) if back else (1, 2, 0)  # the component that each two of them hold
    fresh: list[dict[int, Array]]
    if ctx.rank == x_:
        fresh = _as_x(ctx, [_Column(x) for x in xs], known.index(first, back), known.index(third, back), y_, z_, xy, xz)
    elif ctx.rank == y_:
        fresh = _as_y(ctx, [_Column(x) for x in xs], known.index(first, back), known.index(second, back), x_, z_, xy, yz)
    else:
        fresh = _as_z(ctx, [_Column(x) for x in xs], known.index(second, back), known.index(third, back), x_, y_, yz, xz)
    mine = ctx.rank, (ctx.rank + 1) % 3
    return [Share(x.kind, x.shape, tuple(_Column(x).store(parts[i]) for i in mine), LAYOUT) for x, parts in zip(xs, fresh)]


class _Column:
    """A column in the form in which its rows are gathered: words, a bit being a whole byte."""

    def __init__(self, x: Share) -> None:
        self.x = x
        self.add, self.subtract = (ADD, SUBTRACT) if isinstance(x.kind, Arithmetic) else (XOR, XOR)
        self.bytes = wire_bytes(x.kind, x.size)
        self.packed = not isinstance(x.kind, Arithmetic) and x.kind.bits != 8 * x.kind.word.itemsize

    def part(self, i: int) -> Array:
        p = self.x.parts[i]
        return unpack(p, self.x.rows) if self.x.is_bit else np.ascontiguousarray(p)

    def total(self) -> Array:
        """Both components of this party."""
        if self.x.is_bit:
            return unpack(self.x.parts[0] ^ self.x.parts[1], self.x.rows)
        return self.plus(*self.x.parts)

    def plus(self, a: Array, b: Array) -> Array:
        return np.add(a, b) if self.add == ADD else np.bitwise_xor(a, b)

    def mask(self, stream: Stream) -> Array:
        """A uniformly random column."""
        kind = self.x.kind
        if self.x.is_bit:
            return unpack(stream.words(-(-self.x.rows // 8), np.uint8), self.x.rows)
        out = stream.words(self.x.shape, kind.word)
        if self.packed:
            out &= kind.word.type((1 << kind.bits) - 1)
        return out

    def room(self) -> Array:
        """Where a message is received."""
        return np.empty(self.bytes, np.uint8) if self.packed else np.empty(self.x.shape, self.x.kind.word)

    def send(self, column: Array) -> Array:
        if self.x.is_bit:
            return pack(column)
        return pack_words(column, self.x.bits) if self.packed else column

    def read(self, message: Array) -> Array:
        if self.x.is_bit:
            return unpack(message, self.x.rows)
        return unpack_words(message, self.x.size, self.x.bits).reshape(self.x.shape) if self.packed else message

    def store(self, column: Array) -> Array:
        return pack(column) if self.x.is_bit else column


def _as_x(ctx: Context, columns: list[_Column], f: Array, h: Array, y: int, z: int, xy: int, xz: int) -> list[dict[int, Array]]:
    sends, fresh = [], []
    for c in columns:
        r, u, m = (c.mask(ctx.streams[y]) for _ in range(3))
        sends.append((z, c.send(gathered(c.total(), f, c.subtract, r))))
        sends.append((z, c.send(gathered(u, h, c.add, m))))
        fresh.append({xy: m})
    ctx.round(sends, [])
    messages = [c.room() for c in columns]
    ctx.round([], [(z, message) for message in messages])
    return [{**one, xz: c.read(message)} for c, one, message in zip(columns, fresh, messages)]


def _as_y(ctx: Context, columns: list[_Column], f: Array, g: Array, x: int, z: int, xy: int, yz: int) -> list[dict[int, Array]]:
    sends, fresh = [], []
    both = compose(g, f)
    second = 1 if ctx.rank == 1 else 0  # where this party holds c_2
    for c in columns:
        r, u, m = (c.mask(ctx.streams[x]) for _ in range(3))
        sends.append((z, c.send(gathered(c.part(second), both, c.add, gathered(r, g, c.add, u)))))
        fresh.append({xy: m, yz: c.mask(ctx.streams[z])})
    ctx.round(sends, [])
    ctx.round([], [])
    return fresh


def _as_z(ctx: Context, columns: list[_Column], g: Array, h: Array, x: int, y: int, yz: int, xz: int) -> list[dict[int, Array]]:
    masks = [c.mask(ctx.streams[y]) for c in columns]
    messages = [(c.room(), c.room(), c.room()) for c in columns]
    ctx.round([], [(x, m) for a, d, _ in messages for m in (a, d)] + [(y, s) for _, _, s in messages])
    sends, fresh = [], []
    for c, q, (a, d, s) in zip(columns, masks, messages):
        permuted = gathered(c.read(a), g, c.add, c.read(s))
        result = gathered(permuted, h, c.subtract, c.plus(c.read(d), q))
        sends.append((x, c.send(result)))
        fresh.append({yz: q, xz: result})
    ctx.round(sends, [])
    return fresh


@cache
def wire_bytes(kind: Kind, size: int) -> int:
    """Bytes of one column in one message."""
    return packed_bytes(kind.bits, size)


def shuffle_cost(parties: int, perm: object, xs: Sequence[Share]) -> Cost:
    """2 rounds; P0 sends two vectors a column, the others one."""
    each = sum(wire_bytes(x.kind, x.size) for x in xs)
    return Cost(2, (2 * each, each, each))


KERNELS: dict[str, Kernel] = {
    "draw": Kernel(draw, lambda parties, n, name: Cost(0, (0, 0, 0)), "p_0, p_1, p_2, each from a pair's stream", "Araki+ CCS 2021"),
    "shuffle": Kernel(shuffle, shuffle_cost, "x[p_0][p_1][p_2]", "Araki+ CCS 2021, Asharov+ CCS 2022; in two rounds: see the module"),
    "unshuffle": Kernel(unshuffle, shuffle_cost, "x[p_2^-1][p_1^-1][p_0^-1]", "as shuffle, with P1 and P2 in each other's place"),
}
