"""All ranks make sure that they were given the same plan, before any of them shares or computes.

Each checks by itself what it was sent (`spuframe.runtime.checks`); only together do they know that it was the same: an analyst who tells the owners that
a sum is revealed, and the parties that the rows are, is found here. The digests are control messages: neither a round nor payload.
"""

from __future__ import annotations

import hashlib

import numpy as np

from spuframe.errors import PlanError
from spuframe.link.base import Link


def agree(link: Link, plan: bytes, number: int) -> None:
    """Compare the digest of a plan with every peer.

    Parameters
    ----------
    link : Link
    plan : bytes
        As this rank will run it.
    number : int
        How many plans this instance has been given.

    Raises
    ------
    PlanError
        A peer was given another plan.
    """
    own = np.frombuffer(hashlib.sha256(b"spuframe plan" + number.to_bytes(8, "little") + plan).digest(), np.uint8)
    peers = [r for r in range(link.world) if r != link.rank]
    for peer in peers:
        link.send(peer, own)
    for peer in peers:
        theirs = np.empty_like(own)
        link.recv_into(peer, theirs)
        if not np.array_equal(own, theirs):
            name, here = link.config.name(peer), link.config.name(link.rank)
            text = f"{name} and {here} were given different plans. Nothing was shared or computed. Ship one plan to all, through its session."
            raise PlanError(text, party=name)
