"""One party that holds everything in the clear: the reference for every other protocol, and never for data.

A share has one component, the value itself. All kernels are local: no rounds, no bytes. Where other protocols may round either way,
this one rounds down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spuframe.spu.components import Components
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel, Name, Permutation, Protocol
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, Share, pack, stored_shape, unpack


def _signed(words: Array) -> Array:
    return words.view(f"i{words.dtype.itemsize}")


def _shift(words: Array, f: int) -> Array:
    """Floor of the signed value over 2^f."""
    return (_signed(words) >> f).view(words.dtype)


def _low(words: Array, bits: int) -> Array:
    return words.astype(np.uint64) & np.uint64((1 << bits) - 1)


LAYOUT = Components(1)


def _held(kind: Kind, shape: tuple[int, ...], words: Array) -> Share:
    return Share(kind, shape, (words,), LAYOUT)


# ---- kernels ----------------------------------------------------------------------------------------
def dot(ctx: Context, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Share:
    """Sum of products, rounded down."""
    total = xs[0].parts[0] * ys[0].parts[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total += x.parts[0] * y.parts[0]
    return _held(xs[0].kind, total.shape, _shift(total, f))


def matmul(ctx: Context, x: Share, y: Share, f: int) -> Share:
    """Matrix product, rounded down."""
    product = np.matmul(x.parts[0], y.parts[0], dtype=x.kind.word)
    return _held(x.kind, product.shape, _shift(product, f))


def trunc(ctx: Context, x: Share, f: int) -> Share:
    """Floor of x / 2^f."""
    return _held(x.kind, x.shape, _shift(np.ascontiguousarray(x.parts[0]), f))


def extend(ctx: Context, x: Share, bits: int) -> Share:
    """Sign extension."""
    kind = Arithmetic(bits)
    return _held(kind, x.shape, _signed(np.ascontiguousarray(x.parts[0])).astype(f"i{bits // 8}").view(kind.word))


def and_(ctx: Context, x: Share, y: Share) -> Share:
    """Bit by bit."""
    return _held(x.kind, x.shape, x.parts[0] & y.parts[0])


def msb(ctx: Context, x: Share, bits: int) -> Share:
    """The sign bit."""
    return x.bit(bits - 1)


def eqz(ctx: Context, x: Share, bits: int) -> Share:
    """Whether the low bits are zero."""
    if x.is_bit:
        return _held(BIT, x.shape, np.bitwise_not(x.parts[0]))
    return _held(BIT, (x.rows,), pack(_low(x.parts[0], bits) == 0))


def a2b(ctx: Context, x: Share, bits: int) -> Share:
    """The low bits."""
    return x.slice_bits(0, bits)


def b2a(ctx: Context, x: Share, bits: int) -> Share:
    """The unsigned word."""
    kind = Arithmetic(bits)
    words = unpack(x.parts[0], x.rows) if x.is_bit else x.parts[0]
    return _held(kind, x.shape, words.astype(kind.word))


def inject(ctx: Context, bit: Share, x: Share) -> Share:
    """The word where the bit is set, else zero."""
    return _held(x.kind, x.shape, unpack(bit.parts[0], x.rows).astype(x.kind.word) * x.parts[0])


def fourier(ctx: Context, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
    """The sum of sines, in floating point."""
    angle = (x.parts[0].astype(np.uint64) & np.uint64((1 << period) - 1)).astype(np.float64) * (2 * np.pi / 2.0**period)
    total = sum(c * np.sin(h * angle) for h, c in terms)
    return _held(x.kind, x.shape, np.rint(total * 2.0 ** (2 * f)).astype(np.int64).astype(x.kind.word))


def random(ctx: Context, kind: Kind, shape: tuple[int, ...]) -> Share:
    """From this party's own stream."""
    words = ctx.private.words(stored_shape(kind, shape), kind.word)
    return _held(kind, shape, words if kind == BIT else words & kind.word.type((1 << kind.bits) - 1))


def draw(ctx: Context, n: int, name: Name) -> Array:
    """From this party's own stream."""
    return ctx.private.permutation(n)


def shuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """Row i is the old row perm[i]."""
    return [x.take(perm.known) for x in xs]


def unshuffle(ctx: Context, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
    """The inverse of `shuffle`."""
    return [x.put(perm.known) for x in xs]


def open_(ctx: Context, x: Share) -> Array:
    """The words themselves."""
    return unpack(x.parts[0], x.rows) if x.is_bit else np.array(x.parts[0])


def _free(*arguments: Any) -> Cost:
    return Cost(0, (0,))


# ---- how values enter and leave -----------------------------------------------------------------------
def constant(ctx: Context, values: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """The words themselves."""
    return _held(kind, shape, np.array(values, kind.word))


def deal(parties: int, values: Array, kind: Kind, shape: tuple[int, ...]) -> list[Array]:
    """The words as bytes."""
    return [np.array(values, kind.word).reshape(-1).view(np.uint8)]


def deal_sizes(parties: int, kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One message."""
    return (int(np.prod(stored_shape(kind, shape), dtype=np.int64)) * kind.word.itemsize,)


def accept(rank: int, parties: int, message: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
    """The words back from their bytes."""
    return _held(kind, shape, np.frombuffer(message.tobytes(), kind.word).reshape(stored_shape(kind, shape)).copy())


def yield_(rank: int, parties: int, share: Share, streams: Any = None) -> Array:
    """The words as bytes."""
    return np.array(share.parts[0]).reshape(-1).view(np.uint8)


def combine(parties: int, messages: list[Array], kind: Kind, shape: tuple[int, ...]) -> Array:
    """The words back from their bytes."""
    share = accept(0, 1, messages[0], kind, shape)
    return unpack(share.parts[0], share.rows) if kind == BIT else share.parts[0]


def _kernel(run: Callable[..., Any], equation: str) -> Kernel:
    return Kernel(run, _free, equation, "by definition")


PROTOCOL = Protocol(
    name="plaintext",
    parties=(1, 1),
    threat="none: the one party sees everything",
    insecure=True,
    layout=LAYOUT,
    kernels={
        "dot": _kernel(dot, "z = floor(sum_j x_j y_j / 2^f)"),
        "matmul": _kernel(matmul, "Z = floor(X Y / 2^f)"),
        "trunc": _kernel(trunc, "z = floor(x / 2^f)"),
        "extend": _kernel(extend, "z = x, sign extended"),
        "and_": _kernel(and_, "z = x & y"),
        "msb": _kernel(msb, "z = x >> (bits-1) & 1"),
        "eqz": _kernel(eqz, "z = [x mod 2^bits == 0]"),
        "a2b": _kernel(a2b, "z = x mod 2^bits"),
        "b2a": _kernel(b2a, "z = x"),
        "inject": _kernel(inject, "z = b x"),
        "fourier": _kernel(fourier, "z = sum_j c_j sin(2 pi h_j x / 2^period) 2^(2f)"),
        "random": _kernel(random, "uniform words"),
        "draw": _kernel(draw, "a uniform permutation"),
        "shuffle": _kernel(shuffle, "z[i] = x[p[i]]"),
        "unshuffle": _kernel(unshuffle, "z[p[i]] = x[i]"),
        "open": _kernel(open_, "x"),
    },
    constant=constant,
    deal=deal,
    deal_sizes=deal_sizes,
    accept=accept,
    yield_=yield_,
    yield_sizes=deal_sizes,
    combine=combine,
    notes="Truncation rounds down; other protocols may round either way.",
)
