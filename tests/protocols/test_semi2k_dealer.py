"""Two parties and a declared dealer: the second edition of the kernel contract, proved by a protocol over material."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe import plugins
from spuframe.errors import MissingKernelError, PlanError, ProtocolError
from spuframe.spu.algorithms import waves
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.kernel import Kernel
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.supply import Supply
from spuframe.spu.table import Table
from spuframe.spu.ways import cheapest, price
from spuframe.testing import simulate, simulate_blackbox

NAME = "semi2k_dealer"


def test_it_says_that_it_is_insecure() -> None:
    table = plugins.protocol(NAME)
    assert table.insecure and "party 0" in table.threat and "every value" in table.threat
    assert sum(isinstance(k, Kernel) for k in table.kernels.values()) == 10  # the rest is derived


def test_material_is_told_before_to_the_piece() -> None:
    """`simulate_blackbox` settles with the supply: this much, no more and no less, chunks and common rounds included."""
    n = 300
    box = BlackBox(plugins.protocol(NAME), 2, None, 64)
    x = Share(Arithmetic(64), (n,), ())
    box.together([lambda: box.mul(x, x, 20), lambda: box.dot([x, x], [x, x])])
    assert box.declared.material == {("triple", 64): 3 * n, ("edabit", 64, 20): n, ("edabit", 64, 43): n, ("edabit", 64, 1): n}
    got = simulate_blackbox(NAME, lambda b, v: b.together([lambda: b.mul(v, v, 20), lambda: b.inject(b.msb(v), v)]), np.arange(n) - 9, batch_rows=64)
    assert (got[1].view(np.int64) == np.minimum(np.arange(n) - 9, 0)).all()


def _moves(box: BlackBox, x: Share, bit: Share) -> list[Share]:
    """Permutations in tasks that get there in another order than a dry run, which does one task after the other."""

    def late() -> list[Share]:
        y = box.mul(box.mul(x, x), x)
        order = box.draw(9)
        return box.unshuffle(order, box.shuffle(order, [y, bit]))

    def early() -> list[Share]:
        first, second = box.draw(9), box.draw(9)
        return box.unshuffle(first, box.unshuffle(second, box.shuffle(second, box.shuffle(first, [x.reshape(9, 1), bit]))))

    found = box.together([late, lambda: box.both(lambda: early()[0].reshape(9), early)[1], early])
    return [found[0][0], found[0][1], found[1][0].reshape(9), found[1][1], found[2][0].reshape(9)]


def test_permutations_are_prepared_by_their_names() -> None:
    x = np.arange(9) - 4
    bit = x % 2 == 0
    got = simulate_blackbox(NAME, _moves, x, bit)
    for found, want in zip(got, [x**3, bit, x, bit, x], strict=True):
        np.testing.assert_array_equal(found.astype(np.int64), want)
    box = BlackBox(plugins.protocol(NAME), 2)
    _moves(box, Share(Arithmetic(64), (9,), ()), Share(BIT, (9,), ()))
    names = [*([0, 1, 0, i, j] for i in (0, 1) for j in (0, 1)), [0, 0, 0], [0, 2, 0], [0, 2, 1]]
    told = {what: n for what, n in box.declared.material.items() if what[0] == "permute"}
    assert told == {("permute", tuple(name), 9, *kind): 2 for name in names for kind in (("A", 64), ("B", 1))}


def test_no_permutation_serves_two_plans() -> None:
    """A name is used again in the next plan; what it stands for is not."""

    def party(ctx: Context) -> list[np.ndarray]:
        made = []
        for _ in range(2):
            ctx.own.expect({("permute", (0,), 100, "A", 64): 1, ("permute", (1,), 100, "A", 64): 1})
            made += [ctx.own.order((0,), 100).index[1], ctx.own.order((1,), 100).index[1]]
            with pytest.raises(ProtocolError, match="prepared and not used"):
                ctx.own.settle()
        return made

    here, there = simulate(2, lambda box: party(box.ctx), protocol=NAME)
    assert all((a == b).all() for a, b in zip(here, there, strict=True))
    assert len({order.tobytes() for order in here}) == 4


def test_no_permutation_is_drawn_in_a_slice() -> None:
    """A dry run does not do every slice: their names would differ."""
    box = BlackBox(plugins.protocol(NAME), 2)
    with pytest.raises(PlanError, match="Draw it before"):
        box.by_slices(Table({}, 5), lambda table: box.shuffle(box.draw(5), [Share(Arithmetic(64), (5,), ())]))
    assert box.draw(5).name == (0,)  # and afterwards as before


def test_what_the_dry_run_did_not_tell_is_refused() -> None:
    supply = Supply({"zeros": lambda bits, count: (np.zeros(count, np.uint8),)})
    supply.expect({("zeros", 8): 2})
    with pytest.raises(ProtocolError, match="3 zeros 8 are needed where 2 are left"):
        supply.take(("zeros", 8), 3)
    with pytest.raises(ProtocolError, match="2 zeros 8 were prepared and not used"):
        supply.settle()


def test_a_way_over_a_missing_kernel_is_out_of_the_question() -> None:
    table = plugins.protocol(NAME)
    lacking = replace(table, kernels={name: kernel for name, kernel in table.kernels.items() if name != "fourier"})
    box, x = BlackBox(lacking, 2), Share(Arithmetic(64), (8,), ())

    def wave(b: BlackBox) -> Share:
        return b.fourier(x, 20, ((1, 0.5),), 8)

    assert price(box, wave) == float("inf")
    assert cheapest(box, [wave, lambda b: b.mul(x, x, 8)]).bits == 64 and box.declared.rounds == 2
    with pytest.raises(MissingKernelError, match="no kernel 'fourier'"):
        cheapest(box, [wave])
    assert price(BlackBox(table, 2), wave) < float("inf")


def test_a_series_is_one_opening_in_the_ring_of_its_period() -> None:
    """However many sines: four bytes a row for a period of at most 2^32, and material by its harmonics."""
    box, x = BlackBox(plugins.protocol(NAME), 2), Share(Arithmetic(64), (100,), ())
    box.fourier(x, 26, ((3, 0.5), (1, 0.25), (8, -0.125)), 20)
    assert (box.declared.rounds, box.declared.sent) == (1, (400, 400))
    assert box.declared.material == {("sines", 64, 26, (1, 3, 8), 20): 100}
    got = simulate_blackbox(NAME, lambda b, v: waves.saturating(b, v, 20, (-(40 << 20), 40 << 20), 20, waves.SIGMOID), (np.arange(-80, 81) << 19))
    np.testing.assert_allclose(got.view(np.int64) / 2**20, 1 / (1 + np.exp(-np.arange(-40, 40.5, 0.5))), atol=1e-5)


def test_frames_tell_the_threat_and_the_material(sessions: Callable[[str], sf.Session]) -> None:
    with pytest.warns(sf.InsecureWarning, match="party 0, which deals the material"):
        sf.local(protocol=NAME)  # nothing starts
    session = sessions(NAME)
    left = pd.DataFrame({"key": [3, 1, 2, 5], "x": [1.5, -2.0, 0.25, 8.0]})
    right = pd.DataFrame({"key": [2, 3, 4, 1], "y": [10, 20, 30, 40]})
    joined = session.from_pandas(left, owner="a").merge(session.from_pandas(right, owner="b"), on="key")
    kept = joined[joined["x"] * joined["y"] > 0]
    text = kept.explain()
    assert "material in all: " in text and "protects nothing: none against party 0" in text
    got = kept.reveal().sort_values("key").reset_index(drop=True)
    assert got["key"].tolist() == [2, 3] and got["y"].tolist() == [10, 20] and np.allclose(got["x"], [0.25, 1.5])
