"""One SPU instance at every rank, seen from the session: started together, run together, failed together."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any

from spuframe.config import SessionConfig
from spuframe.errors import LinkError, PartyDiedError, PeerClosedError, PeerTimeoutError, SpuframeError
from spuframe.runtime.client import Client

Progress = Callable[[int, int], None]
CLOSE_SECONDS = 2.0
WAITS_SECONDS = 4.0


class Group:
    """The instances of the parties and of some owners, on one mesh with a secret of its own.

    Parameters
    ----------
    parties : sequence of Client
    owners : mapping of str to Client
        In the order of their ranks, which follow the parties'.
    config : SessionConfig
    """

    def __init__(self, parties: Sequence[Client], owners: Mapping[str, Client], config: SessionConfig) -> None:
        self.owners = tuple(owners)
        self._clients = [*parties, *owners.values()]
        self._config = config
        self._instances: list[str | None] = [None] * len(self._clients)

    def open(self) -> Group:
        """Start the instances everywhere at the same time, then join them."""
        creating = [c.call("create", {"transport": self._config.transport}) for c in self._clients]
        try:
            made = gather(creating, self._config.grace)
            self._instances = [m["instance"] for m in made]
            terms = {
                "parties": self._config.parties,
                "owners": list(self.owners),
                "names": [c.name for c in self._clients],
                "addresses": [m["address"] for m in made],
                "session_id": secrets.token_bytes(16),
                "protocol": self._config.protocol,
                "deadline": self._config.deadline,
                "memory_limit": self._config.memory_limit,
            }
            calls = [c.call("initialise", {"instance": i, "terms": terms | {"rank": r}}) for r, c, i in self._members()]
            gather(calls, self._config.grace)
        except BaseException:
            done, _ = wait(creating, CLOSE_SECONDS)
            self._instances = [c.result()["instance"] if c in done and c.exception() is None else None for c in creating]
            self.close()
            raise
        return self

    def prepare(self, plan: bytes) -> None:
        """Ship a plan; a node that does not agree raises here, and the group can go on."""
        gather([c.call("prepare", {"instance": i, "plan": plan}) for _, c, i in self._members()], self._config.grace)

    def run(self, progress: Progress | None = None) -> list[dict[str, Any]]:
        """Run the plan that was prepared; the answers by rank. If it raises, the group must be closed."""
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        calls = []
        for rank, client, instance in self._members():
            report = events.put if progress is not None and rank == 0 else None
            calls.append(client.call("run", {"instance": instance, "progress": report is not None}, report))
        tell = None if progress is None else lambda event: progress(int(event[0]), int(event[1]))
        try:
            return gather(calls, self._config.grace, events, tell)
        except PeerTimeoutError as late:
            raise self._culprit(calls, late) from None

    def _culprit(self, calls: Sequence[Future[Any]], late: PeerTimeoutError) -> PeerTimeoutError:
        """Whom all wait for: X waits for Y, Y perhaps for Z; to blame is who waits for nobody, or does not say."""
        members = {client.name: (client, instance) for _, client, instance in self._members()}
        waits: dict[str, str] = {}
        for client, call in zip(self._clients, calls, strict=True):
            error = call.exception() if call.done() else None
            if isinstance(error, PeerTimeoutError) and error.party is not None:
                waits[client.name if error.said_by is None else error.said_by] = error.party
        blamed, seen = late.party, set[str]()
        while blamed in members and blamed not in seen:
            seen.add(blamed)
            client, instance = members[blamed]
            if blamed not in waits and instance is not None and client.died is None:
                try:
                    found = client.request("waits", {"instance": instance}, WAITS_SECONDS)
                except SpuframeError:
                    break
                if found is not None:
                    waits[blamed] = str(found)
            if blamed not in waits:
                break
            blamed = waits[blamed]
        if blamed == late.party or blamed not in members:
            return late
        text = f"{blamed} sent nothing (or not all) within {self._config.deadline} s. Look at its log, or raise the deadline."
        return PeerTimeoutError(text, party=blamed)

    def close(self) -> None:
        """Reclaim the instances, as far as their nodes can be reached."""
        calls = [c.call("close_instance", {"instance": i}) for _, c, i in self._members() if i is not None and c.died is None]
        self._instances = [None] * len(self._clients)
        wait(calls, CLOSE_SECONDS)

    def _members(self) -> list[tuple[int, Client, str | None]]:
        return [(rank, c, i) for rank, (c, i) in enumerate(zip(self._clients, self._instances, strict=True))]


def gather(
    calls: Sequence[Future[Any]], grace: float, events: queue.SimpleQueue[Any] | None = None, tell: Callable[[Any], None] | None = None
) -> list[Any]:
    """All answers, or the error that caused the others.

    After the first error that may be a mere consequence (a link that broke), the others' reports are waited for, ``grace`` seconds
    at most. ``events`` are told to ``tell`` in the calling thread.
    """
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue() if events is None else events
    for call in calls:
        call.add_done_callback(inbox.put)
    errors: list[SpuframeError] = []
    missing, until = len(calls), None
    while missing:
        try:
            item = inbox.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        if not isinstance(item, Future):
            if tell is not None:
                tell(item)
            continue
        missing -= 1
        error = item.exception()
        if error is None:
            continue
        if not isinstance(error, SpuframeError):
            raise error
        errors.append(error)
        if not isinstance(error, LinkError) and error.said_by is None:
            break
        until = until or time.monotonic() + grace
    if errors:
        cause = min(errors, key=_consequence)
        if cause.said_by is not None:
            cause.message = f"{cause.said_by} says: {cause.message}"
        raise cause
    return [call.result() for call in calls]


def _consequence(error: SpuframeError) -> int:
    """How likely an error is to be the consequence of another one. What a process has seen itself goes before what it was told."""
    if error.said_by is not None:
        return 3
    if isinstance(error, PartyDiedError):
        return 0
    if not isinstance(error, LinkError):
        return 1
    return 4 if isinstance(error, PeerClosedError) else 2
