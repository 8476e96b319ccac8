from __future__ import annotations

from dataclasses import replace

import msgpack
import pytest

from spuframe.dtypes import SECRET, Field, Fixed, Int
from spuframe.errors import OwnerNotFoundError, PlanError, PlanVersionError
from spuframe.expr import col, div, ge
from spuframe.ir.cost import Cost, CostReport, StepCost
from spuframe.ir.leakage import leakage_report, result_flows
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.batches import choose_batch_rows
from spuframe.plan.build import aggregate, filter_, join, limit, output, reveal, roots, scan, select, sort, store, tensor, with_columns
from spuframe.plan.explain import explain
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.tensor import TensorOutput
from spuframe.plan.optimizer import optimize

ID = Field("id", Int(64), range=(0, 4095))


def demo() -> LogicalNode:
    p = scan("s", "hospital", "t0", [ID, Field("age", Int(64), range=(18, 97)), Field("region", Int(8), range=(0, 3))], 2000)
    q = scan("s", "insurer", "t0", [ID, Field("cost", Fixed(), range=(0.0, 32768.0)), Field("days", Int(32), range=(0, 31))], 1940)
    j = join(filter_(p, ge(col(p.schema["age"]), 50)), q, on="id")
    w = with_columns(j, {"per_day": div(col(j.schema["cost"]), col(j.schema["days"]))})
    return reveal(aggregate(w, "region", [("n", "count", "id"), ("cost", "sum", "cost"), ("mean", "mean", "per_day")]))


GOLDEN = """\
reveal  in order                                                                             4 rows, masked
└─ aggregate  by region: n = count(id), cost = sum(cost), mean = mean(per_day)               4 rows, masked
   │           region  int8    [0, 3]           secret
   │           n       int64   [0, 2000]        secret
   │           cost    float   [0, 6.5536e+07]  secret
   │           mean    float[f=19]?  [0, 32768]       secret
   └─ join  inner on id  (right unique)                                                      2000 rows, masked
      ├─ scan  hospital.t0  [id, region]  where age >= 50                                    2000 rows, masked
      │         id      int64  [0, 4095]  private(hospital)
      │         region  int8   [0, 3]     private(hospital)
      └─ scan  insurer.t0  [id, cost, per_day]                                               1940 rows
                id       int64   [0, 4095]   private(insurer)
                cost     float   [0, 32768]  private(insurer)
                per_day  float[f=19]?  [0, 32768]  private(insurer)  = cost / days"""


def test_golden_plan() -> None:
    found = explain("optimized", demo(), optimize(demo())).split("\n", 2)[2]
    assert [" ".join(line.split()) for line in found.splitlines()] == [" ".join(line.split()) for line in GOLDEN.splitlines()]


def test_golden_steps() -> None:
    plan = lower(optimize(demo()), protocol="aby3", parties=3, owners=("insurer", "hospital"))
    assert [(s.op, s.inputs, s.rows, s.masked) for s in plan] == [
        ("scan", (), 2000, True), ("scan", (), 1940, False), ("join", (0, 1), 2000, True), ("aggregate", (2,), 4, True), ("reveal", (3,), 4, True),
    ]  # fmt: skip
    assert plan.owners == ("insurer", "hospital")
    scanned = plan.steps[0].params
    assert scanned["expressions"][scanned["filter"]]["fn"] == "ge" and scanned["drop"] is False
    sides = [("id", "left"), ("region", "left"), ("cost", "right"), ("per_day", "right")]
    assert plan.steps[2].params["columns"] == [[name, side, name] for name, side in sides]
    assert plan.steps[3].params == {"keys": ["region"], "aggregates": [["n", "count", "id"], ["cost", "sum", "cost"], ["mean", "mean", "per_day"]]}
    assert all(f.visibility == SECRET for s in plan.steps[:-1] for f in s.schema)


def test_plans_travel_as_bytes() -> None:
    plan = lower(demo(), protocol="aby3", parties=3)
    assert PhysicalPlan.from_bytes(plan.to_bytes()).to_plain() == plan.to_plain()
    other = plan.to_plain() | {"version": 99}
    with pytest.raises(PlanVersionError, match="version 99"):
        PhysicalPlan.from_bytes(msgpack.packb(other))


def test_shared_parts_are_one_step() -> None:
    j = demo().inputs[0].inputs[0]
    both = roots([reveal(select(j, ["cost"])), store(sort(j, "cost"), "kept")])
    assert [s.op for s in lower(both, protocol="aby3", parties=3)].count("join") == 1


