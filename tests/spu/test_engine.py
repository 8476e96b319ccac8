"""The engine: operators end to end on both protocols, estimates equal to what was measured, failures typed and free of values."""

from __future__ import annotations

import logging
import weakref
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from spuframe import plugins
from spuframe.dtypes import Bool, Field, Fixed, Int, String
from spuframe.errors import DataError, DuplicateKeyError, EncodingError, InstanceError, PlanError, ProtocolError, StoreError
from spuframe.ir.physical import PhysicalPlan
from spuframe.spu import operators, steps
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.operator import Env
from spuframe.spu.spu import assemble
from spuframe.spu.table import Table
from tests.spu.harness import DictStore, fn, lit, plan_of, ref, reveal, run_full, run_plan, scan, step

A = Field("a", Int(64), True, range=(-100, 1000))
X = Field("x", Fixed(), False, range=(-1000.0, 1000.0))
S = Field("s", String(12), False)
B = Field("b", Bool(), True)
ALL = [A, X, S, B]
ROWS = 20


def _table(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "a": pa.array([None if v % 5 == 0 else int(v) for v in rng.integers(-100, 1000, rows)], pa.int64()),
            "x": rng.integers(-4000, 4000, rows) / 4,
            "s": pa.array([f"name{v}" for v in range(rows)], pa.string()),
            "b": pa.array([None if v == 2 else bool(v) for v in rng.integers(0, 3, rows)], pa.bool_()),
        }
    )


def _rows(table):
    return sorted(map(repr, table.to_pylist()))


BIG = fn("gt", ref(A), lit(300, "int64"), dtype="bool")


@pytest.mark.parametrize("batch_rows", [64, 1 << 15])
def test_scan_and_reveal_give_the_table_back(protocol, batch_rows):
    rows = 150
    table = _table(rows)
    plan = plan_of([scan(ALL, rows), reveal(0, ALL, rows)], batch_rows=batch_rows)
    (found,) = run_plan(plan, {("alice", "t"): table}, protocol)
    assert found.to_pylist() == table.to_pylist()


@pytest.mark.every_protocol
def test_filtered_rows_and_nulls_are_handed_over_as_zeros(protocol):
    table = _table()
    steps = [scan(ALL, ROWS), step("filter", [0], {"predicate": BIG}, ALL, ROWS, True), reveal(1, ALL, ROWS, True, ordered=True)]
    run = run_full(plan_of(steps), {("alice", "t"): table}, protocol)
    kept = [r for r in table.to_pylist() if r["a"] is not None and r["a"] > 300]
    assert run.tables[0].to_pylist() == kept and 0 < len(kept) < ROWS
    party, parties = plugins.protocol(protocol), plugins.protocol(protocol).parties[0]
    deliveries = [r["deliveries"][0] for r in run.results[:parties]]
    for d in deliveries:  # the analyst is given no more by leaving out the mask
        d["mask"] = None
    (raw,) = assemble(party, parties, run.results[:parties])
    hidden = [r for r in raw.to_pylist() if r["s"] == ""]
    assert len(hidden) == ROWS - len(kept)
    assert all(r == {"a": None, "x": 0.0, "s": "", "b": None} for r in hidden)


@pytest.mark.every_protocol
def test_unordered_reveal_of_masked_rows_shuffles(protocol):
    rows = 64
    table = _table(rows)
    steps = [scan(ALL, rows), step("filter", [0], {"predicate": BIG}, ALL, rows, True), reveal(1, ALL, rows, True)]
    run = run_full(plan_of(steps), {("alice", "t"): table}, protocol)
    kept = [r for r in table.to_pylist() if r["a"] is not None and r["a"] > 300]
    assert _rows(run.tables[0]) == _rows(pa.Table.from_pylist(kept, table.schema))
    assert run.tables[0].to_pylist() != kept


