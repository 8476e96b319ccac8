"""The core: products by triples [Beaver, CRYPTO 1991], opening, random shares, and permutations in two hops.

Every message is a part of a value less a part of a mask, which the receiver lacks: to party 1 uniformly random. Party 0 made the masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.protocols.semi2k_dealer.sharing import held, minus, plus, total
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Arithmetic, Array, Boolean, Kind, Share
from spuframe.spu.wire import from_wire, to_wire, uniform, wire_bytes


def _reveal(ctx: Context, values: Sequence[tuple[Kind, tuple[int, ...], Array]]) -> list[Array]:
    """Values of which each party has a part, added up: one round."""
    other = 1 - ctx.rank
    sent = [to_wire(part, kind, shape).view(np.uint8) for kind, shape, part in values]
    got = np.empty(sum(s.nbytes for s in sent), np.uint8)
    ctx.round([(other, np.concatenate(sent))], [(other, got)])
    pieces = np.split(got, np.cumsum([s.nbytes for s in sent])[:-1])
    return [
        plus(kind, part, from_wire(np.ascontiguousarray(piece), kind, shape).reshape(part.shape))
        for (kind, shape, part), piece in zip(values, pieces, strict=True)
    ]


def dot(ctx: Context, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Share:
    """``c + d b + e a + d e`` for ``d = x - a`` and ``e = y - b``, summed."""
    kind, shape = xs[0].kind, xs[0].shape
    x, y = (np.concatenate([s.parts[0].reshape(-1) for s in side]) for side in (xs, ys))
    a, b, c = ctx.own.take(("triple", kind.bits), x.size)
    d, e = _reveal(ctx, [(kind, x.shape, x - a), (kind, y.shape, y - b)])
    z = c + d * b + e * a
    if ctx.rank == 0:
        z += d * e
    return held(kind, shape, z.reshape(len(xs), *shape).sum(axis=0, dtype=kind.word))


def dot_cost(parties: int, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Cost:
    """One round; a triple and two words for every pair."""
    n = len(xs) * xs[0].size
    return Cost(1, (2 * n * xs[0].bits // 8,) * 2, {("triple", xs[0].bits): n} if n else {})


def matmul(ctx: Context, x: Share, y: Share, f: int) -> Share:
    """As `dot`, with matrices."""
    kind, (n, m), p = x.kind, x.shape, y.shape[1]
    a, b, c = ctx.own.take(("matmul", kind.bits, (n, m, p)), 1)
    d, e = _reveal(ctx, [(kind, x.shape, x.parts[0] - a), (kind, y.shape, y.parts[0] - b)])
    z = c + np.matmul(d, b, dtype=kind.word) + np.matmul(a, e, dtype=kind.word)
    if ctx.rank == 0:
        z += np.matmul(d, e, dtype=kind.word)
    return held(kind, (n, p), z)


def matmul_cost(parties: int, x: Share, y: Share, f: int) -> Cost:
    """One round; both matrices, and a triple of their sizes."""
    return Cost(1, ((x.size + y.size) * x.bits // 8,) * 2, {("matmul", x.bits, (*x.shape, y.shape[1])): 1})


def and_(ctx: Context, x: Share, y: Share) -> Share:
    """As `dot`, over bits."""
    a, b, c = ctx.own.take(("and", x.bits), x.size)
    flat = (x.size,)
    (u, v), shape = (s.parts[0].reshape(-1) for s in (x, y)), x.parts[0].shape
    d, e = _reveal(ctx, [(x.kind, flat, u ^ a), (x.kind, flat, v ^ b)])
    z = c ^ (d & b) ^ (e & a)
    if ctx.rank == 0:
        z ^= d & e
    return held(x.kind, x.shape, z.reshape(shape))


def and_cost(parties: int, x: Share, y: Share) -> Cost:
    """One round; two words, and a triple of words."""
    return Cost(1, (2 * wire_bytes(x.kind, (x.size,)),) * 2, {("and", x.bits): x.size} if x.size else {})


def open_(ctx: Context, x: Share) -> Array:
    """Both parts added up."""
    other, missing = 1 - ctx.rank, np.empty(wire_bytes(x.kind, x.shape), np.uint8)
    ctx.round([(other, to_wire(x.parts[0], x.kind, x.shape))], [(other, missing)])
    return total(x.kind, x.shape, x.parts[0], from_wire(missing, x.kind, x.shape))


def open_cost(parties: int, x: Share) -> Cost:
    """One part each."""
    return Cost(1, (wire_bytes(x.kind, x.shape),) * 2)


def random(ctx: Context, kind: Kind, shape: tuple[int, ...]) -> Share:
    """Each party draws its part alone."""
    return held(kind, shape, uniform(ctx.private, kind, shape))


def edabit(ctx: Context, kind: Arithmetic, bits: int, n: int) -> tuple[Share, Share]:
    """From the supply."""
    number, word = ctx.own.take(("edabit", kind.bits, bits), n)
    return held(kind, (n,), number), held(Boolean(bits), (n,), word)


def edabit_cost(parties: int, kind: Arithmetic, bits: int, n: int) -> Cost:
    """Nothing is sent."""
    return Cost(0, (0, 0), {("edabit", kind.bits, bits): n} if n else {})


def sines(ctx: Context, kind: Arithmetic, period: int, harmonics: tuple[int, ...], f: int, n: int) -> tuple[Share, Share]:
    """From the supply."""
    angle, waves = ctx.own.take(("sines", kind.bits, period, harmonics, f), n)
    return held(Arithmetic.least(period), (n,), angle), held(kind, (2 * len(harmonics), n), waves)


def sines_cost(parties: int, kind: Arithmetic, period: int, harmonics: tuple[int, ...], f: int, n: int) -> Cost:
    """Nothing is sent."""
    return Cost(0, (0, 0), {("sines", kind.bits, period, harmonics, f): n} if n else {})


def _nothing(parties: int, *arguments: object) -> Cost:
    return Cost(0, (0, 0))


# ---- permutations -----------------------------------------------------------------------------------------
class Permutation:
    """``x[p_0][p_1]``: party i applies p_i; the dealer knows both, party 1 its own.

    Parameters
    ----------
    indices : tuple of (ndarray or None)
        p_0 and p_1 where this party knows them.
    rows : int
    """

    def __init__(self, indices: tuple[Array | None, Array], rows: int) -> None:
        self.indices, self.rows = indices, rows

    def __repr__(self) -> str:
        return f"Permutation(rows={self.rows})"  # never the indices


def draw(ctx: Context, n: int) -> Permutation:
    """The dealer draws p_0 alone, and p_1 with party 1."""
    second = ctx.streams[1 - ctx.rank].permutation(n)
    return Permutation((ctx.private.permutation(n) if ctx.rank == 0 else None, second), n)


def shuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """First p_0, then p_1."""
    return _hop(ctx, 1, perm, _hop(ctx, 0, perm, xs, back=False), back=False)


def unshuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """The inverse of `shuffle`."""
    return _hop(ctx, 0, perm, _hop(ctx, 1, perm, xs, back=True), back=True)


def _hop(ctx: Context, mover: int, perm: Permutation, xs: Sequence[Share], *, back: bool) -> list[Share]:
    """The other party hides its part with a and keeps b; the mover permutes the sum and adds ``p(a) - b``. One round."""
    for x in xs:
        if x.rows != perm.rows:
            raise ProtocolError(f"a permutation of {perm.rows} rows cannot take a column of {x.rows}: draw one of the column's size")
    if not xs:
        return []
    index = perm.indices[mover]
    taken = [ctx.own.take(("permute", x.bits), x.size, x.kind, x.shape, mover, index, back) for x in xs]
    if ctx.rank != mover:
        ctx.round([(mover, to_wire(minus(x.kind, x.parts[0], a), x.kind, x.shape)) for x, (a, _) in zip(xs, taken, strict=True)], [])
        return [held(x.kind, x.shape, b) for x, (_, b) in zip(xs, taken, strict=True)]
    messages = [np.empty(wire_bytes(x.kind, x.shape), np.uint8) for x in xs]
    ctx.round([], [(1 - mover, m) for m in messages])
    out = []
    for x, message, (delta,) in zip(xs, messages, taken, strict=True):
        whole = held(x.kind, x.shape, plus(x.kind, x.parts[0], from_wire(message, x.kind, x.shape)))
        assert index is not None
        moved = whole.put(index) if back else whole.take(index)
        out.append(held(x.kind, x.shape, plus(x.kind, moved.parts[0], delta)))
    return out


def shuffle_cost(parties: int, perm: object, xs: Sequence[Share]) -> Cost:
    """Two rounds; a column each way."""
    if not xs:
        return Cost(0, (0, 0))
    each = sum(wire_bytes(x.kind, x.shape) for x in xs)
    material: dict[tuple[str | int | tuple[int, ...], ...], int] = {}
    for x in xs:
        material["permute", x.bits] = material.get(("permute", x.bits), 0) + 2 * prod(x.shape)
    return Cost(2, (each, each), {what: n for what, n in material.items() if n})


KERNELS: dict[str, Kernel] = {
    "dot": Kernel(dot, dot_cost, "sum c + d b + e a + d e, d = x - a, e = y - b; 1 round, 2k bits a pair", "Beaver, CRYPTO 1991"),
    "matmul": Kernel(matmul, matmul_cost, "C + D B + A E + D E; 1 round, both matrices", "Mohassel&Zhang (SecureML) S&P 2017, 4.2"),
    "and_": Kernel(and_, and_cost, "c ^ d b ^ e a ^ d e; 1 round, 2 bits a bit", "Beaver, CRYPTO 1991"),
    "open": Kernel(open_, open_cost, "x_0 + x_1; 1 round, k bits", "by definition"),
    "random": Kernel(random, _nothing, "x_i uniform; 0 rounds", "by definition"),
    "edabit": Kernel(edabit, edabit_cost, "r in Z_2^k and its bits; 0 rounds, from the supply", "Escudero+ CRYPTO 2020"),
    "sines": Kernel(sines, sines_cost, "r in Z_2^k, 2^f sin h r and 2^f cos h r; 0 rounds, from the supply", "Zheng+ ACSAC 2023, section 4"),
    "draw": Kernel(draw, _nothing, "p_0 of party 0, p_1 of both", "Chase+ (CGP) ASIACRYPT 2020, with a dealer"),
    "shuffle": Kernel(shuffle, shuffle_cost, "x[p_0][p_1], a hop is p(x_other - a + x_mover) + p(a) - b; 2 rounds, k bits", "Chase+ (CGP) ASIACRYPT 2020"),
    "unshuffle": Kernel(unshuffle, shuffle_cost, "x[p_1^-1][p_0^-1]", "as shuffle"),
}
