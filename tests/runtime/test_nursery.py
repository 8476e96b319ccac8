"""The process that starts others: what its children have and have not, how their ends are told, and that none outlives it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from spuframe.errors import PartyDiedError
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime import nursery as nurseries
from spuframe.runtime.child import Child, Nursery
from spuframe.runtime.runtimes import Runtimes

TOLD = "tests.runtime.told"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a signal of Linux")


@contextlib.contextmanager
def started(*modules: str) -> Iterator[Nursery]:
    nursery = Nursery.start().load(modules, ())
    try:
        yield nursery
    finally:
        nursery.close()
        assert not psutil.pid_exists(nursery.pid)


@pytest.fixture(scope="module", params=[pytest.param(TOLD, marks=LINUX), "tests.runtime.threaded"])
def nursery(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    """One that forks, and one that cannot, since what it has loaded has started a thread."""
    with started(request.param) as made:
        made.forks = request.param == TOLD  # type: ignore[attr-defined]
        yield made


@contextlib.contextmanager
def talking(nursery: Nursery, how: str, module: str = TOLD, *, heads: bool = False) -> Iterator[tuple[Child, socket.socket]]:
    """A child, and this end of its connection; one that heads a session reads of a pipe, which ends at once."""
    with contextlib.ExitStack() as stack:
        ours, theirs = map(stack.enter_context, socket.socketpair())
        stdin, tells = os.pipe()
        os.close(tells)
        stack.callback(os.close, stdin)
        child = nursery.begin(module, theirs.fileno(), (how,), stdin if heads else None)
        stack.enter_context(child.stderr)
        theirs.close()
        yield child, ours


def told(ours: socket.socket) -> dict[str, Any]:
    return dict(json.loads(ours.recv(1 << 16)))


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=10)[1]


def test_what_children_have(nursery: Nursery) -> None:
    seen = []
    with open(__file__):  # not for them
        for word in ("one", "two"):
            with talking(nursery, word) as (child, ours):
                seen.append(told(ours))
                assert child.wait(30) == 0 and child.poll() == 0
            assert seen[-1]["pid"] == child.pid != os.getpid()
            assert seen[-1]["argv"][1:] == [word, "3"]
    for has in seen:
        assert has["descriptors"] == [0, 1, 2, 3] and not has["stdin"]
        assert has["threads"] == 1 and all(has["signals"]) and has["folder"] == os.getcwd()
        assert has["group"] == os.getpgid(nursery.pid)
        assert has["core"] == [0, 0]
        assert not {"PYTEST_CURRENT_TEST", "PWD"} & set(has["environment"])
        assert has["ends_with"] == (signal.SIGKILL if nursery.forks else 0)  # type: ignore[attr-defined]  # else it sees to that by itself
    assert not set(seen[0]["random"]) & set(seen[1]["random"])


def test_a_child_that_heads_a_session_reads_what_it_is_told(nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with talking(nursery, "one", heads=True) as (child, ours):
        has = told(ours)
        assert has["stdin"] and has["group"] == child.pid and has["folder"] == str(tmp_path)
        assert child.wait(30) == 0


@pytest.mark.parametrize(("how", "status"), [("raise", 1), ("exit", 3), ("wait", -signal.SIGKILL), ("wait", -signal.SIGTERM)])
def test_ends_are_told_and_nothing_stays(nursery: Nursery, how: str, status: int) -> None:
    with talking(nursery, how) as (child, ours):
        told(ours)
        if status < 0:
            assert child.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.01)
            child.send_signal(-status)
        assert child.wait(30) == status == child.poll() == child.returncode
        text = child.stderr.read().decode()
    assert ("ValueError: 4711" in text and "told.py" in text) if how == "raise" else not text
    assert not psutil.pid_exists(child.pid)  # no zombie either
    child.kill()  # harmless


def test_a_group_is_ended_as_one(nursery: Nursery) -> None:
    with talking(nursery, "wait", heads=True) as (child, ours):
        told(ours)
        child.send_signal(signal.SIGKILL, group=True)
        assert child.wait(30) == -signal.SIGKILL


@LINUX
@pytest.mark.parametrize("stopped", [False, True])
def test_closing_ends_all_children(stopped: bool) -> None:
    with started(TOLD) as nursery, contextlib.ExitStack() as stack:
        talks = [stack.enter_context(talking(nursery, "wait")) for _ in range(3)]
        children = [child for child, ours in talks if told(ours)]
        processes = [psutil.Process(p.pid) for p in (nursery, *children)]
        for process in processes if stopped else ():
            process.suspend()
        begin = time.monotonic()
        nursery.close()
        assert time.monotonic() - begin < 20.0  # else it waited for what is stopped
        assert [child.wait(0) for child in children] == [-signal.SIGKILL] * 3
        assert gone(processes)
        with pytest.raises(PartyDiedError, match="has ended"):
            nursery.talk(TOLD, "wait")


@LINUX
def test_children_end_with_a_nursery_that_is_killed() -> None:
    with started(TOLD) as nursery, talking(nursery, "wait") as (child, ours):
        told(ours)  # before, it might be stopped where it does not know yet how to end
        process = psutil.Process(child.pid)
        process.suspend()
        os.kill(nursery.pid, signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL and gone([process])
        with pytest.raises(PartyDiedError, match="has ended"):
            nursery.talk(TOLD, "wait")


def test_a_session_whose_code_starts_threads(start: Callable[..., Runtimes], plan: Callable[..., PhysicalPlan]) -> None:
    session = start(worker="tests.runtime.threaded")
    for _ in range(2):
        assert session.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)


def test_no_room_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(errno.EAGAIN, "full")

    monkeypatch.setattr(nurseries, "alone", lambda: True)
    monkeypatch.setattr(os, "fork", full)
    ours, theirs = socket.socketpair()
    hand = Nursery(ours, nurseries.Fork(os.getpid()))
    monkeypatch.setattr(hand, "_wake", lambda: None)
    monkeypatch.setattr(hand, "_process", SimpleNamespace(wait=lambda: 0))
    with theirs:
        nurse = nurseries.Nurse(theirs, os.getppid())
        serving = threading.Thread(target=nurse._asked)
        serving.start()
        with pytest.raises(BlockingIOError):
            hand.talk(TOLD)
        serving.join()
    hand.close()


def test_what_cannot_be_loaded_is_the_child_s_own_error() -> None:
    with started("no_such_module", TOLD) as nursery:
        with talking(nursery, "one", "no_such_module") as (child, _):
            assert child.wait(30) == 1
            assert b"ModuleNotFoundError" in child.stderr.read()
        with talking(nursery, "one") as (child, ours):
            assert told(ours) and child.wait(30) == 0
