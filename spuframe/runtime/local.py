"""Parties and owners as processes of this machine, started and stopped by the analyst's session."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import secrets
import select
import signal
import subprocess
import time
import warnings
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spuframe import plugins
from spuframe.config import InsecureWarning, Policy, Quotas, RuntimeConfig, SessionConfig
from spuframe.errors import InstanceError, PartyDiedError, PeerTimeoutError, from_wire
from spuframe.runtime.child import Child, Nursery
from spuframe.runtime.client import NodeAddress
from spuframe.runtime.folder import check_folder, sweep
from spuframe.runtime.launcher import unknown_owner
from spuframe.runtime.process import Tail, above_stdio, how_ended, kill
from spuframe.runtime.reading import READER
from spuframe.runtime.runtime import WORKER
from spuframe.runtime.runtimes import Runtimes
from spuframe.runtime.uncut import Uncut

log = logging.getLogger(__name__)
STOP_SECONDS = 3.0
SCRATCH = "SPUFRAME_SCRATCH"
"""The environment variable that names the folder for shares and tables, where no argument does."""


NODE = "spuframe.runtime.node"


@dataclass
class NodeProcess:
    """A node that was started here; it ends when its stdin does."""

    config: RuntimeConfig
    secret: bytes = field(repr=False)
    process: Child
    tail: Tail
    stdin: io.FileIO
    ready: io.FileIO
    nursery: Nursery | None = None
    stopped: bool = False

    @classmethod
    def start(cls, config: RuntimeConfig, mesh: bytes | None = None, nursery: Nursery | None = None) -> NodeProcess:
        """Start the process; `wait` for it afterwards.

        ``mesh`` is the secret that all nodes have in common whose instances may join; by default it has none in common with others.
        ``nursery`` is what starts it; by default one of its own, which ends with it.
        """
        secret, own = secrets.token_bytes(32), None
        if nursery is None:
            nursery = own = stocked(config)
        stdin, tells = map(above_stdio, os.pipe())
        hears, ready = map(above_stdio, os.pipe())
        try:
            process = nursery.begin(NODE, ready, stdin=stdin)
        except BaseException:
            os.close(tells)
            os.close(hears)
            if own is not None:
                own.close()
            raise
        finally:
            os.close(stdin)
            os.close(ready)
        node = cls(config, secret, process, Tail(process.stderr), io.FileIO(tells, "w"), io.FileIO(hears), own)
        told = {"config": config.to_plain(), "secret": secret.hex(), "mesh": (mesh or secrets.token_bytes(32)).hex()}
        with contextlib.suppress(BrokenPipeError):  # `wait` finds out why
            node.stdin.write(json.dumps(told).encode() + b"\n")
        return node

    def wait(self, deadline: float) -> NodeAddress:
        """Wait until it listens; give where."""
        assert not self.ready.closed, "waited for already"
        until, line = time.monotonic() + deadline, b""
        try:
            while not line.endswith(b"\n"):
                found, _, _ = select.select([self.ready], [], [], max(0.0, until - time.monotonic()))
                if not found:
                    text = f"{self.config.name} did not start within {deadline} s. Raise the deadline, or look at its log."
                    raise PeerTimeoutError(text, party=self.config.name)
                piece = self.ready.read(4096)
                if not piece:
                    how = self.how_died()
                    raise PartyDiedError(f"{self.config.name} could not start: {how}. Its log has the details.", party=self.config.name)
                line += piece
        finally:
            self.ready.close()
        answer = json.loads(line)
        if "error" in answer:
            raise from_wire(answer["error"])
        host, port = answer["address"]
        return NodeAddress(self.config.name, host, port, self.secret, self.config.owner)

    def how_died(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        how = how_ended(self.process)
        if self.stopped:  # by ourselves, be it at the end of a script that closed nothing: no news for a log
            return "its process was stopped"
        log.error("the node of %s ended: %s; the end of its stderr:\n%s", self.config.name, how, self.tail.text())
        return (f"its process was {how}" if how.startswith("killed") else f"its process ended ({how})") + self.tail.last_words()

    def ask_to_end(self) -> None:
        """Let it end by itself."""
        self.stopped = True
        self.ready.close()
        self.stdin.close()

    def stop(self, until: float | None = None) -> int:
        """Have it ended by the time ``until``, by force if it must be, with its workers, which may be stopped; give its status."""
        self.ask_to_end()
        try:
            self.process.wait(STOP_SECONDS if until is None else max(0.01, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL, group=True)
            kill(self.process)
        self.tail.text()
        if self.nursery is not None:
            self.nursery.close()
        return -signal.SIGKILL if self.process.returncode is None else self.process.returncode


def stocked(config: RuntimeConfig) -> Nursery:
    """A nursery of nodes, which has what their workers and readers need: a node's own nursery comes of it."""
    return Nursery.start().load([NODE, config.worker or WORKER, config.reader or READER], config.protocols or ())


