"""Columns cost what the bits of their public ranges cost: estimates of plans, without a session. The runs hold every estimate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spuframe.dtypes import Bool, Date, Field, Int
from spuframe.errors import PlanError
from spuframe.expr import add, col, gt, isin
from spuframe.expr import sub as minus
from spuframe.ir.cost import CostReport
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan import build
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize
from spuframe.plugins import protocol as protocol_by_name
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.estimate import estimate
from spuframe.spu.kernel import Cost
from spuframe.spu.share import Arithmetic, Share
from tests.spu.harness import fn, lit, plan_of, ref, reveal, run_full, scan, step

ABY3 = protocol_by_name("aby3")
N = 1 << 14


def priced(plan: dict[str, Any]) -> CostReport:
    return estimate(PhysicalPlan.from_plain(plan), ABY3)


def costs(steps: list[dict[str, Any]], owners: tuple[str, ...] = ("alice",)) -> list[Cost]:
    return [s.cost for s in priced({**plan_of(steps, owners), "protocol": "aby3", "parties": 3}).steps]


def kernel(run: Any) -> Cost:
    box = BlackBox(ABY3, 3, None, 1 << 15)
    run(box)
    return box.declared


def compared(low: int, high: int, function: str, constant: int) -> Cost:
    f = Field("a", Int(64), range=(low, high))
    out = Field("e", Bool())
    return costs([scan([f], N), step("project", [0], {"columns": [["e", fn(function, ref(f), lit(constant, "int64"), dtype="bool")]]}, [out], N)])[1]


@pytest.mark.parametrize("function", ["lt", "le", "gt", "ge"])
def test_a_comparison_of_12_bits(function: str) -> None:
    found = compared(0, 4095, function, 1000)
    most = kernel(lambda box: box.msb(Share(Arithmetic(16), (N,), ()), 13))
    assert found.total <= most.total and found.rounds <= most.rounds
    whole = compared(-(1 << 62), 1 << 62, function, 1000)
    assert 3 * found.total <= whole.total and found.rounds < whole.rounds


def test_bounds_count_not_their_place() -> None:
    """A range that lies high costs the bits of its width: 10^6 .. 10^6 + 4095 as 0 .. 4095."""
    assert compared(10**6, 10**6 + 4095, "lt", 10**6 + 1000).sent == compared(0, 4095, "lt", 1000).sent
    assert compared(0, 4095, "eq", 17).total == kernel(lambda box: box.eqz(Share(Arithmetic(16), (N,), ()), 12)).total


def test_dates_of_a_lifetime_take_16_bits() -> None:
    spans = [("2015-01-01", "2024-12-31", 16), ("1956-01-01", "2044-01-01", 16), ("1999-12-01", "2000-02-01", 8), ("1930-01-01", "2030-01-01", 32)]
    for low, high, ring in spans:
        assert column_kind(Field("d", Date(), range=(Date.days(low), Date.days(high))))[0] == Arithmetic(ring)


def test_a_decided_comparison_costs_nothing() -> None:
    assert compared(0, 4095, "lt", 4096).total == 0


def sorted_by(low: int, high: int, rows: int = N) -> Cost:
    f = Field("a", Int(64), range=(low, high))
    return costs([scan([f], rows), step("sort", [0], {"by": ["a"], "ascending": [True]}, [f], rows)])[1]


def test_a_sort_of_12_bits() -> None:
    twelve, high, thirteen, whole = sorted_by(0, 4095), sorted_by(16000, 16000 + 382), sorted_by(0, 8191), sorted_by(-(1 << 62), 1 << 62)
    assert twelve.rounds <= thirteen.rounds < whole.rounds and twelve.total < thirteen.total
    assert 4 * twelve.rounds < whole.rounds and 4 * twelve.total < whole.total
    assert high.total < twelve.total  # 9 bits, whatever the ring


def test_two_narrow_columns_are_added_where_they_are() -> None:
    a, b = Field("a", Int(8)), Field("b", Int(8))
    out = Field("c", Int(64), range=(-256, 254))
    steps = [scan([a, b], N), step("project", [0], {"columns": [["c", fn("add", ref(a), ref(b), dtype="int64", range=[-256, 254])]]}, [out], N)]
    found = costs([*steps, reveal(1, [out], N)])
    assert found[1].total == 0 and found[1].rounds == 0
    assert found[2].total == 6 * N  # in the ring Z_2^16
    assert found[0].total == 2 * sum(ABY3.deal_sizes(3, Arithmetic(16), (N,)))


def test_small_results_are_narrow() -> None:
    """A comparison of wide columns works in the ring of their ranges' difference, and a clipped column travels in the ring of its result."""
    a = Field("a", Int(64), range=(0, 1 << 40))
    out = Field("c", Int(64), range=(0, 31))
    clipped = fn("where", fn("gt", ref(a), lit(31, "int64"), dtype="bool"), lit(31, "int64"), ref(a), dtype="int64", range=[0, 31])
    found = costs([scan([a], N), step("project", [0], {"columns": [["c", clipped]]}, [out], N), reveal(1, [out], N)])
    assert found[2].total == 3 * N
    compare = kernel(lambda box: box.msb(Share(Arithmetic(64), (N,), ()), 42))
    inject = kernel(lambda box: box.inject(box.msb(Share(Arithmetic(8), (N,), ()), 1), Share(Arithmetic(8), (N,), ())))
    assert found[1].total <= compare.total + inject.total


