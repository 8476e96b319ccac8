"""Local operations on shares: one row stands for all rows, for packed bits too; what is not linear over a kind is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.errors import PlanError, TypeMismatchError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share
from spuframe.testing import simulate_blackbox

ROWS = st.integers(0, 70)


def bits(n: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rng.integers(0, 2, n).astype(bool)


@given(n=ROWS, left=st.booleans(), seed=st.integers(0, 1 << 32))
def test_a_single_row_stands_for_all(protocol: str, n: int, left: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, many = bits(1, rng), bits(n, rng)
    word, words = (rng.integers(0, 1 << 16, m).astype(np.uint16) for m in (1, n))
    x, y = (one, many) if left else (many, one)
    u, v = (word, words) if left else (words, word)

    def run(box: BlackBox, x: Share, y: Share, u: Share, v: Share) -> list[Share]:
        return [x ^ y, box.and_(x, y), box.or_(x, y), box.inject(x, v), box.inject(y, u), box.select(x, v, u), box.select(y, u, v), u + v, box.mul(u, v)]

    got = simulate_blackbox(protocol, run, x, y, u, v)
    bit_x, bit_y = (b.astype(np.uint16) for b in (x, y))
    expected = [x ^ y, x & y, x | y, bit_x * v, bit_y * u, np.where(x, v, u), np.where(y, u, v), u + v, u * v]
    for found, right in zip(got, expected, strict=True):
        np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("shape", [(7,), (3, 3), (1, 1)])
def test_bits_of_several_rows_are_not_repeated(shape: tuple[int, ...]) -> None:
    with pytest.raises(PlanError, match="cannot be repeated"):
        Share(BIT, (3,), ()).broadcast(shape)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x + x, lambda x: x - x, lambda x: -x, lambda x: x.scale(3), lambda x: x.sum(), lambda x: x.cumsum(), lambda x: x.narrow(8),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [BIT, Boolean(13)])
def test_sums_of_booleans_are_refused(operation: Callable[[Share], Share], kind: Boolean) -> None:
    with pytest.raises(TypeMismatchError, match="arithmetic"):
        operation(Share(kind, (8,), ()))


def test_xor_of_numbers_is_refused() -> None:
    x = Share(Arithmetic(32), (8,), ())
    with pytest.raises(TypeMismatchError, match="boolean"):
        x ^ x


@pytest.mark.parametrize("operation", [lambda x: x.reshape(2, 4), lambda x: x.transpose(), lambda x: x.column(0), lambda x: x.shift_left(1)])
def test_packed_bits_have_no_columns(operation: Callable[[Share], Share]) -> None:
    with pytest.raises(PlanError, match="widen"):
        operation(Share(BIT, (8,), ()))
