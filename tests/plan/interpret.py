"""A reference for logical plans, over lists of rows in Python: what a rule must not change."""

from __future__ import annotations

from typing import Any

from spuframe.expr import evaluate
from spuframe.plan.cumulate import Cumulate
from spuframe.plan.logical import Aggregate, Concat, Filter, Join, Limit, LogicalNode, Output, Project, Reveal, Scan, Sort
from spuframe.plan.rows import Attach

Row = dict[str, Any]


def interpret(node: LogicalNode, tables: dict[tuple[str, str], list[Row]]) -> list[Row]:
    if isinstance(node, Scan):
        rows = tables[node.owner, node.table]
        kept = [r for r in rows if node.predicate is None or evaluate(node.predicate, r) is True]
        return [{n: evaluate(e, r) for n, e in node.outputs} for r in kept]
    if isinstance(node, Output):  # of a program that doubles the one column of its input
        assert node.like is not None
        return [{node.name: 2 * (next(iter(r.values())) or 0)} for r in interpret(node.like, tables)]
    inputs = [interpret(i, tables) for i in node.inputs]
    if isinstance(node, Project):
        return [{n: evaluate(e, r) for n, e in node.columns} for r in inputs[0]]
    if isinstance(node, Filter):
        return [r for r in inputs[0] if evaluate(node.predicate, r) is True]
    if isinstance(node, Join):
        out = []
        for left in inputs[0]:
            for right in inputs[1]:
                if [left[k] for k in node.left_on] == [right[k] for k in node.right_on]:
                    out.append({n: (left if side == "left" else right)[source] for n, side, source in node.columns})
        return out
    if isinstance(node, Aggregate):
        return _aggregate(node, inputs[0])
    if isinstance(node, Cumulate):
        out, total = [], 0
        for r in inputs[0]:
            value = evaluate(node.value, r)
            total += 0 if value is None else value
            out.append({**r, node.name: None if value is None else total})
        return out
    if isinstance(node, Attach):
        rows, other = inputs
        there = other * len(rows) if node.other.rows == 1 and not node.other.masked else other
        return [{**a, **{n: b[source] for n, source in node.columns}} for a, b in zip(rows, there, strict=True)]
    if isinstance(node, Sort):
        rows = inputs[0]
        for name, up in reversed(list(zip(node.by, node.ascending))):
            known = sorted((r for r in rows if r[name] is not None), key=lambda r: r[name], reverse=not up)
            rows = known + [r for r in rows if r[name] is None]
        return rows
    if isinstance(node, Limit):
        return inputs[0][: node.count]
    if isinstance(node, Concat):
        return [r for t in inputs for r in t]
    assert isinstance(node, Reveal), node
    return inputs[0]


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