class LocalLauncher:
    """Starts the nodes; stops them all, also when Python ends without a word.

    Parameters
    ----------
    config : SessionConfig
    owners : mapping of str to Policy, optional
        The only owners there are; None: any name makes one.
    policy : Policy
        Of owners that have none of their own.
    base : RuntimeConfig
        Everything that all nodes have in common.
    base_port : int, optional
        Parties listen for the analyst at ``base_port + rank``; None: at free ports.
    """

    def __init__(
        self, config: SessionConfig, owners: Mapping[str, Policy] | None, policy: Policy, base: RuntimeConfig, base_port: int | None = None
    ) -> None:
        self._config = config
        self._known = owners
        self._policy = policy
        self._base = base
        self._base_port = base_port
        self._mesh = secrets.token_bytes(32)
        self._nodes: dict[str, NodeProcess] = {}
        self._nursery: list[Nursery] = []
        self._uncut = Uncut()
        self._pid = os.getpid()
        self._finalizer = weakref.finalize(self, _stop, self._nodes, self._pid, self._nursery)

    def start_parties(self) -> Sequence[NodeAddress]:
        configs = [
            replace(self._base, name=f"party {rank}", port=0 if self._base_port is None else self._base_port + rank)
            for rank in range(self._config.parties)
        ]
        for config in configs:
            self._uncut.do(lambda c=config: self._start(c))  # type: ignore[misc]
        return [self._nodes[config.name].wait(self._config.deadline) for config in configs]

    def start_owner(self, owner: str, policy: Policy | None) -> NodeAddress:
        if self._known is not None and owner not in self._known:
            raise unknown_owner(owner, self._known)
        chosen = policy or (self._known or {}).get(owner, self._policy)
        if chosen.folders is None:
            chosen = replace(chosen, folders=default_folders())
        config = replace(self._base, name=f"owner {owner}", owner=owner, policy=chosen)
        try:
            self._uncut.do(lambda: self._start(config))
            return self._nodes[config.name].wait(self._config.deadline)
        except BaseException:  # an interrupt, too: the next try starts another one
            self._uncut.do(lambda: self._end(config.name))
            raise

    def _start(self, config: RuntimeConfig) -> None:
        self._end(config.name)  # started before, but never reached
        if not self._nursery:
            self._nursery.append(stocked(self._base))
        self._nodes[config.name] = NodeProcess.start(config, self._mesh, self._nursery[0])

    def _end(self, name: str) -> None:
        if name in self._nodes:
            _stop({name: self._nodes.pop(name)}, self._pid)

    def how_died(self, name: str) -> str:
        node = self._nodes.get(name)
        return "its process ended" if node is None else node.how_died()

    def stop(self) -> None:
        if os.getpid() != self._pid:
            return
        self._uncut.close(wait=True)
        _stop(self._nodes, self._pid, self._nursery)  # an interrupt may cut it: so it is left to the finaliser until it is done
        self._finalizer.detach()


