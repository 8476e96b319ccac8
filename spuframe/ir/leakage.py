"""What a plan tells: whose columns flow into each result, and everything that is known besides the result.

Both read the physical plan, so that every party and owner can work them out of what it was sent, and need not believe the analyst.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, ge
>>> from spuframe.plan.build import filter_, reveal, scan, select
>>> from spuframe.plan.lower import lower
>>> t = scan("s1", "hospital", "t0", [Field("id", Int(64), range=(0, 9)), Field("age", Int(64), range=(18, 97))], 10)
>>> plan = lower(reveal(select(filter_(t, ge(col(t.schema["age"]), 50)), ["id"])), protocol="aby3", parties=3)
>>> [sorted(f.columns) for f in result_flows(plan)]
[[('hospital', 't0', 'id')]]
>>> [sorted(f.rows) for f in result_flows(plan)]
[[('hospital', 't0', 'age')]]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from spuframe.dtypes import Date, Field, String
from spuframe.errors import PlanError
from spuframe.expr.functions.common import number
from spuframe.ir.physical import PhysicalPlan, Step

Source = tuple[str, str, str]
"""A column of an owner's table: (owner, table, column)."""

@dataclass(frozen=True)
class Flow:
    """What flows into one result.

    Parameters
    ----------
    step : int
        The step that hands it out.
    columns : frozenset of Source
        Columns that its values are computed from.
    rows : frozenset of Source
        Columns that decide which rows there are, or in which order.
    """

    step: int
    columns: frozenset[Source]
    rows: frozenset[Source]


@dataclass(frozen=True)
class _Table:
    columns: Mapping[str, frozenset[Source]]
    rows: frozenset[Source]


def columns_of(nodes: Sequence[Mapping[str, Any]], places: Iterable[int]) -> list[frozenset[str]]:
    """The columns that some expressions of a step read, each given by its place in the list of nodes."""
    names = list(dict.fromkeys(str(n["col"]) for n in nodes if "col" in n))
    bits = {name: 1 << i for i, name in enumerate(names)}
    masks: list[int] = []  # a bit for each column: sets would cost their size at every node
    for node in nodes:
        masks.append(bits[str(node["col"])] if "col" in node else reduce(or_, (masks[a] for a in node.get("args", ())), 0))
    found: dict[int, frozenset[str]] = {}
    for mask in {masks[place] for place in places}:
        found[mask] = frozenset(name for i, name in enumerate(names) if mask >> i & 1)
    return [found[masks[place]] for place in places]


def result_flows(plan: PhysicalPlan) -> list[Flow]:
    """What flows into each revealed table, in order; shares that were stored before count as ``("", name, column)``."""
    tables: list[_Table] = []
    flows: list[Flow] = []
    for position, step in enumerate(plan.steps):
        tables.append(_flow(step, [tables[i] for i in step.inputs]))
        if step.op == "reveal":
            t = tables[-1]
            flows.append(Flow(position, frozenset[Source]().union(*t.columns.values()), t.rows))
    return flows


def _flow(step: Step, inputs: list[_Table]) -> _Table:
    p = step.params
    if step.op == "scan":
        wanted = [e for _, e in p["columns"]] + ([] if p.get("filter") is None else [p["filter"]])
        own = [frozenset((str(p["owner"]), str(p["table"]), c) for c in names) for names in columns_of(p["expressions"], wanted)]
        rows = own[-1] if p.get("filter") is not None else frozenset[Source]()
        return _Table({str(n): sources for (n, _), sources in zip(p["columns"], own, strict=False)}, rows)
    if step.op == "load":
        return _Table({f.name: frozenset({("", str(p["name"]), f.name)}) for f in step.schema}, frozenset())
    if step.op == "project":
        (t,) = inputs
        read = columns_of(p["expressions"], [e for _, e in p["columns"]])
        return _Table({str(n): _union(t, names) for (n, _), names in zip(p["columns"], read, strict=True)}, t.rows)
    if step.op == "cumulate":
        (t,) = inputs
        return _Table({**t.columns, str(p["name"]): _union(t, *columns_of(p["expressions"], [p["value"]])) | t.rows}, t.rows)
    if step.op == "attach":
        return _Table({**inputs[0].columns, **{str(n): _union(inputs[1], [source]) for n, source in p["columns"]}}, inputs[0].rows)
    if step.op == "filter":
        (t,) = inputs
        return _Table(t.columns, t.rows | _union(t, *columns_of(p["expressions"], [p["predicate"]])))
    if step.op == "join":
        sides = {"left": inputs[0], "right": inputs[1]}
        rows = inputs[0].rows | inputs[1].rows | _union(inputs[0], p["left_on"]) | _union(inputs[1], p["right_on"])
        return _Table({str(n): _union(sides[side], [source]) for n, side, source in p["columns"]}, rows)
    if step.op == "aggregate":
        (t,) = inputs
        keys = {str(k): _union(t, [k]) for k in p["keys"]}
        rows = t.rows.union(*keys.values())
        made = {str(n): rows | (_union(t, [c]) if c is not None else frozenset()) for n, _, c in p["aggregates"]}
        return _Table({**keys, **made}, rows)
    if step.op == "sort":
        (t,) = inputs
        return _Table(t.columns, t.rows | _union(t, p["by"]))
    # limit, concat, store, reveal pass columns on by name; of a tensor program everything flows into everything.
    rows = frozenset[Source]().union(*(t.rows for t in inputs))
    if step.op in ("tensor", "output"):
        everything = rows.union(*(c for t in inputs for c in t.columns.values()))
        return _Table({"": everything, **{f.name: everything for f in step.schema}}, everything)
    return _Table({f.name: frozenset[Source]().union(*(_union(t, [f.name]) for t in inputs)) for f in step.schema}, rows)


