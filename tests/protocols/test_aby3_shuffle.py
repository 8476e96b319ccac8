"""aby3: secret permutations."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from spuframe.errors import PlanError
from spuframe.protocols.aby3 import PROTOCOL, shuffle
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Name, Permutation
from spuframe.spu.share import BIT, Arithmetic, Boolean, Kind, Share, unpack
from spuframe.testing.simulate import share_out, simulate, simulate_blackbox

Array = np.ndarray[Any, Any]
KINDS: list[Kind] = [
    Arithmetic(8),
    Arithmetic(16),
    Arithmetic(32),
    Arithmetic(64),
    BIT,
    Boolean(3),
    Boolean(8),
    Boolean(12),
    Boolean(33),
    Boolean(64),
]


def drawn(ctx: Any, n: int) -> Permutation:
    return Permutation(Name(), n, shuffle.draw(ctx, n, Name()))


def column(kind: Kind, shape: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 1 << 64, shape, dtype=np.uint64) & np.uint64((1 << kind.bits) - 1)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 1000, 40_000])
def test_all_columns_move_alike_and_back(n: int) -> None:
    plain = [column(kind, (n,), i) for i, kind in enumerate(KINDS)] + [np.arange(n, dtype=np.uint64)]
    kinds = [*KINDS, Arithmetic(64)]

    def run(box: Any, *xs: Share) -> Any:
        perm = box.draw(n)
        there = box.shuffle(perm, xs)
        return there, box.unshuffle(perm, there), box.shuffle(perm, box.unshuffle(perm, xs))

    there, back, forth = simulate_blackbox("aby3", run, *zip(plain, kinds))
    order = there[-1].astype(np.int64)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    for x, t, b, f in zip(plain, there, back, forth):
        np.testing.assert_array_equal(t, x[order])
        np.testing.assert_array_equal(b, x)
        np.testing.assert_array_equal(f, x)
    if n >= 64:
        assert (order != np.arange(n)).any()


@pytest.mark.parametrize("kind", [Arithmetic(16), Arithmetic(64), Boolean(12)])
def test_rows_of_matrices(kind: Kind) -> None:
    x, tag = column(kind, (100, 3)), np.arange(100, dtype=np.uint8)

    def run(box: Any, *xs: Share) -> Any:
        perm = box.draw(100)
        there = box.shuffle(perm, xs)
        return there, box.unshuffle(perm, there)

    (t, order), (back, _) = simulate_blackbox("aby3", run, (x, kind), tag)
    np.testing.assert_array_equal(t, x[order.astype(np.int64)])
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize(("n", "runs"), [(3, 1200), (4, 2400)])
@pytest.mark.parametrize("back", [False, True])
def test_every_order_is_equally_likely(n: int, runs: int, back: bool) -> None:
    shares = share_out(PROTOCOL, 3, np.arange(n, dtype=np.uint8))
    run = shuffle.unshuffle if back else shuffle.shuffle

    def party(ctx: Any) -> list[Share]:
        return [run(ctx, drawn(ctx, n), [shares[ctx.rank]])[0] for _ in range(runs)]

    ends = simulate(3, party)
    seen = Counter(tuple(int(v) for v in a.parts[0] + a.parts[1] + b.parts[1]) for a, b in zip(ends[0], ends[1]))
    assert set(seen) <= set(permutations(range(n)))
    cells = len(list(permutations(range(n))))
    chi2 = sum((seen[p] - runs / cells) ** 2 / (runs / cells) for p in permutations(range(n)))
    # the normal approximation of chi-square: 6 standard deviations above its mean
    assert chi2 < (cells - 1) + 6 * (2 * (cells - 1)) ** 0.5


def test_a_party_lacks_one_permutation() -> None:
    known = simulate(3, lambda ctx: drawn(ctx, 50).known._known)
    assert [sorted(k) for k in known] == [[0, 2], [0, 1], [1, 2]]
    for pair in range(3):
        np.testing.assert_array_equal(known[pair][pair], known[(pair + 1) % 3][pair])
        assert known[pair][pair].dtype == np.uint32
    assert "50" in repr(Permutation(Name((3, 1)), 50, known[0]))


@pytest.mark.parametrize("kind", [Arithmetic(64), Arithmetic(8), BIT, Boolean(12)])
@pytest.mark.parametrize("back", [False, True])
def test_shares_and_messages_are_fresh_and_uniform(kind: Kind, back: bool) -> None:
    n = 4000
    shares = share_out(PROTOCOL, 3, (np.zeros(n, np.uint64), kind))
    run = shuffle.unshuffle if back else shuffle.shuffle

    def party(ctx: Any) -> tuple[list[Share], list[Array]]:
        seen: list[Array] = []
        receive = ctx.link.recv_into

        def recv_into(frm: int, out: Array) -> None:
            receive(frm, out)
            seen.append(out.copy().reshape(-1).view(np.uint8))

        ctx.link.recv_into = recv_into
        perm = drawn(ctx, n)
        return [run(ctx, perm, [shares[ctx.rank]])[0] for _ in range(2)], seen

    ends = simulate(3, party)
    plain = [[[unpack(p, n) if s.is_bit else p for p in s.parts] for s in end[0]] for end in ends]
    for i in range(3):
        for run_number in range(2):
            np.testing.assert_array_equal(plain[i][run_number][0], plain[i - 1][run_number][1])
        first, again = plain[i][0][0], plain[i][1][0]
        assert (first != again).mean() > 0.4
        total = n * kind.bits
        assert abs(int(np.bitwise_count(first).sum()) - total / 2) < 6 * (total / 4) ** 0.5
    for _, seen in ends:
        for message in seen:
            total = 8 * message.size
            assert abs(int(np.bitwise_count(message).sum()) - total / 2) < 6 * (total / 4) ** 0.5
    # what one party receives in one run is independent: no two messages agree, nor cancel
    receiver = ends[1 if back else 2][1]
    a, d, s = receiver[:3]
    for u, v in ((a, d), (a, s), (d, s)):
        assert (u != v).mean() > 0.4
        total = 8 * a.size
        assert abs(int(np.bitwise_count(u ^ v).sum()) - total / 2) < 6 * (total / 4) ** 0.5


def test_a_column_of_another_size_is_refused() -> None:
    """When the plan is built."""
    box = BlackBox(PROTOCOL, 3)
    with pytest.raises(PlanError, match="4 rows cannot take a column of 5"):
        box.shuffle(box.draw(4), [Share(Arithmetic(8), (5,), ())])


def test_traffic_is_two_vectors_at_most() -> None:
    x, b = Share(Arithmetic(32), (1000,), ()), Share(Boolean(12), (1000,), ())
    cost = PROTOCOL.kernels["shuffle"].cost(3, None, [x, b])
    assert cost.rounds == 2
    assert cost.sent == (2 * 5500, 5500, 5500)
