"""`Runtimes`: the analyst's hand on the runtimes of all parties and owners."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spuframe import plugins
from spuframe.config import Policy, SessionConfig, check_owner
from spuframe.errors import PartyCountError, PlanError, SessionClosedError, SessionError, SpuframeError
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.answers import Result, TableInfo
from spuframe.runtime.client import Client
from spuframe.runtime.group import Group, Progress
from spuframe.runtime.launcher import Launcher, unknown_owner
from spuframe.runtime.precision import warn_rounded
from spuframe.runtime.rpc import forked
from spuframe.runtime.stored import StoredName, StoredTables
from spuframe.runtime.uncut import Uncut

if TYPE_CHECKING:
    from spuframe.ir.cost import CostReport


class Runtimes:
    """Runs plans on all parties and the owners that they need. ``with`` opens and closes it.

    Parameters
    ----------
    launcher : Launcher
    config : SessionConfig

    Examples
    --------
    >>> from spuframe.runtime.local import local
    >>> with local() as session:  # doctest: +SKIP
    ...     info = session.open_table("hospital", {"kind": "csv", "path": "hospital.csv"})
    """

    def __init__(self, launcher: Launcher, config: SessionConfig) -> None:
        self.config = config
        self.protocol = plugins.protocol(config.protocol)
        plugins.check_parties(self.protocol, config.parties)
        self._launcher = launcher
        self._parties: list[Client] = []
        self._owners: dict[str, Client] = {}
        self._group: Group | None = None
        self._pid = os.getpid()
        self._open_tables: dict[str, str] = {}  # handle: owner
        self._stored = StoredTables(self._parties, config.grace)
        self._lock = threading.RLock()  # one plan at a time
        self._uncut = Uncut()  # groups open and close in it: an instance that nobody knows would stay
        self._state = "new"

    # ---- open and close ---------------------------------------------------------------------------
    def open(self) -> Runtimes:
        """Start or reach all parties."""
        if self._state != "new":
            raise SessionClosedError("a session is opened once. Make a new one.")
        try:
            addresses = self._launcher.start_parties()
            if len(addresses) != self.config.parties:
                raise PartyCountError(f"{self.config.parties} parties need as many nodes, got {len(addresses)}. Name one node for each.")
            self._parties += [Client(a, self._launcher.how_died) for a in addresses]
            with ThreadPoolExecutor(len(addresses)) as pool:
                list(pool.map(lambda c: c.connect(self.config.deadline), self._parties))
            self._state = "open"
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop everything that was started; twice is harmless, and so is a forked child: what its parent opened goes on."""
        self._state = "closed"
        if os.getpid() != self._pid:
            return
        for client in [*self._parties, *self._owners.values()]:
            client.close()
        self._uncut.close(wait=False)
        self._launcher.stop()

    def __enter__(self) -> Runtimes:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        return self._state == "closed"

    @property
    def owners(self) -> list[str]:
        return list(self._owners)

    # ---- owners and their tables --------------------------------------------------------------------
    def add_owner(self, owner: str, policy: Policy | None = None) -> None:
        """Start or reach an owner's node.

        Raises
        ------
        OwnerNotFoundError
            The session has a fixed list of owners, and this is not one of them.
        """
        self.check()
        check_owner(owner)
        with self._lock:
            if owner in self._owners:
                if policy is not None:
                    raise SessionError(f"owner {owner!r} runs already; its policy was set when it started. Pass it to the first call.")
                return
            client = Client(self._launcher.start_owner(owner, policy), self._launcher.how_died)
            try:
                self._owners[owner] = client.connect(self.config.deadline)
            except BaseException:
                client.close()
                raise

    def open_table(self, owner: str, source: Mapping[str, Any]) -> TableInfo:
        """Let an owner open a table; only its schema, its number of rows and published bounds come back.

        Parameters
        ----------
        owner : str
            Added first if it is new and the session allows that.
        source : mapping
            See `spuframe.runtime.tables.open_table`.
        """
        self.check()
        if owner not in self._owners:
            self.add_owner(owner)
        client = self._owners[owner]
        call = client.call("open_table", {"source": dict(source)})
        try:
            answer = call.result()
        except KeyboardInterrupt:  # the owner goes on; what it opens is not wanted any more
            call.add_done_callback(lambda done: None if done.exception() else client.call("close_table", {"handle": done.result()["handle"]}))
            raise
        info = TableInfo.of(owner, answer)
        self._open_tables[info.handle] = owner
        warn_rounded([info.fields[name] for name in answer["rounded"]])
        return info

    def close_table(self, info: TableInfo) -> None:
        """Let the owner forget a table."""
        self.check()
        self._open_tables.pop(info.handle, None)
        self._owners[info.owner].request("close_table", {"handle": info.handle})

    # ---- plans ----------------------------------------------------------------------------------------
    def estimate(self, plan: PhysicalPlan) -> CostReport:
        """Rounds and bytes of a plan, exactly; nothing is sent."""
        from spuframe.spu.estimate import estimate

        return estimate(plan, self.protocol)

    def run(self, plan: PhysicalPlan | bytes, progress: Progress | None = None) -> Result:
        """Run a plan and put together what it reveals.

        Parameters
        ----------
        plan : PhysicalPlan or bytes
            Bytes as of ``to_bytes``.
        progress : callable, optional
            Called with the steps done and their number, in this thread.

        Raises
        ------
        SessionClosedError, SessionError
            The session is closed, or one of its processes died earlier.
        PlanError, PolicyError, OwnerNotFoundError
            Before anything runs.
        PartyDiedError, InstanceError, LinkError, DataError
            While it ran. The session takes the next plan, unless a node died.
        """
        self.check()  # before the lock, which may be held for ever in a forked child
        plan = PhysicalPlan.from_bytes(plan) if isinstance(plan, bytes) else plan
        with self._lock:
            self.check()
            self._fits(plan)
            self._stored.sweep()
            start = time.perf_counter()
            group = self._uncut.do(lambda: self._group_for(plan.owners))
            shipped = replace(plan, owners=group.owners)
            try:
                group.prepare(shipped.to_bytes())
            except BaseException as error:
                if not isinstance(error, PlanError):  # a plan that was refused has done no harm
                    self._uncut.do(self._drop_group)
                raise
            try:
                answers = group.run(progress)
            except BaseException as error:
                if not self.closed:
                    self._uncut.do(self._drop_group)
                    self._stored.forget([s.params["name"] for s in plan if s.op == "store"])
                if self.closed and isinstance(error, SpuframeError):
                    raise SessionClosedError("the session was closed while the plan ran. Open a new one.") from None
                raise
            seconds = time.perf_counter() - start
        ranks = [c.name for c in self._parties] + [f"owner {o}" for o in group.owners]
        return Result.of(plan, ranks, answers, self.protocol, seconds)

    def _fits(self, plan: PhysicalPlan) -> None:
        config = self.config
        if (plan.protocol, plan.parties) != (config.protocol, config.parties):
            raise PlanError(
                f"the plan is for {plan.protocol!r} with {plan.parties} parties, "
                f"the session runs {config.protocol!r} with {config.parties}. Build the plan in the session that runs it."
            )
        for owner in plan.owners:
            if owner not in self._owners:
                raise unknown_owner(owner, self._owners)

    def _group_for(self, owners: Sequence[str]) -> Group:
        """The running group if it has all ``owners``, else a new one, with every owner whose tables are open. Shares outlive groups."""
        if self._group is not None and set(owners) <= set(self._group.owners):
            return self._group
        needed = {*owners, *self._open_tables.values(), *(() if self._group is None else self._group.owners)}
        self._drop_group()
        members = {name: client for name, client in self._owners.items() if name in needed}
        self._group = Group(self._parties, members, self.config).open()
        return self._group

    def _drop_group(self) -> None:
        group, self._group = self._group, None
        if group is not None and not self.closed:
            group.close()

    # ---- the stores of shares -----------------------------------------------------------------------------
    def stored_name(self, name: str) -> StoredName:
        """Make a name for a table of shares that goes when nothing refers to the name any more."""
        return self._stored.name(name)

    def stored(self) -> dict[str, int]:
        """Names of the tables of shares, with the bytes that they take at all parties together."""
        self.check()
        return self._stored.sizes()

    def delete(self, name: str) -> None:
        """Delete a table of shares at all parties.

        Raises
        ------
        StoreError
            There is none of that name.
        """
        self.check()
        self._stored.delete(name)

    # ---- looking at it -------------------------------------------------------------------------------------
    def status(self) -> list[dict[str, Any]]:
        """For each node its ``name``, ``pid`` and whether it is ``alive``; if so its ``instances``, ``stored`` tables of shares, number of
        open ``tables``.
        """
        if os.getpid() != self._pid:
            raise forked()
        if self._state != "open":
            raise self._not_open()
        report = []
        for client in [*self._parties, *self._owners.values()]:
            node: dict[str, Any] = {"name": client.name, "pid": client.pid, "alive": client.died is None}
            if client.died is None:
                node |= client.request("status", timeout=self.config.deadline)
            report.append(node)
        return report

    def check(self) -> None:
        """Refuse to go on where the session is not open, is another process's, or has lost one of its own.

        Raises
        ------
        SessionError
        """
        if os.getpid() != self._pid:
            raise forked()
        if self._state != "open":
            raise self._not_open()
        for client in [*self._parties, *self._owners.values()]:
            if client.died is not None:
                raise SessionError(f"this session cannot go on: {client.died.message}", party=client.name)

    def _not_open(self) -> SessionClosedError:
        if self._state == "new":
            return SessionClosedError("the session is not open yet. Use it in a `with` block, or call open().")
        return SessionClosedError("the session is closed. Open a new one, and read the tables again in it.")
