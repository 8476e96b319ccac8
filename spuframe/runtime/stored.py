"""The tables of shares that a session keeps at its parties, as the analyst sees them: names, sizes, and when they go."""

from __future__ import annotations

import collections
import weakref
from collections.abc import Sequence

from spuframe.errors import SpuframeError
from spuframe.runtime.client import Client
from spuframe.runtime.group import gather


class StoredName(str):
    """The name of a table of shares that goes when nothing refers to its name any more; else a string like others."""


class StoredTables:
    """What is kept at all parties under one name each.

    Parameters
    ----------
    parties : sequence of Client
        Of an open session.
    grace : float
        Seconds that a failed request waits for the other parties' reports.
    """

    def __init__(self, parties: Sequence[Client], grace: float) -> None:
        self._parties = parties
        self._grace = grace
        self._dropped: collections.deque[str] = collections.deque()  # names that nothing refers to

    def name(self, name: str) -> StoredName:
        """Make a name for a table that is deleted once nothing refers to the name: with the next request, never by the finaliser."""
        made = StoredName(name)
        weakref.finalize(made, self._dropped.append, name).atexit = False
        return made

    def sweep(self) -> None:
        """Delete the tables that nothing refers to any more."""
        names = []
        while self._dropped:
            names.append(self._dropped.popleft())
        if names:
            gather([c.call("delete", {"name": n, "missing_ok": True}) for n in names for c in self._parties], self._grace)

    def sizes(self) -> dict[str, int]:
        """Names, with the bytes at all parties together."""
        self.sweep()
        sizes: dict[str, int] = {}
        for status in gather([c.call("status") for c in self._parties], self._grace):
            for entry in status["stored"]:
                sizes[entry["name"]] = sizes.get(entry["name"], 0) + entry["bytes"]
        return sizes

    def delete(self, name: str) -> None:
        """Delete a table at all parties; `StoreError` if there is none."""
        gather([c.call("delete", {"name": name, "missing_ok": False}) for c in self._parties], self._grace)

    def forget(self, names: Sequence[str]) -> None:
        """Delete what a failed plan may have stored at some parties and not at others."""
        for name in names:
            try:
                gather([c.call("delete", {"name": name, "missing_ok": True}) for c in self._parties if c.died is None], self._grace)
            except SpuframeError:
                return  # a node is gone: the session cannot run another plan
