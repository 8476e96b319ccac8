from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.errors import ProtocolError
from spuframe.plugins import protocol as protocol_by_name
from spuframe.protocols.aby3 import PROTOCOL, arithmetic, sharing
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share
from spuframe.spu.wire import to_wire
from spuframe.testing import simulate, simulate_blackbox
from spuframe.testing.simulate import put_together, share_out

ABY3 = "aby3"


def signed(words: np.ndarray) -> np.ndarray:
    return words.view(f"i{words.dtype.itemsize}").astype(np.int64)


def every(k: int) -> np.ndarray:
    """All x with |x| < 2^(k-2)."""
    return np.arange(1 - (1 << (k - 2)), 1 << (k - 2)).astype(f"u{k // 8}")


@pytest.mark.parametrize("f", range(1, 7))
def test_truncation_of_every_byte(f: int) -> None:
    x = np.tile(every(8), 300)
    one = np.ones_like(x)
    for y in simulate_blackbox(ABY3, lambda box, x, one: [box.trunc(x, f), box.mul(x, one, f)], x, one):
        error = signed(y) * (1 << f) - signed(x)
        assert (np.abs(error) < 1 << f).all()
        assert (error[signed(x) % (1 << f) == 0] == 0).all()  # multiples are exact


@pytest.mark.parametrize("f", [1, 8, 13, 14])
def test_truncation_of_every_short(f: int) -> None:
    x = every(16)
    for y in simulate_blackbox(ABY3, lambda box, x: [box.trunc(x, f), box.mul(x, box.constant(1, x.kind, x.shape), f)], x):
        assert (np.abs(signed(y) * (1 << f) - signed(x)) < 1 << f).all()


@given(st.sampled_from([8, 16, 32, 64]), st.data())
def test_truncation_at_the_ends_of_the_range(k: int, data: st.DataObject) -> None:
    f = data.draw(st.integers(1, k - 2))
    top = (1 << (k - 2)) - 1
    values = data.draw(st.lists(st.one_of(st.integers(-top, top), st.sampled_from([top, -top, top - 1, 1 - top, 0, -1])), min_size=1, max_size=50))
    x = np.array(values, np.int64).astype(f"u{k // 8}")
    y = simulate_blackbox(ABY3, lambda box, x: box.trunc(x, f), x)
    for a, b in zip(values, signed(y).tolist()):
        assert abs(b * (1 << f) - a) < 1 << f


@pytest.mark.parametrize("kernel", ["trunc", "mul"])
def test_truncation_has_no_bias(kernel: str) -> None:
    n, f = 1 << 20, 16
    x = np.full(n, 12345 + (7 << f), np.uint64)  # fraction 0.188
    y = simulate_blackbox(ABY3, lambda box, x: box.trunc(x, f) if kernel == "trunc" else box.mul(x, box.constant(1, x.kind, x.shape), f), x)
    fraction = 12345 / (1 << f)
    deviation = np.sqrt(fraction * (1 - fraction) / n)
    assert set(np.unique(y).tolist()) <= {7, 8}
    assert abs((y == 8).mean() - fraction) < 5 * deviation


@pytest.mark.slow
def test_truncation_has_no_bias_in_many_draws() -> None:
    n, f, runs = 1 << 20, 20, 24
    x = np.random.default_rng(3).integers(-(1 << 50), 1 << 50, n)
    total = 0.0
    for _ in range(runs):
        y = signed(simulate_blackbox(ABY3, lambda box, x: box.trunc(x, f), x))
        error = y * (1 << f) - x
        assert (np.abs(error) < 1 << f).all()
        total += float(error.sum()) / (1 << f)
    assert abs(total) < 5 * np.sqrt(n * runs / 6)  # the variance of a rounding, averaged over fractions, is 1/6


@pytest.mark.parametrize("k, wide", [(8, 16), (8, 32), (8, 64), (16, 32), (16, 64)])
def test_extension_is_exact(k: int, wide: int) -> None:
    x = np.tile(every(k), 20 if k == 8 else 1)
    y = simulate_blackbox(ABY3, lambda box, x: box.extend(x, wide), x)
    np.testing.assert_array_equal(signed(y), signed(x))


