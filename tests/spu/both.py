"""Expressions over one table, computed by the parties and by their owner: what tests of functions compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from spuframe.dtypes import Field
from spuframe.expr.expr import Expr
from tests.spu.harness import Run, plan_of, reveal, run_full, scan, step


def run_of(expressions: Sequence[Expr], fields: Sequence[Field], table: pa.Table, protocol: str) -> Run:
    """The plan that shares the columns, computes all expressions in its second step, and reveals them as ``e0``, ``e1``, ..."""
    out, rows = [e.as_field(f"e{k}") for k, e in enumerate(expressions)], table.num_rows
    project = step("project", [0], {"columns": [[f.name, e.to_plain()] for f, e in zip(out, expressions)]}, out, rows)
    return _run([scan(fields, rows), project, reveal(1, out, rows, ordered=True)], table, protocol)


def by_parties(expressions: Sequence[Expr], fields: Sequence[Field], table: pa.Table, protocol: str) -> list[list[Any]]:
    """The rows of each expression, of columns that are shared first."""
    return revealed(run_of(expressions, fields, table, protocol))


def by_owner(expressions: Sequence[Expr], table: pa.Table, protocol: str) -> list[list[Any]]:
    """The rows of each expression, computed before anything is shared."""
    out, rows = [e.as_field(f"e{k}") for k, e in enumerate(expressions)], table.num_rows
    columns = [[f.name, e.to_plain()] for f, e in zip(out, expressions)]
    return revealed(_run([scan(out, rows, columns=columns), reveal(0, out, rows, ordered=True)], table, protocol))


def both(expressions: Sequence[Expr], fields: Sequence[Field], table: pa.Table, protocol: str) -> list[tuple[list[Any], list[Any]]]:
    """The rows of each expression by the parties, and by the owner."""
    return list(zip(by_parties(expressions, fields, table, protocol), by_owner(expressions, table, protocol)))


def revealed(run: Run) -> list[list[Any]]:
    """The rows of each column that a run of one table reveals."""
    (table,) = run.tables
    return [c.to_pylist() for c in table.columns]


def _run(steps: Sequence[Any], table: pa.Table, protocol: str) -> Run:
    return run_full(plan_of(steps), {("alice", "t"): table}, protocol)
