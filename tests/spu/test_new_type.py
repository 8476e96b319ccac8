"""A type is one class: what is here alone, addresses of IPv4, is read, named, compared, moved, sorted, joined, grouped, aggregated and revealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address as Ip
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa
import pytest

import spuframe.expr as ex
from spuframe.dtypes import DType, Int, Schema, Whole, literal, parse_dtype, written
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize
from spuframe.runtime.fields import fit, publish
from tests.spu.harness import run_full

BYTES = pa.binary(4)


@dataclass(frozen=True, eq=False)
class Address(Whole):
    """Addresses of IPv4, as numbers; in Arrow four bytes."""

    CONSTANTS: ClassVar[tuple[type, ...]] = (Ip,)

    @property
    def bounds(self) -> tuple[int, int]:
        return 0, (1 << 32) - 1

    @property
    def arrow(self) -> pa.DataType:
        return BYTES

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        return (column, cls()) if column.type == BYTES else None

    def numbers(self, array: Any, name: str = "") -> Any:
        found = pa.array([None if v is None else int.from_bytes(v, "big") for v in array.to_pylist()], self.held)
        return pa.chunked_array([found]) if isinstance(array, pa.ChunkedArray) else found

    def valued(self, array: Any) -> Any:
        return pa.array([None if v is None else v.to_bytes(4, "big") for v in array.to_pylist()], BYTES)

    def plus(self, other: DType) -> DType | None:
        return self if other.like(Int()) else None

    def minus(self, other: DType) -> DType | None:
        return Int(64) if self == other else self.plus(other)

    def factor(self, source: DType) -> int | None:
        return 1 if source.like(Int()) else None

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        return (self, int(Ip(value))) if isinstance(value, str) else None

    def constant(self, value: Any) -> Any:
        return None if value is None else int(value)

    def shown(self, value: Any) -> str:
        return str(Ip(int(value))) if 0 <= value < 1 << 32 else f"address {value}"

    bound = shown


A = [Ip("10.0.0.1"), Ip("192.168.0.9"), None, Ip("10.0.0.0"), Ip("10.0.0.1"), Ip("172.16.0.5")]
HOME = [Ip("10.0.0.1"), Ip("172.16.0.1")] * 3


def packed(values: Sequence[Ip | None]) -> pa.Array:
    return pa.array([None if v is None else v.packed for v in values], BYTES)


@pytest.fixture
def table() -> tuple[pa.Table, LogicalNode]:
    rows = pa.table({"id": range(6), "at": packed(A), "home": packed(HOME)})
    fields, columns = [], {}
    for name in rows.column_names:
        columns[name], dtype = fit(name, rows[name])
        fields.append(publish(name, columns[name], dtype, "alice", "exact"))
    return pa.table(columns), build.scan("s", "alice", "t", fields, rows.num_rows)


def run(node: LogicalNode, table: pa.Table, protocol: str) -> list[dict[str, Any]]:
    plan = lower(optimize(build.reveal(node)), protocol="aby3", parties=3, owners=("alice",))
    found = run_full(plan.to_plain(), {("alice", "t"): table}, protocol).tables[0].to_pylist()
    return [{k: Ip(v) if isinstance(v, bytes) else v for k, v in row.items()} for row in found]


def of(schema: Schema, *names: str) -> Sequence[ex.Expr]:
    return [ex.col(schema[n]) for n in names]


def computed(schema: Schema) -> dict[str, ex.Expr]:
    at, home = of(schema, "at", "home")
    return {
        "above": ex.gt(at, Ip("10.0.0.1")), "text": ex.eq(at, "172.16.0.5"), "both": ex.le(at, home), "from": ex.sub(at, home), "next": ex.add(at, 1),
        "before": ex.sub(at, 1), "in": ex.isin(at, [Ip("10.0.0.0"), "10.0.0.1"]), "less": ex.where(ex.lt(at, home), at, home),
        "back": ex.cast(ex.cast(at, "int64"), "address"),
        "filled": ex.fill_null(at, Ip("0.0.0.0")), "number": ex.cast(at, "int64"), "most": ex.maximum(home, Ip("11.0.0.0")),
    }  # fmt: skip


def test_rows(protocol: str, table: tuple[pa.Table, LogicalNode]) -> None:
    data, scan = table

    def each(f: Any) -> list[Any]:
        return [None if a is None else f(a, h) for a, h in zip(A, HOME)]

    expected = {
        "at": A, "above": each(lambda a, h: a > Ip("10.0.0.1")), "text": each(lambda a, h: a == Ip("172.16.0.5")), "both": each(lambda a, h: a <= h),
        "from": each(lambda a, h: int(a) - int(h)), "next": each(lambda a, h: a + 1), "before": each(lambda a, h: a - 1),
        "in": [a in (Ip("10.0.0.0"), Ip("10.0.0.1")) for a in A], "less": [h if a is None else min(a, h) for a, h in zip(A, HOME)], "back": A,
        "filled": [a or Ip("0.0.0.0") for a in A], "number": each(lambda a, h: int(a)), "most": [max(h, Ip("11.0.0.0")) for h in HOME],
    }  # fmt: skip
    for place in (scan, build.sort(scan, "id")):  # computed by the owner, and on shares
        found = run(build.with_columns(place, computed(place.schema)), data, protocol)
        for name, values in expected.items():
            assert [r[name] for r in sorted(found, key=lambda r: r["id"])] == values, name


def test_tables(protocol: str, table: tuple[pa.Table, LogicalNode]) -> None:
    data, scan = table
    assert [r["at"] for r in run(build.sort(scan, "at"), data, protocol)] == [*sorted(a for a in A if a), None]
    wanted = [("n", "count", "at"), ("first", "min", "at"), ("last", "max", "at"), ("all", "nunique", "at")]
    found = run(build.aggregate(scan, "home", wanted), data, protocol)
    frame = pd.DataFrame({"home": map(int, HOME), "at": [None if a is None else int(a) for a in A]}, dtype="Int64")
    groups = frame.groupby("home")["at"].agg(["count", "min", "max", "nunique"])
    seen = sorted((int(r["home"]), r["n"], int(r["first"]), int(r["last"]), r["all"]) for r in found)
    assert seen == [tuple(g) for g in groups.reset_index().to_numpy()]
    keys = build.aggregate(scan, "home", [("rows", "size", None)])
    joined = build.join(build.select(scan, ["id", "at"]), keys, left_on="at", right_on="home", how="inner")
    assert sorted((r["id"], r["rows"]) for r in run(joined, data, protocol)) == [(0, 3), (4, 3)]


def test_names_and_refusals(table: tuple[pa.Table, LogicalNode]) -> None:
    at, home = of(table[1].schema, "at", "home")
    assert at.dtype == Address() == parse_dtype("address") == "address" and at.dtype != Int(64) and "address" in written()
    assert literal(Ip("0.0.0.7")) == (Address(), 7) and str(ex.gt(at, "0.0.0.7")) == "at > 0.0.0.7"
    assert ex.lit(Ip("10.0.0.1"), Address()).value == 10 << 24 | 1
    assert at.range == (10 << 24, int(A[1] or 0)) and Address().bound(at.range[1]) == "192.168.0.9"
    for wrong in (lambda: ex.add(at, home), lambda: ex.mul(at, 2), lambda: ex.add(at, 0.5), lambda: ex.lt(at, 1), lambda: ex.sqrt(at), lambda: ex.neg(at)):
        with pytest.raises(TypeMismatchError):
            wrong()
    with pytest.raises(TypeMismatchError, match="sum"):
        build.aggregate(table[1], "home", [("n", "sum", "at")]).schema  # noqa: B018
    with pytest.raises(RangeOverflowError, match=r"may reach \[74\.0\.0\.0, address 43\d+\]"):
        ex.add(at, 1 << 30)
    with pytest.raises(PlanError, match=r"IPv4Address, .* or None, got list"):
        ex.lit([])
