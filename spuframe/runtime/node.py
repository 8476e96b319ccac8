"""The process of a party or an owner: one `SPURuntime`, listening for the analyst's session.

What it is told at its start comes over stdin (one line of JSON, with the session's secret), never over the command line
or the environment. It lives until its stdin ends: whoever started it need not even be able to say good-bye.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spuframe.config import RuntimeConfig
from spuframe.dtypes import Field
from spuframe.errors import InstanceStateError, LinkError, OwnerNotFoundError, SpuframeError, StoreError
from spuframe.ir.leakage import opened
from spuframe.ir.physical import VERSION, PhysicalPlan
from spuframe.link import handshake, listen
from spuframe.link.handshake import DUPLEX, Credentials
from spuframe.link.mesh import HANDSHAKE_SECONDS
from spuframe.link.sockets import WaitingRoom, check_network
from spuframe.runtime.channel import Channel
from spuframe.runtime.checks import Holding, check_plan
from spuframe.runtime.child import Nursery
from spuframe.runtime.nursery import fork
from spuframe.runtime.questions import Questions
from spuframe.runtime.reading import Reader
from spuframe.runtime.requests import NODE
from spuframe.runtime.rpc import Emit, Handler, serve
from spuframe.runtime.runtime import SPURuntime
from spuframe.runtime.space import Space
from spuframe.runtime.top import begin, guarded

log = logging.getLogger(__name__)
WAITS_SECONDS = 2.0
ANALYST_SECONDS = 600.0
"""Seconds that an analyst may take no bytes of an answer: it may be stopped at a terminal, and go on."""


def control_id(name: str) -> bytes:
    """What the proof on a control connection is bound to: the node that the analyst means."""
    return b"spuframe control " + name.encode()


class Desk:
    """What one session may ask of a node; what it opened ends with its connection."""

    def __init__(self, runtime: SPURuntime, questions: Questions) -> None:
        self._runtime = runtime
        self._questions = questions
        self._config = runtime.config
        self._mine: set[str] = set()
        self._made: Space | None = None
        self._making = threading.Lock()
        self._tables: dict[str, Holding] = {}
        self._plans: dict[str, bytes] = {}
        self._reader: Reader | None = None
        self._reading = threading.Lock()
        self._closed = False

    def handlers(self) -> dict[str, Handler]:
        return {name: getattr(self, f"_{name}") for name in NODE}

    def close(self) -> None:
        self._closed = True
        for name in list(self._mine):
            self._reclaim(name)
        if self._reader is not None:
            self._reader.close()
        if self._made is not None:
            self._made.close()

    @property
    def _space(self) -> Space:
        """Made when it is first needed, so that a lack of room is the answer to a request."""
        with self._making:
            if self._made is None:
                self._made = self._runtime.space()
            return self._made

    def _hello(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        return {"name": self._config.name, "owner": self._config.owner, "version": VERSION, "pid": os.getpid(), "message": self._config.quotas.message}

    # ---- instances ------------------------------------------------------------------------------
    def _create(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        transport = params["transport"]
        self._runtime.check_transport(transport)
        instance = self._runtime.create()
        self._mine.add(instance.name)
        if self._closed:
            self.close()
        try:
            address = instance.listen(transport, self._config.host, self._space.folder, self._config.deadline)
        except SpuframeError:
            self._reclaim(instance.name)  # nobody knows its name
            raise
        return {"instance": instance.name, "address": address}

    def _initialise(self, params: dict[str, Any], emit: Emit) -> None:
        self._runtime.initialise(self._own(params), params["terms"], self._space)

    def _prepare(self, params: dict[str, Any], emit: Emit) -> None:
        """Check a plan; nothing runs anywhere until all nodes have agreed to theirs."""
        name = self._own(params)
        plan = PhysicalPlan.from_bytes(params["plan"])
        check_plan(plan, self._runtime.instance(name).terms, self._config, self._tables)
        for line in opened(plan):
            log.info("%s: a plan tells: %s", self._config.name, line)
        self._plans[name] = plan.to_bytes()  # what was checked, not what came

    def _run(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        name = self._own(params)
        plan = self._plans.pop(name, None)
        if plan is None:
            raise InstanceStateError(f"{self._config.name} has no plan prepared for {name!r}. Prepare one first.", party=self._config.name)
        return self._runtime.instance(name).run(plan, emit if params["progress"] else None)

    def _waits(self, params: dict[str, Any], emit: Emit) -> str | None:
        """Whom an instance waits for: asked when one is late, to find the one that all wait for."""
        return self._runtime.instance(self._own(params)).waits(WAITS_SECONDS)

    def _close_instance(self, params: dict[str, Any], emit: Emit) -> None:
        self._reclaim(self._own(params))

    def _reclaim(self, name: str) -> None:
        self._mine.discard(name)
        self._plans.pop(name, None)
        with contextlib.suppress(InstanceStateError):  # closed already
            self._runtime.close_instance(name)

    def _own(self, params: dict[str, Any]) -> str:
        name: str = params["instance"]
        if name not in self._mine:
            raise InstanceStateError(f"{self._config.name} has no instance {name!r} of this session. Make a new one.", party=self._config.name)
        return name

    # ---- tables -----------------------------------------------------------------------------------
    def _open_table(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        if self._config.owner is None:
            raise OwnerNotFoundError(f"{self._config.name} owns no tables. Name an owner.")
        source = params["source"]
        if source["kind"] != "arrow":  # what is handed over is known to who hands it over
            where = str(Path(source.get("path", "")).resolve())
            for declared in ("ranges", "fraction_bits"):
                asked = source.get(declared) or {}
                for column, value in (asked if isinstance(asked, dict) else {"(all floats)": asked}).items():
                    self._questions.ask(where, column, value, self._config.name)
        with self._reading:  # one table at a time, in one process
            if self._reader is None or not self._reader.alive:
                self._reader = self._runtime.reader()
            if self._closed:
                self.close()
            found = self._reader.open(source, self._space)
        self._tables[found["handle"]] = Holding(found["rows"], tuple(Field.from_plain(f) for f in found["fields"]))
        return found

    def _close_table(self, params: dict[str, Any], emit: Emit) -> None:
        if self._tables.pop(params["handle"], None) is not None:
            self._space.tables.discard(params["handle"])

    # ---- the store of shares ------------------------------------------------------------------------
    def _delete(self, params: dict[str, Any], emit: Emit) -> None:
        try:
            self._space.store.delete(params["name"])
        except StoreError:
            if not params["missing_ok"]:
                raise

    def _status(self, params: dict[str, Any], emit: Emit) -> dict[str, Any]:
        return {
            "instances": [i.to_plain() for i in self._runtime.instances() if i.name in self._mine],
            "stored": [asdict(e) for e in self._space.store.entries()],
            "tables": len(self._tables),
        }


class NodeServer:
    """Listens for sessions and serves each on a thread of its own.

    Parameters
    ----------
    config : RuntimeConfig
    secret : bytes
        What a session must prove to know.
    mesh : bytes, optional
        What the nodes whose instances may join have in common; no session knows it.
    nursery : Nursery, optional
        What starts workers and readers, see `SPURuntime`.
    """

    def __init__(self, config: RuntimeConfig, secret: bytes, mesh: bytes | None = None, nursery: Nursery | None = None) -> None:
        self.config = config
        self.runtime = SPURuntime(config, mesh, nursery)
        self._questions = Questions()
        self._own = Credentials(secret, control_id(config.name), 0, 2).check()
        self._listener: socket.socket | None = None
        self._waiting = WaitingRoom()

    def start(self) -> tuple[str, int]:
        """Listen; give the address.

        Raises
        ------
        AddressInUseError
        LinkError
            The address is not the loopback: what a session sends holds secrets and shares, and there is no TLS yet.
        """
        check_network([(self.config.host, self.config.port)], None, False)
        self._listener = listen(self.config.host, self.config.port)
        self.runtime.start()
        threading.Thread(target=self._accept, name="spuframe-control", daemon=True).start()
        host, port = self._listener.getsockname()[:2]
        return host, port

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self.runtime.close()

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError as error:
                if self._listener.fileno() < 0:
                    return
                log.warning("a control connection could not be accepted", extra={"errno": error.errno})
                time.sleep(0.05)
                continue
            self._waiting.enter(sock)
            try:
                threading.Thread(target=self._session, args=(sock,), name="spuframe-session", daemon=True).start()
            except RuntimeError:  # no memory for a thread: a later connection may find some
                log.warning("a control connection could not be served")
                self._waiting.leave(sock)
                sock.close()

    def _session(self, sock: socket.socket) -> None:
        try:
            handshake.accept(sock, self._own, (DUPLEX,), time.monotonic() + HANDSHAKE_SECONDS, [])
        except OSError as error:  # AuthenticationError too
            log.warning("a control connection did not prove the secret and was dropped", extra={"reason": type(error).__name__})
            sock.close()
            return
        finally:
            self._waiting.leave(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel = Channel(sock, "the session", self.config.quotas.message, ANALYST_SECONDS)
        desk = Desk(self.runtime, self._questions)
        try:
            serve(channel, desk.handlers(), NODE, self.config.name)
        except LinkError as error:
            log.warning("a session was dropped: it takes no answers", extra={"reason": type(error).__name__})
        finally:
            channel.close()
            desk.close()


def main() -> None:
    """Run a node until its stdin ends or it is told to stop; it tells where it listens at descriptor ``argv[1]``."""
    begin(threads=False, orphaned=signal.SIGCONT)  # goes on, and tidies up
    nursery = fork()  # before there is a secret, or a thread
    stop, parent = threading.Event(), os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGCONT, lambda *_: None if os.getppid() == parent else stop.set())
    told = json.loads(sys.stdin.buffer.readline())
    ready = os.fdopen(int(sys.argv[1]), "w")

    def tell(answer: Mapping[str, Any]) -> None:
        with ready:
            ready.write(json.dumps(answer) + "\n")

    with guarded(told["config"]["name"], lambda error: tell({"error": error})):
        config = RuntimeConfig.from_plain(told["config"])
        with contextlib.closing(NodeServer(config, bytes.fromhex(told["secret"]), bytes.fromhex(told["mesh"]), nursery)) as node:
            tell({"address": list(node.start())})
            threading.Thread(target=_watch, args=(stop,), name="spuframe-stdin", daemon=True).start()
            # The pipe may be held open by a child that the analyst forked: so its process counts too, by way of its nursery.
            while not stop.wait(2.0) and os.getppid() == parent:
                pass


def _watch(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    main()
