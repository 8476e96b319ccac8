"""Expressions over more rows than a slice: the same answers, the declared cost, and intermediate results of one slice only."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe import plugins
from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.ir.physical import PhysicalPlan
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.components import Components
from spuframe.spu.context import Context
from spuframe.spu.evaluate import width
from spuframe.spu.kernel import Cost
from spuframe.spu.operator import Env, operator
from spuframe.spu.rows import SLICE_BATCHES
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.table import Column, Table
from spuframe.testing.simulate import simulate
from tests.spu.harness import DictStore, fn, lit, plan_of, ref, reveal, run_full, scan, step

A, B = Field("a", Int(64), True, range=(-1000, 1000)), Field("b", Int(64), False, range=(-1000, 1000))
ROWS = 2 * 64 * SLICE_BATCHES + 77


@pytest.mark.parametrize("protocol", ["plaintext", "aby3"])
def test_project_and_filter_in_slices(protocol: str) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-1000, 1001, ROWS) for _ in range(2))
    null = rng.random(ROWS) < 0.2
    table = pa.table({"a": pa.array(a, mask=null), "b": b})
    product = fn("mul", ref(A), ref(B), dtype="int64", range=(-(10**6), 10**6))
    total = fn("add", product, ref(B), dtype="int64", range=(-(10**6) - 1000, 10**6 + 1000))
    big = fn("gt", product, lit(0, "int64"), dtype="bool")
    out = [B, Field("total", Int(64), True, range=(-(10**6) - 1000, 10**6 + 1000)), Field("big", Bool(), True), Field("one", Int(8), False, range=(1, 1))]
    columns = {"b": ref(B), "total": total, "big": big, "one": lit(1, "int8")}
    steps = [
        scan([A, B], ROWS),
        step("filter", [0], {"predicate": fn("gt", ref(A), lit(-500, "int64"), dtype="bool")}, [A, B], ROWS, True),
        step("project", [1], {"columns": [[name, e] for name, e in columns.items()]}, out, ROWS, True),
        reveal(2, out, ROWS, True, True),
    ]
    plan = plan_of(steps, batch_rows=64)
    got = run_full(plan, {("alice", "t"): table}, protocol).tables[0].to_pandas()  # holds measured to declared costs
    keep = ~null & (a > -500)
    assert got["b"].tolist() == b[keep].tolist()
    assert got["total"].tolist() == (a * b + b)[keep].tolist()
    assert got["big"].tolist() == (a * b > 0)[keep].tolist()
    assert set(got["one"]) == {1}


def peak(x: Field, n: int, batch: int, plain: dict[str, Any]) -> tuple[int, Table]:
    """The most memory that a projection of a column of ones takes, and its result."""

    def party(ctx: Context) -> tuple[int, Table]:
        box = BlackBox(plugins.protocol("plaintext"), 1, ctx, batch)
        table = Table({"x": Column(x, Share(Arithmetic(64), (n,), (np.ones(n, np.uint64),), Components(1)))}, n)
        env = Env(box, ctx.link, 1, (), DictStore())
        project = PhysicalPlan.from_plain(plan_of([scan([x], n), plain])).steps[1]
        tracemalloc.start()
        made = operator("project")(env, project, [table])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, made

    return simulate(1, party)[0]


def test_memory_of_intermediate_results() -> None:
    """((a b + a) b + b) a, and so on: ten products; the run needs one more column and the intermediate results of a slice."""
    n, batch = 1 << 18, 1 << 12
    x = Field("x", Int(64), False, range=(-1, 1))
    e = ref(x)
    for _ in range(10):
        e = fn("add", fn("mul", e, ref(x), dtype="int64", range=(-(2**40), 2**40)), ref(x), dtype="int64", range=(-(2**40), 2**40))
    out = Field("y", Int(64), False, range=(-(2**40), 2**40))
    plain = step("project", [0], {"columns": [["y", e]]}, [out], n)

    column = 8 * n
    found, made = peak(x, n, batch, plain)
    assert found < 2.5 * column
    assert made.columns["y"].values.parts[0][0] == 11


def test_memory_of_many_columns() -> None:
    """Sixteen products, on their way at once: slices have fewer rows, so what is beyond the columns themselves does not grow with their number."""
    n, batch, count = 1 << 19, 1 << 17, 16
    x = Field("x", Int(64), False, range=(-1, 1))
    out = [Field(f"y{j}", Int(64), False, range=(-(2**40), 2**40)) for j in range(count)]
    terms = [fn("add", ref(x), lit(j, "int64"), dtype="int64", range=(-(2**20), 2**20)) for j in range(count)]
    products = [[f.name, fn("mul", t, ref(x), dtype="int64", range=(-(2**40), 2**40))] for f, t in zip(out, terms, strict=True)]
    plain = step("project", [0], {"columns": products}, out, n)
    assert width(plain["params"]["expressions"], [place for _, place in plain["params"]["columns"]]) == count

    found, made = peak(x, n, batch, plain)
    assert [int(made.columns[f.name].values.parts[0][-1]) for f in out] == list(range(1, count + 1))
    assert found < (count + 6) * 8 * n  # all rows of 2^18 at once: count + 16


def test_a_dry_run_declares_all_slices() -> None:
    protocol = plugins.protocol("aby3")
    box = BlackBox(protocol, 3, None, 64)
    n = 3 * 64 * SLICE_BATCHES + 5
    field = Field("x", Fixed(), False, range=(-8.0, 8.0))
    table = Table({"x": Column(field, Share(Arithmetic(64), (n,), ()))}, n, Share(BIT, (n,), ()))
    found = box.by_slices(table, lambda rows: [box.mul(rows.columns["x"].values, rows.columns["x"].values), None, rows.valid])
    assert [None if s is None else (s.kind, s.shape) for s in found] == [(Arithmetic(64), (n,)), None, (BIT, (n,))]
    assert box.declared == Cost(3 * SLICE_BATCHES + 1, (8 * n,) * 3)
    assert box.calls == {"dot": 3 * SLICE_BATCHES + 1}
