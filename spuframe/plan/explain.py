"""Plans as text: the logical plan as it was built, as it was optimised, and its steps with their exact cost. Never a value of a column.

>>> from spuframe.dtypes import Field, Int, number
>>> from spuframe.expr import col, ge
>>> from spuframe.plan.build import filter_, reveal, scan
>>> t = scan("s1", "hospital", "t0", [Field("age", Int(64), range=(18, 97))], 10)
>>> print(tree(reveal(filter_(t, ge(col(t.schema["age"]), 50)))))
reveal                              10 rows, masked
└─ filter  age >= 50                10 rows, masked
   └─ scan  hospital.t0  [age]      10 rows
            age  int64  [18, 97]  private(hospital)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spuframe.dtypes import Field
from spuframe.errors import PlanError
from spuframe.expr.expr import Col, Expr
from spuframe.ir.cost import Cost, CostReport, Name
from spuframe.ir.operators import operators
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.logical import LogicalNode, names_of

STAGES = ("all", "logical", "optimized", "physical")
"""What `explain` can print."""

DEEPEST = 120
"""Columns of text that a tree is indented by at most."""


def explain(
    stage: str,
    logical: LogicalNode,
    optimized: LogicalNode | None = None,
    physical: PhysicalPlan | None = None,
    cost: CostReport | None = None,
    leakage: Sequence[str] | None = None,
) -> str:
    """A plan at one stage, or at all.

    Parameters
    ----------
    stage : {"all", "logical", "optimized", "physical"}
    logical : LogicalNode
    optimized : LogicalNode, optional
    physical : PhysicalPlan, optional
    cost : CostReport, optional
        Rounds and bytes of each step of the physical plan; without it they are left out.
    leakage : sequence of str, optional
        `spuframe.ir.leakage.leakage_report` of the physical plan.
    """
    if stage not in STAGES:
        raise PlanError(f"stage must be one of {', '.join(map(repr, STAGES))}, got {stage!r}")
    parts: list[tuple[str, str]] = []
    if stage in ("all", "logical"):
        parts.append(("Logical plan", tree(logical)))
    if stage in ("all", "optimized") and optimized is not None:
        parts.append(("Optimized plan", tree(optimized)))
    if stage in ("all", "physical") and physical is not None:
        heading = f"Physical plan: {physical.protocol}, {physical.parties} parties, batches of {physical.batch_rows} rows"
        parts.append((heading, steps(physical, cost)))
        if leakage is not None:
            parts.append(("What becomes known besides the values of the result", "\n".join(leakage)))
    return "\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in parts)


# ---- logical ------------------------------------------------------------------------------------------
def tree(root: LogicalNode) -> str:
    """A logical plan as a tree; a part that is used again is printed once and then named by its number."""
    counts: dict[LogicalNode, int] = {}
    for n in dict.fromkeys(root.nodes()):
        for used in n.inputs:
            counts[used] = counts.get(used, 0) + 1
    numbers: dict[LogicalNode, int] = {}
    lines: list[tuple[str, str]] = []
    stack: list[tuple[LogicalNode, str, str]] = [(root, "", "")]
    while stack:
        node, lead, indent = stack.pop()
        if node in numbers:
            lines.append((f"{lead}{node.op}  (as above, #{numbers[node]})", ""))
            continue
        mark = ""
        if counts.get(node, 0) > 1:
            numbers[node] = len(numbers) + 1
            mark = f"  #{numbers[node]}"
        text = node.described()
        lines.append((f"{lead}{node.op}{mark}{'  ' + text if text else ''}", size(node.rows, node.masked)))
        lines += [(f"{indent}{'│' if node.inputs else ' '}  {' ' * len(node.op)}{line}", "") for line in columns(node)]
        last = len(node.inputs) - 1
        for i, child in reversed(list(enumerate(node.inputs))):
            further = "" if len(indent) >= DEEPEST else "   " if i == last else "│  "
            stack.append((child, indent + ("└─ " if i == last else "├─ "), indent + further))
    return _aligned(lines)


def _aligned(lines: list[tuple[str, str]]) -> str:
    width = max((len(a) for a, b in lines if b), default=0)
    return "\n".join(f"{a:<{width}}    {b}".rstrip() if b else a for a, b in lines)


def size(rows: int, masked: bool) -> str:
    """Physical rows, as a plan prints them."""
    return f"{rows} rows{', masked' if masked else ''}"


def columns(node: LogicalNode) -> list[str]:
    """The columns that a node lists: name, type, range, visibility; and how they are computed."""
    return table([[name, *about(node.schema[name]), _computed(e, name)] for name, e in node.listed().items()])


def _computed(e: Expr | None, name: str) -> str:
    return "" if e is None or (isinstance(e, Col) and e.field.name == name) else f"= {e}"


def about(f: Field) -> list[str]:
    """Type, range and visibility of a column."""
    known = "" if f.range is None else f"[{f.dtype.bound(f.range[0])}, {f.dtype.bound(f.range[1])}]"
    return [f"{f.dtype}{'?' if f.nullable else ''}", known, str(f.visibility)]


def table(rows: list[list[str]]) -> list[str]:
    """Cells as aligned lines."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))] if rows else []
    kept = [i for i, w in enumerate(widths) if w]
    return ["  ".join(f"{r[i]:<{widths[i]}}" for i in kept).rstrip() for r in rows]


