"""`check_views`: every byte that a party receives is masked by randomness of its own, for authors of protocols.

`check_protocol` looks at results, and cannot see a mask that was used twice. Here a kernel runs again and again on the same shares, with the same
words in every stream that one party has and other words in those that it lacks. All that it receives must then be uniformly random *together*: no bit
constant, and the lowest bits of all bytes independent over GF(2). Two words under one mask are not, be it added or XORed: their lowest bits have a
constant XOR.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from greenlet import getcurrent, greenlet
from numpy.typing import NDArray

from spuframe.errors import ProtocolError
from spuframe.kernels.prg import KEY_BYTES, Stream
from spuframe.link.base import Link, LinkConfig, Traffic
from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.kernel import Own, Protocol, What
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, pack
from spuframe.testing.simulate import expect, material, share_out

SPARE = 24
"""A right protocol fails with probability 2^-24 in a case; more runs would not find more."""
CHUNK = 16

Case: TypeAlias = tuple[str, Callable[..., Any], list[tuple[int, Kind]]]


def check_views(protocol: str | Protocol, *, parties: int | None = None, supply: Callable[[Context], Own] | None = None) -> None:
    """Raise unless what every party receives looks uniformly random to it, whichever kernel runs, and over several of them.

    Parameters
    ----------
    protocol : str or Protocol
    parties : int, optional
        The fewest that the protocol runs with, unless stated.
    supply : callable, optional
        In place of the protocol's own ``open``, where making the material for so many runs would take long: such as `Ideal`.

    Raises
    ------
    AssertionError
        Bytes that are not masked, or share a mask with others; or a kernel that no case covers.

    Examples
    --------
    >>> check_views("plaintext")
    """
    table = protocol_by_name(protocol) if isinstance(protocol, str) else protocol
    table = table if supply is None else replace(table, open=supply)
    n, covered = parties or table.parties[0], {"open", "settle"}  # what is opened is known in the end: no mask hides it
    fitting = [case for case in cases() if set(case[0].split(":")[0].split()) <= set(table.kernels)]
    for _, fn, inputs in fitting:
        dry = BlackBox(table, n, None, CHUNK, CHUNK)
        made = fn(dry, *(Share(kind, (rows,), ()) for rows, kind in inputs))
        if table.give is not None:
            dry.enter(n, [(kind, (rows,)) for rows, kind in inputs])
            dry.hand_over([x for x in (made if isinstance(made, list) else [made])])
        covered |= set(dry.calls)
    assert covered >= set(table.kernels), f"no case covers {sorted(set(table.kernels) - covered)}: add one to spuframe.testing.views"
    for what, fn, inputs in fitting:
        needed = material(table, n, fn, [(kind, (rows,)) for rows, kind in inputs], CHUNK)
        given = [(np.arange(rows).astype(kind.word) & kind.word.type(1), kind) for rows, kind in inputs]
        run = _entered(table, n, fn, given) if table.give is not None else _dealt(fn, [share_out(table, n, x) for x in given])
        for rank in (r for r in range(n) if r != table.dealer):  # from whom nothing is hidden, as the protocol says
            _check(table, n, rank, what, run, needed)


def cases() -> Iterator[Case]:
    """(kernels, a colon and what is particular; what runs; rows and kinds of its inputs).

    Few rows of narrow words, as there are as many runs as bytes; eight, so that no byte of bits has room left.
    """
    a, b, wide = Arithmetic(16), Boolean(13), Arithmetic(64)
    yield "dot", lambda box, x, y: box.mul(x, y), [(8, a)] * 2
    yield "dot: truncated", lambda box, x, y: box.mul(x, y, 9), [(8, a)] * 2
    yield "dot: of several columns", lambda box, x, y: [box.dot([x, y], [y, y]), box.mul(x, x)], [(8, a)] * 2
    yield "dot: in chunks", lambda box, x: box.mul(x, x), [(CHUNK + 8, wide)]
    yield "matmul", lambda box, x, y: box.matmul(x.reshape(4, 2), y.reshape(2, 4), 5), [(8, a)] * 2
    yield "trunc", lambda box, x: box.trunc(x, 9), [(8, a)]
    yield "trunc: twice", lambda box, x: [box.trunc(x, 9), box.trunc(x, 3)], [(8, a)]
    yield "extend", lambda box, x: box.extend(x, 64), [(8, a)]
    yield "inject", lambda box, bit, x: box.inject(bit, x), [(8, BIT), (8, a)]
    yield "fourier", lambda box, x: box.fourier(x, 20, ((1, 0.6), (2, -0.2)), 14), [(8, wide)]
    yield "and_", lambda box, x, y: box.and_(x, y), [(8, b)] * 2
    yield "and_: of bits", lambda box, x, y: box.and_(x, y), [(64, BIT)] * 2
    yield "msb", lambda box, x: box.msb(x, 7), [(8, a)]
    yield "msb: of a bit", lambda box, x: box.msb(x, 1), [(8, a)]
    yield "eqz", lambda box, x: box.eqz(x, 6), [(8, a)]
    yield "eqz: of bits", lambda box, x: box.eqz(x, 13), [(8, b)]
    yield "addends", lambda box, x: list(box.addends(x, 6)), [(8, a)]
    yield "a2b", lambda box, x: box.a2b(x, 6), [(8, a)]
    yield "b2a: of bits", lambda box, x: box.b2a(x, 16), [(8, BIT)]
    yield "b2a: by products", lambda box, x: box.b2a(x, 16), [(8, b)]
    yield "b2a: by a sum", lambda box, x: box.b2a(x, 64), [(8, Boolean(5))]
    yield "random dot", lambda box, x: box.mul(box.random(a, 8), x), [(8, a)]
    yield "draw shuffle", lambda box, x, y, z: box.shuffle(box.draw(8), [x, y, z]), [(8, a), (8, b), (8, BIT)]
    yield "draw shuffle unshuffle", _there_and_back, [(8, a)] * 2
    yield "dot msb b2a: in common rounds", lambda box, x: box.together(_several(box, x)), [(8, a)]
    yield "dot and_ b2a: one after the other", lambda box, x, y: box.b2a(box.and_(y, y), 16) + box.mul(x, x, 9), [(8, a), (8, BIT)]


def _there_and_back(box: BlackBox, *xs: Share) -> list[Share]:
    order = box.draw(8)
    return [*box.unshuffle(order, box.shuffle(order, xs)), *box.shuffle(order, xs)]


def _several(box: BlackBox, x: Share) -> list[Callable[[], Share]]:
    return [lambda: box.mul(x, x), lambda: box.b2a(box.msb(x, 5), 16), lambda: box.mul(x, x)]


Runs: TypeAlias = tuple[Callable[[BlackBox], Any], Callable[[Link], None] | None]
"""What runs at a party, and at an owner if there is one."""


def _dealt(fn: Callable[..., Any], dealt: Sequence[Sequence[Share]]) -> Runs:
    return lambda box: fn(box, *(shares[box.ctx.rank] for shares in dealt if box.ctx is not None)), None


def _entered(table: Protocol, n: int, fn: Callable[..., Any], given: Sequence[tuple[Array, Kind]]) -> Runs:
    """The ways in belong to the views."""
    columns = [(pack(words) if kind == BIT else words, kind, words.shape) for words, kind in given]
    give = table.give
    assert give is not None
    return lambda box: fn(box, *box.enter(n, [(kind, shape) for _, kind, shape in columns])), lambda link: give(link, n, columns)


def _check(table: Protocol, n: int, rank: int, what: str, runs: Runs, needed: Mapping[What, int]) -> None:
    known = {pair: os.urandom(KEY_BYTES) for pair in [*combinations(range(n), 2), (rank, rank)] if rank in pair}
    views: list[NDArray[np.uint8]] = []
    step = table.layout.held_bits(BIT) // 8 or 1  # where every value is held in words, one byte of each, the same in all
    while not views or len(views) < len(views[0]) // step + SPARE:
        views.append(_view(table, n, rank, runs, known, needed))
        if not len(views[0]):
            return
    changed: NDArray[np.uint8] = np.stack(views) ^ views[0]
    constant = np.flatnonzero(np.bitwise_or.reduce(changed, 0) != 255)
    assert not len(constant), f"{what}: byte {constant[0]} of {changed.shape[1]} that party {rank} receives has a bit that no mask changes"
    kept = slice(int.from_bytes(os.urandom(1)) % step, None, step)
    byte = _dependent(changed[:, kept] & np.uint8(1))
    assert byte is None, f"{what}: byte {byte} of {changed.shape[1]} that party {rank} receives has no mask of its own, is one used twice?"


def _dependent(bits: NDArray[np.uint8]) -> int | None:
    """The first column that is a sum of columns before it, over GF(2)."""
    leading: dict[int, int] = {}
    for j, column in enumerate(np.packbits(bits, axis=0).T):
        left = int.from_bytes(column.tobytes(), "big")
        while left and left.bit_length() in leading:
            left ^= leading[left.bit_length()]
        if not left:
            return j
        leading[left.bit_length()] = left
    return None


# ---- one run, in one thread ---------------------------------------------------------------------------------
class _Link(Link):
    """Takes turns with the other parties, which are greenlets: a run costs no more than what it computes."""

    def __init__(self, rank: int, world: int, queues: dict[tuple[int, int], deque[bytes]]) -> None:
        self.rank, self.world, self.config, self.traffic = rank, world, LinkConfig(), Traffic.zeros(world)
        self.queues, self.hub, self.seen = queues, getcurrent(), list[bytes]()

    def send(self, to: int, data: Array) -> None:
        self.traffic.sent[to] += data.nbytes
        self.queues[self.rank, to].append(np.ascontiguousarray(data).tobytes())

    def recv_into(self, frm: int, out: Array) -> None:
        queue = self.queues[frm, self.rank]
        while not queue:
            self.hub.switch(getcurrent())
        self.seen.append(queue.popleft())
        out.reshape(-1).view(np.uint8)[:] = np.frombuffer(self.seen[-1], np.uint8)

    def abort(self, error: Exception) -> None:
        """What one raises ends the run."""

    def close(self) -> None:
        """Nothing is open."""


def _view(
    table: Protocol, n: int, rank: int, runs: Runs, known: dict[tuple[int, int], bytes], needed: Mapping[What, int]
) -> NDArray[np.uint8]:
    """What party ``rank`` receives once its material is there, with fresh words in the streams that it lacks."""
    keys = {pair: known.get(pair) or os.urandom(KEY_BYTES) for pair in [*combinations(range(n), 2), *((i, i) for i in range(n))]}
    fn, owner = runs
    world = n if owner is None else n + 1
    queues: dict[tuple[int, int], deque[bytes]] = {(i, j): deque() for i in range(world) for j in range(world)}
    links = [_Link(i, world, queues) for i in range(world)]

    def party(link: _Link) -> None:
        if owner is not None and link.rank == n:
            owner(link)
            return
        streams = {p: Stream(keys[min(p, link.rank), max(p, link.rank)]) for p in range(n) if p != link.rank}
        ctx = table.start(Context(link, n, streams, Stream(keys[link.rank, link.rank])))
        box = BlackBox(table, n, ctx, CHUNK, CHUNK)
        if owner is None:  # where values enter in rounds, that takes material too
            expect(box, needed)
        link.seen.clear()
        fn(box)

    running = {link.rank: greenlet(lambda link=link: party(link)) for link in links}
    for _ in range(100_000):
        for i, here in list(running.items()):
            waits = here.switch()
            if waits is None:
                del running[i]
            else:
                running[i] = waits
        if not running:
            return np.frombuffer(b"".join(links[rank].seen), np.uint8)
    raise ProtocolError("the parties wait for messages that nobody sends: every message needs a sender and a receiver in the same order")


__all__ = ["check_views"]
