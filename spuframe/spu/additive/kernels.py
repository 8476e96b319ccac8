"""The core: products by triples [Beaver, CRYPTO 1991], opening, random shares, and permutations in two hops.

Every message is a part of a value less a part of a mask, which the receiver lacks: uniformly random to who did not make the masks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from spuframe.spu.additive.sharing import held, minus, plus, total
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel, Name, Permutation, What
from spuframe.spu.orders import Order, taken
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


def nothing(parties: int, *arguments: object) -> Cost:
    """Of what is local."""
    return Cost(0, (0, 0))


# ---- permutations -----------------------------------------------------------------------------------------
def draw(ctx: Context, n: int, name: Name) -> Order:
    """Each party draws its half; before the plan, with what its shuffles will take, if it was told of them."""
    order: Order = ctx.own.order(name, n)
    return order


def shuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """First p_0, then p_1."""
    return _moved(ctx, perm, xs, back=False)


def unshuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """The inverse of `shuffle`."""
    return _moved(ctx, perm, xs, back=True)


def _moved(ctx: Context, perm: Permutation, xs: Sequence[Share], *, back: bool) -> list[Share]:
    correlations = [ctx.own.take(what, count, perm.known, len(x.shape) == 1) for x, (what, count) in zip(xs, taken(perm, xs), strict=True)]
    for mover in (1, 0) if back else (0, 1):
        xs = _hop(ctx, mover, perm.known.index[mover], xs, correlations, back)
    return list(xs)


def _hop(ctx: Context, mover: int, index: Array | None, xs: Sequence[Share], correlations: Sequence[Sequence[Array]], back: bool) -> list[Share]:
    """One round, by ``p(a) = b + c``, of which the mover has c, and the other a and b.

    The other sends its part less a, and keeps b: the mover permutes the sum of that and its own part, and adds c. Back, the other sends its part less
    b and keeps a, and the mover takes c off before.
    """
    if ctx.rank != mover:
        pairs = [(b, a) if back else (a, b) for _, a, b in correlations]
        ctx.round([(mover, to_wire(minus(x.kind, x.parts[0], mask), x.kind, x.shape)) for x, (mask, _) in zip(xs, pairs, strict=True)], [])
        return [held(x.kind, x.shape, kept) for x, (_, kept) in zip(xs, pairs, strict=True)]
    messages = [np.empty(wire_bytes(x.kind, x.shape), np.uint8) for x in xs]
    ctx.round([], [(1 - mover, m) for m in messages])
    out = []
    for x, message, (c, _, _) in zip(xs, messages, correlations, strict=True):
        whole = plus(x.kind, x.parts[0], from_wire(message, x.kind, x.shape))
        assert index is not None
        if back:
            out.append(held(x.kind, x.shape, minus(x.kind, whole, c)).put(index))
        else:
            out.append(held(x.kind, x.shape, plus(x.kind, held(x.kind, x.shape, whole).take(index).parts[0], c)))
    return out


def shuffle_cost(parties: int, perm: Permutation, xs: Sequence[Share]) -> Cost:
    """Two rounds; a column each way."""
    each = sum(wire_bytes(x.kind, x.shape) for x in xs)
    material: Counter[What] = Counter()
    for what, count in taken(perm, xs):
        material[what] += count
    return Cost(2, (each, each), +material)


KERNELS: dict[str, Kernel] = {
    "dot": Kernel(dot, dot_cost, "sum c + d b + e a + d e, d = x - a, e = y - b; 1 round, 2k bits a pair", "Beaver, CRYPTO 1991"),
    "matmul": Kernel(matmul, matmul_cost, "C + D B + A E + D E; 1 round, both matrices", "Mohassel&Zhang (SecureML) S&P 2017, 4.2"),
    "and_": Kernel(and_, and_cost, "c ^ d b ^ e a ^ d e; 1 round, 2 bits a bit", "Beaver, CRYPTO 1991"),
    "open": Kernel(open_, open_cost, "x_0 + x_1; 1 round, k bits", "by definition"),
    "random": Kernel(random, nothing, "x_i uniform; 0 rounds", "by definition"),
    "edabit": Kernel(edabit, edabit_cost, "r in Z_2^k and its bits; 0 rounds, from the supply", "Escudero+ CRYPTO 2020"),
    "draw": Kernel(draw, nothing, "p_0 of party 0, p_1 of party 1 (and the dealer, if there is one)", "Chase+ (CGP) ASIACRYPT 2020"),
    "shuffle": Kernel(shuffle, shuffle_cost, "x[p_0][p_1], a hop is p(x_other - a + x_mover) + c, p(a) = b + c; 2 rounds", "Chase+ (CGP) ASIACRYPT 2020"),
    "unshuffle": Kernel(unshuffle, shuffle_cost, "x[p_1^-1][p_0^-1], a hop is p^-1(x_other - b + x_mover - c)", "as shuffle"),
}
"""All but sines."""
SINES: dict[str, Kernel] = {
    "sines": Kernel(sines, sines_cost, "r in Z_2^k, 2^f sin h r and 2^f cos h r; 0 rounds, from the supply", "Zheng+ ACSAC 2023, section 4"),
}
"""Random angles with their sines, where somebody can make them."""