@pytest.mark.parametrize("drop", [False, True])
def test_owner_filters_in_plaintext(protocol, drop):
    table = _table()
    keep = [r for r in table.to_pylist() if r["a"] is not None and r["a"] > 300]
    rows = len(keep) if drop else ROWS
    tight = [Field("a", Int(64), False, range=(301, 1000)), X]  # only the rows that stay keep this range
    steps = [scan(tight, rows, masked=not drop, filter=BIG, drop=drop), reveal(0, tight, rows, not drop, ordered=True)]
    (found,) = run_plan(plan_of(steps), {("alice", "t"): table}, protocol)
    assert found.to_pylist() == [{"a": r["a"], "x": r["x"]} for r in keep]


def test_owner_pads_to_a_public_bound(protocol):
    steps = [scan([X], 50, masked=True), reveal(0, [X], 50, True, ordered=True)]
    table = _table()
    (found,) = run_plan(plan_of(steps), {("alice", "t"): table}, protocol)
    assert found.column("x").to_pylist() == table.column("x").to_pylist()


@pytest.mark.every_protocol
def test_filters_add_up(protocol):
    table = _table()
    small = fn("lt", ref(X), lit(0.0, "float"), dtype="bool")
    steps = [
        scan(ALL, ROWS),
        step("filter", [0], {"predicate": BIG}, ALL, ROWS, True),
        step("filter", [1], {"predicate": small}, ALL, ROWS, True),
        step("filter", [2], {"predicate": ref(B)}, [X], ROWS, True),
        reveal(3, [X], ROWS, True),
    ]
    (found,) = run_plan(plan_of(steps), {("alice", "t"): table}, protocol)
    expected = [r["x"] for r in table.to_pylist() if r["a"] is not None and r["a"] > 300 and r["x"] < 0 and r["b"]]
    assert sorted(found.column("x").to_pylist()) == sorted(expected)


@pytest.mark.every_protocol
def test_concat_of_two_owners_and_limit(protocol):
    one, two = Field("a", Int(64), range=(0, 10)), Field("a", Int(64), True, range=(-1000, 1000))
    wide = Field("a", Int(64), True, range=(-1000, 1000))
    short, long = Field("s", String(2)), Field("s", String(11))
    steps = [
        scan([one, short], 3),
        scan([two, long], 5, owner="bob"),
        step("filter", [1], {"predicate": fn("gt", ref(two), lit(-2, "int64"), dtype="bool")}, [two, long], 5, True),
        step("concat", [0, 2], {}, [wide, long], 8, True),
        step("limit", [3], {"rows": 6}, [wide, long], 6, True),
        reveal(3, [wide, long], 8, True, ordered=True),
        reveal(4, [wide, long], 6, True, ordered=True),
    ]
    a = pa.table({"a": [1, 2, 10], "s": ["a", "bb", ""]})
    b = pa.table({"a": [-1000, None, 5, 1000, -1], "s": ["x", "y", "hello world", "z", "é"]})
    everything, first = run_plan(plan_of(steps, ["alice", "bob"]), {("alice", "t"): a, ("bob", "t"): b}, protocol)
    assert everything.column("a").to_pylist() == [1, 2, 10, 5, 1000, -1]
    assert everything.column("s").to_pylist() == ["a", "bb", "", "hello world", "z", "é"]
    assert first.column("a").to_pylist() == [1, 2, 10, 5]


@pytest.mark.every_protocol
def test_stored_tables_are_loaded_by_a_later_plan(protocol):
    table = _table()
    e = fn("add", ref(A), lit(1, "int64"), dtype="int64", range=[-99, 1001])
    c = Field("c", Int(64), True, range=(-99, 1001))
    keep = [c, S, B]
    steps = [
        scan(ALL, ROWS),
        step("project", [0], {"columns": [["c", e], ["s", ref(S)], ["b", ref(B)]]}, keep, ROWS),
        step("filter", [1], {"predicate": ref(B)}, keep, ROWS, True),
        step("store", [2], {"name": "kept"}, keep, ROWS, True),
    ]
    first = run_full(plan_of(steps), {("alice", "t"): table}, protocol)
    assert first.tables == []
    load = step("load", [], {"name": "kept"}, keep, ROWS, True)
    again = run_full(plan_of([load, reveal(0, keep, ROWS, True, True)]), {("alice", "t"): table}, protocol, first.stores)
    expected = [{"c": None if r["a"] is None else r["a"] + 1, "s": r["s"], "b": True} for r in table.to_pylist() if r["b"]]
    assert again.tables[0].to_pylist() == expected
    with pytest.raises(StoreError):
        run_full(plan_of([step("load", [], {"name": "kept"}, keep, ROWS + 1, True)]), {}, protocol, first.stores)


