"""`simulate`: the parties of a protocol as threads of one process, over a `MemoryNetwork`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.ir.physical import BATCH_ROWS
from spuframe.kernels.prg import Stream
from spuframe.link.base import Link, LinkConfig
from spuframe.link.memory import MemoryNetwork
from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.kernel import Columns, Cost, Protocol, What
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, Share, pack

T = TypeVar("T")
Input: TypeAlias = Array | tuple[Array, Kind] | Share
DEADLINE = 60.0


def simulate(
    n: int,
    fn: Callable[[Any], T],
    *,
    protocol: str | Protocol | None = None,
    batch_rows: int = BATCH_ROWS,
    config: LinkConfig | None = None,
    owner: Callable[[Link], None] | None = None,
) -> list[T]:
    """Run ``fn`` at ``n`` parties, each a thread, and return what each gave.

    Parameters
    ----------
    n : int
    fn : callable
        ``fn(ctx)`` with the party's `Context`, or with its `BlackBox` if ``protocol`` is given.
    protocol : str or Protocol, optional
    batch_rows : int
        Of the `BlackBox`.
    config : LinkConfig, optional
        Limits and names; a deadline of 60 seconds unless stated.
    owner : callable, optional
        ``owner(link)`` runs at one rank more, above the parties.

    Raises
    ------
    Exception
        What the first party to fail raised; the others are aborted.

    Examples
    --------
    >>> simulate(3, lambda ctx: ctx.rank)
    [0, 1, 2]
    """
    table = protocol_by_name(protocol) if isinstance(protocol, str) else protocol
    names = [*(f"party {r}" for r in range(n)), *(["owner"] if owner else [])]
    links = MemoryNetwork(len(names), config or LinkConfig(deadline=DEADLINE, names=names)).links()
    session = os.urandom(16)
    results: list[Any] = [None] * n
    failures: list[BaseException] = []  # in the order in which they happened

    def party(link: Link) -> None:
        try:
            with link:
                if owner is not None and link.rank == n:
                    owner(link)
                    return
                ctx = Context.open(link, n, session) if n > 1 else Context(link, 1, {}, Stream.fresh())
                ctx = ctx if table is None else table.start(ctx)
                try:
                    results[link.rank] = fn(ctx if table is None else BlackBox(table, n, ctx, batch_rows))
                except BaseException as error:
                    failures.append(error)  # before the others hear of it
                    raise
        except BaseException as error:  # noqa: BLE001 the top of a thread: raised again by the caller
            if error not in failures:
                failures.append(error)

    threads = [threading.Thread(target=party, args=(link,), name=f"party {link.rank}", daemon=True) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def simulate_shares(
    table: Protocol,
    parties: int,
    fn: Callable[..., T],
    inputs: Sequence[Input],
    *,
    batch_rows: int = BATCH_ROWS,
    config: LinkConfig | None = None,
    needed: Mapping[What, int] | None = None,
) -> list[T]:
    """Run ``fn(box, *shares)`` at every party, with shares of ``inputs`` that an owner has given, and the material that a dry run tells, or ``needed``."""
    if needed is None:
        needed = material(table, parties, fn, [_plain(x)[1:] for x in inputs], batch_rows)
    if table.give is None:
        dealt = [share_out(table, parties, x) for x in inputs]

        def with_dealt(box: BlackBox) -> T:
            expect(box, needed)
            return fn(box, *(shares[cast(Context, box.ctx).rank] for shares in dealt))

        return simulate(parties, with_dealt, protocol=table, batch_rows=batch_rows, config=config)
    give, columns = table.give, [_plain(x) for x in inputs]

    def with_entered(box: BlackBox) -> T:
        shares = box.enter(parties, [(kind, shape) for _, kind, shape in columns])
        expect(box, needed)
        return fn(box, *shares)

    def owner(link: Link) -> None:
        give(link, parties, columns)

    return simulate(parties, with_entered, protocol=table, batch_rows=batch_rows, config=config, owner=owner)


def material(table: Protocol, parties: int, fn: Callable[..., Any], columns: Columns, batch_rows: int = BATCH_ROWS) -> Mapping[What, int]:
    """What ``fn(box, *shares)`` takes of what is prepared before."""
    dry = BlackBox(table, parties, None, batch_rows)
    fn(dry, *(Share(kind, shape, ()) for kind, shape in columns))
    return dry.declared.material


def simulate_blackbox(
    protocol: str | Protocol,
    fn: Callable[..., Any],
    *inputs: Input,
    parties: int | None = None,
    batch_rows: int = BATCH_ROWS,
    config: LinkConfig | None = None,
) -> Any:
    """Share ``inputs``, run ``fn(box, *shares)`` at every party, and put the shares that it returns together again.

    Every run is held to its declared cost: rounds and bytes as measured must equal what the kernels declare, at every rank; and
    a run without a context must declare the same, and the material that is used must be just that.
    In the end every two parties must have drawn equally much from their common stream.

    Parameters
    ----------
    protocol : str or Protocol
    fn : callable
        Returns shares, public arrays (then equal at all parties), or lists and tuples of them.
    *inputs : ndarray or (ndarray, kind)
        Without a kind: booleans become packed bits, integers of b bits ``Arithmetic(b)``. Values are taken modulo 2^bits.
    parties : int, optional
        The fewest that the protocol runs with, unless stated.

    Returns
    -------
    object
        What ``fn`` returned, with unsigned words (single bits: uint8 zeros and ones) for shares.

    Examples
    --------
    >>> x = np.array([2, -3, 5])
    >>> simulate_blackbox("plaintext", lambda box, x: box.mul(x, x), x)
    array([ 4,  9, 25], dtype=uint64)
    """
    table = protocol_by_name(protocol) if isinstance(protocol, str) else protocol
    n, columns = parties or table.parties[0], [_plain(x)[1:] for x in inputs]
    in_rounds = table.give is not None

    dry = BlackBox(table, n, None, batch_rows)
    if in_rounds:
        dry.enter(n, columns)
    entering = dry.declared
    made = fn(dry, *(Share(kind, shape, ()) for kind, shape in columns))
    inside = dry.declared
    if in_rounds:
        dry.hand_over(_shares(made))

    def party(box: BlackBox, *shares: Share) -> Any:
        ctx = cast(Context, box.ctx)
        result = fn(box, *shares)
        check_traffic(box)
        declared, messages = box.declared, iter(box.hand_over(_shares(result)) if in_rounds else ())
        if ctx.own is not None:
            ctx.own.settle()
        ctx.compare_streams()
        return _handed(result, messages) if in_rounds else result, declared

    needed = (dry.declared - entering).material
    ends = simulate_shares(table, n, party, inputs, batch_rows=batch_rows, config=config, needed=needed)
    if padded(inside, n) != padded(ends[0][1], n):
        raise ProtocolError(f"without data {inside} is declared, with data {ends[0][1]}: a cost may depend on kinds and shapes only")
    return put_together(table, n, [result for result, _ in ends])


@dataclass(frozen=True)
class _Handed:
    """What a party hands over of a value."""

    share: Share
    message: Any


def _shares(made: Any) -> list[Share]:
    """All of a result, in order."""
    if isinstance(made, Share):
        return [made]
    return [share for part in made for share in _shares(part)] if isinstance(made, list | tuple) else []


def _handed(made: Any, messages: Iterator[Any]) -> Any:
    """The result with messages in place of shares."""
    if isinstance(made, Share):
        return _Handed(made, next(messages))
    return type(made)(_handed(part, messages) for part in made) if isinstance(made, list | tuple) else made


def share_out(table: Protocol, parties: int, values: Input) -> list[Share]:
    """What each party holds after an owner has dealt ``values``."""
    words, kind, shape = _plain(values)
    messages = table.deal(parties, words, kind, shape)
    return [table.accepted(rank, parties, message, kind, shape) for rank, message in enumerate(messages)]


def _plain(values: Input) -> tuple[Array, Kind, tuple[int, ...]]:
    """Words (single bits: a bitmap), kind and shape of an input."""
    if isinstance(values, Share):
        raise TypeError("an input must be a plaintext array, or an array with its kind; got a Share")
    if isinstance(values, tuple):
        plain, kind = np.asarray(values[0]), values[1]
    else:
        plain = np.asarray(values)
        kind = BIT if plain.dtype == bool else Arithmetic(8 * plain.dtype.itemsize)
    shape = plain.shape
    if kind == BIT:
        words = pack(plain)
    else:
        words = plain.astype(kind.word)
        if kind.bits < 8 * words.itemsize:
            words &= kind.word.type((1 << kind.bits) - 1)
    return words, kind, shape


def expect(box: BlackBox, needed: Mapping[What, int]) -> None:
    """Have material prepared, where the protocol has any."""
    own = cast(Context, box.ctx).own
    if own is not None:
        own.expect(needed)


def put_together(table: Protocol, parties: int, ends: Sequence[Any]) -> Any:
    """Combine what the parties returned: shares to words; public values must be equal."""
    first = ends[0]
    if isinstance(first, _Handed):
        return table.combined(parties, [end.message for end in ends], first.share.kind, first.share.shape)
    if isinstance(first, Share):
        messages = [table.yield_(rank, parties, share) for rank, share in enumerate(ends)]
        return table.combined(parties, messages, first.kind, first.shape)
    if isinstance(first, list | tuple):
        return type(first)(put_together(table, parties, end) for end in zip(*ends, strict=True))
    for other in ends[1:]:
        np.testing.assert_array_equal(other, first, err_msg="a public value differs between parties")
    return first


def measured(ctx: Context) -> Cost:
    """What this rank has done since its context was opened, as a `Cost` with zeros for the other ranks."""
    traffic = ctx.link.traffic
    sent = [0] * ctx.link.world
    sent[ctx.rank] = sum(traffic.sent)
    return Cost(traffic.rounds, tuple(sent))


def check_traffic(box: BlackBox) -> None:
    """Raise unless this rank's rounds and bytes are those that ``box`` declares."""
    ctx = cast(Context, box.ctx)
    real, declared = measured(ctx), padded(box.declared, box.parties)
    if (real.rounds, real.sent[ctx.rank]) != (declared.rounds, declared.sent[ctx.rank]):
        raise ProtocolError(
            f"rank {ctx.rank} took {real.rounds} rounds and sent {real.sent[ctx.rank]} bytes, "
            f"declared are {declared.rounds} rounds and {declared.sent[ctx.rank]} bytes (calls: {box.calls})"
        )


def padded(cost: Cost, ranks: int) -> Cost:
    """``cost`` with a figure for each of at least ``ranks`` ranks."""
    return cost + Cost(0, (0,) * ranks)
