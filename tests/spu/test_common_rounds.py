"""Parts of expressions, columns and keys that do not wait for each other take the rounds of the longest chain; results stay right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe import plugins
from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.evaluate import bit, columns
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.table import Column, Table
from tests.spu.harness import flat, fn, lit, plan_of, ref, reveal, run_full, scan, step

FIELDS = [Field(name, Int(64), range=(-(2**20), 2**20)) for name in "abcd"]
A, B, C, D = map(ref, FIELDS)
ROWS = 300


def mul(x: Any, y: Any) -> dict[str, Any]:
    return fn("mul", x, y, dtype="int64", range=(-(2**40), 2**40))


def less(x: Any, y: Any) -> dict[str, Any]:
    return fn("lt", x, y, dtype="bool")


def project(box: BlackBox, table: Table, wanted: Sequence[tuple[dict[str, Any], Field]]) -> None:
    made = step("project", [0], {"columns": [[f.name, e] for e, f in wanted]}, [f for _, f in wanted], table.rows)["params"]
    columns(box, table, made["expressions"], [(place, f) for (_, place), (_, f) in zip(made["columns"], wanted, strict=True)])


def rounds_of(*wanted: tuple[dict[str, Any], Field]) -> int:
    box = BlackBox(plugins.protocol("aby3"), 3)
    shares = {f.name: Column(f, Share(Arithmetic(64), (ROWS,), ())) for f in FIELDS}
    project(box, Table(shares, ROWS), wanted)
    return box.declared.rounds


WIDE, YES = Field("w", Int(64), range=(-(2**42), 2**42)), Field("y", Bool())


def test_parts_of_one_expression() -> None:
    one = rounds_of((mul(A, B), WIDE))
    both = fn("add", mul(A, B), mul(C, D), dtype="int64", range=(-(2**41), 2**41))
    assert rounds_of((both, WIDE)) == one == 1
    chain = mul(mul(A, B), fn("add", C, D, dtype="int64", range=(-(2**40), 2**40)))
    assert rounds_of((chain, WIDE)) == 2


def test_columns_of_one_step() -> None:
    product, comparison = rounds_of((mul(A, B), WIDE)), rounds_of((less(A, B), YES))
    assert rounds_of((mul(A, B), WIDE), (less(A, B), YES), (less(C, D), YES)) == max(product, comparison) == comparison


def test_equal_parts_are_computed_once() -> None:
    box = BlackBox(plugins.protocol("aby3"), 3)
    shares = {f.name: Column(f, Share(Arithmetic(64), (ROWS,), ())) for f in FIELDS}
    twice = fn("add", mul(A, B), mul(A, B), dtype="int64", range=(-(2**41), 2**41))
    project(box, Table(shares, ROWS), [(twice, WIDE), (mul(A, B), WIDE)])
    assert box.calls == {"dot": 1}


def test_a_predicate_of_two_comparisons() -> None:
    box = BlackBox(plugins.protocol("aby3"), 3)
    table = Table({f.name: Column(f, Share(Arithmetic(64), (ROWS,), ())) for f in FIELDS}, ROWS)
    both = fn("and", less(A, B), less(C, D), dtype="bool")
    nodes = flat(both)
    share, valid = bit(box, table, nodes, len(nodes) - 1)
    assert (share.kind, valid) == (BIT, None)
    assert box.declared.rounds == rounds_of((less(A, B), YES)) + 1


def test_values_with_shared_parts_nulls_and_constants(protocol: str) -> None:
    """Declared equals measured (the harness asserts it), and every column is right."""
    rng = np.random.default_rng(5)
    plain = {f.name: rng.integers(-1000, 1000, ROWS) for f in FIELDS}
    null = rng.random(ROWS) < 0.3
    fields = [Field("a", Int(64), True, range=(-(2**20), 2**20)), *FIELDS[1:]]
    a = ref(fields[0])
    table = pa.table({"a": pa.array(plain["a"], mask=null), **{name: plain[name] for name in "bcd"}})
    square, shift = mul(B, B), lit(3, "int64")
    wanted = {
        "s": (fn("add", mul(a, B), square, dtype="int64", range=(-(2**41), 2**41)), Field("s", Int(64), True, range=(-(2**41), 2**41))),
        "p": (fn("and", less(a, B), less(C, D), dtype="bool"), Field("p", Bool(), True)),
        "m": (fn("mul", square, shift, dtype="int64", range=(-(2**42), 2**42)), Field("m", Int(64), range=(-(2**42), 2**42))),
        "d": (fn("div", C, fn("add", square, lit(1, "int64"), dtype="int64", range=(1, 2**40)), dtype="float[f=18]", range=(-(2**20), 2**20)),
              Field("d", Fixed(18), range=(-(2.0**20), 2.0**20))),
        "k": (lit(7, "int8"), Field("k", Int(8), range=(7, 7))),
    }  # fmt: skip
    out = [field for _, field in wanted.values()]
    steps = [
        scan(fields, ROWS),
        step("project", [0], {"columns": [[name, e] for name, (e, _) in wanted.items()]}, out, ROWS),
        reveal(1, out, ROWS, ordered=True),
    ]
    got = run_full(plan_of(steps, batch_rows=64), {("alice", "t"): table}, protocol).tables[0]
    x, y, z, w = (plain[name] for name in "abcd")
    assert got["s"].to_pylist() == [None if n else int(v) for n, v in zip(null, x * y + y * y, strict=True)]
    known = [None if n and p else bool(q and p) for n, q, p in zip(null, x < y, z < w, strict=True)]
    assert got["p"].to_pylist() == known
    assert got["m"].to_pylist() == (3 * y * y).tolist()
    assert got["k"].to_pylist() == [7] * ROWS
    np.testing.assert_allclose(got["d"].to_numpy(), z / (y * y + 1), atol=8 * 2.0**-18)


@pytest.mark.parametrize("count", [1, 3])
def test_extremes_of_several_columns_sort_at_once(count: int) -> None:
    """A group-by's minima need a sort for each column: as many rounds for three as for one."""
    key = Field("k", Int(64), range=(0, 9))
    fields = [key, *FIELDS[:count]]
    out = [key, *(Field(f"low_{f.name}", Int(64), range=f.range) for f in FIELDS[:count])]
    aggregates = [[f"low_{f.name}", "min", f.name] for f in FIELDS[:count]]
    steps = [scan(fields, ROWS), step("aggregate", [0], {"keys": ["k"], "aggregates": aggregates}, out, ROWS, True), reveal(1, out, ROWS, True)]
    rng = np.random.default_rng(1)
    plain = {"k": rng.integers(0, 10, ROWS), **{f.name: rng.integers(-(2**20), 2**20, ROWS) for f in FIELDS[:count]}}
    run = run_full(plan_of(steps), {("alice", "t"): pa.table(plain)}, "aby3")
    got = run.tables[0].sort_by("k").to_pandas()
    for f in FIELDS[:count]:
        assert got[f"low_{f.name}"].tolist() == [int(plain[f.name][plain["k"] == k].min()) for k in got["k"]]
    alone = plan_of([scan(fields[:2], ROWS), step("aggregate", [0], {"keys": ["k"], "aggregates": aggregates[:1]}, out[:2], ROWS, True)])
    one = run_full({**alone, "steps": [*alone["steps"], reveal(1, out[:2], ROWS, True)]}, {("alice", "t"): pa.table(plain)}, "aby3")
    assert run.estimate.total.rounds == one.estimate.total.rounds