# ---- physical -------------------------------------------------------------------------------------------
def steps(plan: PhysicalPlan, cost: CostReport | None = None) -> str:
    """The steps of a physical plan, with rounds and bytes each, and the total."""
    if cost is not None and len(cost.steps) != len(plan.steps):
        raise PlanError(f"the cost is that of another plan: {len(cost.steps)} steps, not {len(plan.steps)}")
    rows = [["step", "operator", "from", "rows", *([] if cost is None else ["rounds", "bytes"]), "columns"]]
    for i, s in enumerate(plan.steps):
        figures = [] if cost is None else [f"{cost.steps[i].cost.rounds:,}", f"{cost.steps[i].cost.total:,}"]
        inputs = " ".join(map(str, s.inputs)) or "-"
        step, rows_of = f"{s.op} {operators()[s.op].detail(s)}".rstrip(), f"{s.rows:,}{'*' if s.masked else ''}"
        rows.append([str(i), step, inputs, rows_of, *figures, names_of(s.schema)])
    if cost is not None:
        rows.append(["", "total", "", "", f"{cost.total.rounds:,}", f"{cost.total.total:,}", ""])
    numeric = {0, 3, *([] if cost is None else [4, 5])}
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{c:>{w}}" if i in numeric else f"{c:<{w}}" for i, (c, w) in enumerate(zip(r, widths, strict=True))).rstrip() for r in rows]
    if any(s.masked for s in plan.steps):
        lines.append("(*: masked; only the parties' shares tell which of these rows exist)")
    if cost is not None and cost.shared:
        lines.append(f"(steps that do not wait for each other have {cost.shared:,} round{'s' if cost.shared > 1 else ''} in common)")
    if cost is not None:
        names = [*(f"party {i}" for i in range(plan.parties)), *(f"owner {o}" for o in plan.owners)]
        lines.append(f"total: {_traffic(cost.total, names)}")
        lines += [f"material of step {i} ({step.op}): {_material(step.cost)}" for i, step in enumerate(cost.steps) if step.cost.material]
        if cost.total.material:
            lines.append(f"material in all: {_material(cost.total)}")
        if cost.prepared.rounds:
            lines.append(f"to make it, before: {_traffic(cost.prepared, names)}")
    return "\n".join(lines)


def _traffic(cost: Cost, names: list[str]) -> str:
    sent = ", ".join(f"{name} {b:,}" for name, b in zip(names, cost.sent, strict=False))
    return f"{cost.rounds:,} rounds, {cost.total:,} bytes" + (f" (sent by {sent})" if sent else "")


def _material(cost: Cost) -> str:
    """What was prepared before and is used: how many of what, by name."""
    named: Counter[str] = Counter()
    for what, count in cost.material.items():
        named[" ".join(str(part) for part in what if not isinstance(part, Name))] += count
    return ", ".join(f"{count:,} {name}" for name, count in sorted(named.items()))