def test_extremes_of_a_column_cost_its_bits() -> None:
    def cost(low: int, high: int) -> Cost:
        f, out = Field("a", Int(64), range=(low, high)), Field("m", Int(64), True, range=(low, high))
        return costs([scan([f], N), step("aggregate", [0], {"keys": [], "aggregates": [["m", "max", "a"]]}, [out], 1)])[1]

    narrow, whole = cost(0, 4095), cost(-(1 << 62), 1 << 62)
    assert 3 * narrow.total < whole.total and narrow.rounds < whole.rounds


def test_membership_of_a_narrow_column() -> None:
    def cost(low: int, high: int, wanted: list[int]) -> Cost:
        f, out = Field("a", Int(64), range=(low, high)), Field("e", Bool())
        e = fn("isin", ref(f), *(lit(c, "int64") for c in wanted), dtype="bool", nullable=False)
        return costs([scan([f], N), step("project", [0], {"columns": [["e", e]]}, [out], N)])[1]

    assert 3 * cost(0, 4095, [3, 500, 4000]).total <= cost(-(1 << 62), 1 << 62, [3, 500, 4000]).total
    assert cost(0, 4095, [3, 5000, -7]) == cost(0, 4095, [3])  # the others cannot occur
    assert cost(0, 4095, [5000]).total == 0


# ---- in which ring an owner shares ------------------------------------------------------------------------------
def physical(node: Any) -> dict[str, Any]:
    return lower(node, protocol="aby3", parties=3).to_plain()


def ages(owner: str = "alice", high: int = 100) -> Any:
    return build.scan("s", owner, "t", [Field("age", Int(64), range=(0, high)), Field("id", Int(64), range=(0, 9))], N)


def calls(plan: dict[str, Any]) -> list[int]:
    return [s.cost.rounds for s in priced(plan).steps]


def test_a_sum_is_shared_in_its_own_ring() -> None:
    node = build.reveal(build.aggregate(ages(), [], [("total", "sum", "age"), ("mean", "mean", "age")]))
    plan = physical(node)
    assert plan["steps"][0]["params"]["rings"] == {"age": 32}
    without = {**plan, "steps": [{**s, "params": {k: v for k, v in s["params"].items() if k != "rings"}} for s in plan["steps"]]}
    wide, narrow = priced(plan), priced(without)
    assert wide.total.total < narrow.total.total and wide.total.rounds < narrow.total.rounds


def test_what_is_moved_or_revealed_stays_narrow() -> None:
    t = ages()
    total = build.aggregate(t, ["id"], [("total", "sum", "age")])
    both = build.roots([build.reveal(t), build.reveal(build.aggregate(t, [], [("s", "sum", "age")]))])
    for node in (build.reveal(t), build.reveal(build.sort(t, "age")), build.reveal(total), both):
        assert all("rings" not in s["params"] for s in physical(node)["steps"])


