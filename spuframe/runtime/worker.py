"""The process of one SPU instance at one rank: opens its link, then runs plans until its node closes or kills it.

It talks to its node alone, over an inherited socket; when that ends, the process ends, whatever it was doing.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgpack

from spuframe.errors import InstanceStateError
from spuframe.runtime.agreement import agree, digest
from spuframe.runtime.channel import Channel
from spuframe.runtime.process import PeakMemory, keep_freed_memory, set_memory_limit
from spuframe.runtime.requests import WORKER
from spuframe.runtime.rpc import PING, Emit, answer
from spuframe.runtime.top import begin, guarded, typed

if TYPE_CHECKING:
    from spuframe.link.base import Endpoint, Link
    from spuframe.runtime.store import ShareStore
    from spuframe.spu.kernel import Protocol as ProtocolTable


class Engine(Protocol):
    """What runs the plans: `spuframe.spu.spu.SPU`, or a test's stand-in."""

    def open(self) -> None: ...

    def run(self, plan: Mapping[str, Any], progress: Callable[[int, int], None]) -> dict[str, Any]: ...


class EngineFactory(Protocol):
    """Makes the engine of an instance."""

    def __call__(
        self,
        protocol: ProtocolTable,
        parties: int,
        link: Link,
        session_id: bytes,
        store: ShareStore,
        tables: Callable[[str], Any] | None = None,
    ) -> Engine: ...


class Worker:
    """The requests that a node makes of an instance, in their order."""

    def __init__(self, channel: Channel, factory: EngineFactory, peak: PeakMemory) -> None:
        self._peak = peak
        self._channel = channel
        self._factory = factory
        self._name = "a worker"
        self._endpoint: Endpoint | None = None
        self._link: Link | None = None
        self._engine: Engine | None = None
        self._store: ShareStore | None = None
        self._parties = 0
        self._session = b""
        self._plans = 0
        self._owner = False
        self._handlers = {"listen": self._listen, "initialise": self._initialise, "run": self._run}

    def serve(self) -> None:
        """Answer until the node is gone; runs in the main thread, so that a plan does."""
        requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._receive, args=(requests,), name="spuframe-node", daemon=True).start()
        while True:
            answer(self._channel, self._handlers, WORKER, requests.get(), self._name)

    def _receive(self, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
        while (message := self._channel.recv()) is not None:
            if message["method"] == PING:
                self._channel.send({"id": message["id"], "ok": None if self._link is None else self._link.waiting})
            else:
                requests.put(message)
        # The node closed or died. Nothing here is worth keeping: peers see the end of the links.
        os._exit(0)

    def _listen(self, params: dict[str, Any], emit: Emit) -> str:
        from spuframe import plugins

        self._endpoint = plugins.transport(params["transport"]).bind(params["host"], Path(params["folder"]))
        return self._endpoint.address

    def _initialise(self, params: dict[str, Any], emit: Emit) -> None:
        from spuframe import plugins
        from spuframe.link.base import LinkConfig
        from spuframe.runtime.handles import OwnerTables
        from spuframe.runtime.store import ShareStore

        names, rank, parties = params["names"], params["rank"], params["parties"]
        self._name, self._owner = names[rank], rank >= parties
        self._parties, self._session = parties, params["session_id"]
        table = plugins.protocol(params["protocol"])
        plugins.check_parties(table, parties)
        folder = Path(params["folder"])
        config = LinkConfig(deadline=params["deadline"], names=names)
        if self._endpoint is None:
            raise InstanceStateError(f"{self._name} must listen before it is initialised.")
        self._link = self._endpoint.open(rank, params["addresses"], params["secret"], params["session_id"], config)
        if params["memory_limit"] is not None:
            import numba  # noqa: F401  what every plan needs counts as the libraries' share

            set_memory_limit(params["memory_limit"])
        with self._failing():
            self._store, tables = ShareStore(folder / "shares", params["key"]), OwnerTables(folder / "tables", params["key"])
            self._engine = self._factory(table, parties, self._link, params["session_id"], self._store, tables.__getitem__)
            self._engine.open()

    def _run(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        if self._engine is None or self._link is None or self._store is None:
            raise InstanceStateError(f"{self._name} must be initialised before it runs a plan.")
        report = params["progress"]

        def progress(done: int, total: int) -> None:
            if report:
                emit([done, total])

        with self._failing():
            plan = msgpack.unpackb(params["plan"])
            self._plans += 1
            known = digest(self._session, params["plan"], self._plans)
            agree(self._link, known, self._parties, self._store.begin(known, [] if self._owner else _loads(plan)))
            self._peak.reset()
            before, start = self._link.traffic.snapshot(), time.perf_counter()
            result = self._engine.run(plan, progress)
            seconds, after = time.perf_counter() - start, self._link.traffic
            counters = {
                "rounds": after.rounds - before.rounds,
                "sent": [a - b for a, b in zip(after.sent, before.sent, strict=True)],
                "received": [a - b for a, b in zip(after.received, before.received, strict=True)],
                "seconds": seconds,
                "peak_memory": self._peak.value(),
                "rows": sum(step["rows"] for step in plan["steps"]),
            }
            if self._owner:  # its time and memory tell how much text it holds: they stay here
                counters |= {"seconds": 0.0, "peak_memory": 0}
                own = result["profile"]
                result["profile"] = own | {"seconds": 0.0, "peak_rss": 0, "steps": [s | {"seconds": 0.0} for s in own["steps"]]}
            # Packed here, so that the node passes it on as it is.
            return {"counters": counters, "result": msgpack.packb(result)}

    def _failing(self) -> _Failing:
        assert self._link is not None
        return _Failing(self._link, self._name)


def _loads(plan: Mapping[str, Any]) -> list[str]:
    """The stored tables that a plan reads."""
    return [step["params"]["name"] for step in plan["steps"] if step["op"] == "load"]


class _Failing:
    """Every error inside becomes a typed one, and is told to all peers."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        known = typed(error, self._name)
        self._link.abort(known)
        if known is not error:
            raise known from None


def load(protocols: Sequence[str]) -> None:
    """Load what plans need, with the machine code of the protocols' kernels, as far as there is some: for the nursery of workers."""
    import numba  # noqa: F401

    from spuframe import plugins
    from spuframe.ir.operators import operators
    from spuframe.kernels.jit import load_cached
    from spuframe.runtime import handles, store  # noqa: F401
    from spuframe.spu import functions, spu  # noqa: F401
    from spuframe.spu.operator import operator

    functions.load()
    for name in operators():
        operator(name)
    for name in protocols:
        plugins.protocol(name)
    load_cached()


def main(factory: EngineFactory | None = None) -> None:
    """Run a worker on the socket at descriptor ``argv[1]``.

    Parameters
    ----------
    factory : callable, optional
        A stand-in for the SPU, in tests.
    """
    peak = begin(threads=True, orphaned=signal.SIGKILL)
    keep_freed_memory()
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), "the node")
    with guarded("a worker", lambda error: channel.send({"id": -1, "error": error})):
        if factory is None:
            from spuframe.spu.spu import SPU

            factory = SPU
        Worker(channel, factory, peak).serve()


if __name__ == "__main__":
    main()
