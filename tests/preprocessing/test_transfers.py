"""Oblivious transfer: from base transfers to the keys of any number, against a slow reference; and what is told of them."""

from __future__ import annotations

import hashlib

import nacl.bindings as group
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from spuframe.errors import ProtocolError
from spuframe.kernels.bits import plane_to_bitmap
from spuframe.kernels.fixedkey import FixedKey
from spuframe.kernels.prg import Stream
from spuframe.kernels.subsets import rows_of
from spuframe.preprocessing import base_ot, extension
from spuframe.preprocessing.transfers import Transfers, bits_cost
from spuframe.preprocessing.wire import Wire
from spuframe.spu.context import Context
from spuframe.testing import simulate
from tests.preprocessing.ends import costing, transfers

LABEL = b"a label"


def fresh() -> Stream:
    return Stream.fresh()


# ---- base ---------------------------------------------------------------------------------------------------
def test_the_receiver_has_one_key_of_two() -> None:
    choices = [False, True, True]
    receiver, sender = base_ot.Receiver(LABEL, choices, fresh()), base_ot.Sender(LABEL, fresh())
    chosen, pairs = receiver.keys(sender.message), sender.keys(receiver.message)
    assert chosen == [pair[c] for c, pair in zip(choices, pairs, strict=True)]
    assert len({*chosen, *(pair[not c] for c, pair in zip(choices, pairs, strict=True))}) == 6


def test_another_label_gives_other_keys() -> None:
    receiver, sender = base_ot.Receiver(LABEL, [True], fresh()), base_ot.Sender(b"another", fresh())
    assert receiver.keys(sender.message)[0] not in sender.keys(receiver.message)[0]


def test_what_is_no_point_is_refused() -> None:
    neutral, small = bytes([1, *bytes(31)]), bytes(32)  # of order 1 and 4
    receiver, sender = base_ot.Receiver(LABEL, [False], fresh()), base_ot.Sender(LABEL, fresh())
    for point in (neutral, small, b"\xff" * 32):
        with pytest.raises(ProtocolError, match="no point of the group"):
            receiver.keys(np.frombuffer(point, np.uint8))
    for point in (small, b"\xff" * 32):
        with pytest.raises(ProtocolError, match="no point of the group"):
            sender.keys(np.frombuffer(point + point, np.uint8))


def test_both_points_look_alike() -> None:
    """Whatever is chosen, both are points of the group of prime order: a sender that tests them learns nothing."""
    for choice in (False, True):
        message = base_ot.Receiver(LABEL, [choice], fresh()).message.tobytes()
        assert all(group.crypto_core_ed25519_is_valid_point(message[32 * i : 32 * (i + 1)]) for i in (0, 1))


# ---- extension ------------------------------------------------------------------------------------------------
def _extended(ctx: Context) -> dict[str, object]:
    wire = Wire(ctx)
    (sender, receiver), cost = costing(ctx, lambda: extension.set_up(wire, LABEL, ctx.private))
    assert cost == (2, sum(extension.SET_UP))
    out = []
    for words, random in ((3, False), (65, True), (1, True)):
        t, message, c = receiver.choose(None if random else ctx.private.words(words, np.uint64), words)
        q = sender.accept(wire.swap(message, message.nbytes).view(np.uint64), words)
        assert message.nbytes == (31 if random else 32) * 8 * words
        out.append((rows_of(t, 64 * words), np.unpackbits(plane_to_bitmap(c, 64 * words), bitorder="little"), rows_of(q, 64 * words)))
    return {"rows": out, "delta": sender.delta, "shown": repr(sender)}


def test_rows_differ_by_delta_where_the_bit_is_set() -> None:
    ends = simulate(2, _extended)
    for here, there in (ends, ends[::-1]):
        for (t, c, _), (_, _, q) in zip(here["rows"], there["rows"], strict=True):  # type: ignore[call-overload]
            assert (q == t ^ c[:, None].astype(np.uint64) * there["delta"]).all()
            assert len(np.unique(t, axis=0)) == len(t)
    assert ends[0]["shown"] == "Sender(<delta>)" and (ends[0]["delta"] != ends[1]["delta"]).any()


def test_a_sender_lacks_the_leaf_that_delta_names() -> None:
    """By a tree of its own, written down once more."""
    for missing in range(16):
        leaves, sums = extension._tree(fresh())
        given = [pair[1 - (missing >> (3 - level) & 1)] for level, pair in enumerate(sums)]
        found = extension._punctured(missing, given)
        assert [a == b for a, b in zip(leaves, found, strict=True)] == [x != missing for x in range(16)]
    digest = hashlib.sha256(b"spuframe tree" + b"r" * 16).digest()
    assert extension._children(b"r" * 16) == (digest[:16], digest[16:])


