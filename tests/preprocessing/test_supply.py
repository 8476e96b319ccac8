"""What is made before a plan: as much as was told, once, and counted apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spuframe.errors import ProtocolError
from spuframe.preprocessing.supply import prepared, set_up
from spuframe.spu.kinds import Arithmetic
from spuframe.testing import simulate

AMOUNTS: dict[Any, int] = {("triple", 64): 10, ("and", 1): 21, ("edabit", 8, 1): 9, ("matmul", 32, (2, 3, 1)): 2, ("permute", (0,), 5, "A", 64): 2}


def _take(ctx: Any) -> Any:
    own = ctx.own
    own.expect(AMOUNTS)
    first = own.spent
    assert (first.rounds, first.sent[ctx.rank]) == (prepared(AMOUNTS).rounds + set_up().rounds, (prepared(AMOUNTS) + set_up()).sent[0])
    assert ctx.link.traffic.rounds == 0 and sum(ctx.link.traffic.sent) == 0, "counted apart"
    order = own.order((0,), 5)
    taken = [own.take(("triple", 64), 4), own.take(("triple", 64), 6), own.take(("triple", 64), 0)]
    taken += [own.take(("and", 1), 3), own.take(("and", 1), 18), own.take(("edabit", 8, 1), 5), own.take(("edabit", 8, 1), 4)]
    taken += [own.take(("matmul", 32, (2, 3, 1)), 1) for _ in range(2)]
    taken += [own.take(("permute", (0,), 5, "A", 64), 2, order, False)]
    own.settle()
    own.expect({("and", 1): 8})
    assert own.spent.rounds == first.rounds + prepared({("and", 1): 8}).rounds, "the keys of the session are made once"
    with pytest.raises(ProtocolError, match="8 and 1 were prepared and not used"):
        own.settle()
    with pytest.raises(ProtocolError, match="no triple 64 has been made"):
        own.take(("triple", 64), 1)
    with pytest.raises(ProtocolError, match="no permutation of 5 rows"):
        own.order((0,), 5)
    return taken


def test_pieces_of_what_was_told() -> None:
    here, there = simulate(2, lambda box: _take(box.ctx), protocol="semi2k")
    for one, two in zip(here[:3], there[:3], strict=True):
        a, b, c = (p + q for p, q in zip(one, two, strict=True))
        assert (a * b == c).all()
    assert [len(part[0]) for part in here[:3]] == [4, 6, 0]
    for (one, two), count in zip(zip(here[3:5], there[3:5], strict=True), (3, 18), strict=True):
        x, y, z = (np.unpackbits(p ^ q, bitorder="little")[:count] for p, q in zip(one, two, strict=True))
        assert (x & y == z).all()
    for (one, two), count in zip(zip(here[5:7], there[5:7], strict=True), (5, 4), strict=True):
        assert (one[0] + two[0] == np.unpackbits(one[1] ^ two[1], bitorder="little")[:count]).all()
    for one, two in zip(here[7:9], there[7:9], strict=True):
        a, b, c = (p + q for p, q in zip(one, two, strict=True))
        assert (a @ b == c).all() and a.dtype == Arithmetic(32).word
    assert [part.shape for part in here[9]] == [(5, 2)] * 3


