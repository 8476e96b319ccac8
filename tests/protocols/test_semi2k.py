"""Two parties who make their material themselves. That kernels are right is `test_check` and `test_views`; here they run over what was really made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe import plugins
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.testing import check_protocol, simulate_blackbox

NAME = "semi2k"


@pytest.mark.matrix
def test_conforms_with_real_material() -> None:
    check_protocol(NAME)


def test_it_is_no_insecure_protocol() -> None:
    table = plugins.protocol(NAME)
    assert not table.insecure and table.dealer is None and table.parties == (2, 2) and "curious" in table.threat


def _some_of_all(box: BlackBox, x: Share, y: Share, small: Share) -> list[Any]:
    negative = box.msb(x)
    order = box.draw(x.rows)
    moved = box.shuffle(order, [x, negative])
    return [
        box.mul(x, y),
        box.mul(x, y, 5),
        box.matmul(x.reshape(-1, 3), y.reshape(3, -1)),
        negative,
        box.inject(negative, x),
        box.eqz(x),
        box.b2a(box.a2b(x, 7), 16),
        box.extend(small, 64),
        *box.unshuffle(order, moved),
        box.fourier(x, 20, ((1, 0.6), (3, -0.2)), 14),
    ]


def test_every_kernel_over_real_material() -> None:
    x = np.array([0, 1, -1, 5, -77, 1 << 40, -(1 << 40), 3, 2, 0, 9, -8], np.int64)
    y = np.arange(12, dtype=np.int64) * 7 - 30
    small = np.arange(12, dtype=np.int16) * 900 - 5000
    got = simulate_blackbox(NAME, _some_of_all, x, y, small)
    whole = [g.view(np.int64) if g.dtype == np.uint64 else g for g in got]
    np.testing.assert_array_equal(whole[0], x * y)
    assert (np.abs(whole[1] * 32 - x * y) < 32).all()
    np.testing.assert_array_equal(whole[2], x.reshape(-1, 3) @ y.reshape(3, -1))
    np.testing.assert_array_equal(whole[3], x < 0)
    np.testing.assert_array_equal(whole[4], np.minimum(x, 0))
    np.testing.assert_array_equal(whole[5], x == 0)
    np.testing.assert_array_equal(whole[6], x & 127)
    np.testing.assert_array_equal(whole[7], small)
    np.testing.assert_array_equal(whole[8], x)
    np.testing.assert_array_equal(whole[9], x < 0)
    angle = (x % (1 << 20)) * (2 * np.pi / 2**20)
    np.testing.assert_allclose(whole[10] / 2**28, 0.6 * np.sin(angle) - 0.2 * np.sin(3 * angle), atol=2.0**-12)


def test_what_kernels_of_private_values_cost() -> None:
    """A bit each way for a truncation, a bit and a word for a bit times a word; sines by what their sum needs."""
    box, x, bit = BlackBox(plugins.protocol(NAME), 2), Share(Arithmetic(64), (800,), ()), Share(BIT, (800,), ())
    costs = []
    terms = ((3, 0.5), (1, 0.25))
    for run in (lambda: box.trunc(x, 20), lambda: box.inject(bit, x), lambda: box.extend(x.narrow(32), 64), lambda: box.fourier(x, 26, terms, 20)):
        before = box.declared
        run()
        costs.append(box.declared - before)
    assert [(c.rounds, c.sent[0]) for c in costs] == [(1, 100), (1, 6500), (1, 100), (2, 1600 * 22 // 8 + 200 + 1600 * 42 // 8 + 100)]
    told = [{("flag", 20): 800}, {("mux", 64): 800}, {("flag", 32): 800}, {("turn", 42, 22): 1600, ("flag", 22): 800}]
    assert [c.material for c in costs] == told


def test_frames_tell_what_the_material_costs(sessions: Callable[[str], sf.Session]) -> None:
    session = sessions(NAME)
    left = pd.DataFrame({"key": [3, 1, 2, 5], "x": [1.5, -2.0, 0.25, 8.0]})
    right = pd.DataFrame({"key": [2, 3, 4, 1], "y": [10, 20, 30, 40]})
    joined = session.from_pandas(left, owner="a").merge(session.from_pandas(right, owner="b"), on="key")
    kept = joined[joined["x"] * joined["y"] > 0]
    text = kept.explain()
    assert "to make it, before: " in text and "protects nothing" not in text
    got = kept.reveal().sort_values("key").reset_index(drop=True)
    assert got["key"].tolist() == [2, 3] and got["y"].tolist() == [10, 20] and np.allclose(got["x"], [0.25, 1.5])
    profile = session.last_profile
    assert profile is not None and all(r.prepared["rounds"] and r.prepared["sent"] for r in profile.ranks[:2])
    assert "for material" in str(profile)
