"""The operator ``window``: every function, of groups and of the whole table, with nulls, dropped rows and a sort that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe.dtypes import Bool, Date, Field, Fixed, Int, String
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr import col, gt
from spuframe.ir.windows import Window
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.window import WindowNode
from tests.plan.interpret import interpret
from tests.spu.harness import run_full

FIELDS = [
    Field("g", String(3), True),
    Field("k", Int(8), range=(0, 3)),
    Field("i", Int(8), True, range=(-100, 100)),
    Field("x", Fixed(), range=(-2.0, 2.0)),
    Field("b", Bool(), True),
]
EVERY = [("sum", None), ("sum", 3), ("sum", 0), ("count", None), ("count", 2), ("max", None), ("max", 5), ("min", 3), ("shift", 1), ("shift", -2)]
SPANS: list[tuple[str, int | None]] = [*EVERY, ("shift", 0), ("shift", 1000), ("sum", 1000), ("count", 0), ("min", None), ("max", 1)]


def made(rows: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(rows)
    gaps = rng.random((3, rows)) < 0.3
    return {
        "g": [None if gap else v for v, gap in zip(rng.choice(["", "u", "ü"], rows).tolist(), gaps[0])],
        "k": rng.integers(0, 4, rows).tolist(),
        "i": [None if gap else v for v, gap in zip(rng.integers(-100, 101, rows).tolist(), gaps[1])],
        "x": (rng.integers(-512, 513, rows) / 256).tolist(),
        "b": [None if gap else v for v, gap in zip((rng.random(rows) < 0.5).tolist(), gaps[2])],
    }


def check(node: LogicalNode, data: dict[str, list[Any]], protocol: str) -> None:
    types = [pa.string(), pa.int8(), pa.int8(), pa.float64(), pa.bool_()]
    table = pa.table([pa.array(v, t) for v, t in zip(data.values(), types)], names=list(data))
    plan = lower(build.reveal(node, ordered=True), protocol=protocol, parties=3, batch_rows=64)
    got = run_full(plan.to_plain(), {("alice", "t"): table}, protocol).tables[0].to_pylist()
    rows = [dict(zip(data, r)) for r in zip(*data.values())]
    want = interpret(node, {("alice", "t"): rows})
    for name in node.schema.names:
        assert [r[name] for r in got] == [r[name] for r in want], name


def windows(functions: list[tuple[str, int | None]], columns: str, level: int) -> list[Window]:
    named = [(f, s, c) for c in columns for f, s in functions if c in "ix" or f in ("count", "shift")]
    return [Window(f"{f} {s} of {c}, {level}", f, level, s, c) for f, s, c in named] + [Window(f"place {level}", "count", level, None, None)]


@pytest.mark.every_protocol
@pytest.mark.parametrize("masked", [False, True])
def test_a_slice(protocol: str, masked: bool) -> None:
    t: LogicalNode = build.scan("s", "alice", "t", FIELDS, 30)
    if masked:
        t = _some(t)
    some = (*windows(EVERY, "i", 1), *windows(EVERY[:2], "x", 0), Window("number", "dense", 1, None, None), Window("size", "count", 1, 0, None))
    check(WindowNode(t, ("g", "k"), (True, False), some), made(30), protocol)


def _some(t: LogicalNode) -> LogicalNode:
    return build.filter_(t, gt(col(t.schema["k"]), 0))


@pytest.mark.parametrize("protocol", ["plaintext"])
@pytest.mark.parametrize("rows", [0, 1, 2, 70])
@pytest.mark.parametrize("masked", [False, True])
def test_every_function(protocol: str, rows: int, masked: bool) -> None:
    t: LogicalNode = build.scan("s", "alice", "t", FIELDS, rows)
    t = _some(t) if masked else t
    for by, levels in (((), [0]), (("g",), [0, 1]), (("k", "g"), [0, 1, 2])):
        found = [w for level in levels for w in windows(SPANS, "ixgb", level)]
        found += [Window(f"number {s} {level}", "dense", level, s, None) for level in levels for s in (None, 0) if by]
        check(WindowNode(t, by, (True,) * len(by), tuple(found)), made(rows), protocol)


@pytest.mark.parametrize("protocol", ["plaintext"])
def test_rows_that_are_sorted_already(protocol: str) -> None:
    data, some = made(40), tuple(windows(EVERY, "i", 1) + windows(EVERY, "i", 0))
    ordered = build.sort(build.scan("s", "alice", "t", FIELDS, 40), ["k", "i"])
    for t in (ordered, _some(ordered)):
        check(WindowNode(t, ("k",), (True,), some), data, protocol)
        check(WindowNode(t, ("k",), (True,), (Window("so far", "sum", 0, None, "i"),)), data, protocol)


def test_what_it_refuses() -> None:
    t = build.scan("s", "alice", "t", [*FIELDS, Field("d", Date())], 9)
    for w in (
        Window("w", "median", 1, None, "i"),
        Window("w", "sum", 1, None, None),
        Window("w", "dense", 1, None, "i"),
        Window("w", "max", 1, 0, "i"),
        Window("w", "shift", 1, None, "i"),
        Window("w", "sum", 2, None, "i"),
        Window("w", "sum", 1, -1, "i"),
        Window("w", "dense", 1, 3, None),
    ):
        with pytest.raises(PlanError):
            WindowNode(t, ("k",), (True,), (w,))
    for w in (Window("w", "sum", 1, None, "g"), Window("w", "sum", 1, None, "d"), Window("w", "max", 1, None, "g")):
        with pytest.raises(TypeMismatchError, match="cannot take the cum"):
            WindowNode(t, ("k",), (True,), (w,))
    assert WindowNode(t, ("k",), (True,), (Window("w", "max", 1, None, "d"),)).schema["w"].dtype == Date()
