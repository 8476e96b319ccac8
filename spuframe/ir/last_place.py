"""Which columns have a last place that a truncation under sharing decided: for the leakage report.

A protocol may divide fixed point by a power of two with a coin that some party knows. Such a value, revealed, tells that party more than the value
itself. What is not known to be free of it counts as truncated: an operator or a function that says nothing of itself, and stored shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spuframe.dtypes import parse_dtype
from spuframe.ir.expressions import functions
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.step import Step

_BY_NAME = ("filter", "sort", "shuffle", "limit", "concat", "store", "reveal")
"""Operators that pass columns on as they are."""
_CHOOSE = ("sum", "min", "max")
"""Aggregates that cut nothing off."""


def truncated_columns(plan: PhysicalPlan) -> list[frozenset[str]]:
    """For every step the columns whose last place a truncation decided, or may have."""
    found: list[frozenset[str]] = []
    for step in plan.steps:
        fixed = frozenset(f.name for f in step.schema if not f.dtype.exact)
        found.append(_truncated(step, [found[i] for i in step.inputs], fixed) & fixed)
    return found


def _truncated(step: Step, inputs: list[frozenset[str]], fixed: frozenset[str]) -> frozenset[str]:
    p = step.params
    if step.op == "scan":  # in plaintext, at the owner
        return frozenset()
    if step.op == "project":
        marks = _marks(p["expressions"], inputs[0])
        return frozenset(str(n) for n, place in p["columns"] if marks[place])
    if step.op == "cumulate":
        return inputs[0] | ({str(p["name"])} if _marks(p["expressions"], inputs[0])[p["value"]] else set())
    if step.op == "window":
        bits = {f.name: f.dtype.frac for f in step.schema}
        return inputs[0] | {str(name) for name, _, _, _, c in p["windows"] if c in inputs[0] or (c is not None and bits[name] < bits[c])}
    if step.op == "attach":
        return inputs[0] | {str(n) for n, source in p["columns"] if source in inputs[1]}
    if step.op == "join":
        sides = {"left": inputs[0], "right": inputs[1]}
        return frozenset(str(n) for n, side, source in p["columns"] if source in sides[side])
    if step.op == "aggregate":
        return frozenset(str(n) for n, function, c in p["aggregates"] if function not in _CHOOSE or c in inputs[0]) | (inputs[0] & set(p["keys"]))
    if step.op in _BY_NAME:
        return frozenset[str]().union(*inputs)
    return fixed


def _marks(nodes: Sequence[Mapping[str, Any]], columns: frozenset[str]) -> list[bool]:
    """Of every node of a step's expressions, whether its last place is a truncation's."""
    marks: list[bool] = []
    for node in nodes:
        if "fn" not in node:
            marks.append(node.get("col") in columns)
            continue
        last_place = functions()[node["fn"]].last_place
        cut = last_place == "cut" or (last_place == "kept" and any(marks[a] or _bits(nodes[a]) > _bits(node) for a in node["args"]))
        marks.append(cut and not parse_dtype(node["dtype"]).exact)
    return marks


def _bits(node: Mapping[str, Any]) -> int:
    return parse_dtype(node["dtype"]).frac
