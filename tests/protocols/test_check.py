"""The conformance suite, on every protocol that is named, and on protocols that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spuframe.errors import ProtocolError
from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.kernel import Cost
from spuframe.testing import Ideal, check_protocol, simulate, simulate_blackbox


@pytest.mark.every_protocol(light=True)
def test_conforms(protocol: str) -> None:
    check_protocol(protocol, supply=supply_of(protocol))


def supply_of(protocol: str) -> type[Ideal] | None:
    """Where parties make their material, their kernels are checked with what a third would make; how they make it has tests of its own."""
    return None if protocol_by_name(protocol).prepared is None else Ideal


def swapped(name: str, **changes: Any) -> Any:
    table = protocol_by_name("aby3")
    return replace(table, kernels={"dot": table.kernels["dot"], name: replace(table.kernels[name], **changes)})


def test_a_wrong_cost_is_found() -> None:
    with pytest.raises(ProtocolError, match=r"sent \d+ bytes, declared are"):
        check_protocol(swapped("dot", cost=lambda parties, xs, ys, f: Cost(1, (8, 8, 8))))


def test_a_missing_round_is_found() -> None:
    real = protocol_by_name("aby3").kernels["open"].cost
    with pytest.raises(ProtocolError, match=r"took \d+ rounds"):
        check_protocol(swapped("open", cost=lambda parties, x: real(parties, x) + Cost(1)))


def test_a_wrong_result_is_found() -> None:
    real = protocol_by_name("aby3").kernels["trunc"].run
    with pytest.raises(AssertionError, match="units"):
        check_protocol(swapped("trunc", run=lambda ctx, x, f: real(ctx, x + x, f)))


def test_a_product_without_the_zero_share_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from spuframe.protocols.aby3 import arithmetic

    monkeypatch.setattr(arithmetic, "_zero_words", lambda ctx, shape, word: (np.zeros(shape, word), np.zeros(shape, word)))
    with pytest.raises(AssertionError, match="re-randomised"):
        check_protocol(swapped("dot"))


def test_a_word_that_one_end_alone_draws_is_found() -> None:
    real = protocol_by_name("aby3").kernels["dot"].run

    def uneven(ctx: Any, xs: Any, ys: Any, f: int) -> Any:
        result = real(ctx, xs, ys, f)
        if ctx.rank == 2:
            ctx.streams[1].words(1, np.uint8)
        return result

    with pytest.raises(ProtocolError, match="party [12] and party [12] have drawn .* common stream"):
        simulate_blackbox(swapped("dot", run=uneven), lambda box, x: box.mul(x, x), np.arange(3))


def test_the_first_failure_is_raised_and_the_others_end() -> None:
    def party(ctx: Any) -> None:
        if ctx.rank == 1:
            raise ZeroDivisionError("party 1 alone")
        ctx.link.recv_into(1, np.empty(1, np.uint8))

    with pytest.raises(ZeroDivisionError, match="party 1 alone"):
        simulate(3, party)


def test_public_results_must_agree() -> None:
    with pytest.raises(AssertionError, match="differs between parties"):
        simulate_blackbox("aby3", lambda box, x: np.array([box.ctx.rank if box.ctx else 0]), np.arange(3))


def test_a_cost_that_depends_on_data_is_found() -> None:
    def peek(box: Any, x: Any) -> Any:
        return box.open(x) if box.dry or len(box.calls) else box.open(x.slice(0, 1))

    with pytest.raises(ProtocolError, match="kinds and shapes only"):
        simulate_blackbox("aby3", peek, np.arange(3))
