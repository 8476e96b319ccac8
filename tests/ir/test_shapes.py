"""Plans whose fields hold anything at all: a field of another type is a `PlanError` when the bytes are read, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgpack
import pytest

from spuframe.dtypes import SECRET, Field, Fixed, Int, Schema
from spuframe.errors import PlanError
from spuframe.expr import col, ge, mul
from spuframe.ir.operators import operators
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.windows import Window
from spuframe.ir.words import Edges
from spuframe.plan import build
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.cross import Cross
from spuframe.plan.nodes.repeat import Repeat
from spuframe.plan.nodes.shuffle import Shuffle
from spuframe.plan.nodes.tensor import TensorOutput
from spuframe.plan.nodes.window import WindowNode
from spuframe.plan.rows import attach
from spuframe.plan.tensor import Program

ROWS = 10
WRONG: dict[str, Any] = {
    "None": None, "bytes": b"x", "a list": [1], "a list of lists": [[["x", 1]]], "a mapping": {"x": 1}, "a zero character": "a\0b", "a text": "x",
    "huge": (1 << 64) - 1, "negative": -(1 << 63), "a fraction": 0.5, "nan": float("nan"), "true": True,
}  # fmt: skip
FREE = ("owner", "stored", "lit", "filter", "mask", "complete", "like", "intercept", "levels", "range", "inside", "edges")
"""Fields that may be None, or of several types."""


def program() -> tuple[dict[str, Any], Schema]:
    """One with every kind of field: a loop, a constant, moments, a product with sums beside it."""
    p = Program()
    x = p.input(0, ["x"], ROWS, shifts=[1], complete=["x"])
    words, inside = p.words(0, ["x"], ROWS, [0], [3], [Edges(0, 5, 0, 9)])
    assert inside is not None
    p.every(p.both(inside, inside) or inside, ROWS, [0])
    m = p.moments(words, 5, p.mask(0, ["x"], ROWS), mean=[4], std=[4], scaling=([0], [4]), count=True)
    w = p.constant([[0.5]])
    with p.loop(3) as i:
        batch = p.batch(x, 4, i)
        p.assign(w, p.matmul_mean(batch, p.logistic(batch, w), rate=0.5, add=[(w, [0.25])], bound=8.0))
    assert m.mean is not None
    p.output("p", p.vstack([w, p.rows(p.transpose(w), 0, 1)]), ["c"], range=(-8.0, 8.0))
    return p.to_plain(), Schema((Field("c", Fixed(), False, SECRET, (-8.0, 8.0)),))


def whole() -> dict[str, Any]:
    """A plan with every operator."""

    def t(owner: str, name: str) -> LogicalNode:
        fields = [Field("id", Int(64), range=(0, 9)), Field(name, Int(64), nullable=True, range=(0, 9))]
        return build.scan("s", owner, "t", fields, ROWS, unique=["id"])

    j = build.join(t("ann", "x"), t("bob", "y"), on="id")
    x, y = col(j.schema["x"]), col(j.schema["y"])
    made: LogicalNode = build.project(j, {"id": col(j.schema["id"]), "x": x, "z": mul(x, y)})
    made = build.filter_(made, ge(col(made.schema["x"]), 3))
    alone = t("ann", "x")
    summed = cumulate(alone, "s", col(alone.schema["x"]))
    code, schema = program()
    trained = build.output(build.tensor([made], code, [TensorOutput("p", schema, 2)]), "p")
    kept = build.load("k", [Field("id", Int(64), range=(0, 9))], 4, False, "s")
    beside = attach(alone, build.select(summed, ["s"]))
    results = [
        build.limit(build.sort(beside, "s", ascending=False), 3),
        build.aggregate(build.concat([build.select(made, ["id"]), kept]), "id", [("n", "size", None), ("m", "max", "id")]),
        trained,
        Repeat(kept, "id", "rank", 20),
        Shuffle(kept),
        Cross(kept, kept),
        WindowNode(kept, ("id",), (True,), (Window("place", "count", 1, None, None), Window("above", "shift", 0, 1, "id"))),
    ]
    plan = lower(build.roots([*map(build.reveal, results), build.store(made, "kept")]), protocol="aby3", parties=3)
    return dict(msgpack.unpackb(plan.to_bytes()))


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))  # type: ignore[index]


def put(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def test_the_plan_has_every_operator() -> None:
    data = whole()
    assert {s["op"] for s in data["steps"]} == set(operators())
    assert PhysicalPlan.from_plain(data).to_plain() == data


@pytest.mark.parametrize("wrong", WRONG)
def test_a_field_of_another_type_is_refused_when_it_is_read(wrong: str) -> None:
    """Where the type is right by chance the plan says something else, and is read as it says."""
    data, new = whole(), WRONG[wrong]
    for path in places(data):
        if path[2:3] == ("schema",) and path[1] > 0:  # all schemas are read alike
            continue
        changed = put(data, path, new)
        try:
            read = PhysicalPlan.from_bytes(msgpack.packb(changed))
        except PlanError:
            continue
        assert repr(msgpack.unpackb(read.to_bytes())) == repr(changed) or path[:1] == ("options",), path
        old = data
        for key in path:
            old = old[key]
        free = path[0] == "options" or {"aggregates", "windows"} & set(path) or path[-1] in FREE or "edges" in path[-2:]
        numbers = isinstance(old, int | float) and isinstance(new, int | float)
        assert free or type(old) is type(new) or numbers, (path, old, new)


@pytest.mark.parametrize("name", ["more", "expressions", "op"])
def test_fields_that_nobody_declared(name: str) -> None:
    data = whole()
    for path in places(data):
        value = data
        for key in path:
            value = value[key]
        if not isinstance(value, dict) or name in value or {"options", "expressions"} & set(path) or path[-1:] in (("outputs",), ("options",)):
            continue
        with pytest.raises(PlanError):
            PhysicalPlan.from_bytes(msgpack.packb(put(data, path, {**value, name: "x"})))


def test_loops_in_loops_are_limited() -> None:
    body: list[Any] = []
    for _ in range(200):
        body = [{"op": "loop", "trips": 2, "index": "i", "body": body}]
    data = whole()
    at = next(i for i, s in enumerate(data["steps"]) if s["op"] == "tensor")
    with pytest.raises(PlanError):
        PhysicalPlan.from_plain(put(data, ("steps", at, "params", "program", "body"), body))
