"""Processes that die, raise, run out of memory or stop; nothing of it may take a runtime or a session down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from spuframe.errors import (
    DuplicateKeyError,
    InstanceError,
    InstanceMemoryError,
    PartyDiedError,
    PeerTimeoutError,
    SessionClosedError,
    SessionError,
)
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.process import alive
from spuframe.runtime.runtimes import Runtimes

Start = Callable[..., Runtimes]
Plans = Callable[..., PhysicalPlan]


def node(session: Runtimes, name: str) -> dict:
    return next(n for n in session.status() if n["name"] == name)


def workers(session: Runtimes) -> list[int]:
    return [i["pid"] for n in session.status() for i in n["instances"]]


def when_running(session: Runtimes, action: Callable[[], None]) -> threading.Thread:
    """Act once the plan has begun at party 0."""

    def wait() -> None:
        while not any(i["state"] == "running" for i in node(session, "party 0")["instances"]):
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def gone(pids: list[int], seconds: float = 10.0) -> bool:
    """Whether all processes end (or are zombies of somebody else) in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(alive(p) and psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE for p in pids):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("victim", ["party 0", "owner bob"])
def test_a_killed_worker_is_named_and_the_session_goes_on(start: Start, plan: Plans, victim: str) -> None:
    session = start()
    session.run(plan())
    old = workers(session)
    thread = when_running(session, lambda: os.kill(node(session, victim)["instances"][0]["pid"], signal.SIGKILL))
    with pytest.raises(PartyDiedError, match=f"{victim} died.*signal 9") as caught:
        session.run(plan("forever"))
    thread.join()
    assert caught.value.party == victim
    assert gone(old)
    assert session.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)


def test_a_killed_node_is_named_in_every_later_call(start: Start, plan: Plans) -> None:
    session = start()
    session.run(plan())
    victim, processes = node(session, "owner bob")["pid"], workers(session)
    thread = when_running(session, lambda: os.kill(victim, signal.SIGKILL))
    with pytest.raises(PartyDiedError, match="owner bob died.*signal 9"):
        session.run(plan("forever"))
    thread.join()
    assert gone([victim, *processes])
    for call in (lambda: session.run(plan()), lambda: session.open_table("ann", {}), session.stored):
        with pytest.raises(SessionError, match="owner bob died.*Open a new session"):
            call()
    assert [n["alive"] for n in session.status()] == [True, True, False]


def test_an_exception_keeps_its_text_to_itself(start: Start, plan: Plans) -> None:
    session = start()
    with pytest.raises(InstanceError, match=r"owner bob failed with ValueError at .*standin.py") as caught:
        session.run(plan("value error", at=2))
    assert "4711" not in str(caught.value)
    session.run(plan())


def test_a_typed_error_arrives_as_it_is(start: Start, plan: Plans) -> None:
    session = start()
    with pytest.raises(DuplicateKeyError, match="the key is not unique. Use another one."):
        session.run(plan("duplicate"))
    session.run(plan())


def test_a_worker_that_exits(start: Start, plan: Plans) -> None:
    session = start()
    with pytest.raises(InstanceError, match="owner ann"):
        session.run(plan("exit", at=1))
    session.run(plan())


def test_a_memory_limit_ends_one_instance_only(start: Start, plan: Plans) -> None:
    session = start(memory_limit=1 << 30)
    with pytest.raises(InstanceMemoryError, match="owner ann ran out of the memory.*Raise memory_limit"):
        session.run(plan("memory", at=1))
    session.run(plan())


@pytest.mark.slow
def test_a_stopped_worker_is_found_by_the_deadline(start: Start, plan: Plans) -> None:
    session = start(deadline=3.0)
    session.run(plan())
    pid = node(session, "owner bob")["instances"][0]["pid"]
    thread = when_running(session, lambda: os.kill(pid, signal.SIGSTOP))
    with pytest.raises(PeerTimeoutError, match="owner bob"):
        session.run(plan("forever"))
    thread.join()
    assert gone([pid])
    session.run(plan())


def test_an_interrupt_cancels_the_plan(start: Start, plan: Plans) -> None:
    session = start()

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.run(plan("forever"), progress=interrupt)
    assert workers(session) == []
    session.run(plan())


def test_closing_ends_a_running_plan(start: Start, plan: Plans) -> None:
    session = start()
    session.run(plan())
    pids = [n["pid"] for n in session.status()] + workers(session)
    thread = when_running(session, session.close)
    with pytest.raises(SessionClosedError):
        session.run(plan("forever"))
    thread.join()
    assert gone(pids)


ANALYST = """
import sys, warnings, json
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.local import local
session = local(protocol="plaintext", worker=json.loads(sys.argv[2]), owners=["ann"]).open()
session.add_owner("ann")
plan = lambda do: PhysicalPlan("plaintext", 1, ("ann",), (), options={"do": do})
session.run(plan("exchange"))
status = session.status()
pids = [n["pid"] for n in status] + [i["pid"] for n in status for i in n["instances"]]
session.run(plan("forever"), progress=lambda done, total: print(json.dumps(pids), flush=True))
"""


@pytest.mark.parametrize("stopped", [False, pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="a signal of Linux"))])
def test_no_orphans_when_the_analyst_is_killed(standin: str, stopped: bool) -> None:
    root = str(Path(__file__).resolve().parent.parent.parent)
    with subprocess.Popen([sys.executable, "-c", ANALYST, root, json.dumps(standin)], stdout=subprocess.PIPE) as analyst:
        assert analyst.stdout is not None
        pids = json.loads(analyst.stdout.readline())
        assert len(pids) == 4
        pids += [c.pid for p in pids[:2] for c in psutil.Process(p).children(recursive=True)]
        for pid in pids if stopped else ():
            os.kill(pid, signal.SIGSTOP)
        analyst.kill()
    assert gone(pids)
