"""Processes that are stopped, forked, interrupted or crowded out: an error in time that names who is to blame, and the session goes on."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pyarrow as pa
import pytest

from spuframe.config import MIN_MEMORY, RuntimeConfig
from spuframe.errors import (
    InstanceMemoryError,
    LinkError,
    PeerTimeoutError,
    SessionClosedError,
    SessionError,
    from_wire,
)
from spuframe.ir.physical import PhysicalPlan
from spuframe.link import handshake
from spuframe.link.framing import decode_abort, encode_abort
from spuframe.link.sockets import MAX_UNPROVEN
from spuframe.runtime.channel import Channel
from spuframe.runtime.child import Child, Nursery
from spuframe.runtime.client import Client, NodeAddress
from spuframe.runtime.local import NodeProcess
from spuframe.runtime.node import NodeServer
from spuframe.runtime.rpc import Caller
from spuframe.runtime.runtimes import Runtimes
from tests.processes import in_child, interrupted_at, interrupting, moments

Start = Callable[..., Runtimes]
Plans = Callable[..., PhysicalPlan]
LATE = 20.0
"""Seconds that a loaded machine may add to a deadline; what hung before hung for ever."""


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that takes no part in anything for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def pid_of(session: Runtimes, name: str) -> int:
    return next(int(n["pid"]) for n in session.status() if n["name"] == name)


@pytest.mark.slow
def test_a_stopped_node_is_named_in_time_and_close_is_bounded(start: Start, plan: Plans) -> None:
    session = start(deadline=5.0)
    session.run(plan())
    node = psutil.Process(pid_of(session, "owner bob"))
    everything = [node, *node.children(recursive=True)]
    with stopped(node.pid):
        begin = time.monotonic()
        with pytest.raises(PeerTimeoutError, match="owner bob.*no sign of life.*Open a new session") as caught:
            session.run(plan())
        assert caught.value.party == "owner bob"
        with pytest.raises(SessionError, match="owner bob"):
            session.stored()
        session.close()
        assert time.monotonic() - begin < 5.0 + 10.0 + LATE
    assert not psutil.wait_procs(everything, timeout=LATE)[1]


def test_a_stopped_worker_does_not_outlive_its_killed_node(start: Start, plan: Plans) -> None:
    session = start(owners=("ann",))
    session.run(plan(owners=("ann",)))
    node = psutil.Process(pid_of(session, "owner ann"))
    everything = [node, *node.children(recursive=True)]
    for process in reversed(everything):
        process.suspend()
    session.close()
    assert not psutil.wait_procs(everything, timeout=LATE)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's end is told to stopped processes by Linux alone")
def test_a_stopped_worker_ends_with_its_node(start: Start, plan: Plans) -> None:
    session = start(owners=("ann",))
    session.run(plan(owners=("ann",)))
    node = psutil.Process(pid_of(session, "owner ann"))
    workers = node.children(recursive=True)
    for worker in workers:
        worker.suspend()
    node.kill()
    assert workers and not psutil.wait_procs(workers, timeout=LATE)[1]


def test_a_busy_or_stopped_analyst_is_not_the_node_s_silence() -> None:
    """The signs of life count beats of this process, not time that passed while it did not run."""
    ours, theirs = socket.socketpair()
    node = Channel(theirs, "the session")
    lost: list[object] = []

    def answer() -> None:
        while (message := node.recv()) is not None:
            node.send({"id": message["id"], "ok": None})

    threading.Thread(target=answer, daemon=True).start()
    caller = Caller(Channel(ours, "a node"), "a node", lambda reason: reason or SessionError("ended"), lost.append, silence=0.4)
    time.sleep(1.2)  # three times the silence: pings alone keep it alive
    assert lost == []
    assert caller.request("anything", timeout=LATE) is None
    caller.close()
    node.close()


def test_a_peer_that_takes_no_bytes_ends_a_send() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        channel = Channel(ours, "a node", deadline=0.3)
        with pytest.raises(PeerTimeoutError, match="a node took no bytes"):
            channel.send(bytes(1 << 24))


@pytest.mark.slow
def test_who_waits_for_nobody_is_to_blame(start: Start, plan: Plans) -> None:
    session = start(deadline=3.0)
    session.run(plan())
    with pytest.raises(PeerTimeoutError) as caught:  # party 0 waits for ann, ann waits for bob, bob for nobody
        session.run(plan("chain"))
    assert caught.value.party == "owner bob" and "owner bob" in str(caught.value)
    session.run(plan())


def test_hearsay_is_shown_as_such_and_obeyed_by_no_terminal() -> None:
    told = decode_abort(encode_abort(InstanceMemoryError("party 0 is\x1b[2J to blame\x07", party="party\r0")), "party 1")
    assert told.said_by == "party 1"
    assert str(told).isprintable() and str(told.party).isprintable()
    assert from_wire({"type": "DataError", "message": "a\x00b", "party": None}).message == "a\ufffdb"


def test_a_forked_child_is_refused_and_harms_nothing(start: Start, plan: Plans) -> None:
    session = start()
    session.run(plan())

    def child() -> bool:
        refused = 0
        for call in (lambda: session.run(plan()), session.stored, session.status, lambda: session.open_table("ann", {})):
            try:
                call()
            except SessionError as error:
                refused += "fork" in str(error)
        session.__exit__(None, None, None)
        session._launcher.stop()
        return refused == 4

    assert in_child(child)
    assert session.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)


def test_a_forked_child_that_leaves_the_block(start: Start, plan: Plans) -> None:
    session = start()

    def child() -> bool:
        import weakref

        session.close()
        weakref.finalize._exitfunc()  # type: ignore[attr-defined]
        return True

    assert in_child(child)
    session.run(plan())


def test_an_interrupt_at_any_moment_of_handing_over_a_table(start: Start, plan: Plans, ipc: Callable[[pa.Table], bytes]) -> None:
    session = start(owners=("ann",))
    source = {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2, 3]}))}
    for moment in range(1, 1 + moments(lambda: session.open_table("ann", source))):
        interrupted_at(moment, lambda: session.open_table("ann", source))
    assert session.open_table("ann", source).rows == 3
    session.run(plan(owners=("ann",)))


def test_an_interrupt_while_a_large_table_is_on_its_way(start: Start, ipc: Callable[[pa.Table], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    session = start(owners=("ann",))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Channel, "_write", interrupting(Channel._write))  # its length has gone
        session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": np.arange(1_000_000)}))})
    assert session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2, 3]}))}).rows == 3


@pytest.mark.slow
def test_an_interrupt_at_some_moments_of_running_a_plan(start: Start, plan: Plans) -> None:
    """From the group's start to its plan's answer."""
    session = start(owners=("ann",))
    mine = plan(owners=("ann",))

    def run() -> None:
        session._uncut.do(session._drop_group)
        session.run(mine)

    many = moments(run)
    for part in range(10):
        assert interrupted_at(1 + part * (many - 20) // 10, run)
    assert session.run(mine).profile.ranks[0].steps == ({"op": "sum 3"},)
    assert [len(n["instances"]) for n in session.status()] == [1, 1]


def test_an_interrupt_while_an_owner_starts(start: Start, plan: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its process: started and not yet noted, ready and not yet reached, reached and not yet known."""
    before = {c.pid for c in psutil.Process().children()}
    session = start(owners=())
    for where, name in ((Nursery, "begin"), (NodeProcess, "wait"), (handshake, "connect")):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(where, name, interrupting(getattr(where, name)))
            session.add_owner("ann")
    session.add_owner("ann")
    session.run(plan(owners=("ann",)))
    (nursery,) = (c for c in psutil.Process().children() if c.pid not in before)
    assert {c.pid for c in nursery.children()} == {n["pid"] for n in session.status()}