def test_the_field_against_a_slow_reference() -> None:
    """u, v and w of one block, bit by bit from the keystreams."""
    keys = [bytes([x]) * 16 for x in range(16)]
    streams = [int.from_bytes(Cipher(algorithms.AES(k), modes.CTR(bytes(16))).encryptor().update(bytes(8)), "little") for k in keys]
    total, weighted = 0, [0] * 4
    for x, stream in enumerate(streams):
        total ^= stream
        for b in range(4):
            weighted[b] ^= stream * (x >> b & 1)
    t, message, c = extension.Receiver(keys * 32).choose(np.array([5], np.uint64), 1)
    assert t[:4, 0].tolist() == weighted and message[0, 0] == total ^ 5 and c[0] == 5
    delta = np.full(32, 9, np.uint8)
    q = extension.Sender(delta, [b"?" * 16 if x == 9 else k for x, k in enumerate(keys)] * 32).accept(message, 1)
    assert q[:4, 0].tolist() == [v ^ (5 if 9 >> b & 1 else 0) for b, v in enumerate(weighted)]


def test_the_hash_against_a_slow_reference() -> None:
    aes = Cipher(algorithms.AES(b"k" * 16), modes.ECB()).encryptor()
    rows = np.arange(10, dtype=np.uint64).reshape(5, 2)
    found = FixedKey(b"k" * 16).rows(rows, 1 << 40)
    for i, row in enumerate(rows):
        inner = aes.update(row.tobytes())
        tweaked = int.from_bytes(inner, "little") ^ ((1 << 40) + i)
        want = int.from_bytes(aes.update(tweaked.to_bytes(16, "little")), "little") ^ int.from_bytes(inner, "little")
        assert found[i].tobytes() == want.to_bytes(16, "little")
    words = FixedKey(b"k" * 16).words(rows, 0, 5)
    assert (FixedKey(b"k" * 16).words(rows, 2, 3) == words[:, 2:]).all() and len(np.unique(words)) == words.size
    first = int.from_bytes(rows[0].tobytes(), "little") ^ 1
    assert words[0, :2].tobytes() == (int.from_bytes(aes.update(first.to_bytes(16, "little")), "little") ^ first).to_bytes(16, "little")


# ---- what is seen ---------------------------------------------------------------------------------------------
def _messages(own: bytes, theirs: bytes) -> np.ndarray:
    """All that a party with one stream gets from one with another, at both of which the roles were dealt: no two parties are needed."""
    mine, other = Stream(own), Stream(theirs)
    delta, deltas = (s.words(32, np.uint8) & np.uint8(15) for s in (mine, other))
    leaves, others = ([s.words(16, np.uint8).tobytes() for _ in range(512)] for s in (mine, other))
    seen: list[np.ndarray] = []

    def party(ctx: Context) -> None:
        wire = Wire(ctx)
        held, of = (leaves, others) if ctx.rank == 0 else (others, leaves)
        block = delta if ctx.rank == 0 else deltas
        known = [b"?" * 16 if i % 16 == block[i // 16] else key for i, key in enumerate(of)]
        end = Transfers(wire, extension.Sender(block, known), extension.Receiver(held), b"h" * 16)
        if ctx.rank == 0:
            swap = wire.swap

            def noted(message: np.ndarray, size: int) -> np.ndarray:
                seen.append(swap(message, size))
                return seen[-1]

            wire.swap = noted  # type: ignore[method-assign]
        private = mine if ctx.rank == 0 else other
        words = private.words(3, np.uint8) & np.uint8(3)
        end.products(words, 2, [8, 8], 1, lambda rows, cols: words[rows][None, :, None].astype(np.uint64), lambda *made: None)

    simulate(2, party)
    return np.concatenate(seen)


def test_every_byte_of_a_message_has_a_mask_of_its_own() -> None:
    """The other party's stream changes and ours does not: no bit is constant, lowest bits are independent."""
    own = b"o" * 16
    some = np.arange(512, 518)  # the last message: what the factors are masked to, 8 bits for each of 3 rows and 2 bits
    views = [_messages(own, Stream.fresh().words(16, np.uint8).tobytes()) for _ in range(40)]
    changed = np.stack(views) ^ views[0]
    assert changed.shape[1] == 32 * 2 * 8 + 6
    assert (np.bitwise_or.reduce(changed[:, some], 0) == 255).all()
    rank = np.linalg.matrix_rank((changed[1:, some] & 1).astype(float))
    assert rank == len(some)
    assert (np.bitwise_or.reduce(changed[:, :512], 0) == 255).all(), "choices are masked by u"


def test_bits_cost_what_is_declared() -> None:
    def party(ctx: Context) -> tuple[np.ndarray, ...]:
        end = transfers(ctx)
        for count in (0, 1, 64, 1000, 64 * 2048 + 3):
            found, cost = costing(ctx, lambda count=count: end.bits(count))
            assert cost == bits_cost(count) and all(len(part) == -(-count // 8) for part in found)
        return tuple(found)

    (a, b, sent, got), (u, v, told, had) = simulate(2, party)
    assert (sent ^ had == a & v).all() and (got ^ told == u & b).all()
    assert all(0.45 < np.unpackbits(part).mean() < 0.55 for part in (a, b, sent, got, u, v, told, had))
