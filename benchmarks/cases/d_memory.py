"""Expressions over many rows: ``(a*b + c*d) / e`` needs memory for its columns, not for its intermediate results (see "of it run")."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import Case, Desk, Work, WrongResultError, near
from spuframe.dtypes import Field, Fixed

SCALE = 2.0**-data.F


def expression(desk: Desk, n: int) -> Work:
    """Five fixed-point columns in, one out, as a project step of a plan."""
    fields = [Field(name, Fixed(), range=(-4.0, 4.0)) for name in "abcd"] + [Field("e", Fixed(), range=(0.5, 8.0))]
    out = Field("y", Fixed(), range=(-64.0, 64.0))

    def plain(name: str) -> Any:
        values = data.positive(name, n, 0.5, 8.0) if name == "e" else data.reals(name, n)
        return np.rint(values / SCALE).astype(np.int64)

    table = desk.table(fields, [plain(f.name) for f in fields])
    nodes = [_column(f) for f in fields]
    nodes += [_call("mul", 0, 1, 16.0), _call("mul", 2, 3, 16.0), _call("add", 5, 6, 32.0), _call("div", 7, 4, 64.0)]
    run = desk.operate("project", {"expressions": nodes, "columns": [["y", 8]]}, [out], n, False)

    def check(result: Any) -> None:
        got = desk.signed(result.columns["y"].values).astype(np.float64) * SCALE
        a, b, c, d, e = (plain(f.name) * SCALE for f in fields)
        true = (a * b + c * d) / e
        near(got, true, 64 * SCALE)
        if result.rows != n:
            raise WrongResultError(f"{result.rows} rows instead of {n}")

    return Work(lambda box: run(box, table), check)


def _column(f: Field) -> dict[str, Any]:
    assert f.range is not None
    return {"col": f.name, "dtype": str(f.dtype), "nullable": False, "range": list(f.range)}


def _call(name: str, x: int, y: int, bound: float) -> dict[str, Any]:
    return {"fn": name, "args": [x, y], "dtype": str(Fixed()), "nullable": False, "range": [-bound, bound]}


CASES = [Case("expression", 10_000_000, 2_000, expression)]
