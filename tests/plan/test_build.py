from __future__ import annotations

from collections.abc import Callable

import pytest

from spuframe.dtypes import SECRET, Bool, Date, DType, Field, Fixed, Int, String
from spuframe.errors import ColumnNotFoundError, ForeignFrameError, PlanError, RangeOverflowError, SchemaError, TypeMismatchError
from spuframe.expr import col, ge, lit
from spuframe.plan.build import aggregate, concat, filter_, join, limit, rename, reveal, scan, select, sort, with_columns
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.project import Project

ID = Field("id", Int(64), range=(0, 1000))


def table(owner: str = "h", rows: int = 20, session: str = "s", unique: tuple[str, ...] = (), *extra: Field) -> LogicalNode:
    fields = [ID, Field("x", Fixed(), True, range=(0.0, 8.0)), Field("name", String(4)), Field("ok", Bool()), *extra]
    return scan(session, owner, "t0", fields, rows, unique)


H, J = table("h", 20), table("i", 10)


def test_join_as_pandas_does() -> None:
    j = join(H, J, on="id")
    assert j.schema.names == ["id", "x_x", "name_x", "ok_x", "x_y", "name_y", "ok_y"]
    assert j.unique == "right" and j.rows == 20 and j.masked
    assert j.schema["x_y"].visibility == SECRET and j.schema["x_y"].owners == {"h", "i"}
    two = join(H, rename(J, {"id": "key", "x": "z", "name": "m", "ok": "k"}), left_on="id", right_on="key")
    assert two.schema.names == ["id", "x", "name", "ok", "key", "z", "m", "k"]


@pytest.mark.parametrize(
    ("left", "right", "validate", "side"),
    [
        (20, 10, None, "right"),
        (10, 20, None, "left"),
        (20, 10, "one_to_many", "left"),
        (10, 20, "m:1", "right"),
    ],
)
def test_which_side_is_unique(left: int, right: int, validate: str | None, side: str) -> None:
    assert join(table("h", left), table("i", right), on="id", validate=validate).unique == side


def test_nothing_is_guessed_between_sides_of_equal_length() -> None:
    with pytest.raises(PlanError, match="(?s)'one_to_many'.*'many_to_one'"):
        join(table("h", 10), table("i", 10), on="id")
    assert join(table("h", 10), table("i", 10, "s", ("id",)), on="id").unique == "right"


KEYS = [
    Bool(), *(Int(bits, signed) for bits in (8, 16, 32, 64) for signed in (True, False)), Fixed(), Fixed(30), Date(), String(4), String(12),
]  # fmt: skip


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("a", KEYS, ids=str)
@pytest.mark.parametrize("b", KEYS, ids=str)
def test_every_pair_of_keys_is_joined_or_refused_when_built(a: DType, b: DType, full: bool) -> None:
    """Ranges in the middle of the types, or all that they hold."""
    left, right = (
        scan("s", owner, "t", [Field("k", t, range=None if full or not t.has_range else (3, 99) if not isinstance(t, Fixed) else (0.0, 8.0))], rows)
        for owner, t, rows in (("h", a, 20), ("i", b, 10))
    )
    fits = a == b or (isinstance(a, Int) and isinstance(b, Int)) or (isinstance(a, String) and isinstance(b, String))
    if full and isinstance(a, Int) and isinstance(b, Int) and (a.signed != b.signed) and Int(64, False) in (a, b):
        fits = False  # -128 .. 2**64 - 1 is no word of 64 bits
    if {type(a), type(b)} == {Int, Fixed}:  # an integer becomes the float, if it holds all of them
        whole, real = (a, b) if isinstance(a, Int) else (b, a)
        fits = not full or max(map(abs, whole.bounds)) < real.limit
    if fits:
        lower(reveal(join(left, right, on="k")), protocol="aby3", parties=3)
    else:
        with pytest.raises(TypeMismatchError, match="astype|clip"):
            join(left, right, on="k")


def test_published_uniqueness_decides() -> None:
    known = table("h", 20, "s", ("id",))
    assert join(known, J, on="id").unique == "left"
    assert join(filter_(known, ge(col(known.schema["id"]), 3)), J, on="id", validate="1:1").unique == "right"
    with pytest.raises(PlanError, match="only the other one is checked"):
        join(H, J, on="id", validate="1:1")


