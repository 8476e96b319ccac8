"""aby3: AND, comparison and conversion. `simulate_blackbox` holds every run to its declared rounds and bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.protocols.aby3 import PROTOCOL, boolean, compare, convert
from spuframe.protocols.aby3.circuit import and_tree
from spuframe.spu.share import BIT, Arithmetic, Boolean, Kind, Share, unpack
from spuframe.testing.simulate import share_out, simulate, simulate_blackbox

Array = np.ndarray[Any, Any]
WIDTHS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32, 33, 63, 64)
RINGS = (8, 16, 32, 64)
SIZES = (1, 7, 64, 1000, 40_000)
EXTREMES = (0, 1, -1, -(1 << 63), (1 << 63) - 1, 1 << 31, (1 << 31) - 1, 1 << 15, 127, 128, -128)


def values(seed: int, n: int, bits: int) -> Array:
    out = np.random.default_rng(seed).integers(0, 1 << 64, n, dtype=np.uint64)
    edge = np.array([e % (1 << 64) for e in EXTREMES], np.uint64)[:n]
    out[: len(edge)] = edge
    return out & np.uint64((1 << bits) - 1)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("ring", RINGS)
def test_arithmetic_to_bits(ring: int, n: int) -> None:
    x = values(ring, n, ring)
    word = Arithmetic(ring).word
    for bits in (b for b in WIDTHS if b <= ring and (n < 40_000 or b in (12, ring))):
        zeros = x.copy()  # a third of the rows end in `bits` zeros
        zeros[::3] &= np.uint64(~((1 << bits) - 1) % (1 << 64))
        low = np.uint64((1 << bits) - 1)
        sign, zero, word_bits = simulate_blackbox(
            "aby3",
            lambda box, s, t, b=bits: [box.msb(s, b), box.eqz(t, b), box.a2b(s, b)],
            x.astype(word),
            zeros.astype(word),
        )
        np.testing.assert_array_equal(sign, (x & low) >> np.uint64(bits - 1))
        np.testing.assert_array_equal(zero, (zeros & low) == 0)
        np.testing.assert_array_equal(word_bits, x & low)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("bits", WIDTHS)
def test_boolean_words(bits: int, n: int) -> None:
    kind = Boolean(bits)
    x, y = values(bits, n, bits), values(bits + 100, n, bits)[::-1].copy()
    zeros = x.copy()
    zeros[::3] = 0
    rings = [k for k in RINGS if k >= bits and (n < 40_000 or k in (32, 64))]
    both, zero, *sums = simulate_blackbox(
        "aby3",
        lambda box, s, t, u: [box.and_(s, t), box.eqz(u), *(box.b2a(s, k) for k in rings)],
        (x, kind),
        (y, kind),
        (zeros, kind),
    )
    np.testing.assert_array_equal(both, x & y)
    np.testing.assert_array_equal(zero, zeros == 0)
    for k, got in zip(rings, sums):
        assert got.dtype == Arithmetic(k).word
        np.testing.assert_array_equal(got, x)


def test_every_byte_in_every_way() -> None:
    """All pairs (value, width) of a small ring: nothing is left to chance but the shares."""
    x = np.tile(np.arange(256, dtype=np.uint8), 3)
    for bits in range(1, 9):
        low = x & np.uint8((1 << bits) - 1)
        got = simulate_blackbox("aby3", lambda box, s, b=bits: [box.msb(s, b), box.eqz(s, b), box.a2b(s, b)], x)
        for g, want in zip(got, (low >> np.uint8(bits - 1), low == 0, low)):
            np.testing.assert_array_equal(g, want)


def test_matrices_of_words() -> None:
    x = values(1, 600, 12).reshape(200, 3)
    got = simulate_blackbox("aby3", lambda box, s: [box.and_(s, s), box.b2a(s, 32), box.a2b(box.b2a(s, 16), 12)], (x, Boolean(12)))
    for g in got:
        np.testing.assert_array_equal(g, x)


def test_words_keep_zeros_above_their_bits() -> None:
    shares = deal_once(values(2, 500, 12), Boolean(12))

    def party(ctx: Any) -> bool:
        s = shares[ctx.rank]
        t = boolean.and_(ctx, s, s)
        u = convert.a2b(ctx, convert.b2a(ctx, s, 16), 12)
        return all(int(p.max()) < 1 << 12 for p in (*t.parts, *u.parts))

    assert all(simulate(3, party))


def deal_once(x: Array, kind: Kind) -> list[Share]:
    return share_out(PROTOCOL, 3, (x, kind))


def components(x: Array, kind: Kind, kernel: Any) -> Array:
    """The three components of a kernel's result; that every two holders agree on theirs is checked."""
    shares = deal_once(x, kind)
    ends = simulate(3, lambda ctx: kernel(ctx, shares[ctx.rank]))
    rows = ends[0].rows
    plain = [[unpack(p, rows) if end.is_bit else p for p in end.parts] for end in ends]
    for i in range(3):
        np.testing.assert_array_equal(plain[i][0], plain[i - 1][1])
    return np.array([p[0] for p in plain])


