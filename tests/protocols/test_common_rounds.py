"""Chunks of one batch share their rounds: results, rounds and bytes, with several chunks a batch and an odd one at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from spuframe import plugins
from spuframe.errors import ProtocolError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context, Steps
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


def test_uneven_rounds_are_the_same_at_every_rank() -> None:
    """What ends early does not hold up the others."""

    def steps(ctx: Context, rounds: int) -> Steps[int]:
        for i in range(rounds):
            got = np.zeros(1, np.uint8)
            yield [((ctx.rank + 1) % 3, np.array([i], np.uint8))], [((ctx.rank + 2) % 3, got)]
            assert got[0] == i
        return rounds

    def party(ctx: Context) -> tuple[dict[int, int], int]:
        results: dict[int, int] = {}
        ctx.together((steps(ctx, k) for k in (3, 1, 2)), results.__setitem__)
        return results, ctx.link.traffic.rounds

    assert simulate(3, party) == [({0: 3, 1: 1, 2: 2}, 3)] * 3


def test_a_failure_in_one_chunk_ends_the_run() -> None:
    def steps(fail: bool) -> Steps[None]:
        yield [], []
        if fail:
            raise ProtocolError("chunk 1")

    def party(ctx: Context) -> None:
        ctx.together((steps(i == 1) for i in range(3)), lambda i, _: None)

    with pytest.raises(ProtocolError, match="chunk 1"):
        simulate(3, cast(Any, party))
