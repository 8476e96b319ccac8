"""What ranks compare before a plan runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest

from spuframe.errors import PlanError, SpuframeError, StoreError
from spuframe.link.base import Link, LinkConfig
from spuframe.link.memory import MemoryNetwork
from spuframe.runtime.agreement import agree, digest

A, B, C = (bytes([i]) * 32 for i in range(3))
NAMES = ("party 0", "party 1", "party 2", "owner ann")


def at_all(work: Callable[[Link], None], ranks: int) -> list[SpuframeError | None]:
    links = MemoryNetwork(ranks, LinkConfig(deadline=20.0, names=NAMES[:ranks])).links()
    errors: list[SpuframeError | None] = [None] * ranks

    def run(rank: int) -> None:
        try:
            work(links[rank])
        except SpuframeError as error:
            errors[rank] = error

    threads = [threading.Thread(target=run, args=(r,)) for r in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def compared(*marks: Mapping[str, bytes]) -> list[SpuframeError | None]:
    """Three parties (or two) and an owner, who holds no shares."""
    parties = len(marks)
    return at_all(lambda link: agree(link, A, parties, {} if link.rank >= parties else marks[link.rank]), min(parties + 1, 4))


def test_equal_marks() -> None:
    assert compared({"t": A, "u": B}, {"u": B, "t": A}, {"t": A, "u": B}) == [None] * 4


@pytest.mark.parametrize("odd", range(3))
def test_the_party_that_went_back_is_named_by_all(odd: int) -> None:
    errors = compared(*({"t": A, "u": C if r == odd else B} for r in range(3)))
    assert errors[3] is None
    for error in errors[:3]:
        assert isinstance(error, StoreError) and error.party == f"party {odd}"
        assert str(error).startswith(f"party {odd} holds another table under the stored name 'u'")


def test_names_exchanged_at_one_party() -> None:
    errors = compared({"t": A, "u": B}, {"t": B, "u": A}, {"t": A, "u": B})
    assert {e.party for e in errors[:3] if e is not None} == {"party 1"}


def test_without_a_majority_nobody_is_blamed_alone() -> None:
    for error in compared({"t": A}, {"t": B}, {"t": C})[:3]:
        assert isinstance(error, StoreError) and error.party is None
        assert str(error).startswith("party 0 and party 1 and party 2 hold different tables under the stored name 't'")


def test_plans_that_differ_come_first() -> None:
    def work(link: Link) -> None:
        agree(link, digest(b"s", b"plan", 1 + (link.rank == 1)), 3, {"t": A} if link.rank else {})

    assert all(isinstance(e, PlanError) for e in at_all(work, 3))
