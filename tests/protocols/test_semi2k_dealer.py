"""Two parties and a declared dealer: the second edition of the kernel contract, proved by a protocol over material."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from spuframe import plugins
from spuframe.errors import MissingKernelError, ProtocolError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Kernel
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.supply import Supply
from spuframe.spu.ways import cheapest, price
from spuframe.testing import check_protocol, check_views, simulate_blackbox

NAME = "semi2k_dealer"


def test_conforms() -> None:
    check_protocol(NAME)


def test_party_1_sees_nothing() -> None:
    check_views(NAME)


def test_it_says_that_it_is_insecure() -> None:
    table = plugins.protocol(NAME)
    assert table.insecure and "party 0" in table.threat and "every value" in table.threat
    assert sum(isinstance(k, Kernel) for k in table.kernels.values()) == 9  # the rest is derived


def test_material_is_told_before_to_the_piece() -> None:
    """`simulate_blackbox` settles with the supply: this much, no more and no less, chunks and common rounds included."""
    n = 300
    box = BlackBox(plugins.protocol(NAME), 2, None, 64)
    x = Share(Arithmetic(64), (n,), ())
    box.together([lambda: box.mul(x, x, 20), lambda: box.dot([x, x], [x, x])])
    assert box.declared.material == {("triple", 64): 3 * n, ("edabit", 64, 20): n, ("edabit", 64, 43): n, ("edabit", 64, 1): n}
    got = simulate_blackbox(NAME, lambda b, v: b.together([lambda: b.mul(v, v, 20), lambda: b.inject(b.msb(v), v)]), np.arange(n) - 9, batch_rows=64)
    assert (got[1].view(np.int64) == np.minimum(np.arange(n) - 9, 0)).all()


def test_what_the_dry_run_did_not_tell_is_refused() -> None:
    supply = Supply({"zeros": lambda bits, count: (np.zeros(count, np.uint8),)})
    supply.expect({("zeros", 8): 2})
    with pytest.raises(ProtocolError, match="3 zeros 8 are needed where 2 are left"):
        supply.take(("zeros", 8), 3)
    with pytest.raises(ProtocolError, match="2 zeros 8 were prepared and not used"):
        supply.settle()


def test_a_way_over_a_missing_kernel_is_out_of_the_question() -> None:
    box, x = BlackBox(plugins.protocol(NAME), 2), Share(Arithmetic(64), (8,), ())

    def waves(b: BlackBox) -> Share:
        return b.fourier(x, 20, ((1, 0.5),), 8)

    assert price(box, waves) == float("inf")
    assert cheapest(box, [waves, lambda b: b.mul(x, x, 8)]).bits == 64 and box.declared.rounds == 2
    with pytest.raises(MissingKernelError, match="no kernel 'fourier'"):
        cheapest(box, [waves])


def test_frames_run_on_it() -> None:
    import pandas as pd

    import spuframe as sf

    with pytest.warns(sf.InsecureWarning, match="party 0, which deals the material"):
        session = sf.local(protocol=NAME, owners=["a", "b"])
    with session, warnings.catch_warnings():
        session.progress = False
        left = pd.DataFrame({"key": [3, 1, 2, 5], "x": [1.5, -2.0, 0.25, 8.0]})
        right = pd.DataFrame({"key": [2, 3, 4, 1], "y": [10, 20, 30, 40]})
        a, b = session.from_pandas(left, owner="a"), session.from_pandas(right, owner="b")
        joined = a.merge(b, on="key")
        kept = joined[joined["x"] * joined["y"] > 0]
        text = kept.explain()
        assert "material in all: " in text and "protects nothing: none against party 0" in text
        got = kept.reveal().sort_values("key").reset_index(drop=True)
        assert got["key"].tolist() == [2, 3] and got["y"].tolist() == [10, 20] and np.allclose(got["x"], [0.25, 1.5])