def default_folders() -> tuple[str, ...]:
    """Where owners of a local session read files, unless their policy says: in the current folder, and the datasets of the checkout that this is."""
    datasets = Path(__file__).resolve().parents[2] / "datasets"
    return (os.getcwd(), *([str(datasets)] if datasets.is_dir() else []))


def _stop(nodes: dict[str, NodeProcess], pid: int, nursery: Sequence[Nursery] = ()) -> None:
    """End all nodes, and what started them. Only in the process that started it."""
    if os.getpid() != pid:
        return
    for node in nodes.values():
        node.ask_to_end()
    until = time.monotonic() + STOP_SECONDS
    killed = [node for node in nodes.values() if node.stop(until) < 0]
    for each in nursery:
        each.close()
    for parent in {node.config.scratch for node in nodes.values()} if killed else ():
        sweep(parent)  # what they had no time to remove
    nodes.clear()


def local(
    parties: int | None = None,
    protocol: str = "aby3",
    *,
    deadline: float = 60.0,
    memory_limit: int | None = None,
    owners: Mapping[str, Policy] | Sequence[str] | None = None,
    policy: Policy | None = None,
    base_port: int | None = None,
    scratch: str | os.PathLike[str] | None = None,
    quotas: Quotas | None = None,
    transport: str = "tcp",
    worker: str | None = None,
    reader: str | None = None,
) -> Runtimes:
    """Make the runtimes of a session whose parties and owners are processes of this machine. Use it with ``with``.

    Parameters
    ----------
    parties : int, optional
        By default as many as the protocol needs.
    protocol : str
    deadline : float
        Seconds that a process waits for another.
    memory_limit : int, optional
        Bytes that one SPU instance may use.
    owners : mapping of str to Policy, or sequence of str, optional
        The only owners there are; by default every name makes one.
    policy : Policy, optional
        Of owners that have none of their own. A policy without ``folders`` lets files be read in the current folder alone.
    base_port : int, optional
        Parties listen for the analyst at ``base_port + rank`` of the loopback; by default at free ports.
    scratch : str or path, optional
        Where each process makes a private folder for its shares and tables, gone when it ends. By default what the environment variable
        ``SPUFRAME_SCRATCH`` names; else ``/dev/shm``, in memory, if it can be used; else the system's folder for temporary files. It needs room for
        every open table and every persisted frame (at each party as much again).
    quotas : Quotas, optional
        What each process lets the session ask of it.
    transport : str
        By which the processes are joined: ``"tcp"`` over the loopback, ``"unix"``, or that of an installed package.
    worker, reader : str, optional
        The module of a worker, and of a process that opens tables, for tests.

    Raises
    ------
    PluginNotFoundError, PartyCountError, SessionError
        Before any process is started.

    Examples
    --------
    >>> local(parties=2)
    Traceback (most recent call last):
    spuframe.errors.PartyCountError: protocol 'aby3' needs 3 parties, got 2: choose parties=3 or another protocol
    """
    table = plugins.protocol(protocol)
    plugins.transport(transport)
    count = table.parties[0] if parties is None else parties
    plugins.check_parties(table, count)
    if table.insecure:
        text = f"protocol {protocol!r} is INSECURE: {table.threat}. For tests, never for data."
        warnings.warn(text, InsecureWarning, stacklevel=2)
    for name in owners or ():
        if not isinstance(name, str) or not name:
            raise InstanceError(f"an owner's name must be a string with something in it, got {name!r}.")
    known = owners if owners is None or isinstance(owners, Mapping) else {name: policy or Policy() for name in owners}
    config = SessionConfig(protocol, count, deadline, memory_limit, transport)
    place = os.fspath(scratch) if scratch is not None else os.environ.get(SCRATCH) or None
    base = RuntimeConfig(
        "",
        protocols=(protocol,),
        transports=(transport,),
        memory_limit=memory_limit,
        deadline=deadline,
        scratch=None if place is None else check_folder(place),
        worker=worker,
        quotas=quotas or Quotas(),
        reader=reader,
    )
    launcher = LocalLauncher(config, known, policy or Policy(), base, base_port)
    return Runtimes(launcher, config)
