"""Chunks of one batch share their rounds: results, rounds and bytes, with several chunks a batch and an odd one at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from spuframe import plugins
from spuframe.errors import ProtocolError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.share import BIT, Arithmetic, Boolean, Kind, Share
from spuframe.testing.simulate import check_traffic, put_together, share_out, simulate

N = 64 * 9 + 17  # chunks of 64 rows, four of them a batch: 4 + 4 + 2
PROTOCOL = plugins.protocol("aby3")
RNG = np.random.default_rng(7)
X, Y = (RNG.integers(0, 1 << 64, N, dtype=np.uint64) for _ in range(2))
BITS = RNG.integers(0, 2, N).astype(np.uint8)
SMALL = X % np.uint64(1 << 13)

Case = tuple[Callable[..., Any], list[tuple[Any, Kind]], Any]
CASES: dict[str, Case] = {
    "dot": (lambda box, x, y: box.mul(x, y), [(X, Arithmetic(64)), (Y, Arithmetic(64))], X * Y),
    "msb": (lambda box, x: box.msb(x), [(X, Arithmetic(64))], X >> np.uint64(63)),
    "eqz": (lambda box, x: box.eqz(x, 3), [(X, Arithmetic(64))], X % np.uint64(8) == 0),
    "a2b": (lambda box, x: box.a2b(x), [(X, Arithmetic(64))], X),
    "and": (lambda box, x, y: box.and_(x, y), [(SMALL, Boolean(13)), (SMALL[::-1], Boolean(13))], SMALL & SMALL[::-1]),
    "b2a by products": (lambda box, x: box.b2a(x, 16), [(SMALL, Boolean(13))], SMALL),
    "b2a by a sum": (lambda box, x: box.b2a(x), [(SMALL, Boolean(13))], SMALL),
    "inject": (lambda box, b, x: box.inject(b, x), [(BITS, BIT), (X, Arithmetic(64))], BITS * X),
    "extend": (lambda box, x: box.extend(x, 64), [(SMALL, Arithmetic(16))], SMALL),
    "trunc": (lambda box, x: box.trunc(x, 8), [(SMALL << np.uint64(8), Arithmetic(64))], SMALL),
}

WIDE = ("b2a by a sum", "extend")  # whose results are wider than what goes in


@pytest.mark.parametrize("name", CASES)
def test_results_and_costs(name: str) -> None:
    run, inputs, expected = CASES[name]
    dealt = [share_out(PROTOCOL, 3, x) for x in inputs]

    def party(ctx: Context) -> tuple[Share, Any, int]:
        box = BlackBox(PROTOCOL, 3, ctx, 256, 64)
        result = run(box, *(shares[ctx.rank] for shares in dealt))
        check_traffic(box)
        return result, box.declared, ctx.link.traffic.rounds

    ends = simulate(3, party)
    np.testing.assert_array_equal(put_together(PROTOCOL, 3, [end[0] for end in ends]), np.asarray(expected).astype(np.uint64))
    dry = BlackBox(PROTOCOL, 3, None, 256, 64)
    run(dry, *(Share(kind, (N,), ()) for _, kind in inputs))
    assert dry.declared == ends[0][1]
    one = BlackBox(PROTOCOL, 3, None)
    run(one, *(Share(kind, (N,), ()) for _, kind in inputs))
    widest = max(64 if name in WIDE else 0, *(kind.bits for _, kind in inputs))
    batch = max(64, 64 * 64 // widest // 64 * 64) * 4  # rows: so many bytes
    assert dry.declared.rounds == one.declared.rounds * -(-N // batch)


def test_a_batch_is_rounded_down_to_chunks() -> None:
    box = BlackBox(PROTOCOL, 3, None, 64, 1 << 15)
    box.mul(*(Share(Arithmetic(64), (N,), ()) for _ in range(2)))
    assert box.declared.rounds == 10


def ring(ctx: Context, rounds: int, label: int = 0) -> int:
    """So many rounds, each a byte to the next rank; the bytes tell which computation and which round they belong to."""
    for i in range(rounds):
        got = np.zeros(2, np.uint8)
        ctx.round([((ctx.rank + 1) % 3, np.array([label, i], np.uint8))], [((ctx.rank + 2) % 3, got)])
        assert got.tolist() == [label, i]
    return rounds


def test_uneven_rounds_are_the_same_at_every_rank() -> None:
    """What ends early does not hold up the others."""

    def party(ctx: Context) -> tuple[list[int], int, int]:
        results = ctx.together([partial(ring, ctx, k, k) for k in (3, 0, 1, 2)])
        return results, ctx.link.traffic.rounds, sum(ctx.link.traffic.sent)

    assert simulate(3, party) == [([3, 0, 1, 2], 3, 12)] * 3


def test_what_waits_starts_in_the_round_after() -> None:
    """A chain of 2 and 3 rounds beside one of 4: five rounds, and the one in the middle of the list starts where its needs end."""
    seen: list[tuple[int, int]] = []

    def party(ctx: Context) -> int:
        whole = ctx.link.traffic

        def work(label: int, rounds: int) -> int:
            if ctx.rank == 0:
                seen.append((label, whole.rounds))
            return ring(ctx, rounds, label)

        ctx.together([partial(work, i, k) for i, k in enumerate((2, 4, 3, 1))], [(), (), (0,), (1, 2)])
        return ctx.link.traffic.rounds

    assert simulate(3, party) == [6] * 3
    assert seen == [(0, 0), (1, 0), (2, 2), (3, 5)]


def test_common_rounds_within_common_rounds() -> None:
    def party(ctx: Context) -> tuple[Any, int]:
        def inner(label: int) -> list[int]:
            ring(ctx, 1, label)
            found = ctx.together([partial(ring, ctx, 2, label + 1), partial(ring, ctx, 5, label + 2)])
            ring(ctx, 1, label)
            return found

        results = ctx.together([partial(inner, 10), partial(ring, ctx, 4, 20), partial(inner, 30)])
        return results, ctx.link.traffic.rounds

    assert simulate(3, party) == [([[2, 5], 4, [2, 5]], 7)] * 3


def test_the_black_box_adds_up_chains() -> None:
    """Declared equals measured, within and around; the bytes of all, the rounds of the longest chain."""
    dealt = share_out(PROTOCOL, 3, (X, Arithmetic(64)))

    def work(box: BlackBox, x: Share) -> list[Share]:
        y = box.mul(x, x)

        def compared() -> Share:
            return box.b2a(box.msb(y), 64)

        def product() -> Share:
            return box.together([lambda: box.mul(y, x), lambda: box.mul(box.mul(y, y), x)])[1]

        one, two, three = box.together([compared, product, lambda: box.mul(x, x)], [(), (), (1,)])
        return [box.mul(one, two), three]

    def party(ctx: Context) -> tuple[list[Share], Any]:
        box = BlackBox(PROTOCOL, 3, ctx)
        found = work(box, dealt[ctx.rank])
        check_traffic(box)
        return found, box.declared

    ends = simulate(3, party)
    one, two = put_together(PROTOCOL, 3, [end[0] for end in ends])
    np.testing.assert_array_equal(one, (X * X >> np.uint64(63)) * X**np.uint64(5))
    np.testing.assert_array_equal(two, X * X)
    dry = BlackBox(PROTOCOL, 3, None)
    work(dry, Share(Arithmetic(64), (N,), ()))
    assert dry.declared == ends[0][1]
    assert dry.declared.rounds == 1 + (7 + 2) + 1


def test_a_failure_in_one_ends_all() -> None:
    """The error comes out as it is; what the others held is let go, and the next run is not disturbed."""
    ended: list[str] = []

    def party(ctx: Context) -> int:
        def waiting() -> None:
            try:
                ctx.together([partial(ring, ctx, 9, 1), partial(ring, ctx, 9, 2)])
            finally:
                ended.append("let go")

        def failing() -> None:
            ring(ctx, 2, 3)
            raise ProtocolError("task 1")

        with pytest.raises(ProtocolError, match="task 1"):
            ctx.together([failing, waiting])
        return ctx.link.traffic.rounds

    assert simulate(3, party) == [2] * 3
    assert ended == ["let go"] * 3
