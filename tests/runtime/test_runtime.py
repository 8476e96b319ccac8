"""`SPURuntime` and its instances: states, isolation, counters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pytest

from spuframe.config import RuntimeConfig, SessionConfig
from spuframe.errors import InstanceError, InstanceMemoryError, InstanceStateError, PartyDiedError, PolicyError, SessionError
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.instance import Instance, State
from spuframe.runtime.process import alive
from spuframe.runtime.runtime import SPURuntime


@pytest.fixture
def runtime(standin: str) -> Iterator[SPURuntime]:
    with SPURuntime(RuntimeConfig("party 0", worker=standin, protocols=("plaintext",))) as runtime:
        yield runtime


def terms(runtime: SPURuntime, instance: Instance, **changes: Any) -> dict[str, Any]:
    address = instance.listen("tcp", "127.0.0.1", runtime.folder.path, 30.0)
    given = {"rank": 0, "parties": 1, "owners": [], "names": ["party 0"], "addresses": [address], "session_id": b"s"}
    return given | {"protocol": "plaintext", "deadline": 30.0, "memory_limit": None} | changes


def ready(runtime: SPURuntime, **changes: Any) -> Instance:
    instance = runtime.create()
    runtime.initialise(instance.name, terms(runtime, instance, **changes), runtime.space())
    return instance


def plan(do: str = "exchange") -> bytes:
    return PhysicalPlan("plaintext", 1, (), (), options={"do": do}).to_bytes()


def test_the_life_of_an_instance(runtime: SPURuntime) -> None:
    instance = runtime.create()
    assert instance.state is State.CREATED
    with pytest.raises(InstanceStateError, match="cannot run a plan: it is created"):
        instance.run(plan())
    runtime.initialise(instance.name, terms(runtime, instance), runtime.space())
    assert instance.state is State.READY
    with pytest.raises(InstanceStateError, match="cannot initialise: it is ready"):
        instance.initialise({"protocol": "", "parties": 0, "owners": []}, 1.0)
    for count in (1, 2):
        answer = instance.run(plan())
        assert msgpack.unpackb(answer["result"])["profile"]["steps"] == [{"op": "sum 1"}]
        assert (instance.counters.plans, instance.counters.rounds) == (count, count)
    assert instance.counters.peak_memory > 0 and instance.counters.seconds > 0
    runtime.close_instance(instance.name)
    assert instance.state is State.CLOSED and not alive(instance.pid)
    with pytest.raises(InstanceStateError, match="cannot run a plan: it is closed"):
        instance.run(plan())
    with pytest.raises(InstanceStateError, match="no instance"):
        runtime.close_instance(instance.name)


def test_running_is_a_state(runtime: SPURuntime) -> None:
    instance, seen = ready(runtime), []

    def look(event: Any) -> None:
        seen.append(instance.state)
        with pytest.raises(InstanceStateError, match="it is running"):
            instance.run(plan())
        instance.close()

    with pytest.raises(InstanceStateError, match="was closed"):
        instance.run(plan("forever"), look)
    assert seen == [State.RUNNING] and instance.state is State.CLOSED


@pytest.mark.parametrize(
    ("do", "error"),
    [("value error", InstanceError), ("memory", InstanceMemoryError), ("exit", InstanceError), ("kill", PartyDiedError)],
)
def test_siblings_do_not_notice(runtime: SPURuntime, do: str, error: type[Exception]) -> None:
    victim, sibling = ready(runtime, memory_limit=1 << 30), ready(runtime)
    sibling.run(plan())
    with pytest.raises(error, match="party 0"):
        if do == "kill":
            victim.run(plan("forever"), lambda event: os.kill(victim.pid, signal.SIGKILL))
        victim.run(plan(do))
    assert victim.state is State.FAILED and isinstance(victim.error, error)
    died = error is PartyDiedError  # then whoever comes next hears how
    with pytest.raises(error if died else InstanceStateError, match="died" if died else "it is failed"):
        victim.run(plan())
    assert sibling.state is State.READY
    sibling.run(plan())
    runtime.close_instance(victim.name)
    ready(runtime).run(plan())
    assert len(runtime.instances()) == 2


def test_two_instances_run_side_by_side(runtime: SPURuntime) -> None:
    one, two, both = ready(runtime), ready(runtime), threading.Event()

    def look(event: Any) -> None:
        two.run(plan())
        both.set()
        one.close()

    with pytest.raises(InstanceStateError):
        one.run(plan("forever"), look)
    assert both.is_set()


def test_an_idle_instance_that_dies_is_marked(runtime: SPURuntime) -> None:
    instance = ready(runtime)
    os.kill(instance.pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while instance.state is not State.FAILED and time.monotonic() < end:
        time.sleep(0.01)
    assert instance.state is State.FAILED and isinstance(instance.error, PartyDiedError)


def test_only_allowed_protocols(runtime: SPURuntime) -> None:
    instance = runtime.create()
    with pytest.raises(PolicyError, match="runs only plaintext, not 'aby3'"):
        runtime.initialise(instance.name, terms(runtime, instance, protocol="aby3"), runtime.space())


def test_a_constructor_opens_nothing() -> None:
    runtime = SPURuntime(RuntimeConfig("party 0"))
    with pytest.raises(InstanceStateError, match="is not running"):
        runtime.create()


def test_closing_ends_the_workers_and_what_started_them(standin: str) -> None:
    with SPURuntime(RuntimeConfig("party 0", worker=standin, protocols=("plaintext",))) as runtime:
        before = set(psutil.Process().children(recursive=True))
        ready(runtime).run(plan())
        ours = set(psutil.Process().children(recursive=True)) - before
        assert len(ours) == 2
    assert not any(p.is_running() for p in ours) and not runtime.folder.path.exists()


def test_a_process_of_the_runtime_is_light() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    heavy = "{'numba', 'pandas', 'pyarrow', 'sklearn', 'scipy'}"
    code = f"import sys; sys.path.insert(0, {str(root)!r}); import spuframe.runtime.node; print(*({heavy} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == []


@pytest.mark.parametrize("bad", [{"deadline": 0.0}, {"deadline": float("nan")}, {"memory_limit": 1 << 20}])
def test_configurations_are_checked(bad: dict[str, Any]) -> None:
    for make in (lambda **k: RuntimeConfig("party 0", **k), SessionConfig):
        with pytest.raises(SessionError, match="must be"):
            make(**bad)


def test_a_configuration_survives_the_wire() -> None:
    config = RuntimeConfig("owner ann", "ann", protocols=("aby3",), worker="x", memory_limit=1 << 30)
    assert RuntimeConfig.from_plain(msgpack.unpackb(msgpack.packb(config.to_plain()))) == config
