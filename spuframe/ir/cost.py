"""What a plan costs, in rounds and bytes: what kernels declare, what an estimate adds up, and what a run is checked against.

The figures are exact, not guesses: an oblivious program costs the same whatever the data. This module holds no protocol's formula.

>>> report = CostReport(Cost(3, (11, 21, 31)), (StepCost("join", Cost(1, (10, 20, 30))), StepCost("reveal", Cost(2, (1, 1, 1)))))
>>> report.total.total, report.shared
(63, 0)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import add


@dataclass(frozen=True)
class Cost:
    """Rounds and payload bytes; the unit in which plans are compared and runs are checked.

    Parameters
    ----------
    rounds : int
    sent : tuple of int
        Bytes sent by each rank: the parties, then the owners.
    """

    rounds: int = 0
    sent: tuple[int, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        if len(self.sent) == len(other.sent):
            return Cost(self.rounds + other.rounds, tuple(map(add, self.sent, other.sent)))
        return Cost(self.rounds + other.rounds, tuple(a + b for a, b in zip_longest(self.sent, other.sent, fillvalue=0)))

    def __sub__(self, other: Cost) -> Cost:
        return self + other.times(-1)

    def times(self, count: int) -> Cost:
        return Cost(self.rounds * count, tuple(b * count for b in self.sent))

    @property
    def total(self) -> int:
        """Bytes over all ranks."""
        return sum(self.sent)


def in_parallel(costs: Sequence[Cost], needs: Sequence[Collection[int]] = ()) -> Cost:
    """The cost of computations in common rounds: the rounds of the longest chain, the bytes of all.

    Parameters
    ----------
    costs : sequence of Cost
    needs : sequence of collection of int, optional
        For each the earlier ones whose end it waits for.

    >>> in_parallel([Cost(3, (1, 1)), Cost(7, (2, 2)), Cost(5, (4, 4))], [(), (), (0,)])
    Cost(rounds=8, sent=(7, 7))
    """
    ends: list[int] = []
    total = Cost()
    for i, cost in enumerate(costs):
        ends.append(cost.rounds + max((ends[j] for j in (needs[i] if needs else ())), default=0))
        total += cost
    return Cost(max(ends, default=0), total.sent)


@dataclass(frozen=True)
class StepCost:
    """One step's cost."""

    op: str
    cost: Cost


@dataclass(frozen=True)
class CostReport:
    """The cost of a physical plan, and of each of its steps in order.

    Parameters
    ----------
    total : Cost
        By rank, as the links will count it; independent steps share their rounds.
    steps : tuple of StepCost
    """

    total: Cost
    steps: tuple[StepCost, ...]

    @property
    def shared(self) -> int:
        """Rounds that steps have in common."""
        return sum(step.cost.rounds for step in self.steps) - self.total.rounds
