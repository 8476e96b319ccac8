"""An SPU instance as its runtime sees it: a worker process, a state, counters."""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spuframe.errors import InstanceStateError, PartyDiedError, PeerTimeoutError, SpuframeError
from spuframe.runtime.channel import Channel
from spuframe.runtime.child import Nursery
from spuframe.runtime.process import OUT_OF_MEMORY, Tail, how_ended, kill, out_of_memory
from spuframe.runtime.rpc import PING, Caller

log = logging.getLogger(__name__)


WORKER_SILENCE = 30.0
"""Seconds at least that a worker may be silent: it imports and compiles. Its peers' deadlines come first."""


class State(enum.StrEnum):
    """Where an instance is in its life.

    created -> ready -> running -> ready; created, ready, running -> failed; all -> closed.
    """

    CREATED = "created"
    READY = "ready"
    RUNNING = "running"
    FAILED = "failed"
    CLOSED = "closed"


_NEXT: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.READY, State.FAILED, State.CLOSED}),
    State.READY: frozenset({State.RUNNING, State.FAILED, State.CLOSED}),
    State.RUNNING: frozenset({State.READY, State.FAILED, State.CLOSED}),
    State.FAILED: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


@dataclass
class Counters:
    """What an instance has done so far, over all its plans.

    Attributes
    ----------
    plans, rounds : int
    sent, received : int
        Payload bytes, to and from all peers.
    seconds : float
        Time in plans.
    peak_memory : int
        Largest resident set in bytes while a plan ran.
    rows : int
        Rows of all steps' results.
    """

    plans: int = 0
    rounds: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    peak_memory: int = 0
    rows: int = 0

    def add(self, run: dict[str, Any]) -> None:
        self.plans += 1
        self.rounds += run["rounds"]
        self.sent += sum(run["sent"])
        self.received += sum(run["received"])
        self.seconds += run["seconds"]
        self.peak_memory = max(self.peak_memory, run["peak_memory"])
        self.rows += run["rows"]


class WorkerProcess:
    """A started worker process.

    Parameters
    ----------
    module : str
        Whose ``main`` it runs.
    nursery : Nursery
    who : str
        Whose worker it is, for errors: it may die before anybody could say so later.
    on_lost : callable
        Told when it has ended.
    deadline : float
    """

    def __init__(
        self, module: str, nursery: Nursery, who: str, on_lost: Callable[[WorkerProcess, SpuframeError], None], deadline: float = 60.0
    ) -> None:
        self.process, ours = nursery.talk(module)
        self.tail = Tail(self.process.stderr)
        self.who = who
        self.stopped = False
        silence = max(deadline, WORKER_SILENCE)
        channel = Channel(ours, "a worker", deadline=silence)
        self.caller = Caller(
            channel, "a worker", self._died, lambda error: on_lost(self, error), silence=silence, alive=lambda: self.process.poll() is None
        )

    def stop(self) -> None:
        """Kill the process; nothing of value is in it."""
        self.stopped = True
        kill(self.process)
        self.caller.close()

    def _died(self, reason: SpuframeError | None) -> SpuframeError:
        if self.stopped:
            return InstanceStateError(f"the instance of {self.who} was closed.", party=self.who)
        if isinstance(reason, PeerTimeoutError):
            self.process.kill()
            return PeerTimeoutError(f"the worker process of {self.who} was given up and killed: {reason.message} Run the plan again.", party=self.who)
        deadline = time.monotonic() + 1.0  # the socket's end is seen a little before the process's
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        if self.process.poll() == OUT_OF_MEMORY:
            return out_of_memory(self.who)
        how = how_ended(self.process)
        log.error("the worker of %s died (%s); the end of its stderr:\n%s", self.who, how, self.tail.text())
        text = f"{self.who} died: its worker process was {how}{self.tail.last_words()}. Its node's log has more; run the plan again."
        return PartyDiedError(text, party=self.who)


