"""aby3's truncation on 10^8 draws: never off by a unit, and without bias, as its notes say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.protocols.aby3 import arithmetic
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.share import Arithmetic, Share
from spuframe.testing import simulate

F, BATCH, BATCHES = 18, 1 << 20, 12
VALUES = (5 << 18, 1, (1 << 17) - 1, 1 << 17, -1, -(1 << 17), 123_456_789_012, (1 << 62) - 1, 1 - (1 << 62))


def shares(rng: np.random.Generator, value: int, n: int) -> list[Share]:
    """A fresh sharing of one value in every row, as three parties hold it."""
    c0, c1 = (rng.integers(0, 1 << 64, n, dtype=np.uint64) for _ in range(2))
    parts = [c0, c1, np.uint64(value % (1 << 64)) - c0 - c1]
    return [Share(Arithmetic(64), (n,), (parts[i], parts[(i + 1) % 3]), LAYOUT) for i in range(3)]


@pytest.mark.slow
def test_no_bias_in_1e8_draws() -> None:
    """Rounding up has the probability of the fraction p: the mean of the error is 0, its deviation sqrt(p (1-p) / n); five of them are allowed."""
    drawn, worst = 0, 0.0
    for seed, value in enumerate(VALUES):
        floor, fraction = value >> F, (value & ((1 << F) - 1)) / (1 << F)

        def party(ctx: Any, seed: int = seed, value: int = value, floor: int = floor) -> tuple[int, int]:
            up = bad = 0
            for i in range(BATCHES):  # a fresh sharing every time, the same at all parties: the coin is in the shares
                y = arithmetic.trunc(ctx, shares(np.random.default_rng([2024, seed, i]), value, BATCH)[ctx.rank], F)
                if ctx.rank == 1:
                    ctx.link.send(0, np.ascontiguousarray(y.parts[1]))
                elif ctx.rank == 0:  # the third component, for the test alone
                    third = np.empty_like(y.parts[0])
                    ctx.link.recv_into(1, third)
                    off = (y.parts[0] + y.parts[1] + third - np.uint64(floor % (1 << 64))).view(np.int64)
                    up += int(off.sum())
                    bad += int(((off != 0) & (off != 1)).sum())
            return up, bad

        up, bad = simulate(3, party)[0]
        n = BATCH * BATCHES
        assert bad == 0, f"{value}: {bad} of {n} results are neither floor nor ceiling"
        assert fraction or up == 0, f"{value}: a multiple of 2^f must be exact"
        deviation = (fraction * (1 - fraction) / n) ** 0.5
        error = abs(up / n - fraction)
        assert error <= 5 * deviation, f"{value}: the mean error is {error:.2e} units, {error / max(deviation, 1e-300):.1f} standard deviations"
        worst, drawn = max(worst, error), drawn + n
    assert drawn > 10**8
    assert worst < 1e-3
