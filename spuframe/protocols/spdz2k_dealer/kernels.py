"""The core: products by triples, openings that are noted and checked later, and permutations in two hops.

Every word that is opened is masked in all its bits by one that no party knows, or, where the value itself is opened, in all bits above the value. Party 1
receives nothing else. What a party opens it cannot change unnoticed: `settle` compares what the tags are beyond ``key * word``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from spuframe.kernels import wide
from spuframe.kernels.prg import KEY_BYTES, Stream
from spuframe.protocols.spdz2k_dealer.dealer import Pair, count, ring, tampered
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel, Name, Permutation, What
from spuframe.spu.kinds import BIT, unpack
from spuframe.spu.orders import DEALER, Order, taken
from spuframe.spu.share import Arithmetic, Array, Boolean, Kind, Share
from spuframe.spu.tagged import TAGGED, inner, limbs, values_of, words_of

_DIGEST, _NONCE = 32, 16


def held(kind: Kind, shape: tuple[int, ...], pair: Sequence[Array]) -> Share:
    """A share of this party's words and tags."""
    return Share(kind, shape, tuple(p.reshape(*shape, *inner(kind)) for p in pair), TAGGED)


def flat(x: Share) -> Pair:
    """One word a row."""
    return tuple(p.reshape(-1, limbs(x.kind)) for p in x.parts)


def public(ctx: Context, words: Array) -> Pair:
    """Public words as shared ones: ``(v, 0)``, and the key's part times v."""
    return words if ctx.rank == DEALER else np.zeros_like(words), wide.mul(words, ctx.own.key[: words.shape[-1]])


