"""What a plan costs: plain records that the runtime's estimate (and its measurement) fills, and the choice of the batch size.

The figures are exact, not guesses: an oblivious program costs the same whatever the data. This module holds no protocol's formula;
the SPU adds up what its kernels declare (`Session.estimate`), and a run fills the same record with what its links counted.

>>> report = CostReport((StepCost(1, (10, 20, 30)), StepCost(2, (1, 1, 1))))
>>> report.total
StepCost(rounds=3, sent=(11, 21, 31))
>>> report.total.bytes
63
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

BATCH_ROWS = 1 << 18
"""Rows per batch where latency is small."""
MOST_ROWS = 1 << 22
"""Rows per batch at most: what is sent and received at once stays in memory."""
ROUND_BYTES = 3
"""What a row sends in a round: a comparison 19 bytes in 7 rounds, a product 8 in one."""
WORTH = 8
"""How many times longer the bytes of a round should take than its latency."""


@dataclass(frozen=True)
class StepCost:
    """Rounds, and the payload bytes that each rank sends: the parties, then the owners."""

    rounds: int = 0
    sent: tuple[int, ...] = ()

    @property
    def bytes(self) -> int:
        """Over all ranks."""
        return sum(self.sent)

    def __add__(self, other: StepCost) -> StepCost:
        sent = tuple(a + b for a, b in zip_longest(self.sent, other.sent, fillvalue=0))
        return StepCost(self.rounds + other.rounds, sent)


@dataclass(frozen=True)
class CostReport:
    """The cost of each step of a physical plan, in order, and notes of the operators on what they open.

    Parameters
    ----------
    steps : tuple of StepCost
    notes : tuple of str
    rounds : int, optional
        Of the plan, whose independent steps share theirs; without, those of all steps one after the other.
    """

    steps: tuple[StepCost, ...]
    notes: tuple[str, ...] = ()
    rounds: int | None = None

    @classmethod
    def of(cls, steps: Iterable[tuple[int, Sequence[int]]], notes: Iterable[str] = (), rounds: int | None = None) -> CostReport:
        """From (rounds, bytes per rank) pairs, one for each step."""
        return cls(tuple(StepCost(own, tuple(sent)) for own, sent in steps), tuple(notes), rounds)

    @property
    def total(self) -> StepCost:
        out = StepCost()
        for step in self.steps:
            out += step
        return out if self.rounds is None else replace(out, rounds=self.rounds)

    @property
    def shared(self) -> int:
        """Rounds that steps have in common."""
        return sum(step.rounds for step in self.steps) - self.total.rounds

    def seconds(self, latency: float, bandwidth: float) -> float:
        """A lower bound of the time on links: ``latency`` seconds a round, ``bandwidth`` bytes a second and rank."""
        return self.total.rounds * latency + max(self.total.sent, default=0) / bandwidth


def choose_batch_rows(rows: int, latency: float = 20e-6, bandwidth: float = 1e9) -> int:
    """Rows in common rounds, a power of two from 64; what is computed at a time is less and always in the cache (`spuframe.spu.blackbox`).

    A batch pays the rounds once more, so its bytes of a round should take `WORTH` times as long as the round itself, at `ROUND_BYTES` a row.
    More is not worth the memory. Small tables are one batch.

    Parameters
    ----------
    rows : int
        Of the largest step.
    latency : float
        Seconds that a message travels.
    bandwidth : float
        Bytes a second that a party sends.

    >>> choose_batch_rows(2000), choose_batch_rows(10**7), choose_batch_rows(10**7, latency=0.02, bandwidth=12.5e6)
    (262144, 262144, 1048576)
    """
    worth = WORTH * latency * bandwidth / ROUND_BYTES
    batch = BATCH_ROWS
    while batch < worth and batch < rows and batch < MOST_ROWS:
        batch *= 2
    return batch
