"""Kernels over what each party knows: ``x = a + b``, a known to party 0, b to party 1: one oblivious transfer does what edaBits would.

As in aby3 (`spuframe.protocols.aby3.arithmetic`), whose two addends these are. Material for products of private values is random ones: the
parties tell each other their value less (bits: XOR) the random one, which the receiver lacks, and correct the product by what was told.

- ``trunc`` and ``extend``: with ``v = x + 2^(k-2) = a + b - w 2^k`` and ``0 <= v < 2^(k-1)``, ``1 - w = (1 - a_top)(1 - b_top)``: one product of
  two private bits, in Z_2^e for the e bits that count. ``ceil(a / 2^f) + floor(b / 2^f) - w 2^(k-f) - 2^(k-2-f)`` is off by less than a unit.
- ``inject``: ``(c_0 ^ c_1)(x_0 + x_1) = c_0 x_0 + c_1 x_1 + c_0 X_1 + c_1 X_0`` with ``X_i = x_i (1 - 2 c_i)``: two products of a private bit
  and a private word.
- ``addends``: ``a & b`` bit by bit; ``a ^ b`` is shared as it is.
- ``eqz``: ``x = 0`` exactly where all bits of ``a ^ ~(-b)`` are set, which are shared as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.spu import derived
from spuframe.spu.additive import kernels
from spuframe.spu.additive.sharing import held
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Derived, Kernel, What
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Share, pack, unpack
from spuframe.spu.wire import from_wire, to_wire, wire_bytes


def swap(ctx: Context, *messages: Array) -> list[Array]:
    """Tell the other party something, and get as much of it: one round."""
    sent = [np.ascontiguousarray(m).reshape(-1).view(np.uint8) for m in messages]
    got = np.empty(sum(m.size for m in sent), np.uint8)
    ctx.round([(1 - ctx.rank, np.concatenate(sent))], [(1 - ctx.rank, got)])
    return [np.ascontiguousarray(piece) for piece in np.split(got, np.cumsum([m.size for m in sent])[:-1])]


def material(what: What, count: int) -> dict[What, int]:
    """What is taken, if any is."""
    return {what: count} if count else {}


def _flags(ctx: Context, bits: Array, e: int) -> Array:
    """A share of the product of the parties' bits in Z_2^e: ``u v = (r + d - 2 r d)(s + e - 2 s e)`` for random r, s and public d, e."""
    n = bits.size
    own, z = ctx.own.take(("flag", e), n)
    told = (bits ^ own).astype(z.dtype)
    other = unpack(swap(ctx, pack(bits ^ own))[0], n).astype(z.dtype)
    one = z.dtype.type(1)
    minus_told, minus_other = one - (told << one), one - (other << one)
    out: Array = minus_told * minus_other * z + other * minus_told * own.astype(z.dtype)
    return out + told * other if ctx.rank == 0 else out


def clear_tops(ctx: Context, v: Array, k: int, e: int) -> Array:
    """A share of ``1 - w`` in Z_2^e."""
    return _flags(ctx, ((v >> v.dtype.type(k - 1)) ^ v.dtype.type(1)).astype(np.uint8), e)


def trunc(ctx: Context, x: Share, f: int) -> Share:
    """One round, one bit each way."""
    k, word = x.bits, x.kind.word.type
    v = np.ascontiguousarray(x.parts[0]).reshape(-1)
    if ctx.rank == 0:
        v = v + word(1 << (k - 2))
    high = v >> word(f)
    if ctx.rank == 0:
        high += (v & word((1 << f) - 1) != 0).astype(v.dtype)
        high -= word((1 << (k - f)) + (1 << (k - 2 - f)) & (1 << k) - 1)
    return held(x.kind, x.shape, (high + (clear_tops(ctx, v, k, f).astype(v.dtype) << word(k - f))).reshape(x.shape))


def trunc_cost(parties: int, x: Share, f: int) -> Cost:
    """One round; a bit each way."""
    return Cost(1, (wire_bytes(BIT, (x.size,)),) * 2, material(("flag", f), x.size))


def extend(ctx: Context, x: Share, bits: int) -> Share:
    """One round, one bit each way."""
    k, kind = x.bits, Arithmetic(bits)
    word, narrow = kind.word.type, x.kind.word.type
    v = np.ascontiguousarray(x.parts[0]).reshape(-1)
    if ctx.rank == 0:
        v = v + narrow(1 << (k - 2))
    wide = v.astype(kind.word) + (clear_tops(ctx, v, k, bits - k).astype(kind.word) << word(k))
    if ctx.rank == 0:
        wide -= word((1 << k) + (1 << (k - 2)))
    return held(kind, x.shape, wide.reshape(x.shape))


def extend_cost(parties: int, x: Share, bits: int) -> Cost:
    """One round; a bit each way."""
    return Cost(1, (wire_bytes(BIT, (x.size,)),) * 2, material(("flag", bits - x.bits), x.size))