def test_aggregate_ranges() -> None:
    a = aggregate(H, "ok", [("n", "size", None), ("k", "count", "x"), ("s", "sum", "x"), ("m", "mean", "id"), ("b", "sum", "ok"), ("hi", "max", "x")])
    assert {f.name: f.range for f in a.schema} == {
        "ok": None, "n": (0, 20), "k": (0, 20), "s": (0.0, 160.0), "m": (0.0, 1000.0), "b": (0, 20), "hi": (0.0, 8.0),
    }  # fmt: skip
    assert [f.nullable for f in a.schema] == [False, False, False, False, False, False, True]
    assert a.rows == 2 and a.masked
    whole = aggregate(filter_(H, col(H.schema["ok"])), [], [("m", "mean", "id")])
    assert whole.rows == 1 and not whole.masked and whole.schema["m"].nullable


def test_concat_unifies() -> None:
    a = scan("s", "h", "t0", [Field("k", Int(8), range=(0, 9)), Field("r", String(2))], 5)
    b = scan("s", "i", "t0", [Field("r", String(6)), Field("k", Fixed(), range=(0.0, 99.0))], 6)
    both = concat([a, b])
    assert both.rows == 11 and both.schema.names == ["k", "r"]
    assert both.schema["k"].dtype == Fixed() and both.schema["k"].range == (0.0, 99.0) and both.schema["r"].dtype == String(6)
    assert both.schema["k"].visibility == SECRET and both.schema["k"].owners == {"h", "i"}


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: select(H, ["naem"]), ColumnNotFoundError, ["'naem'", "Did you mean 'name'"]),
        (lambda: sort(H, "idd"), ColumnNotFoundError, ["'id'"]),
        (lambda: join(H, J, on="idd"), ColumnNotFoundError, ["'id'"]),
        (lambda: aggregate(H, "regoin", []), ColumnNotFoundError, ["regoin"]),
        (lambda: join(H, J, left_on="id", right_on="name"), TypeMismatchError, ["'id' (int64)", "'name' (string[4])", "astype"]),
        (lambda: join(H, J, on="id", how="full"), PlanError, ["'outer'", "'full'"]),
        (lambda: join(H, J, on="id", validate="m:m"), PlanError, ["limit=", "one side is unique"]),
        (lambda: join(H, J, on="id", validate="x"), PlanError, ["'one_to_one'"]),
        (lambda: join(H, J, on="id", left_on="id"), PlanError, ["not both"]),
        (lambda: join(H, J, on="id", suffixes=("", "")), SchemaError, ["'x' occurs twice"]),
        (lambda: join(H, table("i", 3, "other"), on="id"), ForeignFrameError, ["one session"]),
        (lambda: aggregate(H, "ok", [("m", "mode", "x")]), PlanError, ["'mode'", "mean"]),
        (lambda: aggregate(H, "ok", [("m", "mean", "name")]), TypeMismatchError, ["'name' (string[4])"]),
        (lambda: aggregate(H, "ok", [("m", "mean", None)]), PlanError, ["needs a column"]),
        (lambda: aggregate(table("h", 1 << 60), "ok", [("s", "sum", "x")]), RangeOverflowError, ["the sum of 'x' over", "ranges={'x'"]),
        (lambda: filter_(H, col(H.schema["id"])), TypeMismatchError, ["'id'", "boolean"]),
        (lambda: filter_(H, ge(col(Field("gone", Int(8))), 1)), ColumnNotFoundError, ["'gone'"]),
        (lambda: filter_(H, ge(col(Field("id", Int(8))), 1)), SchemaError, ["another"]),
        (lambda: limit(H, -1), PlanError, ["negative"]),
        (lambda: sort(H, ["id", "x"], [True]), PlanError, ["2 columns"]),
        (lambda: concat([H, select(J, ["id"])]), SchemaError, ["missing", "'x'"]),
        (lambda: concat([select(H, ["id"]), rename(select(J, ["name"]), {"name": "id"})]), SchemaError, ["'id'", "string[4]"]),
    ],
)
def test_refusals(build: Callable[[], object], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        build()
    for word in words:
        assert word in str(caught.value)


def test_nodes_compare_by_structure() -> None:
    assert filter_(H, lit(True)) == Filter(table("h", 20), lit(True))
    assert with_columns(H, {"y": 1}) != with_columns(H, {"y": 2})
    assert isinstance(with_columns(H, {"y": 1}), Project)
