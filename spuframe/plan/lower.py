"""Lowering: a logical plan as a physical one, plain data for the parties.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import reveal, scan
>>> ages = scan("s1", "hospital", "t0", [Field("age", Int(64), range=(18, 97))], 10)
>>> plan = lower(reveal(ages), protocol="aby3", parties=3, owners=("hospital",))
>>> [s.op for s in plan]
['scan', 'reveal']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.errors import OwnerNotFoundError, PlanError
from spuframe.expr.expr import Expr, plain_nodes
from spuframe.ir.physical import PhysicalPlan, check_size
from spuframe.ir.step import Step
from spuframe.plan.batches import choose_batch_rows
from spuframe.plan.cumulate import Cumulate
from spuframe.plan.logical import (
    Aggregate,
    Concat,
    Filter,
    Join,
    Limit,
    Load,
    LogicalNode,
    Output,
    Project,
    Reveal,
    Roots,
    Scan,
    Sort,
    Store,
    Tensor,
)
from spuframe.plan.rows import Attach, rows_from, stored_rows
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
        Usually optimised; `spuframe.plan.logical.Roots` for several results.
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
        if n in at or isinstance(n, Roots):
            continue
        inputs = tuple(at[i] for i in n.inputs)
        if isinstance(n, Limit | Reveal | Store) and _in_order(n) and n.input.masked and not ends_invalid(n.input):
            # The first rows that exist, or rows whose places say nothing of those between: a sort by nothing puts the invalid ones at the end.
            i = n.input
            steps.append(Step("sort", inputs, {"by": [], "ascending": []}, _secret(i.schema), i.rows, i.masked))
            inputs = (len(steps) - 1,)
        writer = _WRITERS.get(type(n))
        if writer is None:
            raise PlanError(f"no step for a {type(n).__name__}: add one to spuframe.plan.lower")
        at[n] = len(steps)
        steps.append(Step(n.op, inputs, writer(n), _secret(n.schema), n.rows, n.masked))
    check_size(steps)
    steps = widen(steps)
    rows = max((s.rows for s in steps), default=0)
    return PhysicalPlan(protocol, parties, known, tuple(steps), batch_rows or choose_batch_rows(rows), dict(options or {}))


def _in_order(node: Limit | Reveal | Store) -> bool:
    """Whether the places of its input's rows matter."""
    return isinstance(node, Limit) or node.ordered


def ends_invalid(node: LogicalNode) -> bool:
    """Whether invalid rows are known to stand at the end."""
    below: LogicalNode | None = node
    while below is not None:
        node, below = below, rows_from(below)
    return isinstance(node, Sort | Aggregate | Limit) or (isinstance(node, Load) and node.ordered)


def _secret(schema: Schema) -> Schema:
    """Inside the parties every column is shared, whoever could see it before."""
    return Schema(tuple(replace(f, visibility=SECRET) for f in schema))


def _columns(columns: Sequence[tuple[str, Expr]], *more: Expr) -> tuple[dict[str, Any], list[int]]:
    """Named expressions as params, and the places of some more in their list of nodes."""
    nodes, places = plain_nodes([*(e for _, e in columns), *more])
    return {"expressions": nodes, "columns": [[name, place] for (name, _), place in zip(columns, places, strict=False)]}, places[len(columns) :]


def _one(name: str, e: Expr) -> dict[str, Any]:
    nodes, places = plain_nodes([e])
    return {"expressions": nodes, name: places[0]}


def _scan(n: Scan) -> dict[str, Any]:
    columns, predicate = _columns(n.outputs, *([] if n.predicate is None else [n.predicate]))
    return {"owner": n.owner, "table": n.table, **columns, "filter": predicate[0] if predicate else None, "drop": False}


def _reveal(n: Reveal) -> dict[str, Any]:
    """Where the rows stand in a random order already, the stored table that has it: results of it stay side by side."""
    kept = stored_rows(n.input)
    return {"ordered": n.ordered, "stored": None if n.ordered or kept is None else kept.name}


def _join(n: Join) -> dict[str, Any]:
    return {
        "how": n.how,
        "left_on": list(n.left_on),
        "right_on": list(n.right_on),
        "unique": n.unique,
        "columns": [list(c) for c in n.columns],
    }


_WRITERS: dict[type[LogicalNode], Callable[[Any], dict[str, Any]]] = {
    Scan: _scan,
    Load: lambda n: {"name": n.name},
    Project: lambda n: _columns(n.columns)[0],
    Filter: lambda n: _one("predicate", n.predicate),
    Join: _join,
    Aggregate: lambda n: {"keys": list(n.keys), "aggregates": [list(a) for a in n.aggregates]},
    Sort: lambda n: {"by": list(n.by), "ascending": list(n.ascending)},
    Limit: lambda n: {"rows": n.rows},
    Cumulate: lambda n: {"name": n.name, **_one("value", n.value)},
    Concat: lambda n: {},
    Tensor: lambda n: {"program": n.program.value},
    Output: lambda n: {"name": n.name},
    Attach: lambda n: {"columns": [list(c) for c in n.columns]},
    Store: lambda n: {"name": n.name, "shuffled": n.input.masked and not n.ordered},
    Reveal: _reveal,
}
