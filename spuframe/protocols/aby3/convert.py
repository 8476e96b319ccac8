"""Between arithmetic and boolean shares: `a2b` and `b2a`.

`b2a` has two ways, chosen by traffic. Few bits in a small ring: 2 rounds, ``x = v + sum_j 2^j u_j (1 - 2 v_j)`` for ``x = u ^ v``, where
``u = c_0 ^ c_1`` is known to P0 and ``v = c_2`` to P1 and P2: P0 shares its bits u_j in the ring, the products are answered to it as in
`circuit`. Otherwise a random word w, whose shares cost nothing since only P1 needs to know it, is added by a circuit of the width of x
(not of the ring) and ``D = x + w mod 2^b`` is opened to P0 and P2: uniform, as each of them lacks a part of w. Then
``x = D - w + 2^b carry``; D is component 0, P1 deals -w to components 1 and 2, and the carry is converted as a single bit
[the mask-and-open idea of edaBits, Escudero+ CRYPTO 2020, section 4, with P1 in the place of the preprocessing].
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spuframe.kernels.bits import bit_products, bits_minus, from_planes, plane_to_bitmap, plane_words, to_planes
from spuframe.protocols.aby3.circuit import (
    Circuit,
    all_carries,
    answer,
    build,
    enter,
    linear,
    plane_bytes,
    planes_of,
    run,
    run_cost,
)
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, unpack

FEW_BITS = 256
"""Largest product of word and ring width that is converted by products: 32 bytes a row from P0."""


# ---- arithmetic to boolean -------------------------------------------------------------------------------
@cache
def sum_circuit(bits: int) -> tuple[Array, Circuit]:
    """What is answered (see `pair_terms`), and the prefix tree after it; outputs are the carries out of positions 0 .. bits-2.

    State rows: ``a ^ b`` for every position, the answers (all generate bits, propagate bits of all pairs but the lowest).
    """
    positions = bits - 1
    terms = [(j % 2, j) for j in range(positions)] + [(2, j) for j in range(3, positions, 2)]
    pair_rows = iter(range(bits + positions, bits + len(terms)))
    propagate = [next(pair_rows) if j % 2 and j > 1 else j for j in range(positions)]
    inputs = bits + len(terms)
    levels, carries = all_carries(list(range(bits, bits + positions)), propagate, 2, inputs)
    return np.array(terms, np.int64).reshape(-1, 2), build(inputs, levels, carries)


def a2b(ctx: Context, x: Share, bits: int) -> Share:
    """The low ``bits`` bits of x as a boolean word."""
    planes = planes_of(ctx.rank, x, bits)
    entered = enter(ctx, planes, bits, (bits - 1) // 2)
    parts = linear(ctx.rank, entered, planes, slice(0, bits))
    if bits > 1:
        terms, circuit = sum_circuit(bits)
        states = own, other = circuit.state(planes.shape[1]), circuit.state(planes.shape[1])
        for state, part in zip(states, parts):
            state[:bits] = part
        answer(ctx, entered, planes, bits, terms, own[bits : circuit.inputs], other[bits : circuit.inputs])
        run(ctx, circuit, own, other)
        parts = add_carries(own, circuit, 0, bits), add_carries(other, circuit, 0, bits)
    return words_share(parts[0], parts[1], x.shape)


def add_carries(state: Array, circuit: Circuit, first: int, bits: int) -> Array:
    """One component of the sum: ``a ^ b`` in rows ``first ..`` and the carries into positions 1 .. bits-1."""
    out = state[first : first + bits].copy()
    for j, row in enumerate(circuit.outputs[: bits - 1], 1):
        out[j] ^= state[row]
    return out


def words_share(own: Array, other: Array, shape: tuple[int, ...]) -> Share:
    """Planes as a share of words, or of single bits."""
    n, bits = int(np.prod(shape)), len(own)
    if bits == 1:
        return Share(BIT, (n,), (plane_to_bitmap(own[0], n), plane_to_bitmap(other[0], n)), LAYOUT)
    return Share(Boolean(bits), shape, (from_planes(own, n).reshape(shape), from_planes(other, n).reshape(shape)), LAYOUT)


def a2b_cost(parties: int, x: Share, bits: int) -> Cost:
    """1 + ceil(log2(bits-1)) rounds from 3 bits on; 1 for a single bit, 2 for two."""
    each = plane_bytes(x.size)
    if bits == 1:
        return Cost(1, (each, 0, 0))
    terms, circuit = sum_circuit(bits)
    return Cost(2, ((bits + (bits - 1) // 2) * each, len(terms) * each, len(terms) * each)) + run_cost(circuit, x.size)


# ---- boolean to arithmetic -------------------------------------------------------------------------------
def is_few(x: Kind, bits: int) -> bool:
    """Whether words of kind x are converted to a ring of ``bits`` bits by products."""
    return x == BIT or x.bits * bits <= FEW_BITS


def b2a(ctx: Context, x: Share, bits: int) -> Share:
    """The unsigned word (or bit) in Z_2^bits."""
    first, second = (unpack(p, x.rows) if x.is_bit else np.ascontiguousarray(p).reshape(-1) for p in x.parts)
    if is_few(x.kind, bits):
        started = _Products(ctx, first, second, x.bits, bits)
        ctx.round(started.sends, started.recvs)
        parts = started.finish(ctx)
    else:
        parts = _b2a_by_sum(ctx, first, second, x.bits, bits)
    return Share(Arithmetic(bits), x.shape, (parts[0].reshape(x.shape), parts[1].reshape(x.shape)), LAYOUT)


class _Products:
    """``v + sum_j 2^j u_j (1 - 2 v_j)``: `sends` and `recvs` belong to the next round, `finish` is the round after it."""

    def __init__(self, ctx: Context, first: Array, second: Array, width: int, bits: int) -> None:
        word = Arithmetic(bits).word
        shape = (first.size, width)
        self.sends: list[tuple[int, Array]] = []
        self.recvs: list[tuple[int, Array]] = []
        if ctx.rank == 0:
            masked = np.empty(shape, word)
            bits_minus(first ^ second, ctx.streams[2].words(shape, word), masked)
            self.sends = [(1, masked)]
            self.result = np.empty(first.size, word), np.empty(first.size, word)
        elif ctx.rank == 1:
            self.entered, self.v = np.empty(shape, word), second
            self.recvs = [(0, self.entered)]
        else:
            self.entered, self.v = ctx.streams[0].words(shape, word), first

    def finish(self, ctx: Context) -> tuple[Array, Array]:
        if ctx.rank == 0:
            ctx.round([], [(1, self.result[1]), (2, self.result[0])])
            return self.result
        masks = ctx.streams[3 - ctx.rank].words((2, len(self.entered)), self.entered.dtype)
        mine = np.empty_like(masks[0])
        bit_products(self.entered, self.v, ctx.rank == 1, masks[ctx.rank - 1], mine)
        ctx.round([(0, mine)], [])
        shared = np.negative(masks[0] + masks[1])
        return (mine, shared) if ctx.rank == 1 else (shared, mine)


@cache
def masking_circuit(width: int, carry: bool) -> Circuit:
    """``x + w`` for shared x and w; outputs are the carries. State rows: x, w, ``x ^ w``."""
    positions = width if carry else width - 1
    inputs = 3 * width
    products = [(j, width + j, -1) for j in range(positions)]
    generate = list(range(inputs, inputs + positions))
    levels, carries = all_carries(generate, list(range(2 * width, 2 * width + positions)), 1, inputs + positions)
    return build(inputs, [products, *levels], carries)


def _b2a_by_sum(ctx: Context, first: Array, second: Array, width: int, bits: int) -> tuple[Array, Array]:
    n, word = first.size, Arithmetic(bits).word
    carry = bits > width
    circuit = masking_circuit(width, carry)
    shape = (width, plane_words(n))
    # w: component 0 is zero, component 1 known to P0 and P1, component 2 to P1 and P2.
    w1 = ctx.streams[1 - ctx.rank].words(shape, np.uint64) if ctx.rank < 2 else None
    w2 = ctx.streams[3 - ctx.rank].words(shape, np.uint64) if ctx.rank > 0 else None
    states = []
    for part, w in zip((first, second), ((None, w1), (w1, w2), (w2, None))[ctx.rank]):
        state = circuit.state(shape[1])
        state[:width] = to_planes(part, width)
        state[width : 2 * width] = 0 if w is None else w
        np.bitwise_xor(state[:width], state[width : 2 * width], out=state[2 * width : 3 * width])
        states.append(state)
    own, other = states
    run(ctx, circuit, own, other)
    opened = [add_carries(s, circuit, 2 * width, width) for s in states]
    theirs = np.empty(shape, np.uint64)
    # -w: component 1 is drawn by P0 and P1, P1 sends the rest to P2.
    drawn = ctx.streams[1 - ctx.rank].words(n, word) if ctx.rank < 2 else np.empty(0, word)
    if ctx.rank == 0:
        sends, recvs = [(2, opened[1])], [(2, theirs)]
    elif ctx.rank == 1:
        assert w1 is not None and w2 is not None
        rest = np.negative(from_planes(w1 ^ w2, n).astype(word) + drawn)
        sends, recvs = [(2, rest)], []
    else:
        rest = np.empty(n, word)
        sends, recvs = [(0, opened[0])], [(0, theirs), (1, rest)]
    bit = None
    if carry:
        row = circuit.outputs[-1]
        high_own, high_other = (unpack(plane_to_bitmap(s[row], n), n) for s in states)
        bit = _Products(ctx, high_own, high_other, 1, Arithmetic.least(bits - width).bits)
    ctx.round([*(bit.sends if bit else []), *sends], [*(bit.recvs if bit else []), *recvs])
    if ctx.rank == 1:
        parts = drawn, rest
    else:
        d = from_planes(opened[0] ^ opened[1] ^ theirs, n).astype(word)
        parts = (d, drawn) if ctx.rank == 0 else (rest, d)
    if bit is None:
        return parts
    high = bit.finish(ctx)
    by = word.type(width)
    return parts[0] + (high[0].astype(word) << by), parts[1] + (high[1].astype(word) << by)


def b2a_cost(parties: int, x: Share, bits: int) -> Cost:
    """2 rounds by products; 2 + ceil(log2 b) by a sum, one more where the ring is wider than the word."""
    n, width = x.size, x.bits
    ring = n * bits // 8
    if is_few(x.kind, bits):
        return Cost(2, (width * ring, ring, ring))
    carry = bits > width
    opened = width * plane_bytes(n)
    cost = run_cost(masking_circuit(width, carry), n) + Cost(1, (opened, ring, opened))
    high = n * Arithmetic.least(bits - width).bits // 8
    return cost + Cost(1, (high, high, high)) if carry else cost


KERNELS: dict[str, Kernel] = {
    "a2b": Kernel(
        a2b,
        a2b_cost,
        "bits of a + b, x = a + b; carries by Sklansky's prefix tree from pairs of positions",
        "Mohassel, Rindal, ABY3 (CCS 2018), section 5.3; first level by bilinear pairs, see circuit.py",
    ),
    "b2a": Kernel(
        b2a,
        b2a_cost,
        "v + sum_j 2^j u_j (1 - 2 v_j), x = u ^ v; or (x + w mod 2^b) - w + 2^b carry",
        "ABY3 (CCS 2018), section 5.4; edaBits (CRYPTO 2020), section 4",
    ),
}