def test_first_rows_are_rows_that_exist() -> None:
    t = scan("s", "h", "t", [ID], 9)
    masked = filter_(t, ge(col(t.schema["id"]), 3))
    assert [s.op for s in lower(reveal(limit(masked, 2)), protocol="aby3", parties=3)] == ["scan", "filter", "sort", "limit", "reveal"]
    assert [s.op for s in lower(reveal(limit(t, 2)), protocol="aby3", parties=3)] == ["scan", "limit", "reveal"]
    by = lower(reveal(limit(sort(masked, "id"), 2)), protocol="aby3", parties=3)
    assert [s.op for s in by] == ["scan", "filter", "sort", "limit", "reveal"] and by.steps[2].params["by"] == ["id"]
    assert by.steps[-1].params["ordered"] and by.steps[3].rows == 2


def test_tensor_and_its_outputs() -> None:
    t = scan("s", "h", "t", [ID], 9)
    code = {"body": [{"op": "input", "out": "a", "table": 0, "columns": ["id"]}]}
    program = tensor([t], code, [TensorOutput("coef", t.schema, 1)])
    plan = lower(optimize(reveal(output(program, "coef"))), protocol="aby3", parties=3)
    assert [s.op for s in plan] == ["scan", "tensor", "output", "reveal"]
    assert plan.steps[1].params == {"program": code} and plan.steps[2].params == {"name": "coef"}
    with pytest.raises(PlanError, match="no output 'x': it has coef"):
        output(program, "x")


def test_an_owner_that_the_session_does_not_have() -> None:
    with pytest.raises(OwnerNotFoundError, match="'insurer'"):
        lower(demo(), protocol="aby3", parties=3, owners=("hospital",))


def test_flows_and_leakage() -> None:
    plan = lower(optimize(demo()), protocol="aby3", parties=3)
    ((_, flow),) = result_flows(PhysicalPlan.from_bytes(plan.to_bytes()))
    assert {c for _, _, c in flow.values} == {"id", "age", "region", "cost", "days"} and {o for o, _, _ in flow.rows} == {"hospital", "insurer"}
    report = "\n".join(leakage_report(plan, "three parties", False))
    for words in ("hospital shares 2000 rows", "in [0, 4095]", "right side is unique", "at most 4 rows exist", "aby3 protects the rest: three parties"):
        assert words in report
    assert leakage_report(plan, "one party sees all", True)[0] == "protocol aby3 protects nothing: one party sees all"  # as it says, whatever its name


def test_costs() -> None:
    plan = lower(optimize(demo()), protocol="aby3", parties=3)
    each = [Cost(k, (1000 * k, 10, 1)) for k in range(5)]
    cost = CostReport(sum(each, Cost()), tuple(StepCost(s.op, c) for s, c in zip(plan, each, strict=True)))
    text = explain("physical", demo(), None, plan, cost, ["a note"])
    assert "total: 10 rounds, 10,055 bytes (sent by party 0 10,000, party 1 50, party 2 5)" in text and "a note" in text
    assert "in common" not in text
    shared = replace(cost, total=Cost(7, cost.total.sent))
    assert (cost.shared, shared.shared) == (0, 3)
    text = explain("physical", demo(), None, plan, shared)
    assert "total: 7 rounds" in text and "have 3 rounds in common" in text
    assert "material" not in text
    prepared = CostReport(cost.total + Cost(0, (), {("triple", 64): 1200}), (*cost.steps[:-1], StepCost("reveal", Cost(0, (), {("triple", 64): 1200}))))
    text = explain("physical", demo(), None, plan, prepared)
    assert text.endswith(f"material of step {len(plan.steps) - 1} (reveal): 1,200 triple 64\nmaterial in all: 1,200 triple 64")
    told = explain("physical", demo(), None, plan, replace(prepared, prepared=Cost(9, (4000, 4000))))
    assert told.endswith("1,200 triple 64\nto make it, before: 9 rounds, 8,000 bytes (sent by party 0 4,000, party 1 4,000)")
    with pytest.raises(PlanError, match="another plan"):
        explain("physical", demo(), None, plan, CostReport(Cost(), ()))
    with pytest.raises(PlanError, match="'logical'"):
        explain("x", demo())
    assert choose_batch_rows(100) % 64 == 0 and choose_batch_rows(10**8, 0.05, 1e9) > 1 << 15
