"""Numbers of several limbs against Python's integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spuframe.ir.words import limbs_of
from spuframe.spu.algorithms import wide
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share
from spuframe.testing import simulate_blackbox

LIMB = 20


def shares(parts: Share, count: int) -> list[Share]:
    return [parts.slice(i, i + 1).reshape(parts.shape[1]) for i in range(count)]


def joined(parts: Sequence[Any]) -> list[int]:
    rows = [p.view(np.int64).tolist() for p in parts]
    return [sum(v << LIMB * i for i, v in enumerate(column)) for column in zip(*rows, strict=True)]


numbers = st.lists(st.integers(-(1 << 75), 1 << 75), min_size=3, max_size=3)


@given(x=numbers, y=numbers, by=st.integers(0, 50), level=st.integers(0, 2))
def test_products_shifts_and_choices(protocol: str, x: list[int], y: list[int], by: int, level: int) -> None:
    one, other = (np.array(limbs_of(v, LIMB), np.int64).view(np.uint64) for v in (x, y))
    picks = np.zeros((3, 3), np.uint64)
    picks[level] = 1

    def party(box: BlackBox, a: Share, b: Share, picks: Share) -> list[Share]:
        p, q = shares(a, len(one)), shares(b, len(other))
        times, raised = wide.times(box, p, q, LIMB), wide.raised(box, p, by, LIMB)
        total = wide.summed(box, p, q)
        chosen = wide.picked(box, shares(picks, 3), [wide.raised(box, p, 7 * t, LIMB) for t in range(3)], LIMB)
        cut = wide.cut(box, times, 2, 3, LIMB)
        sizes.extend([len(times), len(raised), len(total), len(chosen), len(cut)])
        return [*times, *raised, *total, *chosen, *cut, *wide.plus(p, q)]

    sizes: list[int] = []
    out = list(simulate_blackbox(protocol, party, one, other, picks))
    parts = []
    for size in sizes[:5]:
        parts.append(joined(out[:size]))
        out = out[size:]
    times, raised, total, chosen, cut = parts
    products = [a * b for a, b in zip(x, y, strict=True)]
    assert times == products
    assert raised == [a << by for a in x]
    assert total == [sum(products)]
    assert chosen == [a << 7 * level for a in x]
    assert all(abs(got - product / 2 ** (2 * LIMB)) <= 2 for got, product in zip(cut, products, strict=True) if abs(product) < 1 << 100)
    assert joined(out) == [a + b for a, b in zip(x, y, strict=True)]