def test_plans_without_rows_or_columns(protocol):
    table = _table().slice(0, 0)
    steps = [
        scan(ALL, 0),
        step("filter", [0], {"predicate": BIG}, ALL, 0, True),
        reveal(1, ALL, 0, True, ordered=True),
        reveal(0, [], 0),
    ]
    found = run_plan(plan_of(steps), {("alice", "t"): table}, protocol)
    assert found[0].num_rows == 0 and found[0].column_names == ["a", "x", "s", "b"]
    assert found[1].column_names == []


# ---- failures -----------------------------------------------------------------------------------
def test_an_owners_bad_value_is_the_same_error_everywhere(protocol):
    table = pa.table({"a": [1, 987654]})
    with pytest.raises(EncodingError, match="row 1") as caught:
        run_plan(plan_of([scan([A], 2), reveal(0, [A], 2)]), {("alice", "t"): table}, protocol)
    assert "987654" not in str(caught.value)


def test_a_table_of_another_length_is_refused(protocol):
    with pytest.raises(DataError, match="rows"):
        run_plan(plan_of([scan([X], 7), reveal(0, [X], 7)]), {("alice", "t"): _table()}, protocol)


def test_unexpected_errors_keep_their_text_to_themselves(protocol, monkeypatch, caplog):
    def broken(env, step, inputs):
        raise ZeroDivisionError("secret 987654")

    monkeypatch.setattr(operators, "__name__", operators.__name__)
    monkeypatch.setattr("spuframe.spu.operators.limit.run", broken)
    steps = [scan([X], ROWS), step("limit", [0], {"rows": 3}, [X], 3), reveal(1, [X], 3)]
    with caplog.at_level(logging.ERROR), pytest.raises(InstanceError, match="ZeroDivisionError") as caught:
        run_plan(plan_of(steps), {("alice", "t"): _table()}, protocol)
    assert "987654" not in str(caught.value) + caplog.text
    assert caplog.records


def test_unknown_operators_and_foreign_plans_are_refused(protocol):
    with pytest.raises(PlanError, match="teleport"):
        run_plan(plan_of([scan([X], ROWS), step("teleport", [0], {}, [X], ROWS)]), {("alice", "t"): _table()}, protocol)


def test_assemble_checks_what_the_parties_hand_over(protocol):
    table, parties = plugins.protocol(protocol), plugins.protocol(protocol).parties[0]
    run = run_full(plan_of([scan([X], ROWS), reveal(0, [X], ROWS)]), {("alice", "t"): _table()}, protocol)
    with pytest.raises(ProtocolError):
        assemble(table, parties, run.results[: parties - 1])
    message = run.results[0]["deliveries"][0]["messages"]["x"]
    message["data"] = message["data"] + b"\0"
    with pytest.raises(ProtocolError, match="party 0"):
        assemble(table, parties, run.results[:parties])


def test_results_are_freed_after_their_last_use(monkeypatch):
    plain = [scan([X], 1), step("limit", [0], {"rows": 1}, [X], 1), step("limit", [1], {"rows": 1}, [X], 1), step("concat", [0, 2], {}, [X], 2)]
    made, alive = [], []

    def run(env, step, inputs):
        alive.append([i for i, ref in enumerate(made) if ref() is not None])
        table = Table({}, 0)
        made.append(weakref.ref(table))
        return table

    monkeypatch.setattr(steps, "operator", lambda op: run)
    box = BlackBox(plugins.protocol("plaintext"), 1)
    steps.run_steps(Env(box, None, 1, (), DictStore()), PhysicalPlan.from_plain(plan_of(plain)).steps, lambda i, env: nullcontext())
    assert alive == [[], [0], [0, 1], [0, 2]]
    assert [ref() for ref in made] == [None] * 4


