"""What a plan costs, in rounds, bytes and prepared material: what kernels declare, what an estimate adds up, and what a run is checked against.

The figures are exact, not guesses: an oblivious program costs the same whatever the data. This module holds no protocol's formula.

>>> report = CostReport(Cost(3, (11, 21, 31)), (StepCost("join", Cost(1, (10, 20, 30))), StepCost("reveal", Cost(2, (1, 1, 1)))))
>>> report.total.total, report.shared
(63, 0)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from operator import add
from typing import TypeAlias


class Name(tuple[int, ...]):
    """Which one: material under a name is like no other, and is used where the name is."""

    __slots__ = ()


What: TypeAlias = tuple[str | int | tuple[int, ...], ...]
"""A kind of material and its parameters: ``("triple", 64)``, ``("edabit", 64, 12)``, ``("matmul", 64, (3, 4, 5))``; with a `Name`, one piece of it."""


@dataclass(frozen=True)
class Cost:
    """Rounds, payload bytes and prepared material; the unit in which plans are compared and runs are checked.

    Parameters
    ----------
    rounds : int
    sent : tuple of int
        Bytes sent by each rank: the parties, then the owners.
    material : mapping
        How much is used of what was prepared before: correlated randomness such as multiplication triples. Empty for protocols that prepare nothing.

    Examples
    --------
    >>> one = Cost(1, (8, 8), {("triple", 64): 2})
    >>> one.times(3) + Cost(2, (1, 1), {("triple", 64): 1, ("edabit", 64, 12): 5})
    Cost(rounds=5, sent=(25, 25), material={('triple', 64): 7, ('edabit', 64, 12): 5})
    """

    rounds: int = 0
    sent: tuple[int, ...] = ()
    material: Mapping[What, int] = field(default_factory=dict)

    def __add__(self, other: Cost) -> Cost:
        if len(self.sent) == len(other.sent):
            sent = tuple(map(add, self.sent, other.sent))
        else:
            sent = tuple(a + b for a, b in zip_longest(self.sent, other.sent, fillvalue=0))
        return Cost(self.rounds + other.rounds, sent, _added(self.material, other.material))

    def __sub__(self, other: Cost) -> Cost:
        return self + other.times(-1)

    def times(self, count: int) -> Cost:
        return Cost(self.rounds * count, tuple(b * count for b in self.sent), {what: n * count for what, n in self.material.items() if count})

    @property
    def total(self) -> int:
        """Bytes over all ranks."""
        return sum(self.sent)


def _added(first: Mapping[What, int], second: Mapping[What, int]) -> Mapping[What, int]:
    """What there is of either; what is none in all is left out, so that equal amounts are equal mappings."""
    if not first or not second:
        return first or second
    total = {what: first.get(what, 0) + second.get(what, 0) for what in dict.fromkeys((*first, *second))}
    return {what: n for what, n in total.items() if n}


def in_parallel(costs: Sequence[Cost], needs: Sequence[Collection[int]] = ()) -> Cost:
    """The cost of computations in common rounds: the rounds of the longest chain, the bytes and the material of all.

    Parameters
    ----------
    costs : sequence of Cost
    needs : sequence of collection of int, optional
        For each the earlier ones whose end it waits for.

    >>> in_parallel([Cost(3, (1, 1)), Cost(7, (2, 2)), Cost(5, (4, 4))], [(), (), (0,)])
    Cost(rounds=8, sent=(7, 7), material={})
    """
    ends: list[int] = []
    total = Cost()
    for i, cost in enumerate(costs):
        ends.append(cost.rounds + max((ends[j] for j in (needs[i] if needs else ())), default=0))
        total += cost
    return replace(total, rounds=max(ends, default=0))


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
    prepared : Cost
        What it costs the parties to make the material, before the plan runs; none where nobody needs any, or a dealer makes it.
    """

    total: Cost
    steps: tuple[StepCost, ...]
    prepared: Cost = field(default_factory=Cost)

    @property
    def shared(self) -> int:
        """Rounds that steps have in common."""
        return sum(step.cost.rounds for step in self.steps) - self.total.rounds