def test_stacked_tables_share_one_ring(protocol: str) -> None:
    both = build.concat([ages("alice"), ages("bob", high=1000)])
    plan = physical(build.reveal(build.aggregate(build.filter_(both, gt(col(both.schema["age"]), 3)), [], [("total", "sum", "age")])))
    scans = [s for s in plan["steps"] if s["op"] == "scan"]
    assert [s["params"]["rings"] for s in scans] == [{"age": 32}] * 2
    rng = np.random.default_rng(1)
    tables = {(o, "t"): pa.table({"age": rng.integers(0, 101, N), "id": rng.integers(0, 10, N)}) for o in ("alice", "bob")}
    got = run_full(plan, tables, protocol).tables[0]
    expected = sum(int(t["age"].to_numpy()[t["age"].to_numpy() > 3].sum()) for t in tables.values())
    assert got.column("total").to_pylist() == [expected]


def test_expressions_over_stacked_tables(protocol: str) -> None:
    both = build.concat([ages("alice"), ages("bob")])
    far = build.with_columns(both, {"far": add(col(both.schema["age"]), 1 << 40), "less": minus(col(both.schema["age"]), 5)})
    plan = physical(build.reveal(build.select(far, ["far", "less"])))
    small = {(o, "t"): pa.table({"age": [k % 101 for k in range(N)], "id": [0] * N}) for o in ("alice", "bob")}
    run = run_full(plan, small, protocol)
    assert run.tables[0].column("far").to_pylist()[:3] == [1 << 40, (1 << 40) + 1, (1 << 40) + 2]
    assert run.tables[0].column("less").to_pylist()[:3] == [-5, -4, -3]
    assert all("extend" not in r["profile"].get("calls", {}) for r in run.results)


def test_negative_values_keep_their_sign_in_a_wider_ring(protocol: str) -> None:
    f, d = Field("a", Int(16), True, range=(-1000, 1000)), Field("d", Date(), range=(Date.days("1999-12-01"), Date.days("2000-03-01")))
    s = scan([f, d], 3, rings={"a": 64, "d": 32})
    out = Field("s", Int(64), range=(-3000, 3000))
    plan = plan_of([s, step("aggregate", [0], {"keys": [], "aggregates": [["s", "sum", "a"]]}, [out], 1), reveal(1, [out], 1), reveal(0, [f, d], 3)])
    day = pa.array([Date.day(Date.ORIGIN + k) for k in (-3, 0, 60)])
    run = run_full(plan, {("alice", "t"): pa.table({"a": pa.array([-1000, None, 7]), "d": day})}, protocol)
    assert run.tables[0].column("s").to_pylist() == [-993]
    assert run.tables[1].to_pydict() == {"a": [-1000, None, 7], "d": day.to_pylist()}


@pytest.mark.parametrize("rings", [{"a": 8}, {"a": 24}, {"b": 32}, {"a": "64"}])
def test_a_ring_that_does_not_fit_is_refused(rings: dict[str, Any]) -> None:
    fields = [Field("a", Int(16), range=(0, 1000)), Field("b", Bool())]
    with pytest.raises(PlanError, match="cannot be shared in a ring|must be an integer"):
        costs([scan(fields, 4, rings=rings)])


def test_isin_is_one_function() -> None:
    age = col(ages().schema["age"])
    e = isin(age, [1, 2.0, 2.5, None, 7])
    assert str(e) == "isin(age, 1, 2, 7)" and not e.nullable
    assert str(isin(age, [])) == str(isin(age, [2.5])) == "False"
    assert [s.op for s in lower(optimize(build.reveal(build.filter_(ages(), e))), protocol="aby3", parties=3)] == ["scan", "reveal"]


def test_factors_are_extended_in_common_rounds_and_squares_once() -> None:
    a, b = Field("a", Int(64), range=(-1000, 1000)), Field("b", Int(64), range=(-1000, 1000))
    out = Field("p", Int(64), range=(-(10**6), 10**6))

    def product(x: Field, y: Field) -> Cost:
        e = fn("mul", ref(x), ref(y), dtype="int64", range=[-(10**6), 10**6])
        return costs([scan([a, b], N), step("project", [0], {"columns": [["p", e]]}, [out], N)])[1]

    extend = kernel(lambda box: box.extend(Share(Arithmetic(16), (N,), ()), 32))
    mul = kernel(lambda box: box.mul(Share(Arithmetic(32), (N,), ()), Share(Arithmetic(32), (N,), ())))
    assert (product(a, b).rounds, product(a, b).total) == (extend.rounds + mul.rounds, 2 * extend.total + mul.total)
    assert (product(a, a).rounds, product(a, a).total) == (extend.rounds + mul.rounds, extend.total + mul.total)
