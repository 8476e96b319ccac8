"""Correlations that two parties make: what holds between their parts, at the cost that is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spuframe.preprocessing import correlations as made
from spuframe.preprocessing.correlations import Correlations
from spuframe.preprocessing.permutations import correlate_cost
from spuframe.spu.kinds import BIT, Arithmetic, Boolean, Kind
from spuframe.testing import simulate
from tests.preprocessing.ends import costing, transfers

CASES: dict[str, tuple[Callable[..., tuple[int, int]], list[tuple[Any, ...]]]] = {
    "triple": (made.triple_cost, [(64, 5), (8, 3), (16, 1), (32, 70), (64, 2049), (64, 0)]),
    "bits": (made.bit_triple_cost, [(1, 9), (64, 3), (13, 200), (1, 0)]),
    "matrices": (
        made.matrices_cost,
        [(64, (3, 4, 5), 2), (64, (1, 1, 1), 1), (64, (40, 7, 1), 1), (64, (1, 7, 40), 1), (32, (3, 0, 2), 1), (16, (5, 70, 9), 1), (64, (5000, 2, 1), 1)],
    ),
    "edabit": (made.edabit_cost, [(64, 64, 7), (64, 1, 200), (8, 8, 5), (8, 1, 1), (16, 13, 100), (64, 43, 5001), (64, 20, 0), (8, 8, 0)]),
    "private_bits": (made.private_bits_cost, [(1, 9), (64, 3), (13, 201), (1, 0)]),
    "flag": (made.flag_cost, [(20, 7), (64, 4100), (1, 1), (8, 0)]),
    "mux": (made.mux_cost, [(64, 7), (16, 4100), (8, 1), (64, 0)]),
    "turn": (made.turn_cost, [(46, 20, 7), (64, 30, 2100), (12, 3, 1), (40, 9, 0)]),
}


def _fits(name: str, parameters: tuple[Any, ...], one: tuple[np.ndarray, ...], two: tuple[np.ndarray, ...]) -> bool:
    if name == "private_bits":
        return bool((one[0] & two[0] == one[1] ^ two[1]).all())
    if name == "flag":
        low = np.uint64((1 << parameters[0]) - 1)
        return bool((((one[1] + two[1]).astype(np.uint64) & low) == (one[0] & two[0])).all())
    if name == "mux":
        return all(((a[0] * b[1]) == a[2] + b[3]).all() for a, b in ((one, two), (two, one)))
    if name == "turn":
        low = np.uint64((1 << parameters[0]) - 1)
        ends = [[part.astype(np.uint64) for part in end] for end in (one, two)]
        return all(
            ((a[0] * b[2] - a[3] - b[5]) & low == 0).all() and ((a[1] * b[2] - a[4] - b[6]) & low == 0).all() for a, b in (ends, ends[::-1])
        )
    if name == "edabit":
        number, word = one[0] + two[0], one[1] ^ two[1]
        return bool((number == (np.unpackbits(word, bitorder="little")[: len(number)] if parameters[1] == 1 else word)).all())
    if name == "bits":
        x, y, z = (p ^ q for p, q in zip(one, two, strict=True))
        return bool((x & y == z).all())
    a, b, c = (p + q for p, q in zip(one, two, strict=True))
    return bool(((np.matmul(a, b, dtype=a.dtype) if name == "matrices" else a * b) == c).all())


def test_parts_fit_at_the_declared_cost() -> None:
    def party(ctx: Any) -> list[Any]:
        source, out = Correlations(transfers(ctx), ctx.rank, ctx.private), []
        for name, (cost, cases) in CASES.items():
            for parameters in cases:
                found, spent = costing(ctx, lambda name=name, p=parameters: getattr(source, name)(*p))
                assert spent == cost(*parameters), (name, parameters)
                out.append((name, parameters, found))
        return out

    for (name, parameters, one), (_, _, two) in zip(*simulate(2, party), strict=True):
        assert _fits(name, parameters, one, two), (name, parameters)
        for parts in (one, two):
            assert all(p.size < 64 or len(np.unique(p)) > 1 for p in parts), (name, parameters)


ROWS: list[tuple[int, int, list[Kind]]] = [
    (1, 1, [Arithmetic(64)]),
    (2, 3, [BIT]),
    (7, 2, [Arithmetic(8), Arithmetic(8), Boolean(13), BIT]),
    (200, 2, [Arithmetic(32)] * 3),
    (1000, 1, [Arithmetic(64), Boolean(64)]),
]


def test_permutations_of_both_parties() -> None:
    """``p(a) = b + c``, both ways, for rows of every number."""

    def party(ctx: Any) -> list[Any]:
        source, out = Correlations(transfers(ctx), ctx.rank, ctx.private), []
        for n, many, kinds in ROWS:
            halves = [ctx.private.permutation(n) for _ in range(many)]
            found, spent = costing(ctx, lambda h=halves, k=kinds: source.permutations(h, k))
            assert spent == correlate_cost(n, many, kinds)
            out.append((halves, found))
        return out

    ends = simulate(2, party)
    for here, there in (ends, ends[::-1]):
        for (n, _, kinds), (halves, mine), (_, others) in zip(ROWS, here, there, strict=True):
            for half, columns, theirs in zip(halves, mine, others, strict=True):
                for kind, (c, _, _), (_, a, b) in zip(kinds, columns, theirs, strict=True):
                    if kind == BIT:
                        a, b, c = (np.unpackbits(part, bitorder="little")[:n] for part in (a, b, c))
                    assert (a[half] == (b ^ c if isinstance(kind, Boolean) else b + c)).all(), (n, kind)


def test_what_they_cost() -> None:
    """Bytes of each party: a triple of 64 bits 516, an AND 3.875, a row of 2^16 permuted 186."""
    assert made.triple_cost(64, 2048) == (2, 2048 * 516)
    assert made.bit_triple_cost(1, 64 * 2048) == (1, 64 * 2048 * 31 // 8)
    assert correlate_cost(1 << 16, 1, [Arithmetic(64)])[1] == 186 << 16


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6, 7, 9, 13, 33, 100, 257])
def test_any_permutation_of_any_number_of_rows(n: int) -> None:
    from spuframe.kernels.network import layers, switches, uppers

    rng = np.random.default_rng(n)
    for order in [np.arange(n), np.arange(n)[::-1], *(rng.permutation(n) for _ in range(20))]:
        rows = np.arange(n)
        for s, crossed in zip(layers(n), switches(order.astype(np.uint32)), strict=True):
            upper = uppers(n, s)[crossed.astype(bool)]
            rows[upper], rows[upper + (1 << s)] = rows[upper + (1 << s)].copy(), rows[upper].copy()
        assert (rows == order).all(), (n, order)
