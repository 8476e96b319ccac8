"""Algorithms over the kernel contract, against NumPy, on every protocol; `simulate_blackbox` holds each to its declared cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError
from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.algorithms import permutation
from spuframe.spu.algorithms.compare import less, string_less, word_less_public
from spuframe.spu.algorithms.extreme import extreme, minimum
from spuframe.spu.algorithms.magnitude import absolute, signum
from spuframe.spu.algorithms.member import is_in, string_in, words_of
from spuframe.spu.algorithms.onehot import lookup, one_hot
from spuframe.spu.algorithms.random import candidates, random_below, random_bits, random_permutation, random_words
from spuframe.spu.algorithms.shift import round_shift, shift_bits, shift_right, shift_right_unsigned
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import string_words
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share
from spuframe.testing import simulate_blackbox

RNG = np.random.default_rng(11)


def cost(fn: Any, *shares: Share) -> Any:
    box = BlackBox(protocol_by_name("aby3"), 3, None, 1 << 20)
    fn(box, *shares)
    return box.declared


def of(kind: Any, n: int = 1 << 16) -> Share:
    return Share(kind, (n,), ())


# ---- comparison ---------------------------------------------------------------------------------------
EDGES = {
    (8, True): [-128, -127, -1, 0, 1, 126, 127],
    (64, True): [-(1 << 63), 1 - (1 << 63), -1, 0, 1, (1 << 63) - 1, -(1 << 62), 1 << 62],
    (64, False): [0, 1, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 64) - 1],
}


@pytest.mark.parametrize(("bits", "signed"), EDGES)
def test_comparison_over_the_whole_range(protocol: str, bits: int, signed: bool) -> None:
    edges = EDGES[bits, signed]
    pairs = [(a, b) for a in edges for b in edges]
    dtype = np.dtype(f"{'i' if signed else 'u'}{bits // 8}")
    x, y = (np.array(v, dtype) for v in zip(*pairs, strict=True))
    bounds = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)

    def run(box: BlackBox, a: Share, b: Share) -> list[Share]:
        def compare(p: Any, q: Any, bp: Any, bq: Any) -> Share:
            return less(box, p, q, bp, bq, lambda v, ring: v, a.rows, widest=bits)

        against = [compare(a, c, bounds, (c, c)) for c in edges] + [compare(c, a, (c, c), bounds) for c in edges]
        return [compare(a, b, bounds, bounds), minimum(box, a, b, bounds), minimum(box, a, b, bounds, largest=True), *against]

    below, small, large, *rest = simulate_blackbox(protocol, run, x, y)
    np.testing.assert_array_equal(below, x < y)
    np.testing.assert_array_equal(small.view(dtype), np.minimum(x, y))
    np.testing.assert_array_equal(large.view(dtype), np.maximum(x, y))
    for c, got in zip(edges, rest[: len(edges)], strict=True):
        np.testing.assert_array_equal(got, [v < c for v, _ in pairs])
    for c, got in zip(edges, rest[len(edges) :], strict=True):
        np.testing.assert_array_equal(got, [c < v for v, _ in pairs])


def test_the_whole_range_takes_one_round_more() -> None:
    whole = cost(lambda b, x, y: less(b, x, y, (-(1 << 63), 0), (0, 1 << 62), lambda v, r: v, x.rows), of(Arithmetic(64)), of(Arithmetic(64)))
    half = cost(lambda b, x, y: b.msb(x - y), of(Arithmetic(64)), of(Arithmetic(64)))
    assert whole.rounds == half.rounds + 1


@pytest.mark.parametrize("bits", [1, 2, 5, 8, 33, 64])
def test_words_below_a_public_bound(protocol: str, bits: int) -> None:
    x = RNG.integers(0, 1 << 63, 200, dtype=np.uint64) * np.uint64(3) & np.uint64((1 << bits) - 1)
    for bound in {1, 2, 3, (1 << bits) - 1, (1 << bits) // 2 + 1, int(x[0]), 1 << bits, 0}:
        got = simulate_blackbox(protocol, lambda box, s, b=bound: word_less_public(box, s, b), (x, Boolean(bits)))
        np.testing.assert_array_equal(got, [int(v) < bound for v in x])


def test_extremes_of_vectors(protocol: str) -> None:
    for n in (1, 2, 7, 64, 101):
        x = RNG.integers(-1000, 1001, n).astype(np.int16)
        low, high = simulate_blackbox(protocol, lambda box, s: [extreme(box, s, (-1000, 1000)), extreme(box, s, (-1000, 1000), largest=True)], x)
        assert (low.view(np.int16)[0], high.view(np.int16)[0]) == (x.min(), x.max())


def test_sign_and_magnitude(protocol: str) -> None:
    for dtype in (np.int8, np.int64):
        top = np.iinfo(dtype).max
        x = np.array([-top, -5, -1, 0, 1, 7, top], dtype)
        size, sign = simulate_blackbox(protocol, lambda box, s: [absolute(box, s), signum(box, s)], x)
        np.testing.assert_array_equal(size.view(dtype), np.abs(x))
        np.testing.assert_array_equal(sign.view(np.int8), np.sign(x))


# ---- membership -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 1, 2, 5, 40])
@pytest.mark.parametrize("bits", [1, 3, 12, 64])
def test_membership(protocol: str, bits: int, count: int) -> None:
    top = 1 << bits
    x = RNG.integers(0, min(top, 64), 300).astype(np.uint64)
    wanted = sorted({int(v) for v in RNG.integers(0, min(top, 64), count)})
    ring = Arithmetic(64 if bits > 16 else 16)
    noise = x.astype(ring.word) + (ring.word.type(1) << ring.word.type(bits) if bits < ring.bits else ring.word.type(0))  # bits above do not count
    words, numbers = simulate_blackbox(
        protocol, lambda box, s, t: [is_in(box, s, wanted), is_in(box, t, wanted, bits)], (x, Boolean(bits)), (noise, ring)
    )
    np.testing.assert_array_equal(words, np.isin(x, wanted))
    np.testing.assert_array_equal(numbers, np.isin(x, wanted))


@pytest.mark.parametrize("width", [3, 8, 12, 17])
def test_membership_of_strings(protocol: str, width: int) -> None:
    values = [b"ab", b"abc", b"", b"b"] + [bytes([97 + i]) * width for i in range(4)]
    rows = [values[i] for i in RNG.integers(0, len(values), 100)]
    kind = Boolean(8 * width) if width <= 8 else Boolean(64)
    for chosen in ([b"abc"], values[1:6], [b"x" * (width + 1)], []):
        wanted = words_of(chosen, width)
        got = simulate_blackbox(protocol, lambda box, s, w=wanted: string_in(box, s, w, width), (string_words(rows, width), kind))
        np.testing.assert_array_equal(got, [r in chosen for r in rows])


def test_membership_takes_the_rounds_of_one_test_and_shares_work() -> None:
    x = of(Arithmetic(16))
    one, ten, many = (cost(lambda b, s, k=k: is_in(b, s, range(k), 12), x) for k in (1, 10, 200))
    assert one.rounds == ten.rounds == cost(lambda b, s: b.eqz(s, 12), x).rounds or ten.rounds <= 2 * one.rounds
    assert many.total < 40 * one.total  # 200 constants, at the price of far fewer tests


# ---- small tables -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [1, 2, 3, 8, 11, 64, 100])
def test_one_hot_and_lookup(protocol: str, size: int) -> None:
    x = RNG.integers(0, size, 150).astype(np.uint64)
    table = [int(v) for v in RNG.integers(-500, 500, size)]
    bits = max(1, (size - 1).bit_length())

    def run(box: BlackBox, word: Share, number: Share) -> Any:
        small = box.b2a(lookup(box, number, [v & 7 for v in table], 3), 8)
        return one_hot(box, word, size), one_hot(box, number, size)[-1], lookup(box, word, table, 11), small

    flags, last, found, small = simulate_blackbox(protocol, run, (x, Boolean(bits)), (x, Arithmetic(16)))
    np.testing.assert_array_equal(np.array(flags), [x == v for v in range(size)])
    np.testing.assert_array_equal(last, x == size - 1)
    np.testing.assert_array_equal(found, np.array(table)[x.astype(int)] & 0x7FF)
    np.testing.assert_array_equal(small, np.array(table)[x.astype(int)] & 7)


def test_one_hot_costs_one_and_gate_a_value() -> None:
    n = 1 << 16
    for size, ands in ((16, 11), (100, 92), (256, 247)):
        found = cost(lambda b, s, m=size: one_hot(b, s, m), of(Boolean((size - 1).bit_length()), n))
        assert found.rounds == ((size - 1).bit_length() - 1).bit_length()
        assert found.sent == (ands * n // 8,) * 3
        assert cost(lambda b, s, m=size: lookup(b, s, list(range(m)), 8), of(Boolean((size - 1).bit_length()), n)) == found


# ---- shifts -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ring", [8, 16, 32, 64])
def test_exact_shifts_and_roundings(protocol: str, ring: int) -> None:
    top = 1 << (ring - 2)
    dtype = np.dtype(f"i{ring // 8}")
    for by in sorted({1, 2, ring // 2, ring - 4}):
        half = 1 << (by - 1)
        edges = [0, 1, -1, half, -half, 3 * half, -3 * half, 2 * half, -2 * half, half - 1, half + 1, -half - 1, -half + 1]
        limit = top - half - 1
        x = np.concatenate([RNG.integers(-limit, limit + 1, 400), [e for e in edges if abs(e) <= limit], [limit, -limit]]).astype(dtype)
        low, up, even, away, logical = simulate_blackbox(
            protocol,
            lambda box, s, b=by: [shift_right(box, s, b), *(round_shift(box, s, b, t) for t in ("up", "even", "away")), shift_right_unsigned(box, s, b)],
            x,
        )
        exact = [int(v) for v in x]
        np.testing.assert_array_equal(low.view(dtype), [v >> by for v in exact])
        np.testing.assert_array_equal(up.view(dtype), [(v + half) >> by for v in exact])
        np.testing.assert_array_equal(away.view(dtype), [((abs(v) + half) >> by) * (1 if v >= 0 else -1) for v in exact])
        nearest = [(v + half) >> by for v in exact]
        ties = [(v + half) % (1 << by) == 0 for v in exact]
        np.testing.assert_array_equal(even.view(dtype), [r - (t and r % 2) for r, t in zip(nearest, ties, strict=True)])
        np.testing.assert_array_equal(logical, [(v % (1 << ring)) >> by for v in exact])


def test_shifts_of_boolean_words_are_local(protocol: str) -> None:
    for bits in (2, 7, 12, 64):
        x = RNG.integers(0, 1 << 63, 50, dtype=np.uint64) * np.uint64(2) + np.uint64(1) & np.uint64((1 << bits) - 1)
        x[0] = (1 << bits) - 1
        for by in (0, 1, bits - 1, bits):
            logical, signed = simulate_blackbox(
                protocol, lambda box, s, b=by: [shift_bits(s, b), shift_bits(s, b, arithmetic=True)], (x, Boolean(bits))
            )
            values = [int(v) for v in x]
            np.testing.assert_array_equal(logical, [v >> by for v in values])
            as_signed = [v - (1 << bits) if v >> (bits - 1) else v for v in values]
            np.testing.assert_array_equal(signed, [(v >> by) & ((1 << bits) - 1) for v in as_signed])
    assert cost(lambda b, s: shift_bits(s, 3), of(Boolean(12))).rounds == 0


def test_the_exact_shift_is_cheap() -> None:
    found = cost(lambda b, s: shift_right(b, s, 18), of(Arithmetic(64), 1 << 16))
    by_bits = cost(lambda b, s: shift_right_unsigned(b, s, 18), of(Arithmetic(64), 1 << 16))
    assert 2 * found.total < by_bits.total and found.rounds < by_bits.rounds


# ---- randomness -------------------------------------------------------------------------------------------
def test_random_values(protocol: str) -> None:
    n = 4000
    bits, words = simulate_blackbox(protocol, lambda box, s: [random_bits(box, n), random_words(box, n, 16)], (np.zeros(1), BIT))
    assert abs(int(bits.sum()) - n / 2) < 6 * np.sqrt(n) / 2
    assert abs(words.astype(float).mean() - 32767.5) < 6 * 65536 / np.sqrt(12 * n)


@pytest.mark.parametrize("bound", [1, 2, 3, 6, 8, 100, 65_537])
def test_random_integers_below_a_bound(protocol: str, bound: int) -> None:
    n = 6000
    x = simulate_blackbox(protocol, lambda box, s: random_below(box, n, bound), (np.zeros(1), BIT))
    assert len(x) == n and int(x.max()) < bound
    if bound <= 8:  # chi squared against uniform: six standard deviations
        seen = np.bincount(x.astype(int), minlength=bound)
        chi = float(((seen - n / bound) ** 2 / (n / bound)).sum())
        assert chi < (bound - 1) + 6 * np.sqrt(2 * max(bound - 1, 1)) + 6
    if bound > 2:
        assert len(np.unique(x)) > 1


def test_candidates_are_enough_but_for_2_to_the_minus_40() -> None:
    from math import exp, log

    for rows in (1, 10, 1000, 10**6):
        for bound in (3, 5, 9, 100, 129):
            count, p = candidates(rows, bound), bound / (1 << (bound - 1).bit_length())
            assert exp(-2 * (count * p - rows) ** 2 / count) <= 2.0**-40 * 1.0001 and log(count) > 0


# ---- permutations -------------------------------------------------------------------------------------------
def test_permutations_as_index_vectors(protocol: str) -> None:
    for n in (1, 2, 9, 130):
        p, q, x = RNG.permutation(n), RNG.permutation(n), RNG.integers(0, 1000, n).astype(np.uint32)
        kind = Boolean(max(2, (n - 1).bit_length()))

        def run(box: BlackBox, a: Share, b: Share, c: Share) -> Any:
            return [
                permutation.inverse(box, a),
                permutation.compose(box, a, b),
                *permutation.gather(box, a, [c]),
                *permutation.scatter(box, a, [c]),
                random_permutation(box, a.rows),
            ]

        back, both, gathered, scattered, drawn = simulate_blackbox(protocol, run, (p, kind), (q, kind), (x, Arithmetic(32)))
        np.testing.assert_array_equal(back, np.argsort(p))
        np.testing.assert_array_equal(both, q[p])
        np.testing.assert_array_equal(gathered, x[p])
        placed = np.empty_like(x)
        placed[p] = x
        np.testing.assert_array_equal(scattered, placed)
        np.testing.assert_array_equal(np.sort(drawn), np.arange(n))


# ---- what does not fit is refused when the plan is built: by a dry run --------------------------------------
@pytest.mark.parametrize(
    ("run", "error"),
    [
        (lambda b, x, y: b.mul(x, y), TypeMismatchError),  # two rings
        (lambda b, x, y: b.dot([x, x], [x]), PlanError),
        (lambda b, x, y: b.mul(x, x, 63), RangeOverflowError),
        (lambda b, x, y: b.trunc(x, 64), RangeOverflowError),
        (lambda b, x, y: b.msb(y, 17), RangeOverflowError),
        (lambda b, x, y: b.eqz(y, 0), RangeOverflowError),
        (lambda b, x, y: b.a2b(y, 40), RangeOverflowError),
        (lambda b, x, y: b.extend(x, 32), RangeOverflowError),
        (lambda b, x, y: b.extend(y, 48), RangeOverflowError),
        (lambda b, x, y: b.b2a(b.a2b(x), 32), RangeOverflowError),
        (lambda b, x, y: b.b2a(x), TypeMismatchError),
        (lambda b, x, y: b.and_(x, x), TypeMismatchError),
        (lambda b, x, y: b.inject(x, x), TypeMismatchError),
        (lambda b, x, y: x + x.slice(0, 3), PlanError),
        (lambda b, x, y: b.mul(x, x.slice(0, 3)), PlanError),
        (lambda b, x, y: b.matmul(x.reshape(4, -1), x.reshape(4, -1)), PlanError),
        (lambda b, x, y: b.matmul(x, x), PlanError),
        (lambda b, x, y: one_hot(b, y, 1 << 20), PlanError),
        (lambda b, x, y: lookup(b, b.a2b(y, 2), range(9), 8), PlanError),
        (lambda b, x, y: random_below(b, 5, 0), PlanError),
        (lambda b, x, y: round_shift(b, x, 3, "down"), PlanError),
        (lambda b, x, y: permutation.compose(b, b.a2b(x, 3), b.a2b(x.slice(0, 8), 3)), PlanError),
    ],
)
def test_bad_widths_and_shapes(protocol: str, run: Any, error: type[Exception]) -> None:
    table = protocol_by_name(protocol)
    with pytest.raises(error, match=r"[:,]"):
        run(BlackBox(table, table.parties[0]), of(Arithmetic(64), 64), of(Arithmetic(16), 64))


def test_outer_product(protocol: str) -> None:
    x, y = np.arange(5, dtype=np.int32), np.arange(-3, 3, dtype=np.int32)
    np.testing.assert_array_equal(simulate_blackbox(protocol, lambda box, a, b: box.outer(a, b), x, y).view(np.int32), np.outer(x, y))


@pytest.mark.parametrize("width", [1, 3, 8, 11, 20])
def test_strings_against_a_public_one(protocol: str, width: int) -> None:
    values = [b"", b"a", b"b", b"a" * width, b"\xff" * width, b"ab"[:width], (b"ab" + b"c" * width)[:width], b"z"]
    rows = [values[i] for i in RNG.integers(0, len(values), 60)]
    words, kind = string_words(rows, width), Boolean(8 * width) if width <= 8 else Boolean(64)
    for constant in values:
        public = np.asarray(string_words([constant], width))
        below, above, alike = simulate_blackbox(
            protocol,
            lambda box, s, c=public: [string_less(box, s, c, width, 60), string_less(box, c, s, width, 60), string_less(box, s, s, width, 60)],
            (words, kind),
        )
        np.testing.assert_array_equal(below, [r < constant for r in rows])
        np.testing.assert_array_equal(above, [constant < r for r in rows])
        assert not alike.any()
    x = Share(Boolean(64), (64, 2), ())
    public = np.zeros((1, 2), np.uint64)
    assert cost(lambda b: string_less(b, x, public, 16, 64)).rounds + 1 == cost(lambda b: string_less(b, x, x, 16, 64)).rounds
