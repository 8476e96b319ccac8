"""Two parties with tags and a declared dealer: whatever party 1 changes is found before a value leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe import plugins
from spuframe.dtypes import Field, Int
from spuframe.errors import ProtocolError
from spuframe.link.memory import MemoryLink
from spuframe.protocols.spdz2k_dealer import gates
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Kernel
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share
from spuframe.testing import simulate_blackbox
from spuframe.testing.simulate import simulate_shares
from tests.spu.harness import DictStore, plan_of, reveal, run_full, scan, step

NAME = "spdz2k_dealer"
X = Field("x", Int(64), False, range=(-100, 100))


def test_it_says_that_it_is_insecure() -> None:
    table = plugins.protocol(NAME)
    assert table.insecure and "every value" in table.threat and not table.layout.drops
    assert sum(isinstance(k, Kernel) for k in table.kernels.values()) == 13  # the rest is derived


def test_costs_are_those_of_checked_openings() -> None:
    """An opening that may decide something is one round more than the two of the check before it."""
    box, x, b = BlackBox(plugins.protocol(NAME), 2), Share(Arithmetic(64), (10,), ()), Share(Boolean(5), (10,), ())
    box.mul(x, x)
    assert (box.declared.rounds, box.declared.sent, box.declared.material) == (1, (320, 320), {("triple", 128): 10})
    box.open_masked(b)
    assert (box.declared.rounds, box.declared.sent) == (2, (720, 720)) and box.declared.material["mask", 64, 1] == 50
    box.open(x)
    assert (box.declared.rounds, box.declared.sent) == (5, (960, 960))
    box.hand_over([x])
    assert box.declared.rounds == 9 and box.declared.material["hand_over", 128, 64] == 10


def _job(box: BlackBox, x: Share, y: Share, bit: Share) -> Any:
    """Every kernel that sends, on the ways between an owner and a receiver."""
    product = box.matmul(box.mul(x, y).reshape(1, -1), y.reshape(-1, 1)).reshape(1)
    order = box.draw(4)
    moved = box.unshuffle(order, box.shuffle(order, [x, bit]))
    return [product, box.inject(moved[1], moved[0]), box.open(box.msb(y, 9)), box.b2a(box.and_(bit, bit), 16)]


INPUTS = (np.array([5, -3, 0, 9]), np.array([1, -2, 3, -4]), np.array([True, False, True, True]))


def _cheating(monkeypatch: pytest.MonkeyPatch, rank: int, change: Callable[[int, Any], Any]) -> list[int]:
    """Let a rank change messages that it sends: ``change(number, words)``; the list has their number in the end."""
    real, sent = MemoryLink.send, [0]

    def send(self: MemoryLink, to: int, data: Any) -> None:
        if self.rank == rank:
            data = change(sent[0], np.ascontiguousarray(data).reshape(-1).copy())
            sent[0] += 1
        real(self, to, data)

    monkeypatch.setattr(MemoryLink, "send", send)
    return sent


def _job_with(monkeypatch: pytest.MonkeyPatch, rank: int, change: Callable[[int, Any], Any]) -> int:
    with monkeypatch.context() as patch:
        sent = _cheating(patch, rank, change)
        simulate_blackbox(NAME, _job, *INPUTS)
    return sent[0]


def _flipped(at: int, where: float) -> Callable[[int, Any], Any]:
    def change(number: int, data: Any) -> Any:
        if number == at and data.size:
            data[int(where * (data.size - 1)) // 8 * 8 if data.dtype == np.uint8 else int(where * (data.size - 1))] ^= data.dtype.type(1)
        return data

    return change


@pytest.mark.parametrize("rank", [0, 1])
def test_a_bit_that_is_flipped_in_any_message_is_found(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    """The first word of each in turn, and one in its middle; the first message is the agreement on keys, which is the link's to prove."""
    count = _job_with(monkeypatch, rank, lambda number, data: data)
    assert count >= 25
    for at in range(1, count):
        with pytest.raises(ProtocolError):
            _job_with(monkeypatch, rank, _flipped(at, 0.5 if at % 2 else 0.0))


