"""Plans that come from elsewhere: what is wrong with one is a `PlanError`, before anything relies on it."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from spuframe.dtypes import Field, Int
from spuframe.errors import PlanError, SchemaError
from spuframe.expr import add, col, ge
from spuframe.ir import physical
from spuframe.ir.physical import PhysicalPlan
from spuframe.plan.build import filter_, join, project, reveal, scan
from spuframe.plan.lower import lower
from spuframe.plan.tensor import Program

ABOUT = {"dtype": "int64", "nullable": False, "range": [0, 9]}


def plain() -> dict[str, Any]:
    def t(owner: str, name: str) -> Any:
        return scan("s", owner, "t", [Field("id", Int(64), range=(0, 9)), Field(name, Int(64), range=(0, 9))], 10, unique=["id"])

    j = join(t("ann", "x"), t("bob", "y"), on="id")
    x, y = col(j.schema["x"]), col(j.schema["y"])
    made: dict[str, Any] = lower(reveal(project(filter_(j, ge(add(x, y), 3)), {"z": add(x, y)})), protocol="aby3", parties=3).to_plain()
    return made


def step(data: dict[str, Any], op: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s["params"] for s in data["steps"] if s["op"] == op)
    return found


def read(data: object) -> PhysicalPlan:
    return PhysicalPlan.from_bytes(msgpack.packb(data))


@pytest.mark.parametrize(
    ("node", "match"),
    [
        (7, "is not a column"),
        ({**ABOUT}, "is not a column"),
        ({"col": "x", "lit": 1, **ABOUT}, "is not a column"),
        ({"col": ["x"], **ABOUT}, "names no column"),
        ({"lit": [1], **ABOUT}, "constant of no known type"),
        ({"lit": b"1", **ABOUT}, "constant of no known type"),
        ({"col": "x", **ABOUT, "dtype": 7}, "no type"),
        ({"col": "x", **ABOUT, "nullable": 1}, "no type or nullability"),
        ({"col": "x", **ABOUT, "range": [1]}, "pair of numbers"),
        ({"col": "x", **ABOUT, "range": [1, "2"]}, "pair of numbers"),
        ({"fn": "system", "args": [0], **ABOUT}, "'system', which is not known"),
        ({"fn": ["add"], "args": [0, 0], **ABOUT}, "not known"),
        ({"fn": "add", "args": [0], **ABOUT}, "add of 1 arguments"),
        ({"fn": "isin", "args": [], **ABOUT}, "isin of 0 arguments"),
        ({"fn": "neg", "args": [-1], **ABOUT}, "not made of nodes before it"),
        ({"fn": "neg", "args": [1], **ABOUT}, "not made of nodes before it"),  # itself
        ({"fn": "neg", "args": [True], **ABOUT}, "not made of nodes before it"),
        ({"fn": "neg", "args": [10**9], **ABOUT}, "not made of nodes before it"),
        ({"fn": "neg", "args": {"fn": "neg"}, **ABOUT}, "not made of nodes before it"),
        ({"fn": "neg", **ABOUT}, "not made of nodes before it"),
    ],
)
def test_nodes_that_are_none(node: object, match: str) -> None:
    data = plain()
    step(data, "filter")["expressions"][1] = node
    with pytest.raises(PlanError, match=match):
        read(data)


@pytest.mark.parametrize("place", [-1, 99, None, True, 1.0, "0", [0]])
def test_places_that_are_none(place: object) -> None:
    for op, name in (("filter", "predicate"), ("project", "columns"), ("scan", "filter")):
        data = plain()
        step(data, op)[name] = [["z", place]] if name == "columns" else place
        if (op, place) == ("scan", None):
            read(data)  # no filter
            continue
        with pytest.raises(PlanError):
            read(data)


def test_expressions_that_are_missing_or_not_taken() -> None:
    data = plain()
    del step(data, "filter")["expressions"]
    with pytest.raises(PlanError):
        read(data)
    data = plain()
    step(data, "join")["expressions"] = []
    with pytest.raises(PlanError, match="unknown field 'expressions'"):
        read(data)
    data = plain()
    step(data, "project")["columns"] = [["z"]]
    with pytest.raises(PlanError, match="list of 2, got 1"):
        read(data)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = plain()
    assert read(whole)
    monkeypatch.setattr(physical, "MAX_NODES", 10)
    with pytest.raises(PlanError, match="more than 10.*persist"):
        read(whole)
    with pytest.raises(PlanError, match="more than 10.*persist"):  # and where it is built
        plain()
    monkeypatch.setattr(physical, "MAX_STEPS", 3)
    with pytest.raises(PlanError, match="more than the 3"):
        read(whole)


def test_nesting_is_no_recursion() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    data = plain()
    step(data, "filter")["expressions"][1] = {"fn": "neg", "args": deep, **ABOUT}
    with pytest.raises(PlanError):
        read(data)
    with pytest.raises(PlanError, match="not a physical plan"):
        PhysicalPlan.from_bytes(b"\x91" * 100_000 + b"\x01")
    for other in (7, [1], None, "plan", {"version": 2}, {**plain(), "steps": {"a": 1}}, {**plain(), "steps": [7]}):
        with pytest.raises(PlanError):
            read(other)


def test_constants_do_not_grow_with_rows() -> None:
    def size(rows: int) -> int:
        p = Program()
        x = p.input(0, ["a"], rows)
        p.hstack([x, p.full(rows, 1, 1.0), p.zeros(rows, 1)])
        return len(msgpack.packb(p.to_plain()))

    assert size(10**9) <= size(10) + 16  # the numbers of rows themselves
    with pytest.raises(SchemaError, match="too large for a plan.*full"):
        Program().constant([[1.0]] * 100_000)
