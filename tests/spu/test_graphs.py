"""Expressions with many parts, shared or deep, at owner and parties: each part is computed once, and nothing recurses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe.dtypes import Field, Int
from spuframe.expr import Expr, add, col, mod, mul, sub
from spuframe.expr.expr import plain_nodes
from spuframe.spu import plaintext
from spuframe.spu.evaluate import width
from spuframe.spu.plaintext import Evaluation, constants, evaluate
from tests.spu.harness import plan_of, reveal, run_full, scan, step

X, Y = Field("x", Int(64), range=(0, 3)), Field("y", Int(64), range=(0, 3))
ROWS = 10


def chain(length: int) -> Expr:
    e: Expr = col(X)
    for i in range(length // 2):
        e = sub(add(e, col(Y)), col(Y if i % 2 else X))
    return e


def doubled(times: int) -> Expr:
    e: Expr = add(col(X), col(Y))
    for _ in range(times):
        e = add(e, e)
    return e


@pytest.fixture(scope="module")
def table() -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table({n: rng.integers(0, 4, ROWS) for n in "xy"})


def project(*exprs: Expr) -> tuple[list[dict[str, Any]], list[Field]]:
    out = [e.as_field(f"e{i}") for i, e in enumerate(exprs)]
    nodes, places = plain_nodes(exprs)
    made = step("project", [0], {"columns": []}, out, ROWS)
    made["params"] = {"expressions": nodes, "columns": [[f.name, p] for f, p in zip(out, places, strict=True)]}
    return [scan([X, Y], ROWS), made, reveal(1, out, ROWS)], out


def test_deep_and_shared_parts_at_the_parties(protocol: str, table: pa.Table) -> None:
    """Declared equals measured (the harness asserts it), and owner and parties agree."""
    exprs = [chain(3000), doubled(40), mul(doubled(8), doubled(8)), mod(doubled(5), 7)]
    steps, out = project(*exprs)
    (found,) = run_full(plan_of(steps), {("alice", "t"): table}, protocol).tables
    want = {f.name: evaluate(e.to_plain(), table).to_pylist() for f, e in zip(out, exprs, strict=True)}
    got = found.sort_by([(f.name, "ascending") for f in out])
    assert got.to_pylist() == pa.table(want).sort_by([(f.name, "ascending") for f in out]).to_pylist()
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    assert want["e1"] == ((x + y) << 40).tolist() and want["e2"] == (((x + y) << 8) ** 2).tolist()


def test_the_owner_computes_each_part_once(table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = plaintext.plain
    monkeypatch.setattr(plaintext, "plain", lambda fn: calls.append(fn) or real(fn))
    nodes, places = plain_nodes([doubled(40), doubled(39), doubled(40)])
    evaluation = Evaluation(nodes, places, table)
    found = [evaluation.take(place).to_pylist() for place in places]
    assert len(calls) == 41 and found[0] == found[2] == [2 * v for v in found[1]]
    assert not evaluation._values  # let go with the last that read it


def test_a_deep_expression_at_the_owner(table: pa.Table) -> None:
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    half = 2500
    assert evaluate(chain(4 * half).to_plain(), table).to_pylist() == (x + half * (y - x)).tolist()


def test_public_parts_are_folded_once(table: pa.Table) -> None:
    nodes = [{"lit": 1, "dtype": "int64", "nullable": False, "range": [1, 1]}]
    for i in range(40):
        nodes.append({"fn": "add", "args": [i, i], "dtype": "int64", "nullable": False, "range": [2 << i, 2 << i]})
    assert constants(nodes, [40, 3, 0]) == {40: 1 << 40, 3: 8, 0: 1}
    nodes.append({"col": "x", "dtype": "int64", "nullable": False, "range": [0, 3]})
    nodes += [{"fn": "mul", "args": [41, place], "dtype": "int64", "nullable": False, "range": [0, 3 << 40]} for place in (40, 3, 0)]
    made = step("project", [0], {"columns": []}, out := [Field(n, Int(64), range=(0, 3 << 40)) for n in "abc"], ROWS)
    made["params"] = {"expressions": nodes, "columns": [["a", 42], ["b", 43], ["c", 44]]}
    (found,) = run_full(plan_of([scan([X, Y], ROWS), made, reveal(1, out, ROWS)]), {("alice", "t"): table}).tables
    c = np.sort(table["x"].to_numpy())
    assert [sorted(found[n].to_pylist()) for n in "abc"] == [(c << 40).tolist(), (c * 8).tolist(), c.tolist()]


def test_width_is_that_of_the_widest_level() -> None:
    nodes, places = plain_nodes([add(add(col(X), i), col(Y)) for i in range(1, 30)])
    assert width(nodes, places) == 29
    nodes, places = plain_nodes([chain(5000)])
    assert width(nodes, places) == 1
