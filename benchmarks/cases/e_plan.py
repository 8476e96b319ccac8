"""Planning: n distinct nodes of an expression over two owners' columns, optimised, lowered, written as bytes and read again; no communication."""

from __future__ import annotations

from benchmarks.cases import Case, Desk, Work, WrongResultError
from spuframe.dtypes import Field, Int
from spuframe.expr import Expr, add, col, mod, mul
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.build import join, project, reveal, scan
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize


def planning(desk: Desk, n: int) -> Work:
    """A recurrence of products, sums and remainders: deep, and every step is used twice by the next."""
    owners = {"ann": "x", "bob": "y"}
    tables = [scan("s", o, "t", [Field("id", Int(64), range=(0, 9)), Field(name, Int(64), range=(0, 6))], 10, ["id"]) for o, name in owners.items()]
    both = join(tables[0], tables[1], on="id")
    e: Expr = col(both.schema["x"])
    for _ in range(n // 3):
        e = mod(add(mul(e, e), col(both.schema["y"])), 7)
    plan = reveal(project(both, {"z": e}))

    def run(box: object) -> PhysicalPlan:
        return PhysicalPlan.from_bytes(lower(optimize(plan), protocol="aby3", parties=3).to_bytes())

    def check(result: PhysicalPlan) -> None:
        nodes = len(result.steps[-2].params["expressions"])
        if nodes != 3 + n // 3 * 3:
            raise WrongResultError(f"{nodes} nodes instead of {3 + n // 3 * 3}")

    return Work(run, check)


CASES = [Case("planning", 10_000, 300, planning)]
