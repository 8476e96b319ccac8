"""A reference for logical plans, over lists of rows in Python: what a rule must not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spuframe.expr import evaluate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.attach import Attach
from spuframe.plan.nodes.concat import Concat
from spuframe.plan.nodes.cross import Cross
from spuframe.plan.nodes.cumulate import Cumulate
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.join import BOTH, Join
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.nodes.load import Load
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.repeat import Repeat
from spuframe.plan.nodes.results import Reveal, Roots, Store
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.nodes.shuffle import Shuffle
from spuframe.plan.nodes.sort import Sort
from spuframe.plan.nodes.tensor import Output, Tensor
from spuframe.plan.nodes.window import WindowNode

Row = dict[str, Any]


def interpret(node: LogicalNode, tables: dict[tuple[str, str], list[Row]]) -> list[Row]:
    """The rows that exist. Stored tables are those of the owner ``""``; several plans are one table, with each row's plan."""
    if isinstance(node, Scan):
        rows = tables[node.owner, node.table]
        kept = [r for r in rows if node.predicate is None or evaluate(node.predicate, r) is True]
        return [{n: evaluate(e, r) for n, e in node.outputs} for r in kept]
    if isinstance(node, Load):
        return [{f.name: r[f.name] for f in node.fields} for r in tables["", node.name]]
    if isinstance(node, Output):  # of a program that doubles the one column of its input
        assert node.like is not None
        return [{node.name: 2 * (next(iter(r.values())) or 0)} for r in interpret(node.like, tables)]
    inputs = [interpret(i, tables) for i in node.inputs]
    if isinstance(node, Project):
        return [{n: evaluate(e, r) for n, e in node.columns} for r in inputs[0]]
    if isinstance(node, Filter):
        return [r for r in inputs[0] if evaluate(node.predicate, r) is True]
    if isinstance(node, Join):
        return _join(node, *inputs)
    if isinstance(node, Aggregate):
        return _aggregate(node, inputs[0])
    if isinstance(node, Cumulate):
        out, total = [], 0
        for r in inputs[0]:
            value = evaluate(node.value, r)
            total += 0 if value is None else value
            out.append({**r, node.name: None if value is None else total})
        return out
    if isinstance(node, WindowNode):
        return _windows(node, inputs[0])
    if isinstance(node, Attach):
        rows, other = inputs
        there = other * len(rows) if node.other.rows == 1 and not node.other.masked else other
        return [{**a, **{n: b[source] for n, source in node.columns}} for a, b in zip(rows, there, strict=True)]
    if isinstance(node, Sort):
        return _sorted(inputs[0], node.by, node.ascending)
    if isinstance(node, Repeat):
        return [{**r, node.rank: k} for r in inputs[0] for k in range(r[node.count] or 0)]
    if isinstance(node, Cross):
        return [{name: {"left": a, "right": b}[side][source] for name, side, source in node.columns} for a in inputs[0] for b in inputs[1]]
    if isinstance(node, Limit):
        return inputs[0][: node.count]
    if isinstance(node, Concat):
        return [r for t in inputs for r in t]
    if isinstance(node, Roots):
        return [{"plan": k, **r} for k, t in enumerate(inputs) for r in t]
    if isinstance(node, Tensor):
        return []  # what it computes is its outputs'
    assert isinstance(node, Reveal | Store | Shuffle), node  # one order is as good as any
    return inputs[0]


def _sorted(rows: list[Row], by: Sequence[str], ascending: Sequence[bool]) -> list[Row]:
    for name, up in reversed(list(zip(by, ascending))):
        known = sorted((r for r in rows if r[name] is not None), key=lambda r: r[name], reverse=not up)
        rows = known + [r for r in rows if r[name] is None]
    return rows


def _windows(node: WindowNode, rows: list[Row]) -> list[Row]:
    """Each row's group, in the order of the sort, and of that the rows that a window looks at."""
    numbered = [{**r, None: i} for i, r in enumerate(rows)]  # type: ignore[dict-item]
    there = _sorted(numbered, node.by, node.ascending)
    out = [dict(r) for r in rows]
    for w in node.windows:
        field = None if w.column is None else node.input.schema[w.column]
        ends = (0, 0)
        if field is not None and w.function in ("max", "min"):
            ends = field.dtype.limits if field.range is None else field.range  # type: ignore[assignment]
        groups: dict[Any, list[Row]] = {}
        for r in there:
            group = groups.setdefault(tuple(r[k] for k in node.by[: w.level]), [])
            group.append(r)
        for at, r, group in ((at, r, own) for own in groups.values() for at, r in enumerate(own)):
            seen = group if w.span == 0 else group[: at + 1] if w.span is None else group[max(0, at + 1 - w.span) : at + 1]
            values = [q[w.column] for q in seen if w.column is None or q[w.column] is not None] if w.column else seen
            if w.function == "shift":
                found = group[at - (w.span or 0)][w.column] if 0 <= at - (w.span or 0) < len(group) else None
            elif w.function == "dense":
                found = len({tuple(q[k] for k in node.by) for q in seen})
            elif w.function == "count":
                found = len(values)
            elif w.function == "sum":
                found = sum(values)
            else:
                found = max(values, default=ends[0]) if w.function == "max" else min(values, default=ends[1])
            out[r[None]][w.name] = found  # type: ignore[index]
    return out


def _join(node: Join, left: list[Row], right: list[Row]) -> list[Row]:
    """Every kind of join, as in pandas: a null matches a null."""

    def row(a: Row | None, b: Row | None) -> Row:
        side = {"left": a, "right": b, BOTH: b if a is None else a}
        return {n: None if (found := side[s]) is None else found[source] for n, s, source in node.columns}

    def matched(a: Row, b: Row) -> bool:
        return [a[k] for k in node.left_on] == [b[k] for k in node.right_on]

    pairs = {i: [j for j, b in enumerate(right) if matched(a, b)] for i, a in enumerate(left)}
    if node.how == "semi":
        return [row(left[i], None) for i, found in pairs.items() if found]
    if node.how == "anti":
        return [row(left[i], None) for i, found in pairs.items() if not found]
    out = [row(left[i], right[j]) for i, found in pairs.items() for j in found]
    if node.how in ("left", "outer"):
        out += [row(left[i], None) for i, found in pairs.items() if not found]
    if node.how in ("right", "outer"):
        out += [row(None, b) for j, b in enumerate(right) if not any(j in found for found in pairs.values())]
    return out


def _aggregate(node: Aggregate, rows: list[Row]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {} if node.keys else {(): []}
    for r in rows:
        key = tuple(r[k] for k in node.keys)
        if None not in key:
            groups.setdefault(key, []).append(r)
    out = []
    for key in sorted(groups):
        row: Row = dict(zip(node.keys, key))
        for name, function, column in node.aggregates:
            values = [r[column] for r in groups[key] if column is None or r[column] is not None] if column else groups[key]
            row[name] = _reduce(function, values)
        out.append(row)
    return out


def _reduce(function: str, values: list[Any]) -> Any:
    if function in ("size", "count"):
        return len(values)
    if function == "sum":
        return sum(values)
    if not values:
        return None
    return sum(values) / len(values) if function == "mean" else min(values) if function == "min" else max(values)
