"""`check_protocol`: what every protocol must pass, for its author to call in one test.

Every kernel of the table is run on random and extreme words of every ring and of odd sizes, against NumPy; every run is held to the
declared rounds and bytes at every rank (`simulate_blackbox`). Where there is more than one party, results must be shared afresh
at every run, and what a single party holds must look uniform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.kernel import Own, Protocol
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, unpack
from spuframe.testing.simulate import simulate_blackbox, simulate_shares

RINGS = (8, 16, 32, 64)
WIDTHS = (1, 2, 5, 8, 13, 32, 33, 64)
SIZES = (0, 1, 7, 64, 200)
KINDS: tuple[Kind, ...] = (*map(Arithmetic, RINGS), *map(Boolean, WIDTHS))
BATCH = 64  # so that 200 rows of most kinds are several batches, the last one odd

Run: TypeAlias = Callable[..., Any]
Case: TypeAlias = tuple[str, Run, list[Kind], Callable[..., Array]]


def check_protocol(
    protocol: str | Protocol, *, parties: int | None = None, seed: int = 0, supply: Callable[[Context], Own] | None = None
) -> None:
    """Raise unless ``protocol`` does what the kernel table says, at the cost that it declares.

    Parameters
    ----------
    protocol : str or Protocol
    parties : int, optional
        The fewest that the protocol runs with, unless stated.
    seed : int
        Of the inputs; masks and keys never come from it.
    supply : callable, optional
        In place of the protocol's own ``open``, where making all the material would take long: such as `Ideal`.

    Raises
    ------
    AssertionError
        A wrong result, a share that is not fresh, or one that is not uniform.
    ProtocolError
        A cost that is not the declared one, or a message of the wrong size.

    Examples
    --------
    >>> check_protocol("plaintext")
    """
    table = protocol_by_name(protocol) if isinstance(protocol, str) else protocol
    table = table if supply is None else replace(table, open=supply)
    check = _Checker(table, parties or table.parties[0], np.random.default_rng(seed))
    check.sharing()
    check.constants()
    cases = [case for case in exact_cases() if _kernel_of(case[0]) in table.kernels]
    for kernel in dict.fromkeys(_kernel_of(case[0]) for case in cases):
        check.exact([case for case in cases if _kernel_of(case[0]) == kernel])
    if "trunc" in table.kernels:
        check.truncations()
    if "matmul" in table.kernels:
        check.matrices()
    if "fourier" in table.kernels:
        check.waves()
    if "random" in table.kernels:
        check.randomness()
    if "edabit" in table.kernels:
        check.words_twice()
    if "sines" in table.kernels:
        check.angles()
    if "addends" in table.kernels:
        check.addends()
    if {"draw", "shuffle", "unshuffle"} <= set(table.kernels):
        check.permutations()
    if check.parties > 1:
        check.fresh()
        check.uniform()


def exact_cases() -> Iterator[Case]:
    """Kernels whose result is determined: (what, run, kinds of the inputs, NumPy reference)."""
    for k in RINGS:
        a = Arithmetic(k)
        yield f"dot k={k}", lambda box, x, y: box.mul(x, y), [a, a], lambda x, y: x * y
        yield f"dot of 3 k={k}", lambda box, x, y: box.dot([x, y, x], [y, y, x]), [a, a], lambda x, y: x * y + y * y + x * x
        yield f"open k={k}", lambda box, x: box.open(x), [a], lambda x: x
        yield f"inject k={k}", lambda box, b, x: box.inject(b, x), [BIT, a], lambda b, x: b.astype(x.dtype) * x
        for bits in sorted({1, 5, k - 1, k}):
            yield f"msb k={k} bits={bits}", lambda box, x, bits=bits: box.msb(x, bits), [a], lambda x, bits=bits: _bit(x, bits - 1)
            yield f"eqz k={k} bits={bits}", lambda box, x, bits=bits: box.eqz(x, bits), [a], lambda x, bits=bits: _zero(x, bits)
            yield f"a2b k={k} bits={bits}", lambda box, x, bits=bits: box.a2b(x, bits), [a], lambda x, bits=bits: _low(x, bits)
        for wide in (r for r in RINGS if r > k):
            yield (
                f"extend k={k} to {wide}",
                lambda box, x, wide=wide: box.extend(x, wide),
                [Arithmetic(k)],
                lambda x, wide=wide: _signed(x).astype(f"i{wide // 8}").view(f"u{wide // 8}"),
            )
    for b in WIDTHS:
        kind = Boolean(b)
        yield f"and_ b={b}", lambda box, x, y: box.and_(x, y), [kind, kind], lambda x, y: x & y
        yield f"open b={b}", lambda box, x: box.open(x), [kind], lambda x: x
        yield f"eqz b={b}", lambda box, x, b=b: box.eqz(x, b), [kind], lambda x, b=b: _zero(x, b)
        for k in (r for r in RINGS if r >= b):
            yield f"b2a b={b} k={k}", lambda box, x, k=k: box.b2a(x, k), [kind], lambda x, k=k: x.astype(f"u{k // 8}")


class _Checker:
    def __init__(self, table: Protocol, parties: int, rng: np.random.Generator) -> None:
        self.table, self.parties, self.rng = table, parties, rng

    def run(self, fn: Run, *inputs: Any) -> Any:
        return simulate_blackbox(self.table, fn, *inputs, parties=self.parties, batch_rows=BATCH)

    def words(self, kind: Kind, n: int, limit: int | None = None) -> Array:
        """Random words, every third one extreme; with ``limit``, signed values of less than 2^limit in size."""
        if kind == BIT:
            return self.rng.integers(0, 2, n).astype(np.uint8)
        top = (1 << kind.bits) - 1
        extremes = [0, 1, top, top >> 1, (top >> 1) + 1]
        if limit is not None:
            extremes = [v & top for v in (0, 1, -1, (1 << limit) - 1, 1 - (1 << limit))]
        out = self.rng.integers(0, 1 << 64, n, dtype=np.uint64) & np.uint64(top)
        if limit is not None:
            out = (out.astype(kind.word).view(f"i{kind.word.itemsize}") >> (kind.bits - 1 - limit)).astype(np.int64).view(np.uint64) & np.uint64(top)
            out[out == np.uint64((-(1 << limit)) & top)] = 0
        out[::3] = np.array(extremes, np.uint64)[np.arange(len(out[::3])) % len(extremes)]
        return out.astype(kind.word)

    # ---- values in, values out -------------------------------------------------------------------------
    def sharing(self) -> None:
        for kind in KINDS:
            inputs = [(self.words(kind, n), kind) for n in SIZES]
            got = self.run(lambda box, *xs: list(xs), *inputs)
            for (x, _), y in zip(inputs, got, strict=True):
                _equal(y, x, f"deal, accept, yield_, combine of {kind}, {len(x)} rows")

    def constants(self) -> None:
        for kind in KINDS:
            x = self.words(kind, 70)
            got = self.run(lambda box, s, x=x, kind=kind: [box.constant(x, kind, (70,)), s ^ s if isinstance(kind, Boolean) else s - s], (x, kind))
            _equal(got[0], x, f"constant of {kind}")
            _equal(got[1], np.zeros_like(x), f"x - x of {kind}")
            scalar = self.run(lambda box, s, kind=kind: box.constant(1, kind, (9,)), (x, kind))
            _equal(scalar, np.ones(9, x.dtype), f"constant 1 of {kind}")

    # ---- kernels ---------------------------------------------------------------------------------------
    def exact(self, cases: list[Case]) -> None:
        """All cases of a kernel in one session, each in all sizes."""
        drawn: list[tuple[Case, list[Array]]] = []
        for case in cases:
            small = case[2][0].bits - 2 if case[0].startswith("extend") else None
            drawn += [(case, [self.words(kind, n, small) for kind in case[2]]) for n in SIZES]

        def run(box: BlackBox, *shares: Share) -> list[Any]:
            left = iter(shares)
            return [fn(box, *islice(left, len(kinds))) for (_, fn, kinds, _), _ in drawn]

        got = self.run(run, *((x, kind) for (_, _, kinds, _), xs in drawn for x, kind in zip(xs, kinds, strict=True)))
        for ((what, _, _, reference), xs), y in zip(drawn, got, strict=True):
            _equal(y, reference(*xs), f"{what}, {len(xs[0])} rows")

    def truncations(self) -> None:
        """Error below one unit in the last place, over the whole range."""
        for k in RINGS:
            kind, fs = Arithmetic(k), sorted({1, k // 4, k // 2, k - 3})
            xs = [self.words(kind, n, k - 2) for n in SIZES]
            by_f = self.run(lambda box, *xs, fs=fs: [_truncate(box, *xs, f=f) for f in fs], *xs)
            for f, got in zip(fs, by_f, strict=True):
                for x, y in zip([x for x in xs for _ in range(2)], got, strict=True):
                    error = _signed(y).astype(object) * (1 << f) - _signed(x).astype(object)
                    worst = max(map(abs, error), default=0)
                    assert worst < 1 << f, f"trunc or dot k={k} f={f}, {len(x)} rows: off by {worst / (1 << f)} units in the last place"

    def matrices(self) -> None:
        for k in RINGS:
            kind = Arithmetic(k)
            sizes = ((1, 1, 1), (1, 9, 1), (5, 7, 3), (16, 33, 4), (3, 0, 2))
            pairs = [(self.words(kind, n * m).reshape(n, m), self.words(kind, m * p).reshape(m, p)) for n, m, p in sizes]
            found = self.run(lambda box, *xs: [box.matmul(x, y) for x, y in zip(xs[::2], xs[1::2], strict=True)], *(x for pair in pairs for x in pair))
            for (n, m, p), (x, y), got in zip(sizes, pairs, found, strict=True):
                _equal(got, np.matmul(x, y, dtype=x.dtype), f"matmul k={k}, ({n},{m}) by ({m},{p})")
        x = self.rng.integers(-(1 << 20), 1 << 20, (9, 11))
        y = self.rng.integers(-(1 << 20), 1 << 20, (11, 6))
        got = _signed(self.run(lambda box, x, y: box.matmul(x, y, 13), x, y))
        assert (np.abs(got * (1 << 13) - x @ y) < 1 << 13).all(), "matmul f=13: off by more than a unit in the last place"

    def waves(self) -> None:
        """Sums of sines of words of the whole ring, to the precision of their fraction bits."""
        period, f, terms = 20, 14, ((1, 0.6), (2, -0.2), (5, 0.05))
        x = self.words(Arithmetic(64), 1000)
        got = _signed(self.run(lambda box, x: box.fourier(x, period, terms, f), x)) / 2.0 ** (2 * f)
        angle = _low(x, period).astype(np.float64) * (2 * np.pi / 2**period)
        worst = np.abs(got - sum(c * np.sin(h * angle) for h, c in terms)).max()
        assert worst < 2.0 ** (2 - f), f"fourier: off by {worst}, more than 4 units of its {f} fraction bits"

    def randomness(self) -> None:
        """Values of every kind are in range, balanced in every bit, and others at every call."""
        n = 1 << 13
        for kind in KINDS:
            one, two = self.run(lambda box, x, kind=kind: [box.random(kind, n), box.random(kind, n)], (np.zeros(1, np.uint8), BIT))
            assert (one != two).any(), f"random of {kind}: two calls gave the same words"
            assert int(one.max()) < 1 << kind.bits, f"random of {kind}: a word has more bits"
            for j in range(kind.bits):
                ones = int(_bit(one, j).sum())
                assert abs(ones - n / 2) < 6 * np.sqrt(n) / 2, f"random of {kind}: bit {j} is set in {ones} of {n} words"

    def words_twice(self) -> None:
        """Random words held as numbers and as bits: the same, and of no more bits."""
        for k, bits in ((8, 1), (16, 13), (64, 20), (64, 64)):
            number, word = self.run(lambda box, x, k=k, bits=bits: list(box.edabit(k, bits, 200)), (np.zeros(1, np.uint8), BIT))
            _equal(word.astype(number.dtype), number, f"edabit k={k}, {bits} bits")
            assert len(np.unique(number)) > 1 and int(number.max()) < 1 << bits, f"edabit k={k}, {bits} bits: out of range, or constant"

    def addends(self) -> None:
        """Added up bit by bit they are the number."""
        for k, bits in ((8, 1), (8, 8), (16, 13), (64, 64)):
            x = self.words(Arithmetic(k), 70)
            made, passed = self.run(lambda box, x, bits=bits: list(box.addends(x, bits)), x)
            carry, total = np.zeros(70, np.uint64), np.zeros(70, np.uint64)
            for j in range(bits):
                g, p = (part.astype(np.uint64) >> np.uint64(j) & np.uint64(1) for part in (made, passed))
                total |= (p ^ carry) << np.uint64(j)
                carry = g | (p & carry)
            _equal(total.astype(made.dtype), _low(x, bits), f"addends k={k}, {bits} bits")

    def angles(self) -> None:
        """Random angles, and sines and cosines of their multiples to half a unit."""
        for k, period, hs, f in ((16, 9, (1,), 6), (64, 26, (1, 3, 7), 20)):
            angle, waves = self.run(lambda box, x, c=(k, period, hs, f): list(box.sines(*c, 200)), (np.zeros(1, np.uint8), BIT))
            turns = np.outer(hs, _low(angle, period).astype(np.float64)) * (2 * np.pi / 2**period)
            want = np.stack([np.sin(turns), np.cos(turns)], axis=1).reshape(2 * len(hs), -1) * 2.0**f
            assert np.abs(_signed(waves) - want).max() < 0.51 and len(np.unique(angle)) > 1, f"sines k={k}, period 2^{period}: not those of the angles"

    def permutations(self) -> None:
        for n in (1, 2, 7, 64, 200):
            rows, words = np.arange(n, dtype=np.uint32), self.words(Boolean(13), n)
            bits, wide = self.words(BIT, n), self.words(Arithmetic(64), n)
            inputs = ((rows, Arithmetic(32)), (words, Boolean(13)), (bits, BIT), (wide, Arithmetic(64)))

            def there_and_back(box: BlackBox, *xs: Share, n: int = n) -> Any:
                first, second = box.draw(n), box.draw(n)
                moved = box.shuffle(first, xs)
                return moved, box.unshuffle(first, moved), box.shuffle(second, xs[:1])

            moved, back, other = self.run(there_and_back, *inputs)
            order = moved[0]
            _equal(np.sort(order), rows, f"shuffle of {n} rows: a permutation")
            for y, (x, kind) in zip(moved, inputs, strict=True):
                _equal(y, x[order], f"shuffle of {kind}, {n} rows: the permutation of the other shares")
            for y, (x, kind) in zip(back, inputs, strict=True):
                _equal(y, x, f"unshuffle of {kind}, {n} rows: the inverse")
            assert n < 64 or (order != other[0]).any(), f"two permutations of {n} rows are equal"

    # ---- secrecy, as far as a test can tell ----------------------------------------------------------------
    def fresh(self) -> None:
        """Two calls with the same shares give other shares, at every party."""
        cases = list(interactive(self.table))
        inputs = [[self.words(kind, 256, kind.bits - 2 if kind.bits > 2 else None) for kind in kinds] for _, _, kinds in cases]
        for rank, made in enumerate(self.held(cases, inputs, times=2)):
            for (what, _, _), (one, two) in zip(cases, made, strict=True):
                for j, (p, q) in enumerate(zip(one.parts, two.parts, strict=True)):
                    assert (p != q).any(), f"{what}: component {j} of party {rank} is the same after two calls; is the result re-randomised?"

    def uniform(self) -> None:
        """What one party holds of a constant input: every component's bits as often set as not."""
        dealt_alone: list[tuple[str, Run, list[Kind]]] = [("deal", lambda box, x: x, [k]) for k in (Arithmetic(64), Arithmetic(8), Boolean(13), BIT)]
        cases = [*dealt_alone, *interactive(self.table)]
        for value in (0, 1):
            inputs = []
            for _, _, kinds in cases:
                widest = max(64, *(self.table.layout.held_bits(kind) for kind in kinds))
                n = max(1 << 8, (1 << 19) // widest)  # as many bits, however they are held
                inputs.append([np.full(n, value, kind.word) for kind in kinds])
            for rank, made in enumerate(self.held(cases, inputs)):
                for (what, _, kinds), (share,) in zip(cases, made, strict=True):
                    for j, part in enumerate(share.parts):
                        _looks_uniform(part, share, f"{what} of {kinds}, all {value}: component {j} of party {rank}")

    def held(self, cases: list[tuple[str, Run, list[Kind]]], inputs: list[list[Array]], times: int = 1) -> list[list[list[Share]]]:
        """What each party holds of the result of each case, called so many times: all in one session."""

        def run(box: BlackBox, *shares: Share) -> list[list[Share]]:
            left = iter(shares)
            given = [list(islice(left, len(kinds))) for _, _, kinds in cases]
            return [[fn(box, *xs) for _ in range(times)] for (_, fn, _), xs in zip(cases, given, strict=True)]

        flat = [(x, kind) for (_, _, kinds), xs in zip(cases, inputs, strict=True) for x, kind in zip(xs, kinds, strict=True)]
        return simulate_shares(self.table, self.parties, run, flat)


def interactive(table: Protocol) -> Iterator[tuple[str, Run, list[Kind]]]:
    """Kernels that must share their result afresh."""
    a, b = Arithmetic(64), Boolean(64)
    every: list[tuple[str, Run, list[Kind]]] = [
        ("dot", lambda box, x, y: box.mul(x, y), [a, a]),
        ("dot f", lambda box, x, y: box.mul(x, y, 20), [a, a]),
        ("matmul", lambda box, x, y: box.matmul(x.reshape(-1, 4), y.reshape(4, -1).slice(0, 4)), [a, a]),
        ("trunc", lambda box, x: box.trunc(x, 20), [a]),
        ("extend", lambda box, x: box.extend(x, 64), [Arithmetic(32)]),
        ("inject", lambda box, x, y: box.inject(x, y), [BIT, a]),
        ("fourier", lambda box, x: box.fourier(x, 20, ((1, 0.6), (2, -0.2)), 14), [a]),
        ("and_", lambda box, x, y: box.and_(x, y), [b, b]),
        ("msb", lambda box, x: box.msb(x), [a]),
        ("eqz", lambda box, x: box.eqz(x), [a]),
        ("a2b", lambda box, x: box.a2b(x), [a]),
        ("b2a", lambda box, x: box.b2a(x), [BIT]),
        ("b2a word", lambda box, x: box.b2a(x, 16), [Boolean(13)]),
        ("random", lambda box, x: box.random(x.kind, x.rows), [a]),
        ("shuffle", lambda box, x: box.shuffle(box.draw(x.rows), [x])[0], [a]),
    ]
    return (c for c in every if _kernel_of(c[0]) in table.kernels)


def _truncate(box: BlackBox, *xs: Share, f: int) -> list[Share]:
    out = []
    for x in xs:
        one = box.constant(1, x.kind, x.shape)
        out += [box.trunc(x, f), box.mul(x, one, f)]
    return out


def _looks_uniform(part: Array, share: Share, what: str) -> None:
    """Six standard deviations for the number of ones; a right protocol fails once in 10^8 components."""
    each = share.layout.held_bits(share.kind)
    if each == 1:
        bits = unpack(part, share.rows)
    else:
        bits = np.unpackbits(np.ascontiguousarray(part).reshape(-1).view(np.uint8))
    total = share.size * each
    ones = int(bits.sum(dtype=np.int64))
    assert abs(ones - total / 2) < 6 * np.sqrt(total) / 2, f"{what}: {ones} of {total} bits are set"


def _kernel_of(what: str) -> str:
    return what.split(" ")[0]


def _signed(x: Array) -> Array:
    return np.ascontiguousarray(x).view(f"i{x.dtype.itemsize}")


def _bit(x: Array, j: int) -> Array:
    bits: Array = x.astype(np.uint64) >> np.uint64(j) & np.uint64(1)
    return bits.astype(np.uint8)


def _low(x: Array, bits: int) -> Array:
    return (x.astype(np.uint64) & np.uint64((1 << bits) - 1)).astype(Boolean(bits).word)


def _zero(x: Array, bits: int) -> Array:
    zero: Array = _low(x, bits) == 0
    return zero.astype(np.uint8)


def _equal(got: Any, expected: Array, what: str) -> None:
    got = np.asarray(got)
    assert got.dtype == expected.dtype, f"{what}: `dtype` must be {expected.dtype}, got {got.dtype}"
    np.testing.assert_array_equal(got, expected, err_msg=what)
