"""`SPURuntime`: what an operating system is to a program. One in the process of each party and each owner."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Mapping
from typing import Any

from spuframe import plugins
from spuframe.config import RuntimeConfig
from spuframe.errors import InstanceStateError, PolicyError, SpuframeError, StoreError
from spuframe.runtime.folder import PrivateFolder
from spuframe.runtime.handles import OwnerTables
from spuframe.runtime.instance import Instance, State, Worker
from spuframe.runtime.process import command
from spuframe.runtime.store import Entry, ShareStore

log = logging.getLogger(__name__)


class SPURuntime:
    """Creates, initialises, watches, isolates and reclaims SPU instances; owns their memory and the store of shares.

    Each instance is a process of its own: one that raises, is killed or runs out of memory takes nothing down.

    Parameters
    ----------
    config : RuntimeConfig

    Examples
    --------
    >>> with SPURuntime(RuntimeConfig("party 0", spares=0)) as runtime:
    ...     instance = runtime.create()
    ...     print(instance.state)
    ...     runtime.close_instance(instance.name)
    ...     print(instance.state)
    created
    closed
    """

    def __init__(self, config: RuntimeConfig) -> None:
        self.config = config
        self.folder = PrivateFolder()
        self._store: ShareStore | None = None
        self._tables: OwnerTables | None = None
        self._names = itertools.count()
        self._lock = threading.Lock()
        self._spares: list[Worker] = []
        self._instances: dict[str, Instance] = {}
        self._workers: dict[Worker, Instance] = {}
        self._open = False

    def start(self) -> SPURuntime:
        """Make the folder, and the first spare workers."""
        self.folder.open()
        self._store = ShareStore(self.folder.path / "shares")
        self._tables = OwnerTables(self.folder.path / "tables")
        self._open = True
        self._refill()
        return self

    def close(self) -> None:
        """Kill all instances and remove the folder; twice is harmless."""
        with self._lock:
            self._open = False
            instances, spares = list(self._instances.values()), self._spares
            self._spares = []
        for instance in instances:
            instance.close()
        for spare in spares:
            spare.stop()
        self.folder.close()

    def __enter__(self) -> SPURuntime:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- instances --------------------------------------------------------------------------------
    def create(self) -> Instance:
        """Make an instance, of a spare worker if there is one."""
        with self._lock:
            self._check_open()
            worker = self._spares.pop() if self._spares else self._start_worker()
            instance = Instance(f"spu-{next(self._names)}", self.config.name, worker)
            self._instances[instance.name] = instance
            self._workers[worker] = instance
        return instance

    def initialise(self, name: str, params: Mapping[str, Any]) -> None:
        """Give an instance its place among its peers.

        Parameters
        ----------
        name : str
        params : mapping
            ``rank``, ``parties``, ``owners``, ``names`` (of all ranks), ``addresses``, ``secret``, ``session_id``, ``protocol``; and
            ``deadline`` and ``memory_limit``, of which the stricter of the session's and this runtime's holds.
        """
        config, given = self.config, dict(params)
        self._check_protocol(given["protocol"])
        limits = [limit for limit in (given["memory_limit"], config.memory_limit) if limit is not None]
        given |= {
            "memory_limit": min(limits) if limits else None,
            "deadline": min(given["deadline"], config.deadline),
            "folder": str(self.folder.path),
        }
        # The worker's own deadline comes first and names the peer that is missing.
        self.instance(name).initialise(given, given["deadline"] + 30.0)

    def _check_protocol(self, protocol: str) -> None:
        """Only what the operator allows; a protocol that protects nothing must be allowed by name."""
        allowed = self.config.protocols
        if allowed is None:
            if not plugins.protocol(protocol).insecure:
                return
            text = f"{self.config.name} does not run the insecure protocol {protocol!r} unless its operator names it."
        elif protocol in allowed:
            return
        else:
            text = f"{self.config.name} runs only {', '.join(allowed)}, not {protocol!r}. Ask its operator to allow it."
        raise PolicyError(text, party=self.config.name)

    def instance(self, name: str) -> Instance:
        """The instance of that name; closed ones are forgotten."""
        with self._lock:
            found = self._instances.get(name)
        if found is None:
            raise InstanceStateError(f"{self.config.name} has no instance {name!r}. It was closed: make a new one.", party=self.config.name)
        return found

    def instances(self) -> list[Instance]:
        with self._lock:
            return list(self._instances.values())

    def close_instance(self, name: str) -> None:
        """Reclaim an instance, in whatever state it is."""
        instance = self.instance(name)
        with self._lock:
            self._instances.pop(name, None)
            self._workers = {w: i for w, i in self._workers.items() if i is not instance}
        instance.close()
        self._refill()

    # ---- what outlives instances --------------------------------------------------------------------
    @property
    def store(self) -> ShareStore:
        self._check_open()
        assert self._store is not None
        return self._store

    @property
    def tables(self) -> OwnerTables:
        self._check_open()
        assert self._tables is not None
        return self._tables

    def stored(self) -> list[Entry]:
        return self.store.entries()

    def delete(self, name: str, *, missing_ok: bool = False) -> None:
        try:
            self.store.delete(name)
        except StoreError:
            if not missing_ok:
                raise

    # ---- workers --------------------------------------------------------------------------------------
    def _start_worker(self) -> Worker:
        worker = Worker(self.config.worker or command("spuframe.runtime.worker"), self.config.max_message, self._lost)
        worker.caller.call("warm", {"protocols": list(self.config.protocols or ())})
        return worker

    def _refill(self) -> None:
        with self._lock:
            while self._open and len(self._spares) < self.config.spares:
                self._spares.append(self._start_worker())

    def _lost(self, worker: Worker, error: SpuframeError) -> None:
        """A worker's connection ended: called by its reader, after the requests under way got the error."""
        with self._lock:
            if worker in self._spares:
                self._spares.remove(worker)
            instance = self._workers.pop(worker, None)
        if instance is not None and instance.state is not State.CLOSED:
            instance.fail(error)

    def _check_open(self) -> None:
        if not self._open:
            raise InstanceStateError(f"the runtime of {self.config.name} is not running. Start it first.", party=self.config.name)