def inject(ctx: Context, bit: Share, x: Share) -> Share:
    """One round; a bit and a word each way."""
    n, dtype = x.rows, x.kind.word
    one = dtype.type(1)
    c, part = unpack(bit.parts[0], n), x.parts[0]
    mine = part * (one - (c.astype(dtype) << one))
    r, d, got, sent = ctx.own.take(("mux", x.bits), n)
    told = c ^ r
    message, words = swap(ctx, pack(told), mine - d)
    other, difference = unpack(message, n).astype(dtype), words.view(dtype)
    e = told.astype(dtype)
    # c X' = e X' + (1 - 2e) (r d' + r (X' - d')) of own bits, and the same of the other's
    out = c * part + (one - (e << one)) * (r * difference + got) + other * mine + (one - (other << one)) * sent
    return held(x.kind, x.shape, out)


def inject_cost(parties: int, bit: Share, x: Share) -> Cost:
    """One round."""
    return Cost(1, (wire_bytes(BIT, (x.size,)) + x.size * x.bits // 8,) * 2, material(("mux", x.bits), x.size))


def addends(ctx: Context, x: Share, bits: int) -> tuple[Share, Share]:
    """One round; the bits each way."""
    kind, flat = Boolean(bits), np.ascontiguousarray(x.parts[0]).reshape(-1)
    if kind == BIT:
        own = pack(flat.astype(np.uint8) & np.uint8(1))
    else:
        own = (flat & flat.dtype.type(kind.mask)).astype(kind.word)
    u, z = ctx.own.take(("private and", bits), x.size)
    told, shape = own ^ u, (x.size,)
    other = from_wire(swap(ctx, to_wire(told, kind, shape))[0], kind, shape)
    made = z ^ (u & other)
    if ctx.rank == 0:
        made ^= told & other
    return held(kind, x.shape, made), held(kind, x.shape, own)


def addends_cost(parties: int, x: Share, bits: int) -> Cost:
    """One round."""
    return Cost(1, (wire_bytes(Boolean(bits), (x.size,)),) * 2, material(("private and", bits), x.size))


def eqz(box: BlackBox, x: Share, bits: int) -> Share:
    """The AND of the bits, in log2 of their number rounds."""
    if isinstance(x.kind, Arithmetic):
        kind = Boolean(bits)
        if box.ctx is None:
            return derived.eqz(box, Share(kind, x.shape, ()), bits)
        part = x.parts[0] if box.ctx.rank == 0 else np.negative(x.parts[0])  # a ^ -b is zero where a ^ ~(-b) is all ones
        words = pack(part.astype(np.uint8) & np.uint8(1)) if kind == BIT else (part & part.dtype.type(kind.mask)).astype(kind.word)
        x = held(kind, x.shape, words)
    return derived.eqz(box, x, bits)


# ---- products with truncation ---------------------------------------------------------------------------------
def dot(ctx: Context, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Share:
    """A product, and its truncation."""
    product = kernels.dot(ctx, xs, ys, 0)
    return trunc(ctx, product, f) if f else product


def dot_cost(parties: int, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Cost:
    """One round, two if truncated."""
    cost = kernels.dot_cost(parties, xs, ys, 0)
    return cost + trunc_cost(parties, xs[0], f) if f else cost


def matmul(ctx: Context, x: Share, y: Share, f: int) -> Share:
    """A product, and its truncation."""
    product = kernels.matmul(ctx, x, y, 0)
    return trunc(ctx, product, f) if f else product


def matmul_cost(parties: int, x: Share, y: Share, f: int) -> Cost:
    """One round, two if truncated."""
    cost = kernels.matmul_cost(parties, x, y, 0)
    return cost + trunc_cost(parties, Share(x.kind, (x.shape[0], y.shape[1]), ()), f) if f else cost


_PLAIN = kernels.KERNELS
KERNELS: dict[str, Kernel | Derived] = {
    "dot": Kernel(dot, dot_cost, _PLAIN["dot"].equation + "; truncated 2 rounds, a bit more", _PLAIN["dot"].source),
    "matmul": Kernel(matmul, matmul_cost, _PLAIN["matmul"].equation + "; truncated 2 rounds", _PLAIN["matmul"].source),
    "trunc": Kernel(
        trunc,
        trunc_cost,
        "ceil(a / 2^f) + floor(b / 2^f) - w 2^(k-f) - 2^(k-2-f), 1 - w = (1 - a_top)(1 - b_top); 1 round, 1 bit",
        "as aby3's; products of private bits: Gilboa CRYPTO 1999",
    ),
    "extend": Kernel(extend, extend_cost, "a + b - w 2^k - 2^(k-2); 1 round, 1 bit", "as trunc"),
    "inject": Kernel(inject, inject_cost, "c_0 x_0 + c_1 x_1 + c_0 X_1 + c_1 X_0, X = x (1 - 2c); 1 round, k + 1 bits", "Gilboa CRYPTO 1999"),
    "addends": Kernel(addends, addends_cost, "a & b and a ^ b, x = a + b; 1 round, b bits", "Demmler+ (ABY) NDSS 2015, section 4"),
    "eqz": Derived(eqz, "AND_j ~(a ^ -b)_j, x = a + b", "as aby3's"),
}
"""In place of those that are derived."""
