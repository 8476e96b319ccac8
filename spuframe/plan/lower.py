"""Lowering: a logical plan as a physical one, plain data for the parties.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import reveal, scan
>>> ages = scan("s1", "hospital", "t0", [Field("age", Int(64), range=(18, 97))], 10)
>>> plan = lower(reveal(ages), protocol="aby3", parties=3, owners=("hospital",))
>>> [s.op for s in plan]
['scan', 'reveal']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.errors import OwnerNotFoundError
from spuframe.ir.physical import PhysicalPlan, check_size
from spuframe.ir.step import Step
from spuframe.plan.batches import choose_batch_rows
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.widths import widen


def lower(
    node: LogicalNode,
    *,
    protocol: str,
    parties: int,
    owners: Sequence[str] | None = None,
    batch_rows: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> PhysicalPlan:
    """A logical plan as steps; subtrees that are equal become one step.

    Parameters
    ----------
    node : LogicalNode
        Usually optimised; `spuframe.plan.nodes.results.Roots` for several results.
    protocol : str
    parties : int
    owners : sequence of str, optional
        All owners of the session, in the order of their ranks; by default those of the plan.
    batch_rows : int, optional
    options : mapping, optional
    """
    scanned = sorted({n.owner for n in node.nodes() if isinstance(n, Scan)})
    known = tuple(scanned if owners is None else owners)
    for owner in scanned:
        if owner not in known:
            raise OwnerNotFoundError(f"the plan reads a table of {owner!r}, but the owners are {', '.join(known) or '(none)'}: add it")
    steps: list[Step] = []
    at: dict[LogicalNode, int] = {}
    for n in node.nodes():
        params = None if n in at else n.params()
        if params is None:
            continue
        inputs = tuple(at[i] for i in n.inputs)
        for k, i in enumerate(n.inputs if n.minds_gaps else ()):
            if i.masked and not i.shape.places.packed:
                # The first rows that exist, or rows whose places say nothing of those between: a sort by nothing puts the invalid ones at the end.
                steps.append(Step("sort", inputs[k : k + 1], {"by": [], "ascending": []}, _secret(i.schema), i.rows, i.masked))
                inputs = (*inputs[:k], len(steps) - 1, *inputs[k + 1 :])
        at[n] = len(steps)
        steps.append(Step(n.op, inputs, params, _secret(n.schema), n.rows, n.masked))
    check_size(steps)
    steps = widen(steps)
    rows = max((s.rows for s in steps), default=0)
    return PhysicalPlan(protocol, parties, known, tuple(steps), batch_rows or choose_batch_rows(rows), dict(options or {}))


def _secret(schema: Schema) -> Schema:
    """Inside the parties every column is shared, whoever could see it before."""
    return Schema(tuple(replace(f, visibility=SECRET) for f in schema))