def _union(t: _Table, names: Iterable[object]) -> frozenset[Source]:
    out: set[Source] = set()
    for name in names:
        if name not in t.columns:
            raise PlanError(f"the plan reads a column {name!r} that its step does not have: lower the plan again")
        out |= t.columns[str(name)]
    return frozenset(out)


def leakage_report(plan: PhysicalPlan, notes: Iterable[str] = ()) -> list[str]:
    """Everything that becomes known besides the values of the results, a line each; ``notes`` are the SPU's own, of what its operators open.

    Parameters
    ----------
    plan : PhysicalPlan
    notes : iterable of str
    """
    lines: list[str] = []
    if plan.protocol == "plaintext":
        lines.append("protocol plaintext protects nothing: every party sees every value")
    if plan.options.get("dealer") is not None:
        lines.append("a trusted dealer hands out the correlated randomness: it and one party together see every value")
    for position, s in enumerate(plan.steps):
        lines += [f"step {position}, {s.op}: {text}" for text in _opened(s)]
    for flow in result_flows(plan):
        rows = plan.steps[flow.step].rows
        masked = plan.steps[flow.step].masked
        known = f"how many of at most {rows} rows exist" if masked else f"{rows} rows"
        lines.append(f"step {flow.step}, reveal: to the analyst {known}")
        stored = plan.steps[flow.step].params.get("stored")
        if masked and stored is not None:
            lines.append(f"  in the random order in which {stored!r} was stored: it can be put beside all else that is revealed of these rows")
        lines.append(f"  its values come from {_sources(flow.columns)}")
        if flow.rows - flow.columns:
            lines.append(f"  its rows also depend on {_sources(flow.rows - flow.columns)}")
    lines += [f"opened by the parties: {n}" for n in dict.fromkeys(notes)]
    return lines


def _opened(s: Step) -> list[str]:
    if s.op == "scan":
        lines = [f"all learn that {s.params['owner']} shares {s.rows} rows of {', '.join(_published(f) for f in s.schema) or 'no column'}"]
        if s.params.get("drop"):
            lines.append(f"all learn how many rows of {s.params['owner']} pass its filter")
        return lines
    if s.op == "join":
        side = s.params["unique"]
        keys = s.params[f"{side}_on"]
        return [f"the parties learn whether {', '.join(map(str, keys))} of the {side} side is unique (one bit; if not, the plan ends)"]
    if s.op == "store":
        order = ", in a random order" if s.params.get("shuffled") else ""
        return [f"the parties keep {s.rows} rows of shares as {s.params['name']!r}{order}"]
    return []


def _published(f: Field) -> str:
    """What the plan says of a column to everybody."""
    facts = [str(f.dtype)]
    if f.range is not None and not isinstance(f.dtype, String):
        low, high = (Date.day(int(b)) for b in f.range) if isinstance(f.dtype, Date) else map(number, f.range)
        facts.append(f"in [{low}, {high}]")
    if f.nullable:
        facts.append("with nulls")
    return f"{f.name} ({' '.join(facts)})"


def _sources(sources: Iterable[Source]) -> str:
    by: dict[str, set[str]] = {}
    for owner, _table, column in sources:
        by.setdefault(owner or "stored shares", set()).add(column)
    return "; ".join(f"{owner}: {', '.join(sorted(columns))}" for owner, columns in sorted(by.items())) or "no column"