class Instance:
    """One SPU instance.

    Parameters
    ----------
    name : str
    worker : WorkerProcess
    """

    def __init__(self, name: str, worker: WorkerProcess) -> None:
        self.name = name
        self.party = worker.who
        self.counters = Counters()
        self.error: SpuframeError | None = None
        self._state = State.CREATED
        self._lock = threading.Lock()
        self._worker = worker
        self.terms: dict[str, Any] = {}
        self.transport: str | None = None
        self.address: str | None = None

    @property
    def state(self) -> State:
        return self._state

    @property
    def pid(self) -> int:
        return self._worker.process.pid

    def listen(self, transport: str, host: str, folder: Path, timeout: float) -> str:
        """Let the worker listen for its peers; give the address, as the transport writes it."""
        self._expect(State.CREATED, "listen")
        address = str(self._ask("listen", {"transport": transport, "host": host, "folder": str(folder)}, timeout))
        self.transport, self.address = transport, address
        return address

    def initialise(self, params: dict[str, Any], timeout: float) -> None:
        """Inject rank, peers, protocol, keys and limits; the worker opens its link."""
        self._expect(State.CREATED, "initialise")
        self.terms = {k: params[k] for k in ("protocol", "parties", "owners")}
        self._ask("initialise", {k: v for k, v in params.items() if k not in ("owners", "transport")}, timeout)
        self._go(State.READY, "initialise")

    def run(self, plan: bytes, on_progress: Callable[[Any], None] | None = None) -> dict[str, Any]:
        """Run a plan, however long it takes; give ``result`` (packed) and ``counters``."""
        self._go(State.RUNNING, "run a plan")
        params = {"plan": plan, "progress": on_progress is not None}
        future = self._worker.caller.call("run", params, on_progress)
        try:
            answer: dict[str, Any] = future.result()
        except SpuframeError as error:
            self.fail(error)
            raise
        self.counters.add(answer["counters"])
        self._go(State.READY, "finish a plan")
        return answer

    def waits(self, timeout: float) -> str | None:
        """Whom the worker waits for right now; a stopped worker does not say."""
        answer = self._worker.caller.request(PING, timeout=timeout)
        return None if answer is None else str(answer)

    def close(self) -> None:
        """Kill the worker and end the instance; twice is harmless."""
        with self._lock:
            if self._state is State.CLOSED:
                return
            self._state = State.CLOSED
        self._worker.stop()

    def fail(self, error: SpuframeError) -> None:
        """Mark the instance as failed, if it still lives."""
        with self._lock:
            if State.FAILED in _NEXT[self._state]:
                self._state, self.error = State.FAILED, error

    def to_plain(self) -> dict[str, Any]:
        """State and counters, for the session's status."""
        return {
            "name": self.name,
            "state": str(self._state),
            "pid": self.pid,
            "error": None if self.error is None else type(self.error).__name__,
            "counters": asdict(self.counters),
        }

    def _ask(self, method: str, params: dict[str, Any], timeout: float) -> Any:
        try:
            return self._worker.caller.request(method, params, timeout)
        except PeerTimeoutError as error:
            if error.party == "a worker":
                text = f"{self.party} did not get its worker to {method} within {timeout} s. Raise the deadline."
                error = PeerTimeoutError(text, party=self.party)
            self.fail(error)
            raise error from None
        except SpuframeError as error:
            self.fail(error)
            raise

    def _expect(self, state: State, what: str) -> None:
        if self._state is not state:
            raise self._illegal(what)

    def _go(self, to: State, what: str) -> None:
        with self._lock:
            if to not in _NEXT[self._state]:
                raise self._illegal(what)
            self._state = to

    def _illegal(self, what: str) -> SpuframeError:
        if isinstance(self.error, PartyDiedError):  # it may have died before it was asked; that tells more than its state
            return self.error
        return InstanceStateError(
            f"the instance {self.name!r} of {self.party} cannot {what}: it is {self._state}. Make a new instance.", party=self.party
        )
