"""Costs add, scale and join; what is prepared before counts like what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from spuframe.dtypes import Field, Int
from spuframe.ir.cost import Cost, in_parallel
from spuframe.plugins import protocol
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Kernel
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.table import Column, Table

KINDS = [("triple", 64), ("triple", 32), ("edabit", 64, 12), ("matmul", 64, (3, 4, 5))]
COSTS = st.builds(
    Cost,
    st.integers(0, 9),
    st.lists(st.integers(0, 99), max_size=4).map(tuple),
    st.dictionaries(st.sampled_from(KINDS), st.integers(1, 99)),
)


@given(COSTS, COSTS, st.integers(0, 5))
def test_amounts_add_up_by_kind(a: Cost, b: Cost, count: int) -> None:
    total = a + b.times(count)
    assert total.rounds == a.rounds + count * b.rounds and total.total == a.total + count * b.total
    for what in KINDS:
        assert total.material.get(what, 0) == a.material.get(what, 0) + count * b.material.get(what, 0)
    assert all(total.material.values()) and (total - b.times(count)).material == a.material  # none is no entry


@given(st.lists(COSTS, max_size=4))
def test_work_in_common_rounds_uses_the_material_of_all(costs: Sequence[Cost]) -> None:
    joined = in_parallel(costs)
    assert joined.rounds == max((c.rounds for c in costs), default=0)
    assert joined.material == sum(costs, Cost()).material and joined.total == sum(c.total for c in costs)


def _dot_cost(parties: int, xs: Sequence[Share], ys: Sequence[Share], f: int) -> Cost:
    """Two words opened a row, by each party."""
    return Cost(1, (2 * xs[0].size * xs[0].bits // 8,) * parties, {("triple", xs[0].bits): xs[0].size})


def test_a_dry_run_tells_the_material_of_chunks_slices_and_common_rounds() -> None:
    n, aby3 = 1000, protocol("aby3")
    two_parties = replace(aby3, parties=(2, 2), kernels={"dot": Kernel(aby3.kernels["dot"].run, _dot_cost, "", "")})
    box, x = BlackBox(two_parties, 2, None, 64, 64), Share(Arithmetic(64), (n,), ())
    box.mul(x, x)
    assert box.declared.material == {("triple", 64): n} and box.declared.sent == (16 * n, 16 * n)
    box.together([lambda: box.mul(x, x), lambda: box.mul(x.narrow(32), x.narrow(32))], counted=True)
    assert box.declared.material == {("triple", 64): 2 * n, ("triple", 32): n}
    table = Table({"x": Column(Field("x", Int(64)), x)}, n)
    box.by_slices(table, lambda piece: [box.mul(piece.columns["x"].values, piece.columns["x"].values)], width=100)
    box.by_slices(table, lambda piece: [box.mul(piece.columns["x"].values, piece.columns["x"].values)])
    box.by_slices(table, lambda piece: [box.mul(piece.columns["x"].values, piece.columns["x"].values)])
    assert box.declared.material == {("triple", 64): 5 * n, ("triple", 32): n}
