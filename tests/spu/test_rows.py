"""Rows that are stored in a random order, revealed in it, and attached to; costs as declared."""

from __future__ import annotations

import pyarrow as pa
import pytest

from spuframe.dtypes import Bool, Field, Int
from spuframe.errors import PlanError
from tests.spu.harness import fn, lit, plan_of, ref, reveal, run_full, scan, step

ROWS = 70
ID, OK = Field("id", Int(64), range=(0, 200)), Field("ok", Bool())
TABLE = {("alice", "t"): pa.table({"id": list(range(ROWS)), "ok": [k % 3 > 0 for k in range(ROWS)]})}
WANT = [k for k in range(ROWS) if k % 3]


@pytest.mark.every_protocol
def test_a_store_shuffles_once_and_reveals_follow(protocol):
    steps = [scan([ID, OK], ROWS), step("filter", [0], {"predicate": ref(OK)}, [ID, OK], ROWS, True)]
    kept = run_full(plan_of([*steps, step("store", [1], {"name": "k", "shuffled": True}, [ID, OK], ROWS, True)]), TABLE, protocol)
    twice = Field("twice", Int(64), range=(0, 400))
    e = fn("mul", ref(ID), lit(2, "int64"), dtype="int64", range=[0, 400])
    load = step("load", [], {"name": "k"}, [ID, OK], ROWS, True)
    by = {"ordered": False, "stored": "k"}
    again = [load, step("reveal", [0], by, [ID, OK], ROWS, True), step("project", [0], {"columns": [["twice", e]]}, [twice], ROWS, True)]
    again += [step("reveal", [2], by, [twice], ROWS, True), reveal(0, [ID], ROWS, True)]
    found = run_full(plan_of(again, ()), {}, protocol, kept.stores)
    ids, double, anew = (t.column(0).to_pylist() for t in found.tables)
    assert sorted(ids) == WANT and double == [2 * k for k in ids] and sorted(anew) == WANT
    if protocol == "aby3":
        assert ids != WANT and anew != ids
    shuffles = [s.cost.rounds for s in found.estimate.steps if s.op == "reveal"]
    assert shuffles[0] == shuffles[1] < shuffles[2] or protocol == "plaintext"


def test_a_store_has_the_mask_of_its_step(protocol):
    """Rows that all exist get a mask where the step says that there is one; a mask that the step does not know is refused."""
    given = [scan([ID, OK], ROWS), step("store", [0], {"name": "k"}, [ID, OK], ROWS, True)]
    kept = run_full(plan_of(given), TABLE, protocol)
    assert all(s.tables["k"].valid is not None for s in kept.stores)
    load = [step("load", [], {"name": "k"}, [ID, OK], ROWS, True), reveal(0, [ID], ROWS, True, ordered=True)]
    assert run_full(plan_of(load, ()), {}, protocol, kept.stores).tables[0].column("id").to_pylist() == list(range(ROWS))
    wrong = [scan([ID, OK], ROWS), step("filter", [0], {"predicate": ref(OK)}, [ID, OK], ROWS, True), step("store", [1], {"name": "w"}, [ID, OK], ROWS)]
    with pytest.raises(PlanError, match="without a mask"):
        run_full(plan_of(wrong), TABLE, protocol)


@pytest.mark.every_protocol
def test_attach(protocol):
    """Columns of a table of the same rows: local, and the first table says which rows exist."""
    steps = [scan([ID, OK], ROWS), step("filter", [0], {"predicate": ref(OK)}, [ID, OK], ROWS, True)]
    wide, plus = Field("id'", Int(64), range=(0, 10**12)), Field("plus", Int(64), range=(0, 300))
    e = fn("add", ref(ID), lit(100, "int64"), dtype="int64", range=[0, 300])
    steps += [
        step("project", [0], {"columns": [["plus", e], ["id", ref(ID)]]}, [plus, ID], ROWS),
        step("attach", [1, 2], {"columns": [["plus", "plus"], ["id'", "id"]]}, [ID, OK, plus, wide], ROWS, True),
        reveal(3, [ID, OK, plus, wide], ROWS, True, ordered=True),
    ]
    run = run_full(plan_of(steps), TABLE, protocol)
    got = run.tables[0].to_pydict()
    assert got["id"] == got["id'"] == WANT and got["plus"] == [k + 100 for k in WANT]
    some = fn("gt", ref(ID), lit(5, "int64"), dtype="bool")
    one = [step("limit", [2], {"rows": 1}, [plus, ID], 1), step("filter", [3], {"predicate": some}, [plus, ID], 1, True)]
    with pytest.raises(PlanError, match=f"1 rows cannot be attached to {ROWS}"):  # it may not exist
        run_full(plan_of([*steps[:3], *one, step("attach", [1, 4], {"columns": [["plus", "plus"]]}, [ID, OK, plus], ROWS, True)]), TABLE, protocol)
    short = step("limit", [2], {"rows": 3}, [plus, ID], 3)
    with pytest.raises(PlanError, match=f"3 rows cannot be attached to {ROWS}"):
        run_full(plan_of([*steps[:3], short, step("attach", [1, 3], {"columns": [["plus", "plus"]]}, [ID, OK, plus], ROWS, True)]), TABLE, protocol)


@pytest.mark.every_protocol
@pytest.mark.parametrize("at", [0, 1])
def test_attach_one_row_to_all(protocol, at):
    """A number, a bit, and the bits of nulls go to each of more rows than a byte has bits; nothing is sent for it."""
    gap, flag = Field("gap", Int(64), nullable=True, range=(0, 300)), Field("flag", Bool(), nullable=True)
    table = {("alice", "t"): TABLE["alice", "t"], ("alice", "n"): pa.table({"gap": pa.array([[7, None][at]]), "flag": pa.array([[True, None][at]])})}
    fields = [ID, OK, gap, flag]
    pairs = {"columns": [["gap", "gap"], ["flag", "flag"]]}
    steps = [scan([ID, OK], ROWS), step("filter", [0], {"predicate": ref(OK)}, [ID, OK], ROWS, True), scan([gap, flag], 1, table="n")]
    steps.append(step("attach", [1, 2], pairs, fields, ROWS, True))
    run = run_full(plan_of([*steps, reveal(3, fields, ROWS, True, ordered=True)]), table, protocol)
    got = run.tables[0].to_pydict()
    assert got["id"] == WANT and got["gap"] == [[7, None][at]] * len(WANT) and got["flag"] == [[True, None][at]] * len(WANT)
    (cost,) = [s.cost for s in run.estimate.steps if s.op == "attach"]
    assert cost.rounds == 0 and not sum(cost.sent)


def test_pairs_are_as_many_as_their_step_says(protocol):
    """A step that says fewer would get past every quota; nothing of their number is made first."""
    other = Field("other", Int(64), range=(0, 200))
    columns = {"columns": [["id", "left", "id"], ["other", "right", "id"]]}

    def pairs(rows):
        return [scan([ID, OK], ROWS), step("cross", [0, 0], columns, [ID, other], rows), reveal(1, [ID, other], rows, ordered=True)]

    found = run_full(plan_of(pairs(ROWS * ROWS)), TABLE, protocol).tables[0]
    assert found.column("id").to_pylist() == [k for k in range(ROWS) for _ in range(ROWS)]
    assert found.column("other").to_pylist() == list(range(ROWS)) * ROWS
    with pytest.raises(PlanError, match="70 rows beside 70 are not the 9 that the step says"):
        run_full(plan_of(pairs(9)), TABLE, protocol)
