"""The leakage report names the fixed point whose last place a truncation decided, and nothing that is free of it."""

from __future__ import annotations

import pytest

from spuframe.dtypes import Field, Fixed, Int
from spuframe.expr import add, cast, col, div, ge, mul, neg, round_, sigmoid, where
from spuframe.expr.expr import Expr
from spuframe.ir.leakage import leakage_report
from spuframe.plan.build import aggregate, filter_, load, project, reveal, scan
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower

TABLE = scan("s1", "hospital", "t0", [Field("a", Fixed(18), range=(-9, 9)), Field("b", Fixed(18), range=(1, 9)), Field("n", Int(64), range=(1, 9))], 8)
A, B, N = (col(TABLE.schema[name]) for name in "abn")


def told(node: LogicalNode, insecure: bool = False) -> list[str]:
    plan = lower(reveal(node), protocol="aby3", parties=3)
    lines = [line for line in leakage_report(plan, "three parties", insecure) if "fixed point cut off" in line]
    return [name for line in lines for name in line.split(" bounds ")[0].split(" of ")[1].split(", ")]


def computed(e: Expr) -> LogicalNode:
    return project(TABLE, {"x": e, "n": N})


@pytest.mark.parametrize("e", [mul(A, B), div(A, B), div(N, 7), sigmoid(A), neg(mul(A, B)), where(ge(A, 0), A, mul(A, B)), add(mul(A, B), 1)], ids=str)
def test_what_truncation_made(e: Expr) -> None:
    assert told(computed(e)) == ["x"]
    assert told(computed(e), insecure=True) == []
    kept = computed(e)
    assert told(filter_(kept, ge(col(kept.schema["x"]), 0))) == ["x"]
    assert told(aggregate(kept, ["n"], [("most", "max", "x"), ("count", "count", "x")])) == ["most"]
    assert told(computed(round_(e, 1))) == [], "`round` removes it"


@pytest.mark.parametrize("e", [A, neg(A), add(A, B), cast(N, Fixed(18)), where(ge(mul(A, B), 0), A, B), mul(N, N)], ids=str)
def test_what_is_free_of_it(e: Expr) -> None:
    assert told(computed(e)) == []
    kept = computed(e)
    assert told(aggregate(kept, ["n"], [("total", "sum", "x")])) == []
    assert told(aggregate(kept, ["n"], [("mean", "mean", "x")])) == ["mean"]


def test_stored_shares_may_be_anything() -> None:
    assert told(load("kept", [A.field, B.field, N.field], 8)) == ["a", "b"]