def test_a_message_that_is_sent_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the next of its size."""
    kept: dict[int, Any] = {}

    def replayed(number: int, data: Any) -> Any:
        before = kept.get(data.nbytes) if number > 12 else None
        kept[data.nbytes] = data
        return data if before is None or before.dtype != data.dtype else before

    with pytest.raises(ProtocolError):
        _job_with(monkeypatch, 1, replayed)


@pytest.mark.parametrize("kind", [Arithmetic(8), Arithmetic(64), BIT, Boolean(13)])
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("way", ["open", "masked", "handed over", "shuffled"])
def test_a_share_that_is_changed_is_found(kind: Any, part: int, way: str) -> None:
    """Words or tags of one party; nothing is returned, whichever way the value goes."""

    def changed(box: BlackBox, x: Share) -> Any:
        if box.ctx is not None and box.ctx.rank == 1:
            parts = [p.copy() for p in x.parts]
            parts[part][2] += np.uint64(1)
            x = Share(x.kind, x.shape, tuple(parts), x.layout)
        if way == "open":
            return [box.open(x), box.open(x)]
        if way == "masked":
            box.open_masked(x)
        return box.shuffle(box.draw(5), [x])[0] if way == "shuffled" else x

    words = np.arange(5).astype(kind.word) & kind.word.type(1)
    with pytest.raises(ProtocolError, match="check of what was opened failed: a party has changed"):
        simulate_blackbox(NAME, changed, (words, kind))


def test_what_a_receiver_is_told_cannot_be_changed() -> None:
    kind, shape = Arithmetic(64), (3,)
    table = plugins.protocol(NAME)
    messages = simulate_shares(table, 2, lambda box, x: box.hand_over([x])[0], [np.array([1, -2, 3])])
    assert gates.combine(2, messages, kind, shape).view(np.int64).tolist() == [1, -2, 3]
    for party in (0, 1):
        for at in (0, 16, 48, 64, 96):  # words, their tags, and the key
            wrong = [m.copy() for m in messages]
            wrong[party][at] ^= 1
            with pytest.raises(ProtocolError, match="check of what the parties told failed"):
                gates.combine(2, wrong, kind, shape)


def _kept_and_revealed() -> Sequence[Any]:
    return [scan([X], 5), step("store", [0], {"name": "kept"}, [X], 5), reveal(0, [X], 5, ordered=True)]


def test_nothing_is_stored_and_nothing_delivered_once_a_party_has_cheated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole plan, with a party that changes what it told the owner, its promise, what it opens on the way to the receiver (store and reveal
    share their rounds), or what it promised.

    What the cheater keeps for itself is its own affair, and worth nothing without the other's.
    """
    table = pa.table({"x": [1, -2, 3, 0, 5]})
    for at in (1, 2, 3, 4):
        stores = [DictStore(), DictStore()]
        with monkeypatch.context() as patch:
            _cheating(patch, 1, _flipped(at, 0.0))
            with pytest.raises(ProtocolError, match="a party has changed"):
                run_full(plan_of(_kept_and_revealed()), {("alice", "t"): table}, NAME, stores)
        assert bool(stores[0].tables) == (at == 3)  # what is stored is right then: the opening is no part of it
    stores = [DictStore(), DictStore()]
    found = run_full(plan_of(_kept_and_revealed()), {("alice", "t"): table}, NAME, stores)
    assert found.tables[0].column("x").to_pylist() == [1, -2, 3, 0, 5] and set(stores[1].tables) == {"kept"}


def test_shares_of_another_key_are_not_taken_for_right() -> None:
    table, stores = pa.table({"x": [1, -2, 3, 0, 5]}), [DictStore(), DictStore()]
    run_full(plan_of(_kept_and_revealed()), {("alice", "t"): table}, NAME, stores)
    load = plan_of([step("load", [], {"name": "kept"}, [X], 5), reveal(0, [X], 5, ordered=True)])
    assert run_full(load, {}, NAME, stores).tables[0].column("x").to_pylist() == [1, -2, 3, 0, 5]
    for store in stores:
        store.beside.clear()
    with pytest.raises(ProtocolError, match="check of what was opened failed"):
        run_full(load, {}, NAME, stores)


def test_a_protocol_without_tags_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same change goes through where nobody looks: what is found above is no property of the tests."""
    _cheating(monkeypatch, 1, _flipped(1, 0.0))
    opened = simulate_shares(plugins.protocol("semi2k_dealer"), 2, lambda box, x: box.open(x), [np.arange(8, dtype=np.uint8)])
    assert opened[0].tolist() != list(range(8)) and opened[1].tolist() == list(range(8))
