"""What a plan cost, as every process measured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RankProfile:
    """What one process measured of one plan.

    Parameters
    ----------
    name : str
    rounds : int
        Message exchanges, the delivery to the analyst included.
    sent : int
        Payload bytes, what was handed to the analyst included.
    received : int
        Payload bytes from its peers.
    seconds : float
        0 for owners, who do not hand it over: it would tell of their data.
    peak_memory : int
        Largest resident set in bytes while the plan ran; 0 for owners.
    rows : int
        Rows of all steps' results.
    steps : tuple of mappings
        ``op``, ``seconds``, ``rounds``, ``sent``, ``rows`` for each step.
    prepared : mapping
        ``seconds``, ``rounds``, ``sent`` of the material that was made before the plan ran. Of these, ``seconds`` above contains the time alone.
    """

    name: str
    rounds: int
    sent: int
    received: int
    seconds: float
    peak_memory: int
    rows: int
    steps: tuple[Mapping[str, Any], ...] = ()
    prepared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """What a plan cost.

    Parameters
    ----------
    ranks : tuple of RankProfile
        The parties, then the plan's owners: the order of `CostReport.total.sent`.
    seconds : float
        At the analyst.
    """

    ranks: tuple[RankProfile, ...]
    seconds: float

    @property
    def rounds(self) -> int:
        return max((r.rounds for r in self.ranks), default=0)

    @property
    def sent(self) -> tuple[int, ...]:
        return tuple(r.sent for r in self.ranks)

    @property
    def peak_memory(self) -> int:
        """Of the process that needed most."""
        return max((r.peak_memory for r in self.ranks), default=0)

    def __str__(self) -> str:
        """What every process measured, as a table."""
        head = ("process", "rounds", "bytes sent", "bytes received", "seconds", "peak MiB")
        lines = [
            (r.name, f"{r.rounds:,}", f"{r.sent:,}", f"{r.received:,}", f"{r.seconds:.3f}", f"{r.peak_memory / 2**20:,.0f}") for r in self.ranks
        ]
        widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
        table = ["  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]) for line in [head, *lines]]
        made = [r.prepared for r in self.ranks if r.prepared.get("rounds")]
        before = f"; before it {max(p['seconds'] for p in made):.3f} s, {sum(p['sent'] for p in made):,} bytes for material" if made else ""
        return "\n".join([f"measured: {self.rounds:,} rounds, {sum(self.sent):,} bytes, {self.seconds:.3f} s at the analyst{before}", *table])


def rank_profile(name: str, counters: Mapping[str, Any], measured: Mapping[str, Any]) -> RankProfile:
    """Read what a process answered of a plan."""
    return RankProfile(
        name,
        int(measured["rounds"]),
        int(measured["sent"]),
        sum(counters["received"]),
        float(counters["seconds"]),
        int(counters["peak_memory"]),
        int(counters["rows"]),
        tuple(measured["steps"]),
        dict(measured["prepared"]),
    )
