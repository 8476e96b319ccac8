from __future__ import annotations

import numpy as np

from spuframe.plugins import protocol as protocol_by_name
from spuframe.testing import simulate_blackbox


def test_truncation_rounds_down() -> None:
    x = np.array([7, 8, -1, -8, -9])
    got = simulate_blackbox("plaintext", lambda box, x: [box.trunc(x, 3), box.mul(x, box.constant(1, x.kind, x.shape), 3)], x)
    for y in got:
        assert y.view(np.int64).tolist() == [0, 1, -1, -1, -2]


def test_it_is_marked_insecure_and_free() -> None:
    table = protocol_by_name("plaintext")
    assert table.insecure and table.parties == (1, 1)
    assert all(kernel.equation and kernel.source for kernel in table.kernels.values())
