"""Relational operators, as a plan runs them: sort, join, group-by."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import Case, Desk, Work, same
from spuframe.dtypes import Field, Int

I32 = Int(32)


def sort(desk: Desk, n: int) -> Work:
    """One column of any int32 values."""
    key = Field("k", I32)

    def plain() -> Any:
        return data.int32("k", n)

    table = desk.table([key], [plain()])
    run = desk.operate("sort", {"by": ["k"], "ascending": [True]}, [key], n, False)
    return Work(lambda box: run(box, table), lambda out: same(desk.column(out, "k").astype(np.int32), np.sort(plain())))


def join(desk: Desk, n: int) -> Work:
    """Two tables of n rows, 32-bit keys unique on the left (as a permutation of 0 .. 2n-1 cut in half), one value column each."""
    top = 2 * n - 1
    left = [Field("k", I32, range=(0, top)), Field("a", I32)]
    right = [Field("k", I32, range=(0, top)), Field("b", I32)]
    out_fields = [left[0], left[1], right[1]]

    def plain() -> tuple[Any, ...]:
        r = data.rng("join")
        keys = r.permutation(2 * n)[:n].astype(np.int32)
        return keys, data.int32("a", n), r.integers(0, 2 * n, n, dtype=np.int32), data.int32("b", n)

    lk, a, rk, b = plain()
    tables = desk.table(left, [lk, a]), desk.table(right, [rk, b])
    params = {
        "how": "inner",
        "left_on": ["k"],
        "right_on": ["k"],
        "unique": "left",
        "columns": [["k", "right", "k"], ["a", "left", "a"], ["b", "right", "b"]],
    }
    run = desk.operate("join", params, out_fields, n, True)

    def check(out: Any) -> None:
        lk, a, rk, b = plain()
        value = np.zeros(2 * n, np.int64)
        value[lk] = a
        kept = np.isin(rk, lk)
        true = np.stack([rk[kept], value[rk[kept]], b[kept]])
        valid = desk.mask(out)
        got = np.stack([desk.column(out, name).astype(np.int64) for name in ("k", "a", "b")])[:, valid]
        same(got[:, np.lexsort(got)], true[:, np.lexsort(true)])

    return Work(lambda box: run(box, *tables), check)


def group(desk: Desk, n: int, count: int, functions: tuple[str, ...] = ("sum", "count")) -> Work:
    """Aggregates of a column over groups; the ranges of key and value are known."""
    fields = [Field("k", I32, range=(0, count - 1)), Field("v", I32, range=(0, 999))]
    made = {"sum": Field("sum", Int(64), range=(0, 999 * n)), "count": Field("count", Int(64), range=(0, n))}
    out_fields = [fields[0], *(made[f] for f in functions)]

    def plain() -> tuple[Any, Any]:
        return data.groups("g", n, count)

    table = desk.table(fields, plain())
    aggregates = [[f, f, "v"] for f in functions]
    run = desk.operate("aggregate", {"keys": ["k"], "aggregates": aggregates}, out_fields, n, True)

    def check(out: Any) -> None:
        k, v = plain()
        valid = desk.mask(out)
        got = np.stack([desk.column(out, name).astype(np.int64) for name in ("k", *functions)])[:, valid]
        keys, rows = np.unique(k, return_counts=True)
        true = {"sum": np.bincount(k, weights=v).astype(np.int64)[keys], "count": rows}
        same(got, np.stack([keys, *(true[f] for f in functions)]))

    return Work(lambda box: run(box, table), check)


CASES = [
    Case("sort", 100_000, 2_000, sort, (1_000, 10_000, 100_000, 1_000_000, 10_000_000), most=1 << 20),
    Case("sort, 2^20", 1 << 20, 1 << 12, sort),
    Case("join", 100_000, 1_000, join, (1_000, 10_000, 100_000)),
    Case("group by", 100_000, 2_000, lambda desk, n: group(desk, n, min(n // 2, 1000)), (1_000, 10_000, 100_000)),
    Case("group sum", 10_000, 1_000, lambda desk, n: group(desk, n, n // 10, ("sum",))),
]
