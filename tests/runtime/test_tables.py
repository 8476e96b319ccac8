"""Opening an owner's tables: the inferred schema, the published bounds, and bad data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spuframe.config import Policy
from spuframe.dtypes import Bool, Fixed, Int, String, private
from spuframe.errors import (
    ColumnNotFoundError,
    DataError,
    DataFileError,
    EncodingError,
    NotFiniteError,
    PolicyError,
    SchemaError,
    SessionError,
    TypeMismatchError,
)
from spuframe.runtime.fields import magnitude, magnitude_float
from spuframe.runtime.handles import OwnerTables
from spuframe.runtime.tables import open_table

CSV = "id,age,cost,name,ok\n1,37,1.5,ann,true\n2,92,,bob,false\n3,50,-2.25,,true\n"
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def fields(ipc: Callable[[pa.Table], bytes]) -> Callable[..., dict[str, Any]]:
    def make(columns: dict[str, Any], policy: Policy | None = None, /, **options: Any) -> dict[str, Any]:
        source = {"kind": "arrow", "data": ipc(pa.table(columns)), **options}
        return {f.name: f for f in open_table("ann", source, policy or Policy())[1]}

    return make


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    table, found = open_table("ann", {"kind": "csv", "path": str(path)}, Policy())
    assert [(f.name, f.dtype, f.nullable, f.range) for f in found] == [
        ("id", Int(64), False, (0, 3)),
        ("age", Int(64), False, (0, 127)),
        ("cost", Fixed(), True, (-4.0, 2.0)),
        ("name", String(4), True, None),
        ("ok", Bool(), False, None),
    ]
    assert {f.visibility for f in found} == {private("ann")} and {f.owners for f in found} == {frozenset({"ann"})}
    assert table["cost"].to_pylist() == [1.5, None, -2.25]


def test_parquet_reads_only_what_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1], "when": pa.array([0], pa.time32("s"))}), path)
    _, found = open_table("ann", {"kind": "parquet", "path": str(path), "columns": ["a"]}, Policy())
    assert [f.name for f in found] == ["a"]
    with pytest.raises(TypeMismatchError, match="'when' has the Arrow type time32.*number of seconds"):
        open_table("ann", {"kind": "parquet", "path": str(path)}, Policy())
    with pytest.raises(ColumnNotFoundError, match="Did you mean 'when'"):
        open_table("ann", {"kind": "parquet", "path": str(path), "columns": ["wen"]}, Policy())


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (pa.array([1], pa.int8()), Int(8)),
        (pa.array([1], pa.uint16()), Int(16, False)),
        (pa.array([1], pa.uint64()), Int(64)),
        (pa.array([1.5], pa.float32()), Fixed()),
        (pa.array(["ab", "abcde"]), String(8)),
        (pa.array(["ä" * 3], pa.large_string()), String(8)),
        (pa.array(["a", "b", "a"]).dictionary_encode(), String(4)),
        (pa.array([True]), Bool()),
    ],
)
def test_types(fields: Callable[..., Any], array: pa.Array, dtype: object) -> None:
    assert fields({"x": array})["x"].dtype == dtype


def test_bounds_are_what_the_policy_publishes(fields: Callable[..., Any]) -> None:
    data = {"i": [37, 92], "f": [0.25, 100.5], "b": pa.array([-3, 100], pa.int8())}
    ranges = {kind: [f.range for f in fields(data, Policy(ranges=kind)).values()] for kind in ("exact", "magnitude", "none")}
    assert ranges["exact"] == [(37, 92), (0.25, 100.5), (-3, 100)]
    assert ranges["magnitude"] == [(0, 127), (0.0, 128.0), (-4, 127)]
    assert ranges["none"] == [(-(1 << 62), 1 << 62), (-float(1 << 20), float(1 << 20)), (-128, 127)]
    assert fields(data, Policy(ranges="exact"), ranges={"i": (0, 120)})["i"].range == (0, 120)


@pytest.mark.parametrize("values", [[], [None]])
def test_no_values_at_all(fields: Callable[..., Any], values: list[None]) -> None:
    assert fields({"x": pa.array(values, pa.int32())})["x"].range == (0, 0)


@pytest.mark.parametrize("low", [-(1 << 63), -129, -128, -1, 0, 5])
@pytest.mark.parametrize("high", [5, 127, 128, (1 << 63) - 1])
def test_magnitudes_hold_their_values(low: int, high: int) -> None:
    down, up = magnitude(low, high, Int(64))
    assert down <= low <= high <= up and Int(64).bounds[0] <= down and up <= Int(64).bounds[1]
    least, most = magnitude_float(low / 10, high / 10)
    assert least <= low / 10 and high / 10 <= most


@pytest.mark.parametrize(
    ("column", "options", "error", "message"),
    [
        ([1.0, NAN, 2.0, NAN], {}, NotFiniteError, "'x'.*NaN, in 2 rows between 1 and 3.*fillna.*nan_as_null"),
        ([1.0, INF], {"nan_as_null": True}, NotFiniteError, "'x'.*infinite, in row 1"),
        ([1.0, 1e14], {}, EncodingError, r"'x'.*2\*\*44 in magnitude, in row 1"),
        (pa.array([1, 1 << 63], pa.uint64()), {}, EncodingError, "'x'.*row 1"),
        ([10, 47, 12, 48], {"ranges": {"x": (0, 20)}}, EncodingError, "'x'.*outside the range 0 to 20, in 2 rows between 1 and 3"),
        (["a\0"], {}, EncodingError, "zero byte"),
        (["a" * 257], {}, EncodingError, "longer than 256 bytes"),
        ([1], {"ranges": {"y": (0, 1)}}, ColumnNotFoundError, "no column 'y'"),
        ([1], {"ranges": {"x": (2, 1)}}, TypeMismatchError, "low <= high"),
        ([1], {"ranges": {"x": (0.5, 2)}}, TypeMismatchError, "of integers"),
        (["a"], {"ranges": {"x": (0, 1)}}, TypeMismatchError, "has no range"),
        ([1], {"columns": []}, DataError, "no columns"),
        ([1], {"colums": ["x"]}, DataError, "no option 'colums'"),
        ([None], {}, TypeMismatchError, "only missing values"),
        ([[1]], {}, TypeMismatchError, "list<.*>"),
    ],
)
def test_bad_data(fields: Callable[..., Any], column: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        fields({"x": column}, **options)
    assert "47" not in str(caught.value) and "48" not in str(caught.value)  # rows, never values


def test_nan_may_mean_missing(fields: Callable[..., Any]) -> None:
    assert fields({"x": [1.0, NAN]}, nan_as_null=True)["x"].nullable


def test_the_policy_none_checks_its_bounds(fields: Callable[..., Any]) -> None:
    with pytest.raises(EncodingError, match="ranges="):
        fields({"x": [2.0**21]}, Policy(ranges="none"))


def test_bad_files(tmp_path: Path) -> None:
    def read(text: str, name: str = "t.csv", kind: str = "csv", policy: Policy | None = None) -> None:
        (tmp_path / name).write_text(text)
        open_table("ann", {"kind": kind, "path": str(tmp_path / name)}, policy or Policy())

    with pytest.raises(DataFileError, match=r"none.csv' does not exist"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path / "none.csv")}, Policy())
    with pytest.raises(DataFileError, match="is not a file"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path)}, Policy())
    with pytest.raises(SchemaError, match="'a' occurs twice"):
        read("a,a\n1,2\n")
    with pytest.raises(DataError, match="it is empty"):
        read("")
    with pytest.raises(DataError, match="cannot be read as csv") as caught:
        read("a,b\n1,2\n4711\n")
    assert "4711" not in str(caught.value)
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read("no parquet", "t.parquet", "parquet")
    with pytest.raises(PolicyError, match="does not let files be read"):
        read(CSV, policy=Policy(folders=(str(tmp_path / "data"),)))
    read(CSV, policy=Policy(folders=(str(tmp_path),)))


def test_a_policy_is_checked() -> None:
    with pytest.raises(SessionError, match="`ranges` must be one of"):
        Policy(ranges="all")  # type: ignore[arg-type]


def test_handles(tmp_path: Path) -> None:
    tables = OwnerTables(tmp_path / "t")
    given = pa.table({"a": [1, None], "b": ["x", "y"]})
    handle = tables.add(given)
    assert list(tables) == [handle] and OwnerTables(tmp_path / "t")[handle] == given
    tables.discard(handle)
    for bad in (handle, "../../etc/passwd", ""):
        with pytest.raises(ValueError, match="no table"):
            tables[bad]
