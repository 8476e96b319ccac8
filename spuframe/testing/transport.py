"""`check_transport`: what every transport must do, for authors of transports."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spuframe import plugins
from spuframe.errors import AuthenticationError, FrameError, LinkError, PeerClosedError, PeerTimeoutError, PolicyError, SpuframeError
from spuframe.link.base import Endpoint, Link, LinkConfig, Transport

T = TypeVar("T")
Make = Callable[..., Sequence[Link]]

_DTYPES = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8", "?", "M8[ns]")
_SIZES = (0, 1, 7, 1000, 65_537)
_HOST = "127.0.0.1"
_PATIENCE = 60.0  # a check that takes longer hangs


def check_transport(transport: str | Transport | Make) -> None:
    """Check a transport against the contract of `spuframe.link.base`.

    Parameters
    ----------
    transport : str, Transport or callable
        By the name under which it is installed; or itself; or, for links of another origin, ``make(world, **overrides)``,
        which opens a fresh mesh in this process and gives one link for each rank. The overrides are fields of `LinkConfig`
        (``deadline``, ``max_frame``, ``names``).

    Raises
    ------
    AssertionError
        With what the transport did, and what it should do.

    Examples
    --------
    >>> from spuframe.link import LinkConfig, MemoryNetwork
    >>> check_transport(lambda world, **overrides: MemoryNetwork(world, LinkConfig(**overrides)).links())
    """
    if isinstance(transport, str):
        named, transport = transport, plugins.transport(transport)
        assert transport.name == named, f"the transport that is found as {named!r} must call itself so, got {transport.name!r}"
    with tempfile.TemporaryDirectory(prefix="spuframe-check-") as folder:
        if isinstance(transport, Transport):
            check_data(transport)
            check_opening(transport, Path(folder))
            transport = partial(open_mesh, transport, Path(folder))
        _check_links(transport)
        assert not os.listdir(folder), f"what a transport makes in its folder must go with its endpoints, {os.listdir(folder)} is left"


def open_mesh(transport: Transport, folder: Path, world: int, **overrides: Any) -> Sequence[Link]:
    """Join ``world`` ranks in this process, each opened in a thread."""
    config = LinkConfig(**({"deadline": 20.0} | overrides))
    endpoints = [transport.bind(_HOST, folder) for _ in range(world)]
    addresses, secret = [e.address for e in endpoints], token_bytes(32)
    with ThreadPoolExecutor(world) as pool:
        return list(pool.map(lambda rank: endpoints[rank].open(rank, addresses, secret, b"check", config), range(world)))


def check_data(transport: Transport) -> None:
    """A transport says by itself what the runtime and its users must know of it."""
    assert isinstance(transport.name, str) and transport.name, f"`name` must be a text, got {transport.name!r}"
    assert isinstance(transport.insecure, bool), f"`insecure` must be a bool, got {transport.insecure!r}"
    assert isinstance(transport.threat, str) and transport.threat, "`threat` must say whom the transport keeps out"


def check_opening(transport: Transport, folder: Path) -> None:
    """Only who proves the secret joins; who is missing is named at the deadline; an endpoint leaves nothing behind."""
    names = ("party 0", "party 1")
    first, second = transport.bind(_HOST, folder), transport.bind(_HOST, folder)
    for endpoint in (first, second):
        address = endpoint.address
        assert isinstance(address, str) and 0 < len(address) < 256 and address.isprintable(), f"an address must be a short text, got {address!r}"
    assert first.address != second.address, f"every endpoint must have an address of its own, got {first.address!r} twice"
    for endpoint in (first, second, first, second):
        endpoint.close()

    def opens(rank: int, endpoints: Sequence[Endpoint], secret: bytes, deadline: float) -> Link:
        return endpoints[rank].open(rank, [e.address for e in endpoints], secret, b"check", LinkConfig(deadline, names=names))

    apart, alone, gone = ([transport.bind(_HOST, folder) for _ in range(2)] for _ in range(3))
    gone[0].close()
    with ThreadPoolExecutor(4) as pool:
        zero = pool.submit(_raised, AuthenticationError, lambda: opens(0, apart, token_bytes(32), 2.0), "a rank 1 with another secret")
        one = pool.submit(_raised, AuthenticationError, lambda: opens(1, apart, token_bytes(32), 2.0), "a rank 0 with another secret")
        absent = pool.submit(_raised, PeerTimeoutError, lambda: opens(0, alone, token_bytes(32), 0.3), "a rank 1 that never comes")
        unreached = pool.submit(_raised, PeerTimeoutError, lambda: opens(1, gone, token_bytes(32), 0.3), "a rank 0 that is gone")
        for future, blamed in ((zero, "party 1"), (one, "party 0"), (absent, "party 1"), (unreached, "party 0")):
            error = future.result(_PATIENCE)
            assert error.party == blamed, f"the error must blame {blamed}, got {error.party}: {error}"
    for endpoint in (*apart, *alone, *gone):
        endpoint.close()
    weak = transport.bind(_HOST, folder)
    _raised(AuthenticationError, lambda: weak.open(0, [weak.address], b"short", b"check"), "a secret that could be guessed")
    lone = transport.bind(_HOST, folder)
    with lone.open(0, [lone.address], token_bytes(32), b"check") as link:
        assert link.world == 1, "a rank alone must have a link, to nobody"
    for wrong in ("", "nowhere", "nowhere:x", "/etc/passwd", "\n"):
        odd = transport.bind(_HOST, folder)
        addresses = [wrong, odd.address]
        _raised(LinkError, lambda e=odd, a=addresses: e.open(1, a, token_bytes(32), b"check", LinkConfig(0.3)), f"the address {wrong!r}")  # type: ignore[misc]


def _check_links(make: Make) -> None:
    for check in (
        check_delivery,
        check_large_exchange,
        check_world,
        check_counters,
        check_frame_errors,
        check_close,
        check_abort,
        check_stall,
        check_misuse,
    ):
        check(make)


def check_delivery(make: Make) -> None:
    """Every dtype and size arrives, in order, in both directions."""
    with _mesh(make, 2) as (a, b):
        for source, sink in ((a, b), (b, a)):
            arrays: list[NDArray[Any]] = [np.arange(size).astype(dtype) for dtype in _DTYPES for size in _SIZES]
            arrays += [np.arange(12, dtype=np.uint64).reshape(3, 4), np.array(7, np.uint32)]
            for array in arrays:
                source.send(sink.rank, array)
            for number, array in enumerate(arrays):
                got = np.zeros_like(array)
                sink.recv_into(source.rank, got)
                assert np.array_equal(got, array), f"frame {number} ({array.dtype}, shape {array.shape}) must arrive unchanged and in order"


def check_large_exchange(make: Make) -> None:
    """Both ranks send much more than any buffer holds, then receive: a send must not wait for the peer."""
    size = 24 << 20

    def run(link: Link) -> bool:
        peer = 1 - link.rank
        sent = [np.full(size, 10 * link.rank + i, np.uint8) for i in range(2)]
        for array in sent:
            link.send(peer, array)
        out = np.empty(size, np.uint8)
        good = True
        for i in range(2):
            link.recv_into(peer, out)
            good = good and bool((out == 10 * peer + i).all())
        return good

    with _mesh(make, 2, deadline=30.0) as links:
        assert _together(run, links) == [True, True], "large frames in both directions at once must arrive unchanged"


def check_world(make: Make) -> None:
    """Frames of several ranks do not mix, whatever order they are asked for in."""

    def run(link: Link) -> list[int]:
        others = [rank for rank in range(link.world) if rank != link.rank]
        for peer in others:
            link.send(peer, np.array([100 * link.rank + peer], np.int64))
        out = np.zeros(1, np.int64)
        got = []
        for peer in reversed(others):
            link.recv_into(peer, out)
            got.append(int(out[0]))
        return got

    with _mesh(make, 4) as links:
        assert [link.rank for link in links] == [0, 1, 2, 3], "links must come in the order of their ranks"
        assert all(link.world == 4 for link in links), "every link must know how many ranks there are"
        expected = [[100 * peer + rank for peer in reversed(range(4)) if peer != rank] for rank in range(4)]
        assert _together(run, links) == expected, "each rank must get what was sent to it, by whom it asked for"


def check_counters(make: Make) -> None:
    """The traffic is counted to the byte, without headers."""
    with _mesh(make, 3) as (a, b, _):
        for size in (0, 10, 1000):
            a.send(1, np.zeros(size, np.uint16))
        a.send(2, np.zeros(5, np.uint8))
        for size in (0, 10, 1000):
            b.recv_into(0, np.zeros(size, np.uint16))
        assert a.traffic.sent == [0, 2020, 5], f"`sent` must be [0, 2020, 5], got {a.traffic.sent}"
        assert b.traffic.received == [2020, 0, 0], f"`received` must be [2020, 0, 0], got {b.traffic.received}"
        assert a.traffic.received == [0, 0, 0] and b.traffic.sent == [0, 0, 0], "nothing else must be counted"
        assert (a.traffic.frames, b.traffic.frames) == (4, 0), f"`frames` must count what was sent, got {a.traffic.frames}"
        assert a.traffic.rounds == 0, "`rounds` is for the layer above to count"


def check_frame_errors(make: Make) -> None:
    """A frame of another size than expected, or above the limit, is a `FrameError` that names the peer."""
    for sent, expected in ((10, 11), (11, 10), (0, 1), (1, 0), (1 << 20, 8)):
        with _mesh(make, 2, names=("party 0", "owner hospital")) as (a, b):
            b.send(0, np.zeros(sent, np.uint8))
            out = np.zeros(expected, np.uint8)
            error = _raised(FrameError, partial(a.recv_into, 1, out), f"{sent} bytes where {expected} are expected")
            assert "owner hospital" in str(error), f"the error must name the peer, got {error}"
            assert a.traffic.received == [0, 0], "a frame that failed must not be counted"
    with _mesh(make, 2, max_frame=100) as (a, b):
        a.send(1, np.zeros(101, np.uint8))
        _raised(FrameError, lambda: b.recv_into(0, np.zeros(101, np.uint8)), "a frame above `max_frame`")


def check_close(make: Make) -> None:
    """What was sent before a close arrives; then the peer is gone, by name, at once. A second close does nothing."""
    size = 8 << 20
    with _mesh(make, 2, names=("party 0", "party 1"), deadline=30.0) as (a, b):
        with ThreadPoolExecutor(1) as pool:
            a.send(1, np.full(size, 7, np.uint8))
            closing = pool.submit(a.close)
            out = np.zeros(size, np.uint8)
            b.recv_into(0, out)
            assert bool((out == 7).all()), "close must flush what was sent"
            error = _raised(PeerClosedError, lambda: b.recv_into(0, out), "a receive after the peer's close")
            assert "party 0" in str(error), f"the error must name the peer, got {error}"
            closing.result(_PATIENCE)
        _raised(PeerClosedError, lambda: b.recv_into(0, out), "another receive after the peer's close")
        a.close()
        b.close()
        b.close()
        _raised(LinkError, lambda: b.send(0, out), "a send on a closed link")
        _raised(LinkError, lambda: b.recv_into(0, out), "a receive on a closed link")
    with _mesh(make, 2, deadline=30.0) as (a, b), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_raised, PeerClosedError, lambda: a.recv_into(1, np.zeros(4)), "a close while we wait")
        b.close()
        waiting.result(_PATIENCE)
    with _mesh(make, 2) as (a, b):
        b.close()

        def keep_sending() -> None:
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until:
                a.send(1, np.zeros(1000, np.uint8))
                time.sleep(0.001)

        _raised(PeerClosedError, keep_sending, "sending on and on to a peer that closed")


def check_abort(make: Make) -> None:
    """Every peer that receives gets the error itself; one from outside spuframe's tree hides its text."""
    with _mesh(make, 3, names=("party 0", "party 1", "party 2")) as (a, b, c):
        a.send(1, np.zeros(3, np.uint8))
        b.recv_into(0, np.zeros(3, np.uint8))
        a.abort(PolicyError("column 'age' must not be revealed", party="party 0"))
        for link in (b, c):
            error = _raised(PolicyError, partial(link.recv_into, 0, np.zeros(50, np.uint64)), "a receive after the peer's abort")
            assert error.message == "column 'age' must not be revealed", "the message must arrive"
            assert error.party == "party 0", "the party to blame must arrive"
        a.close()
        a.abort(PolicyError("twice"))
        b.send(2, np.ones(1, np.uint8))
        out = np.zeros(1, np.uint8)
        c.recv_into(1, out)
        assert out[0] == 1, "the other ranks must still reach each other"
    with _mesh(make, 2) as (a, b):
        a.abort(KeyError("secret value 42"))
        foreign = _raised(SpuframeError, lambda: b.recv_into(0, np.zeros(1)), "a receive after an abort with a foreign error")
        assert "42" not in str(foreign), "the text of an error that is not spuframe's may hold data, and must not travel"
    with _mesh(make, 2) as (a, b):
        try:
            with a:
                raise PolicyError("inside")
        except PolicyError:
            pass
        _raised(PolicyError, lambda: b.recv_into(0, np.zeros(1)), "a receive after the peer's `with` block failed")
    with _mesh(make, 2, deadline=30.0) as (a, b):
        # A peer that is busy sending must learn why, too.
        b.send(0, np.zeros(24 << 20, np.uint8))
        a.abort(PolicyError("enough"))
        _raised(PolicyError, lambda: b.recv_into(0, np.zeros(1)), "a receive after an abort, with a send under way")


