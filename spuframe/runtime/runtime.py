"""`SPURuntime`: what an operating system is to a program. One in the process of each party and each owner."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import logging
import secrets
import threading
from collections.abc import Mapping
from typing import Any

import msgpack

from spuframe import plugins
from spuframe.config import RuntimeConfig
from spuframe.errors import InstanceStateError, PolicyError, QuotaError, SpuframeError
from spuframe.link.sockets import check_network
from spuframe.runtime.checks import check_seat
from spuframe.runtime.child import Nursery
from spuframe.runtime.folder import PrivateFolder
from spuframe.runtime.instance import Instance, State, WorkerProcess
from spuframe.runtime.reading import READER, Reader
from spuframe.runtime.space import Space

log = logging.getLogger(__name__)
WORKER = "spuframe.runtime.worker"


class SPURuntime:
    """Creates, initialises, watches, isolates and reclaims SPU instances; owns their memory and the store of shares.

    Each instance is a process of its own: one that raises, is killed or runs out of memory takes nothing down.

    Parameters
    ----------
    config : RuntimeConfig
    mesh : bytes, optional
        The secret of all nodes whose instances may join, which comes from whoever starts them and never with a request; by default one of its own.
    nursery : Nursery, optional
        What starts workers and readers, the runtime's own from here on; by default one that it makes when it first needs it.

    Examples
    --------
    >>> with SPURuntime(RuntimeConfig("party 0")) as runtime:
    ...     instance = runtime.create()
    ...     print(instance.state)
    ...     runtime.close_instance(instance.name)
    ...     print(instance.state)
    created
    closed
    """

    def __init__(self, config: RuntimeConfig, mesh: bytes | None = None, nursery: Nursery | None = None) -> None:
        self.config = config
        self._mesh = secrets.token_bytes(32) if mesh is None else mesh
        self.folder = PrivateFolder(config.scratch)
        self._names = itertools.count()
        self._lock = threading.Lock()
        self._instances: dict[str, Instance] = {}
        self._workers: dict[WorkerProcess, Instance] = {}
        self._nursery = nursery
        self._rearing = threading.Lock()
        self._open = False

    def start(self) -> SPURuntime:
        """Make the folder."""
        self.folder.open()
        self._open = True
        if self._nursery is not None:
            self._load(self._nursery)
        return self

    def close(self) -> None:
        """Kill all instances and remove the folder; twice is harmless."""
        with self._lock:
            self._open = False
            instances = list(self._instances.values())
        for instance in instances:
            instance.close()
        with self._rearing:
            if self._nursery is not None:
                self._nursery.close()  # with what it started
        self.folder.close()

    def __enter__(self) -> SPURuntime:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- instances --------------------------------------------------------------------------------
    def create(self) -> Instance:
        """Make an instance, with a worker of its own."""
        with self._lock:
            self._check_open()
            if len(self._instances) >= self.config.quotas.instances:
                text = f"{len(self._instances)} instances run already"
                raise QuotaError.of(text, "instances", self.config.quotas.instances, self.config.name)
            worker = WorkerProcess(self.config.worker or WORKER, self._children(), self.config.name, self._lost, self.config.deadline)
            instance = Instance(f"spu-{next(self._names)}", worker)
            self._instances[instance.name] = instance
            self._workers[worker] = instance
        return instance

    def initialise(self, name: str, params: Mapping[str, Any], space: Space) -> None:
        """Give an instance its place among its peers.

        Parameters
        ----------
        name : str
        params : mapping
            ``rank``, ``parties``, ``owners``, ``names`` (of all ranks), ``addresses``, ``session_id``, ``protocol``; and
            ``deadline`` and ``memory_limit``, of which the stricter of the session's and this runtime's holds.
        space : Space
            Of the session; nothing else is within the instance's reach.
        """
        config, given = self.config, dict(params)
        self._check_protocol(given["protocol"])
        instance = self.instance(name)
        check_seat(given, self.config.name, self.config.owner, instance.address)
        limits = [limit for limit in (given["memory_limit"], config.memory_limit) if limit is not None]
        given |= {
            "memory_limit": min(limits) if limits else None,
            "deadline": min(given["deadline"], config.deadline),
            "folder": str(space.folder),
            "key": space.key,
            "secret": self._secret(given | {"transport": instance.transport}),
        }
        # The worker's own deadline comes first and names the peer that is missing.
        instance.initialise(given, given["deadline"] + 30.0)

    def _secret(self, terms: Mapping[str, Any]) -> bytes:
        """What joins one mesh: only nodes of the same start know it, and only for the same names at the same addresses.

        Each rank has checked its own name and address, so a relay that a request puts between two of them does not join.
        """
        bound = [terms[k] for k in ("session_id", "transport", "protocol", "parties", "owners", "names", "addresses")]
        return hmac.new(self._mesh, b"spuframe mesh" + msgpack.packb(bound), hashlib.sha256).digest()

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

    def check_transport(self, name: str) -> None:
        """Refuse a transport that the operator does not allow, or that would send shares in the clear over a network.

        Raises
        ------
        PluginNotFoundError, PolicyError, LinkError
        """
        transport, allowed = plugins.transport(name), self.config.transports
        if allowed is not None and name not in allowed:
            text = f"{self.config.name} joins others only by {', '.join(allowed)}, not by {name!r}. Ask its operator to allow it."
            raise PolicyError(text, party=self.config.name)
        if transport.insecure:
            check_network([(self.config.host, 0)], None, False)

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

    # ---- what outlives instances --------------------------------------------------------------------
    def space(self) -> Space:
        """A place for what one session keeps."""
        self._check_open()
        return Space(self.folder.path / secrets.token_hex(8))

    # ---- processes ------------------------------------------------------------------------------------
    def reader(self) -> Reader:
        """A process that opens tables, for the caller to close."""
        return Reader(self.config, self._children())

    def _children(self) -> Nursery:
        with self._rearing:
            self._check_open()
            if self._nursery is None:
                self._nursery = Nursery.start()
                self._load(self._nursery)
            return self._nursery

    def _load(self, nursery: Nursery) -> None:
        modules = [self.config.worker or WORKER] + ([] if self.config.owner is None else [self.config.reader or READER])
        nursery.load(modules, self.config.protocols or ())

    def _lost(self, worker: WorkerProcess, error: SpuframeError) -> None:
        """A worker's connection ended: called by its reader, after the requests under way got the error."""
        with self._lock:
            instance = self._workers.pop(worker, None)
        if instance is not None and instance.state is not State.CLOSED:
            instance.fail(error)

    def _check_open(self) -> None:
        if not self._open:
            raise InstanceStateError(f"the runtime of {self.config.name} is not running. Start it first.", party=self.config.name)
