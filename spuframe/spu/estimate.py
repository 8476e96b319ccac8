"""What a plan costs, before it runs: the same operators over shares that are shapes only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spuframe.errors import StoreError
from spuframe.ir.cost import Cost, CostReport, StepCost
from spuframe.ir.physical import PhysicalPlan
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Protocol
from spuframe.spu.layout import Layout
from spuframe.spu.operator import Env
from spuframe.spu.steps import run_steps
from spuframe.spu.table import Table


class _NoStore:
    """A dry run neither reads nor writes shares."""

    def put(self, name: str, table: Table) -> None: ...

    def get(self, name: str, layout: Layout) -> Table:
        raise StoreError(f"a cost estimate must not read {name!r} from a store: build the shares from the step's schema")

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        raise StoreError(f"a cost estimate must not read {name!r} from a store: nothing is tagged in a dry run")


def estimate(plan: PhysicalPlan, protocol: Protocol) -> CostReport:
    """Rounds and bytes of a physical plan; nothing runs.

    The bytes handed to the analyst count as sent by the parties, in one round per reveal. Steps that do not wait for each other share
    their rounds, so that the total may have fewer than all steps.
    """
    steps = plan.steps
    box = BlackBox(protocol, plan.parties, None, plan.batch_rows)
    env = Env(box, None, plan.parties, plan.owners, _NoStore(), plan.options)
    costs: dict[int, StepCost] = {}

    @contextmanager
    def priced(i: int, own: Env) -> Iterator[None]:
        before = box.declared
        yield
        costs[i] = StepCost(steps[i].op, box.declared - before)

    run_steps(env, steps, priced)
    total, prepared = box.declared, protocol.prepared
    made = Cost() if prepared is None else prepared(total.material)
    return CostReport(total, tuple(costs[i] for i in range(len(steps))), made)
