"""The operator ``cumulate`` over many batches: masked rows, nulls, every type, in the ring of the sums; the estimate is what is measured."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spuframe.dtypes import Bool, Field, Fixed, Int
from tests.spu.harness import fn, lit, plan_of, ref, reveal, run_full, scan, step

FIELDS = [
    Field("k", Int(16), range=(0, 9)),
    Field("i", Int(8), True, range=(-100, 100)),
    Field("x", Fixed(), True, range=(-2.0, 2.0)),
    Field("b", Bool(), True),
]


@pytest.mark.every_protocol
@pytest.mark.parametrize("rows", [0, 1, 64, 700])
@pytest.mark.parametrize("masked", [False, True])
def test_prefix_sums(protocol: str, rows: int, masked: bool) -> None:
    rng = np.random.default_rng(rows)
    gaps = {name: rng.random(rows) < 0.3 for name in "ixb"}
    table = pa.table(
        {
            "k": pa.array(rng.integers(0, 10, rows), pa.int16()),
            "i": pa.array(rng.integers(-100, 101, rows), pa.int8(), mask=gaps["i"]),
            "x": pa.array(rng.integers(-512, 513, rows) / 256, mask=gaps["x"]),
            "b": pa.array(rng.random(rows) < 0.5, mask=gaps["b"]),
        }
    )
    n = max(rows, 1)
    made = [Field("si", Int(64), True, range=(-100 * n, 100 * n)), Field("sx", Fixed(), True, range=(-2.0 * n, 2.0 * n))]
    made += [Field("sb", Int(64), True, range=(0, n)), Field("sk", Int(64), range=(0, 27 * n))]
    values = [ref(f) for f in FIELDS[1:]] + [fn("mul", ref(FIELDS[0]), lit(3, "int64"), dtype="int64", range=[0, 27])]
    steps = [scan(FIELDS, rows, masked=masked, filter=fn("lt", ref(FIELDS[0]), lit(7, "int64"), dtype="bool") if masked else None)]
    fields = list(FIELDS)
    for f, value in zip(made, values):
        fields = [*fields, f]
        steps.append(step("cumulate", [len(steps) - 1], {"name": f.name, "value": value}, fields, rows, masked))
    steps.append(reveal(len(steps) - 1, fields, rows, masked, ordered=True))
    run = run_full(plan_of(steps, batch_rows=64), {("alice", "t"): table}, protocol)
    kept = [r for r in table.to_pylist() if not masked or r["k"] < 7]
    for name, source in (("si", "i"), ("sx", "x"), ("sb", "b"), ("sk", "k")):
        given = [None if r[source] is None else r[source] * (3 if source == "k" else 1) for r in kept]
        want = [None if v is None else sum(u for u in given[: at + 1] if u is not None) for at, v in enumerate(given)]
        assert run.tables[0].column(name).to_pylist() == want, name
