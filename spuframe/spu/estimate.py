"""What a plan costs, before it runs: the same operators over shares that are shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.errors import StoreError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Cost, Protocol
from spuframe.spu.operator import Env, Step, operator
from spuframe.spu.spu import last_uses
from spuframe.spu.table import Table


@dataclass(frozen=True)
class StepCost:
    """One step's cost, and the lines that it adds to the leakage report."""

    op: str
    cost: Cost
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """The exact cost of a plan: rounds and bytes by rank, as the links will count them."""

    total: Cost
    steps: tuple[StepCost, ...]


class _NoStore:
    """A dry run neither reads nor writes shares."""

    def put(self, name: str, table: Table) -> None: ...

    def get(self, name: str) -> Table:
        raise StoreError(f"a cost estimate must not read {name!r} from a store: build the shares from the step's schema")


def estimate(plan: Mapping[str, Any], protocol: Protocol) -> Estimate:
    """Rounds and bytes of the plain form of a physical plan; nothing runs.

    The bytes handed to the analyst count as sent by the parties, in one round per reveal.
    """
    steps = [Step.from_plain(s) for s in plan["steps"]]
    box = BlackBox(protocol, plan["parties"], None, plan["batch_rows"])
    env = Env(box, None, plan["parties"], tuple(plan["owners"]), _NoStore(), plan["options"])
    last = last_uses(steps)
    results: list[Any] = []
    costs: list[StepCost] = []
    for i, step in enumerate(steps):
        before, seen = box.declared, len(env.notes)
        results.append(operator(step.op)(env, step, [results[j] for j in step.inputs]))
        costs.append(StepCost(step.op, box.declared - before, tuple(env.notes[seen:])))
        for j in step.inputs:
            if last[j] <= i:
                results[j] = None
    return Estimate(box.declared, tuple(costs))