@pytest.mark.parametrize("k", [8, 16, 32, 64])
def test_inject_of_every_sharing_of_a_bit(k: int) -> None:
    """All eight XOR sharings of a bit, times every combination of extreme components."""
    word = np.dtype(f"u{k // 8}")
    ends = [0, 1, (1 << k) - 1, 1 << (k - 1)]
    grid = np.array(list(product([0, 1], [0, 1], [0, 1], ends, ends, ends)), object).T
    bits = [np.packbits(row.astype(np.uint8), bitorder="little") for row in grid[:3]]
    parts = [np.array([int(v) for v in row], np.uint64).astype(word) for row in grid[3:]]
    n = grid.shape[1]

    def party(ctx):
        i, j = ctx.rank, (ctx.rank + 1) % 3
        bit, word = Share(BIT, (n,), (bits[i], bits[j]), sharing.LAYOUT), Share(Arithmetic(k), (n,), (parts[i], parts[j]), sharing.LAYOUT)
        return arithmetic.inject(ctx, bit, word)

    got = put_together(protocol_by_name(ABY3), 3, simulate(3, party))
    bit = (grid[0] ^ grid[1] ^ grid[2]).astype(word)
    np.testing.assert_array_equal(got, bit * (parts[0] + parts[1] + parts[2]))


def test_the_two_holders_of_a_component_agree() -> None:
    x = np.arange(-50, 50) << 20
    dealt = share_out(protocol_by_name(ABY3), 3, x)
    bits = share_out(protocol_by_name(ABY3), 3, x > 0)
    narrow = share_out(protocol_by_name(ABY3), 3, (x >> 20).astype(np.int16))
    runs = {
        "deal": lambda b, r: dealt[r],
        "dot": lambda b, r: b.mul(dealt[r], dealt[r]),
        "dot f": lambda b, r: b.mul(dealt[r], dealt[r], 9),
        "matmul": lambda b, r: b.matmul(dealt[r].reshape(10, 10), dealt[r].reshape(10, 10)),
        "trunc": lambda b, r: b.trunc(dealt[r], 30),
        "extend": lambda b, r: b.extend(narrow[r], 64),
        "inject": lambda b, r: b.inject(bits[r], dealt[r]),
        "constant": lambda b, r: b.constant(x, Arithmetic(64), (100,)),
    }
    for what, fn in runs.items():
        ends = simulate(3, lambda box, fn=fn: fn(box, box.ctx.rank), protocol=ABY3)
        for i in range(3):
            np.testing.assert_array_equal(ends[i].parts[1], ends[(i + 1) % 3].parts[0], err_msg=what)


def test_declared_bytes_per_row() -> None:
    n = 1000
    x, bit = Share(Arithmetic(64), (n,), ()), Share(BIT, (n,), ())
    assert arithmetic.dot_cost(3, [x, x], [x, x], 0).sent == (8 * n,) * 3
    assert arithmetic.dot_cost(3, [x], [x], 20).sent == (12 * n,) * 3
    assert arithmetic.dot_cost(3, [x], [x], 33).sent == (16 * n,) * 3
    assert arithmetic.trunc_cost(3, x, 16).sent == (10 * n, 2 * n, 2 * n)
    assert arithmetic.trunc_cost(3, x, 20).sent == (12 * n, 4 * n, 4 * n)
    assert arithmetic.extend_cost(3, Share(Arithmetic(32), (n,), ()), 64).sent == (12 * n, 4 * n, 4 * n)
    assert arithmetic.inject_cost(3, bit, x).sent == (24 * n, 8 * n, 8 * n)
    assert sharing.open_cost(3, bit).sent == (125,) * 3
    assert sharing.deal_sizes(3, Boolean(13), (8,)) == (32, 29, 29)


def test_rows_that_were_cut_off_do_not_travel() -> None:
    bits = np.ones(16, bool)
    dealt = share_out(protocol_by_name(ABY3), 3, bits)
    for rank in range(3):
        cut = dealt[rank].slice(0, 3)
        assert sharing.yield_(rank, 3, cut)[0] >> 3 == 0
        assert to_wire(cut.parts[0], BIT, (3,))[0] >> 3 == 0


def test_truncation_refuses_what_it_cannot_do() -> None:
    for f in (0, 63, -1):
        with pytest.raises(ProtocolError, match="wider ring"):
            arithmetic.trunc_cost(3, Share(Arithmetic(64), (1,), ()), f)
    with pytest.raises(ProtocolError, match="b2a"):
        arithmetic.trunc_cost(3, Share(Boolean(64), (1,), ()), 3)


def test_messages_of_a_wrong_size_are_refused() -> None:
    kind = Arithmetic(64)
    messages = sharing.deal(3, np.arange(4, dtype=np.uint64), kind, (4,))
    with pytest.raises(ProtocolError, match="48 bytes"):
        PROTOCOL.accepted(1, 3, messages[1][:-1], kind, (4,))
    with pytest.raises(ProtocolError, match="party 0 must hand over 32 bytes"):
        PROTOCOL.combined(3, [np.zeros(31, np.uint8)] * 3, kind, (4,))