def check_stall(make: Make) -> None:
    """A peer that sends nothing is a `PeerTimeoutError` that names it, not before the deadline and not never."""
    with _mesh(make, 2, deadline=1.0, names=("party 0", "party 1")) as (a, b):
        start = time.monotonic()
        error = _raised(PeerTimeoutError, lambda: a.recv_into(1, np.zeros(1)), "a silent peer")
        waited = time.monotonic() - start
        assert 0.9 < waited < 20.0, f"a deadline of 1 s must end the wait then, it took {waited:.2f} s"
        assert "party 1" in str(error), f"the error must name the peer, got {error}"
        a.abort(error)
        again = _raised(PeerTimeoutError, lambda: b.recv_into(0, np.zeros(1)), "the abort that follows")
        assert again.party == "party 1", "the peer to blame must arrive"


def check_misuse(make: Make) -> None:
    """What cannot be sent or filled is a `LinkError` that leaves the link as it was."""
    with _mesh(make, 2) as (a, b):
        good = np.arange(6, dtype=np.uint32).reshape(2, 3)
        fixed = np.zeros(6, np.uint32)
        fixed.flags.writeable = False
        _raised(LinkError, lambda: a.send(0, good), "a send to oneself")
        _raised(LinkError, lambda: a.send(2, good), "a send to a rank that does not exist")
        _raised(LinkError, lambda: a.recv_into(-1, good.copy()), "a receive from a rank that does not exist")
        _raised(LinkError, lambda: a.send(1, good.T), "an array that is not C-contiguous")
        _raised(LinkError, lambda: a.send(1, np.array([object()])), "an array of objects")
        _raised(LinkError, lambda: b.recv_into(0, fixed), "a read-only output")
        a.send(1, good)
        out = np.zeros(6, np.uint32)
        b.recv_into(0, out)
        assert out.tolist() == list(range(6)), "the link must work on after a call that was refused"


@contextmanager
def _mesh(make: Make, world: int, **overrides: Any) -> Iterator[Sequence[Link]]:
    before = set(threading.enumerate())
    links = make(world, **overrides)
    assert len(links) == world, f"make({world}) must give {world} links, got {len(links)}"
    try:
        yield links
    finally:
        with ThreadPoolExecutor(world) as pool:
            list(pool.map(lambda link: link.close(), links))
    until = time.monotonic() + 10.0
    while left := [t for t in set(threading.enumerate()) - before if t.is_alive()]:
        assert time.monotonic() < until, f"close must end all threads, {left} still run"
        time.sleep(0.01)


def _together(run: Callable[[Link], T], links: Sequence[Link]) -> list[T]:
    with ThreadPoolExecutor(len(links)) as pool:
        return [future.result(_PATIENCE) for future in [pool.submit(run, link) for link in links]]


E = TypeVar("E", bound=SpuframeError)


def _raised(kind: type[E], call: Callable[[], object], what: str) -> E:
    try:
        call()
    except kind as error:
        return error
    except SpuframeError as error:
        raise AssertionError(f"{what} must raise {kind.__name__}, got {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what} must raise {kind.__name__}, nothing was raised")


__all__ = ["check_transport"]