def test_an_interrupt_while_a_session_opens(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    before = psutil.Process().children()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(subprocess, "Popen", interrupting(subprocess.Popen))
        start(owners=())
    assert psutil.Process().children() == before


def test_an_interrupt_of_closing_leaves_it_to_the_next_try(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    session = start(owners=())
    nodes = [psutil.Process(n["pid"]) for n in session.status()]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Child, "wait", interrupting(Child.wait))
        session.close()
    session.close()
    assert not any(n.is_running() for n in nodes)


def test_a_plan_that_does_not_fit_the_memory_of_a_worker_s_reader(start: Start) -> None:
    session = start(memory_limit=MIN_MEMORY, owners=())
    small = PhysicalPlan("plaintext", 1, (), (), options={"do": "exchange", "at": 0})
    large = PhysicalPlan("plaintext", 1, (), (), options={"do": "exchange", "at": 0, "ballast": "x" * (90 << 20)})
    session.run(small)
    with pytest.raises(InstanceMemoryError, match="Raise memory_limit"):
        session.run(large)
    session.run(small)


def test_a_group_opens_with_every_owner_whose_tables_are_open(start: Start, plan: Plans, ipc: Callable[[pa.Table], bytes]) -> None:
    session = start(owners=("ann", "bob", "eve"))
    tables = [session.open_table(owner, {"kind": "arrow", "data": ipc(pa.table({"x": [1]}))}) for owner in ("ann", "bob")]
    session.run(plan(owners=("ann",)))

    def workers() -> list[int]:
        return [i["pid"] for n in session.status() for i in n["instances"]]

    first = workers()
    assert len(first) == 3  # party 0, ann, bob; not eve
    session.run(plan(owners=("bob",)))
    session.run(plan(owners=("ann", "bob")))
    assert workers() == first
    for table in tables:
        session.close_table(table)


@pytest.fixture
def lone_node() -> Iterator[tuple[NodeServer, NodeAddress]]:
    secret = secrets.token_bytes(32)
    node = NodeServer(RuntimeConfig("party 0"), secret)
    host, port = node.start()
    yield node, NodeAddress("party 0", host, port, secret)
    node.close()


def test_silent_strangers_keep_nobody_out(lone_node: tuple[NodeServer, NodeAddress]) -> None:
    _, address = lone_node
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_UNPROVEN + 20):
            stack.enter_context(socket.create_connection((address.host, address.port)))
        client = Client(address).connect(4.0)  # less than strangers may stay silent
        assert client.request("hello")["name"] == "party 0"
        client.close()
    with pytest.raises(SessionClosedError):
        client.request("hello")


def test_a_node_off_the_loopback_takes_no_clear_connections() -> None:
    with pytest.raises(LinkError, match="not the loopback"):
        NodeServer(RuntimeConfig("party 0", host="0.0.0.0"), bytes(32)).start()