N = 4096
RUNS: dict[str, tuple[Kind, Any]] = {
    "and_": (Boolean(8), lambda ctx, s: boolean.and_(ctx, s, s)),
    "and_ bit": (BIT, lambda ctx, s: boolean.and_(ctx, s, s)),
    "msb": (Arithmetic(64), lambda ctx, s: compare.msb(ctx, s, 64)),
    "msb 2": (Arithmetic(64), lambda ctx, s: compare.msb(ctx, s, 2)),
    "eqz": (Arithmetic(16), lambda ctx, s: compare.eqz(ctx, s, 16)),
    "eqz words": (Boolean(12), lambda ctx, s: compare.eqz(ctx, s, 12)),
    "a2b": (Arithmetic(8), lambda ctx, s: convert.a2b(ctx, s, 8)),
    "b2a bit": (BIT, lambda ctx, s: convert.b2a(ctx, s, 8)),
    "b2a products": (Boolean(4), lambda ctx, s: convert.b2a(ctx, s, 8)),
    "b2a sum": (Boolean(33), lambda ctx, s: convert.b2a(ctx, s, 64)),
    "b2a sum, no carry": (Boolean(32), lambda ctx, s: convert.b2a(ctx, s, 32)),
}


@pytest.mark.parametrize("name", RUNS)
def test_components_are_fresh_and_uniform(name: str) -> None:
    """On all-zero inputs: no component, nor what two parties lack together, repeats or leans to one side."""
    kind, kernel = RUNS[name]
    zero = np.zeros(N, np.uint64)
    first, again = components(zero, kind, kernel), components(zero, kind, kernel)
    result = kind if name.startswith("and_") else Boolean(8) if name == "a2b" else None
    bits = 1 if first.max() <= 1 else first.dtype.itemsize * 8
    assert result is None or bits == result.bits
    for i in range(3):
        assert (first[i] != again[i]).mean() > 0.4  # single bits differ in half the rows
        ones = int(np.bitwise_count(first[i]).sum())
        total = N * bits
        assert abs(ones - total / 2) < 6 * (total / 4) ** 0.5
        pair = first[i] ^ first[i - 1]  # together with the third it gives the result: alone it is noise
        assert abs(int(np.bitwise_count(pair).sum()) - total / 2) < 6 * (total / 4) ** 0.5


def test_messages_are_uniform() -> None:
    """Whatever a party receives in msb, eqz, a2b and b2a of constant inputs has as many ones as zeros, in every frame."""
    x = deal_once(np.full(N, 5, np.uint64), Arithmetic(64))
    y = deal_once(np.full(N, 5, np.uint64), Boolean(33))

    def party(ctx: Any) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        receive = ctx.link.recv_into

        def recv_into(frm: int, out: Array) -> None:
            receive(frm, out)
            flat = out.reshape(-1).view(np.uint8)
            seen.append((int(np.bitwise_count(flat).sum()), 8 * flat.size))

        ctx.link.recv_into = recv_into
        s, t = x[ctx.rank], y[ctx.rank]
        compare.msb(ctx, s, 64)
        compare.eqz(ctx, s, 64)
        convert.a2b(ctx, s, 64)
        convert.b2a(ctx, t, 64)
        return seen

    for frames in simulate(3, party):
        assert len(frames) > 5
        for ones, total in frames:
            assert abs(ones - total / 2) < 6 * (total / 4) ** 0.5


def test_costs_of_the_design() -> None:
    """The figures that docstrings state."""
    x = Share(Arithmetic(64), (1 << 20,), ())
    n = 1 << 20
    cost = PROTOCOL.kernels["msb"].cost(3, x, 64)
    assert cost.rounds == 7
    assert [8 * b / n for b in cost.sent] == [151, 119, 119]
    assert [8 * b / n for b in PROTOCOL.kernels["msb"].cost(3, x, 12).sent] < [32, 24, 24]
    assert PROTOCOL.kernels["eqz"].cost(3, x, 64).rounds == 7
    assert PROTOCOL.kernels["a2b"].cost(3, x, 64).rounds == 7
    assert PROTOCOL.kernels["b2a"].cost(3, Share(BIT, (n,), ()), 64).sent == (8 * n, 8 * n, 8 * n)
    assert PROTOCOL.kernels["b2a"].cost(3, Share(Boolean(64), (n,), ()), 64).rounds == 8
    assert [8 * b / n for b in PROTOCOL.kernels["and_"].cost(3, Share(Boolean(3), (n,), ()), None).sent] == [3, 3, 3]
    assert (and_tree(64).gates, len(and_tree(64).levels)) == (63, 6)
    assert and_tree(1).gates == 0