def constant(ctx: Context, values: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """A public value."""
    plain = unpack(values, shape[0]) if kind == BIT else np.asarray(values, kind.word).reshape(shape)
    return held(kind, shape, public(ctx, words_of(kind, plain)))


def plus(one: Sequence[Array], other: Sequence[Array]) -> Pair:
    """The sum, of words and of tags."""
    return tuple(map(wide.add, one, other))


def minus(one: Sequence[Array], other: Sequence[Array]) -> Pair:
    """The difference, of words and of tags."""
    return tuple(map(wide.sub, one, other))


def reveal(ctx: Context, pairs: Sequence[Sequence[Array]]) -> list[Array]:
    """Words of which each party has a part, added up and noted: one round. They must be masked."""
    other = 1 - ctx.rank
    sent = np.concatenate([np.ascontiguousarray(words).reshape(-1) for words, _ in pairs] or [np.empty(0, np.uint64)])
    got = np.empty_like(sent)
    ctx.round([(other, sent)], [(other, got)])
    out, start = [], 0
    for words, tag in pairs:
        opened = wide.add(words, got[start : start + words.size].reshape(words.shape))
        ctx.own.note(opened, tag)
        out.append(opened)
        start += words.size
    return out


def settle(ctx: Context) -> None:
    """Both tell a digest of what their tags are beyond ``key * word``, of all that was opened: first a promise, then what was promised.

    The parts of a right opening add up to zero, so both have the same digest. Who changed a word by d must have changed the tags by ``key * d``,
    and the key is known to nobody: for k-bit values in words of L bits that succeeds with a probability of at most 2^-(L-k+1).
    """
    other, name = 1 - ctx.rank, ctx.link.config.name(1 - ctx.rank)
    seen = ctx.own.noted()
    told = np.concatenate([np.frombuffer(seen, np.uint8), ctx.private.words(_NONCE, np.uint8)])
    promised, heard = np.empty(_DIGEST, np.uint8), np.empty(_DIGEST + _NONCE, np.uint8)
    ctx.round([(other, _promise(ctx.rank, told))], [(other, promised)])
    ctx.round([(other, told)], [(other, heard)])
    if (promised != _promise(other, heard)).any() or heard[:_DIGEST].tobytes() != seen:
        raise tampered("the check of what was opened failed", name)


def _promise(rank: int, told: Array) -> Array:
    return np.frombuffer(hashlib.sha256(bytes([rank]) + told.tobytes()).digest(), np.uint8)


def settle_cost(parties: int) -> Cost:
    """A promise and its opening: 80 bytes, whatever was opened."""
    return Cost(2, (2 * _DIGEST + _NONCE,) * 2)


# ---- products -----------------------------------------------------------------------------------------------
def _product(ctx: Context, d: Array, e: Array, triple: Sequence[Array], times: Callable[[Array, Array], Array]) -> Pair:
    """``c + d b + a e + d e`` for ``d = x - a`` and ``e = y - b``."""
    (a, b, c), known = (triple[0:2], triple[2:4], triple[4:6]), public(ctx, times(d, e))
    return tuple(
        wide.add(wide.add(part_c, wide.add(times(d, part_b), times(part_a, e))), part)
        for part_a, part_b, part_c, part in zip(a, b, c, known, strict=True)
    )


def dot(ctx: Context, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Share:
    """A triple for every pair, summed."""
    kind, shape = xs[0].kind, xs[0].shape
    x, y = (tuple(np.concatenate(parts) for parts in zip(*map(flat, side), strict=True)) for side in (xs, ys))
    triple = ctx.own.take(("triple", ring(kind)), len(x[0]))
    d, e = reveal(ctx, [minus(x, triple[:2]), minus(y, triple[2:4])])
    made = _product(ctx, d, e, triple, wide.mul)
    return held(kind, shape, [wide.total(p.reshape(len(xs), -1, limbs(kind)), 0) for p in made])


def dot_cost(parties: int, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Cost:
    """One round; a triple and two words for every pair."""
    n, bits = len(xs) * xs[0].size, ring(xs[0].kind)
    return Cost(1, (2 * n * bits // 8,) * 2, {("triple", bits): n} if n else {})


def matmul(ctx: Context, x: Share, y: Share, f: int) -> Share:
    """As `dot`, with matrices."""
    kind, (n, m), p = x.kind, x.shape, y.shape[1]
    triple = ctx.own.take(("matmul", ring(kind), (n, m, p)), 1)
    d, e = reveal(ctx, [minus(x.parts, triple[:2]), minus(y.parts, triple[2:4])])
    return held(kind, (n, p), _product(ctx, d, e, triple, wide.matmul))


def matmul_cost(parties: int, x: Share, y: Share, f: int) -> Cost:
    """One round; both matrices, and a triple of their sizes."""
    bits = ring(x.kind)
    return Cost(1, ((x.size + y.size) * bits // 8,) * 2, {("matmul", bits, (*x.shape, y.shape[1])): 1})


def and_(ctx: Context, x: Share, y: Share) -> Share:
    """A bit is a number modulo 2: the product of every bit."""
    (u, v) = flat(x), flat(y)
    triple = ctx.own.take(("triple", 64), len(u[0]))
    d, e = reveal(ctx, [minus(u, triple[:2]), minus(v, triple[2:4])])
    return held(x.kind, x.shape, _product(ctx, d, e, triple, wide.mul))


def and_cost(parties: int, x: Share, y: Share) -> Cost:
    """One round; a triple and two words for every bit."""
    n = count(x.kind, x.size)
    return Cost(1, (16 * n,) * 2, {("triple", 64): n} if n else {})


# ---- opening, and values that no party knows -----------------------------------------------------------------
def above(kind: Kind) -> int:
    """Where a word's bits say nothing any more."""
    return kind.bits if isinstance(kind, Arithmetic) else 1


def open_(ctx: Context, x: Share) -> Array:
    """The words, with random ones above the value."""
    mask = ctx.own.take(("mask", ring(x.kind), above(x.kind)), count(x.kind, x.size))
    (opened,) = reveal(ctx, [plus(flat(x), mask)])
    return values_of(x.kind, opened.reshape(x.parts[0].shape))


def open_cost(parties: int, x: Share) -> Cost:
    """One round; a word for every value, or bit."""
    n, bits = count(x.kind, x.size), ring(x.kind)
    return Cost(1, (n * bits // 8,) * 2, {("mask", bits, above(x.kind)): n} if n else {})


def random(ctx: Context, kind: Kind, shape: tuple[int, ...]) -> Share:
    """From the supply: a party alone cannot make tags."""
    return held(kind, shape, ctx.own.take(("random", ring(kind)), count(kind, prod(shape))))


def random_cost(parties: int, kind: Kind, shape: tuple[int, ...]) -> Cost:
    """Nothing is sent."""
    return _material(("random", ring(kind)), count(kind, prod(shape)))


def edabit(ctx: Context, kind: Arithmetic, bits: int, n: int) -> tuple[Share, Share]:
    """From the supply."""
    parts = ctx.own.take(("edabit", kind.bits, bits), n)
    return held(kind, (n,), parts[:2]), held(Boolean(bits), (n,), parts[2:])


def edabit_cost(parties: int, kind: Arithmetic, bits: int, n: int) -> Cost:
    """Nothing is sent."""
    return _material(("edabit", kind.bits, bits), n)


def sines(ctx: Context, kind: Arithmetic, period: int, harmonics: tuple[int, ...], f: int, n: int) -> tuple[Share, Share]:
    """From the supply."""
    parts = ctx.own.take(("sines", kind.bits, period, harmonics, f), n)
    return held(Arithmetic.least(period), (n,), parts[:2]), held(kind, (2 * len(harmonics), n), parts[2:])


def sines_cost(parties: int, kind: Arithmetic, period: int, harmonics: tuple[int, ...], f: int, n: int) -> Cost:
    """Nothing is sent."""
    return _material(("sines", kind.bits, period, harmonics, f), n)


def _material(what: What, n: int) -> Cost:
    return Cost(0, (0, 0), {what: n} if n else {})


# ---- permutations -----------------------------------------------------------------------------------------
def draw(ctx: Context, n: int, name: Name) -> Order:
    """The dealer draws p_0 alone, and p_1 with party 1; before the plan, with what its shuffles will take, if it was told of them."""
    order: Order = ctx.own.order(name, n)
    return order


def draw_cost(parties: int, n: int, name: Name) -> Cost:
    """Nothing is sent."""
    return Cost(0, (0, 0))


def shuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """First p_0, then p_1."""
    return _moved(ctx, perm, xs, back=False)


def unshuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """The inverse of `shuffle`."""
    return _moved(ctx, perm, xs, back=True)


def _moved(ctx: Context, perm: Permutation, xs: Sequence[Share], *, back: bool) -> list[Share]:
    """Two hops, each moving words and tags alike; then all rows are checked together, before anything looks at some of them.

    Otherwise an error that party 1 puts into a row would be found only if that row is opened later, which tells where the row went. Party 0 tells a
    seed, a random sum of all rows is opened under a mask, and noted like all that is opened.
    """
    correlations = [ctx.own.take(what, n, perm.known, len(x.shape) == 1) for x, (what, n) in zip(xs, taken(perm, xs), strict=True)]
    rows = [np.stack(x.parts, axis=len(x.shape)) for x in xs]
    for mover in (1, 0) if back else (0, 1):
        rows = _hop(ctx, mover, perm.known.index[mover], rows, correlations, back)
    moved = [held(x.kind, x.shape, [np.take(r, i, axis=len(x.shape)) for i in range(2)]) for x, r in zip(xs, rows, strict=True)]
    seed = ctx.private.words(KEY_BYTES, np.uint8) if ctx.rank == DEALER else np.empty(KEY_BYTES, np.uint8)
    ctx.round([(1, seed)] if ctx.rank == DEALER else [], [] if ctx.rank == DEALER else [(DEALER, seed)])
    weights, sums = Stream(seed.tobytes()), []
    for x in moved:
        factors = weights.words((count(x.kind, x.size), limbs(x.kind)), np.uint64)
        total = [wide.total(wide.mul(p, factors), 0)[None] for p in flat(x)]
        sums.append(plus(total, ctx.own.take(("random", ring(x.kind)), 1)))
    reveal(ctx, sums)
    return moved


def _hop(ctx: Context, mover: int, index: Array | None, rows: Sequence[Array], correlations: Sequence[Sequence[Array]], back: bool) -> list[Array]:
    """One round, by ``p(a) = b + c``, of which the mover has c, and the other a and b.

    The other sends its part less a, and keeps b: the mover permutes the sum of that and its own part, and adds c. Back, the other sends its part less
    b and keeps a, and the mover takes c off before.
    """
    if ctx.rank != mover:
        pairs = [(b, a) if back else (a, b) for _, a, b in correlations]
        ctx.round([(mover, np.ascontiguousarray(wide.sub(r, mask))) for r, (mask, _) in zip(rows, pairs, strict=True)], [])
        return [kept for _, kept in pairs]
    messages = [np.empty(r.shape, np.uint64) for r in rows]
    ctx.round([], [(1 - mover, m) for m in messages])
    assert index is not None
    out = []
    for r, message, (c, _, _) in zip(rows, messages, correlations, strict=True):
        whole = wide.add(r, message)
        if back:
            placed = np.empty_like(whole)
            placed[index] = wide.sub(whole, c)
            out.append(placed)
        else:
            out.append(wide.add(whole[index], c))
    return out


def shuffle_cost(parties: int, perm: Permutation, xs: Sequence[Share]) -> Cost:
    """Four rounds; words and tags each way, from party 0 a seed, and a word of every column."""
    each = sum((2 * count(x.kind, x.size) + 1) * ring(x.kind) // 8 for x in xs)
    material: Counter[What] = Counter()
    for x, (what, n) in zip(xs, taken(perm, xs), strict=True):
        material[what] += n
        material["random", ring(x.kind)] += 1
    return Cost(4, (each + KEY_BYTES, each), +material)


KERNELS: dict[str, Kernel] = {
    "dot": Kernel(dot, dot_cost, "sum c + d b + a e + d e, d = x - a, e = y - b; 1 round, 2L bits a pair", "Beaver, CRYPTO 1991; Cramer+ CRYPTO 2018"),
    "matmul": Kernel(matmul, matmul_cost, "C + D B + A E + D E; 1 round, both matrices", "Mohassel&Zhang (SecureML) S&P 2017, 4.2"),
    "and_": Kernel(and_, and_cost, "as dot, modulo 2; 1 round, 128 bits a bit", "Damgard+ S&P 2019, section 3"),
    "open": Kernel(open_, open_cost, "x + 2^k r, noted; 1 round, L bits", "Cramer+ CRYPTO 2018, figure 3"),
    "settle": Kernel(settle, settle_cost, "H(m - key y) of all openings, promised, then told; 2 rounds, 80 bytes", "Damgard+ CRYPTO 2012"),
    "random": Kernel(random, random_cost, "r; 0 rounds, from the supply", "by definition"),
    "edabit": Kernel(edabit, edabit_cost, "r in Z_2^k and its bits; 0 rounds, from the supply", "Escudero+ CRYPTO 2020"),
    "sines": Kernel(sines, sines_cost, "r in Z_2^k, 2^f sin h r and 2^f cos h r; 0 rounds, from the supply", "Zheng+ ACSAC 2023, section 4"),
    "draw": Kernel(draw, draw_cost, "p_0 of party 0, p_1 of both", "Chase+ (CGP) ASIACRYPT 2020, with a dealer"),
    "shuffle": Kernel(shuffle, shuffle_cost, "x[p_0][p_1], p(x_other - a + x_mover) + c a hop; sum of all rows; 4 rounds", "Chase+ (CGP) ASIACRYPT 2020"),
    "unshuffle": Kernel(unshuffle, shuffle_cost, "x[p_1^-1][p_0^-1], p^-1(x_other - b + x_mover - c) a hop; as shuffle", "as shuffle"),
}
