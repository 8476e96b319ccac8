"""All ranks make sure that they were given the same plan and that the parties load the same stored tables, before any of them shares or computes.

Each checks by itself what it was sent (`spuframe.runtime.checks`) and what it stored (`spuframe.runtime.store`); only together do they know that it
was the same: an analyst who tells the owners that a sum is revealed, and the parties that the rows are, is found here, and so is a party whose store was
put back to an older state. The digests are control messages: neither a round nor payload.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spuframe.errors import PlanError, StoreError
from spuframe.link.base import Link

_SIZE = 32


def digest(session_id: bytes, plan: bytes, number: int) -> bytes:
    """What stands for a plan: the ``number``-th that an instance was given, with its bytes as this rank will run it."""
    about = hashlib.sha256(b"spuframe plan" + len(session_id).to_bytes(8, "little") + session_id + number.to_bytes(8, "little"))
    about.update(plan)
    return about.digest()


def agree(link: Link, plan: bytes, parties: int, marks: Mapping[str, bytes]) -> None:
    """Compare a plan with every peer, and the stored tables that it loads among the parties; in one exchange where all is well.

    Parameters
    ----------
    link : Link
    plan : bytes
        Its `digest`.
    parties : int
    marks : mapping of str to bytes
        At a party: of each table that the plan loads, by name, what all parties have in common of it.

    Raises
    ------
    PlanError
        A peer was given another plan.
    StoreError
        A party holds another table than the others.
    """
    names = sorted(marks)
    mine = b"".join(marks[n] for n in names)
    own = np.frombuffer(plan + hashlib.sha256(mine).digest(), np.uint8)
    found = _exchange(link, own, [r for r in range(link.world) if r != link.rank])
    here = link.config.name(link.rank)
    for peer, theirs in found.items():
        if not np.array_equal(own[:_SIZE], theirs[:_SIZE]):
            name = link.config.name(peer)
            text = f"{name} and {here} were given different plans. Nothing was shared or computed. Ship one plan to all, through its session."
            raise PlanError(text, party=name)
    if link.rank >= parties:
        return
    # Both ends of a pair see that they differ, so both come here, with marks of equal size: the plans, and so the names, are the same.
    others = [r for r in range(parties) if r != link.rank and not np.array_equal(own, found[r])]
    if not others:
        return
    held = {r: mine for r in range(parties)} | {r: m.tobytes() for r, m in _exchange(link, np.frombuffer(mine, np.uint8), others).items()}
    for i, table in enumerate(names):
        kept = {r: m[i * _SIZE :][:_SIZE] for r, m in held.items()}
        if len(set(kept.values())) > 1:
            raise _another(table, {link.config.name(r): m for r, m in kept.items()})


def _another(table: str, kept: Mapping[str, bytes]) -> StoreError:
    """Build the error; who differs from a majority is named alone."""
    mark, times = Counter(kept.values()).most_common(1)[0]
    blamed = [name for name, m in kept.items() if m != mark] if 2 * times > len(kept) else list(kept)
    who = " and ".join(blamed)
    verb = "holds another table" if len(blamed) == 1 else "hold different tables"
    text = f"{who} {verb} under the stored name {table!r}: its file was put back or exchanged. Nothing was computed. Persist the frame again."
    return StoreError(text, party=blamed[0] if len(blamed) == 1 else None)


def _exchange(link: Link, own: NDArray[np.uint8], peers: list[int]) -> dict[int, NDArray[np.uint8]]:
    for peer in peers:
        link.send(peer, own)
    found = {}
    for peer in peers:
        found[peer] = np.empty_like(own)
        link.recv_into(peer, found[peer])
    return found
