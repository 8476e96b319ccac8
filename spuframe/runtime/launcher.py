"""Where nodes come from: the contract of who provides them, and the one that starts nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Protocol

from spuframe.config import Policy
from spuframe.errors import OwnerNotFoundError
from spuframe.runtime.client import NodeAddress


class Launcher(Protocol):
    """Who provides the nodes: processes started here, or addresses of others."""

    def start_parties(self) -> Sequence[NodeAddress]: ...

    def start_owner(self, owner: str, policy: Policy | None) -> NodeAddress: ...

    def how_died(self, name: str) -> str: ...

    def stop(self) -> None: ...


class Running:
    """A launcher for nodes that run already.

    Parameters
    ----------
    parties : sequence of NodeAddress
        By rank.
    owners : sequence of NodeAddress
    """

    def __init__(self, parties: Sequence[NodeAddress], owners: Sequence[NodeAddress] = ()) -> None:
        self._parties = list(parties)
        self._owners = {str(n.owner): n for n in owners}

    def start_parties(self) -> Sequence[NodeAddress]:
        return self._parties

    def start_owner(self, owner: str, policy: Policy | None) -> NodeAddress:
        if owner not in self._owners:
            raise unknown_owner(owner, self._owners)
        return self._owners[owner]

    def how_died(self, name: str) -> str:
        return "its process ended, or the network broke"

    def stop(self) -> None: ...


def unknown_owner(owner: str, known: Mapping[str, object]) -> OwnerNotFoundError:
    """Build the error, with the nearest names."""
    near = difflib.get_close_matches(owner, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
    return OwnerNotFoundError(f"no owner {owner!r} in this session. {hint}Its owners are: {', '.join(map(repr, known)) or '(none)'}.")
