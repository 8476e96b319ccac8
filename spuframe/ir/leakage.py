"""What a plan tells: whose columns flow into each result, and everything that is known besides the result.

Both read the physical plan, so that every party and owner can work them out of what it was sent, and need not believe the analyst.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, ge
>>> from spuframe.plan.build import filter_, reveal, scan, select
>>> from spuframe.plan.lower import lower
>>> t = scan("s1", "hospital", "t0", [Field("id", Int(64), range=(0, 9)), Field("age", Int(64), range=(18, 97))], 10)
>>> plan = lower(reveal(select(filter_(t, ge(col(t.schema["age"]), 50)), ["id"])), protocol="aby3", parties=3)
>>> [sorted(f.values) for _, f in result_flows(plan)]
[[('hospital', 't0', 'id')]]
>>> [sorted(f.rows) for _, f in result_flows(plan)]
[[('hospital', 't0', 'age')]]
"""

from __future__ import annotations

from spuframe.ir.flows import Flow
from spuframe.ir.last_place import truncated_columns
from spuframe.ir.operators import operators
from spuframe.ir.physical import PhysicalPlan


def flows(plan: PhysicalPlan) -> list[Flow]:
    """What flows into the result of each step."""
    found: list[Flow] = []
    for step in plan.steps:
        found.append(operators()[step.op].flow(step, [found[i] for i in step.inputs]))
    return found


def result_flows(plan: PhysicalPlan) -> list[tuple[int, Flow]]:
    """What flows into each revealed table, in order, with the place of its step."""
    return [(i, flow) for i, (step, flow) in enumerate(zip(plan.steps, flows(plan), strict=True)) if step.op == "reveal"]


def leakage_report(plan: PhysicalPlan, threat: str, insecure: bool) -> list[str]:
    """Everything that becomes known besides the values of the results, a line each, as the operators say.

    Parameters
    ----------
    plan : PhysicalPlan
    threat : str
        The threat model of the protocol, in its own words.
    insecure : bool
        Whether the protocol says that it protects nothing.
    """
    lines = [f"protocol {plan.protocol} {'protects nothing' if insecure else 'protects the rest'}: {threat}", *opened(plan)]
    return lines if insecure else [*lines, *_last_places(plan)]


def _last_places(plan: PhysicalPlan) -> list[str]:
    lines: list[str] = []
    for i, (step, names) in enumerate(zip(plan.steps, truncated_columns(plan), strict=True)):
        if step.op == "reveal" and names:
            columns = ", ".join(f.name for f in step.schema if f.name in names)
            known = "bounds what fixed point cut off, for an analyst who works with a party: `round` to fewer places removes that"
            lines.append(f"step {i}, reveal: the last place of {columns} {known}")
    return lines


def opened(plan: PhysicalPlan) -> list[str]:
    """What the steps of a plan tell, whatever its protocol.

    Raises
    ------
    PlanError
        A step reads a column that is not there: where it comes from cannot be said.
    """
    lines: list[str] = []
    for i, (step, flow) in enumerate(zip(plan.steps, flows(plan), strict=True)):
        lines += [text if text.startswith(" ") else f"step {i}, {step.op}: {text}" for text in operators()[step.op].opens(step, flow)]
    return lines