def test_a_store_waits_for_all_before_it_and_a_load_for_the_store(protocol):
    """A join that fails keeps a later store from happening, though nothing connects them; what was stored can be read in the same plan."""
    table = pa.table({"a": [1, 1, 2], "x": [0.5, 1.5, 2.5]})
    key, x = Field("a", Int(64), range=(0, 9)), Field("x", Fixed(), range=(0.0, 9.0))
    both = scan([key, x], 3), scan([key, x], 3, "bob")
    params = {"how": "inner", "left_on": ["a"], "right_on": ["a"], "unique": "right", "columns": [["a", "left", "a"]]}
    steps_ = [*both, step("join", [0, 1], params, [key], 3, True), step("store", [0], {"name": "later"}, [key, x], 3)]
    tables = {("alice", "t"): table, ("bob", "t"): table}
    stores = [DictStore() for _ in range(plugins.protocol(protocol).parties[0])]
    with pytest.raises(DuplicateKeyError):
        run_full(plan_of(steps_, owners=("alice", "bob")), tables, protocol, stores)
    assert all(not s.tables for s in stores)
    again = [both[0], step("store", [0], {"name": "kept"}, [key, x], 3), step("load", [], {"name": "kept"}, [key, x], 3), reveal(2, [key, x], 3)]
    assert run_full(plan_of(again), tables, protocol, stores).tables[0].to_pylist() == table.to_pylist()


@pytest.mark.parametrize("masked", [False, True])
def test_independent_steps_share_their_rounds(protocol, masked):
    """Two tables, each scanned, filtered and revealed: the rounds of one, and results and deliveries in the order of the steps."""
    table = _table()
    low, high = (fn(name, ref(X), lit(0, "int64"), dtype="bool") for name in ("lt", "ge"))
    branch = [scan([X], ROWS, masked=masked), step("filter", [0], {"predicate": low}, [X], ROWS, True), reveal(1, [X], ROWS, True)]
    other = [scan([X], ROWS, "bob", masked=masked), step("filter", [3], {"predicate": high}, [X], ROWS, True), reveal(4, [X], ROWS, True)]
    alone = run_full(plan_of(branch), {("alice", "t"): table}, protocol)
    both = run_full(plan_of([*branch, *other], owners=("alice", "bob")), {("alice", "t"): table, ("bob", "t"): table}, protocol)
    assert both.estimate.total.rounds == alone.estimate.total.rounds
    assert sum(s.cost.rounds for s in both.estimate.steps) == 2 * alone.estimate.total.rounds
    x = table["x"].to_numpy()
    for found, expected in zip(both.tables, (x[x < 0], x[x >= 0]), strict=True):
        assert sorted(found["x"].to_pylist()) == sorted(expected.tolist())


def test_parties_that_drew_unequally_hand_nothing_over(monkeypatch):
    """One of the kernels draws a word at one end alone, after its last message: results may even be right, and the plan fails at both ends."""
    kernels = plugins.protocol("aby3").kernels
    real = kernels["msb"]

    def uneven(ctx, x, bits):
        result = real.run(ctx, x, bits)
        if ctx.rank == 0:
            ctx.streams[1].words(1, np.uint64)
        return result

    monkeypatch.setitem(kernels, "msb", replace(real, run=uneven))
    fields = [Field("a", Int(64), False, range=(-100, 1000))]
    keep = step("filter", [0], {"predicate": fn("lt", ref(fields[0]), lit(500, "int64"), dtype="bool")}, fields, 4, masked=True)
    plan = plan_of([scan(fields, 4), keep, reveal(1, fields, 4, masked=True, ordered=True)])
    with pytest.raises(ProtocolError, match="have drawn .* common stream: .*nothing is handed over"):
        run_full(plan, {("alice", "t"): pa.table({"a": [1, 2, 600, 4]})}, "aby3")
