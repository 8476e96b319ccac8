"""Opening an owner's tables: the inferred schema, the published bounds, and bad data."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spuframe import expr as ex
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
from spuframe.runtime import tables
from spuframe.runtime.fields import LARGEST, magnitude, magnitude_float
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


def reading(folder: Path) -> Policy:
    return Policy(folders=(str(folder),))


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    table, found = open_table("ann", {"kind": "csv", "path": str(path)}, reading(tmp_path))
    assert [(f.name, f.dtype, f.nullable, f.range) for f in found] == [
        ("id", Int(64), False, (0, 3)),
        ("age", Int(64), False, (0, 127)),
        ("cost", Fixed(28), True, (-4.0, 2.0)),
        ("name", String(4), True, None),
        ("ok", Bool(), False, None),
    ]
    assert {f.visibility for f in found} == {private("ann")} and {f.owners for f in found} == {frozenset({"ann"})}
    assert table["cost"].to_pylist() == [1.5, None, -2.25]


def test_parquet_reads_only_what_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1], "when": pa.array([0], pa.time32("s"))}), path)
    _, found = open_table("ann", {"kind": "parquet", "path": str(path), "columns": ["a"]}, reading(tmp_path))
    assert [f.name for f in found] == ["a"]
    with pytest.raises(TypeMismatchError, match="'when' has the Arrow type time32.*number of seconds"):
        open_table("ann", {"kind": "parquet", "path": str(path)}, reading(tmp_path))
    with pytest.raises(ColumnNotFoundError, match="Did you mean 'when'"):
        open_table("ann", {"kind": "parquet", "path": str(path), "columns": ["wen"]}, reading(tmp_path))


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (pa.array([1], pa.int8()), Int(8)),
        (pa.array([1], pa.uint16()), Int(16, False)),
        (pa.array([1], pa.uint64()), Int(64, False)),
        (pa.array([1.5], pa.float32()), Fixed(29)),
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
    assert ranges["magnitude"] == [(0, 127), (0.25, 128.0), (-4, 127)]
    assert ranges["none"] == [(-(1 << 40), 1 << 40), (-float(1 << 20), float(1 << 20)), (-128, 127)]
    assert fields(data, Policy(ranges="exact"), ranges={"i": (0, 120)})["i"].range == (0, 120)


@pytest.mark.parametrize("values", [[], [None]])
def test_no_values_at_all(fields: Callable[..., Any], values: list[None]) -> None:
    assert fields({"x": pa.array(values, pa.int32())})["x"].range == (0, 0)


@pytest.mark.parametrize("low", [-(1 << 63), -129, -128, -1, 0, 5])
@pytest.mark.parametrize("high", [5, 127, 128, (1 << 63) - 1])
def test_magnitudes_hold_their_values(low: int, high: int) -> None:
    down, up = magnitude(low, high, Int(64))
    assert down <= low <= high <= up and Int(64).bounds[0] <= down and up <= Int(64).bounds[1]
    least, most = magnitude_float(low / 2**22, high / 2**22, LARGEST)
    assert least <= low / 2**22 and high / 2**22 <= most


@pytest.mark.parametrize(
    ("column", "options", "error", "message"),
    [
        ([1.0, NAN, 2.0, NAN], {}, NotFiniteError, "'x'.*NaN, in 2 rows between 1 and 3.*fillna.*nan_as_null"),
        ([1.0, INF], {"nan_as_null": True}, NotFiniteError, "'x'.*infinite, in row 1"),
        ([1.0, 1e19], {}, EncodingError, r"'x'.*above 2.305843009213694e.18 in magnitude, in row 1"),
        ([1.0, math.nextafter(2.0**61, math.inf)], {}, EncodingError, r"'x'.*above 2.305843009213694e.18 in magnitude, in row 1"),
        ([10, 47, 12, 48], {"ranges": {"x": (0, 20)}}, EncodingError, "'x'.*outside the range 0 to 20, in 2 rows .*Declare a wider one"),
        (["a\0"], {}, EncodingError, "zero byte"),
        (["a" * 257], {}, EncodingError, "longer than 256 bytes"),
        ([1], {"ranges": {"y": (0, 1)}}, ColumnNotFoundError, "no column 'y'"),
        ([1], {"ranges": {"x": (2, 1)}}, TypeMismatchError, "low <= high"),
        ([1], {"ranges": {"x": (0.5, 2)}}, TypeMismatchError, "of integers"),
        (["a"], {"ranges": {"x": (0, 1)}}, TypeMismatchError, "has no range"),
        ([1], {"columns": []}, DataError, "no columns"),
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


@pytest.mark.parametrize(
    ("column", "bounds"),
    [
        ([7], (-(1 << 40), 1 << 40)),
        ([-(1 << 40)], (-(1 << 40), 1 << 40)),
        ([1 << 41], (1 - (1 << 61), (1 << 61) - 1)),
        ([-(1 << 63)], (-(1 << 63), (1 << 63) - 1)),
        (pa.array([7], pa.uint64()), (0, 1 << 40)),
        (pa.array([(1 << 64) - 1], pa.uint64()), (0, (1 << 64) - 1)),
        (pa.array([7], pa.int32()), (-(1 << 31), (1 << 31) - 1)),
        ([0.5], (-(2.0**20), 2.0**20)),
        ([2.0**21], (-(2.0**42), 2.0**42)),
        ([2.0**43], (-(2.0**61), 2.0**61)),
        ([None, 0.5], (-(2.0**20), 2.0**20)),
    ],
)
def test_without_ranges_arithmetic_stays_possible(fields: Callable[..., Any], column: Any, bounds: object) -> None:
    field = fields({"x": column}, Policy(ranges="none"))["x"]
    assert field.range == bounds
    if bounds[1] <= 1 << 42:  # type: ignore[index]
        x = ex.col(field)
        for e in (ex.add(x, 1), ex.neg(x), ex.abs_(x), ex.floordiv(x, 7), ex.mod(x, 2), ex.div(x, 2), ex.mul(x, 2)):
            assert e.range is not None


@pytest.mark.parametrize(("values", "f"), [([2.0**43 + 1, -(2.0**43) - 0.5], 17), ([2.0**61, -(2.0**61)], 0)])
def test_the_largest_floats_can_be_rounded(fields: Callable[..., Any], values: list[float], f: int) -> None:
    x = ex.col(fields({"x": values})["x"])
    top = 2.0 ** (61 - f)
    assert (x.dtype, x.range) == (Fixed(f), (-top, top))
    for e in (ex.neg(x), ex.abs_(x), ex.floor(x), ex.ceil(x), ex.round_(x), ex.round_(x, 2), ex.floordiv(x, 1.0), ex.mod(x, 1.0), ex.sign(x)):
        assert e.range is not None and max(map(abs, e.range)) <= top


def test_declared_bounds_of_floats_are_those_of_what_is_stored(fields: Callable[..., Any]) -> None:
    found = fields({"x": [0.1, 0.7]}, ranges={"x": (0.1, 0.7)})["x"]
    low, high = found.range
    assert low < 0.1 < 0.7 < high and high - low < 0.6 + 2.0**-29
    assert low * 2**30 == int(low * 2**30) and high * 2**30 == int(high * 2**30)
    with pytest.raises(EncodingError, match="outside the range 0.2 to 0.7"):
        fields({"x": [0.1, 0.7]}, ranges={"x": (0.2, 0.7)})


def test_a_float_column_may_keep_more_fraction_bits(fields: Callable[..., Any]) -> None:
    found = fields({"x": [1e-9, 0.3], "y": [1e-9, 0.3]}, fraction_bits={"x": 40})
    assert (found["x"].dtype, found["y"].dtype) == (Fixed(40), Fixed(31))
    every = fields({"x": [1e-9, 0.3], "y": [2.5, 0.3], "i": [1, 2]}, fraction_bits=30)
    assert [every[n].dtype for n in "xyi"] == [Fixed(30), Fixed(30), Int(64)]
    assert fields({"x": [1.5]}, Policy(ranges="none"), fraction_bits={"x": 50})["x"].range == (-(2.0**12 - 1), 2.0**12 - 1)
    with pytest.raises(EncodingError, match=r"above 3 in magnitude, in row 1.*fewer fraction_bits="):
        fields({"x": [1e-9, 4.5]}, fraction_bits={"x": 60})
    with pytest.raises(SchemaError, match="0 to 92"):
        fields({"x": [1.0]}, fraction_bits={"x": 93})
    with pytest.raises(SchemaError, match="0 to 92"):
        fields({"x": [1.0]}, fraction_bits=True)
    with pytest.raises(TypeMismatchError, match="number of bits"):
        fields({"x": [1.0]}, fraction_bits="many")
    with pytest.raises(TypeMismatchError, match="'x'.*no fraction bits"):
        fields({"x": [1]}, fraction_bits={"x": 20})
    with pytest.raises(ColumnNotFoundError, match="no column 'z'"):
        fields({"x": [1.0]}, fraction_bits={"z": 20})


def test_unsigned_words_keep_their_type_and_their_largest_value(fields: Callable[..., Any]) -> None:
    found = fields({"x": pa.array([0, (1 << 64) - 1], pa.uint64()), "y": pa.array([5], pa.uint64()).take([0, 0])})
    assert found["x"].dtype == found["y"].dtype == Int(64, False)
    assert (found["x"].range, found["y"].range) == ((0, (1 << 64) - 1), (0, 7))


def test_refusals_of_files_name_rows_to_their_owner_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "t.csv").write_text("x,s,d\n1,a,01.02.2020\ninf,b,2020\n-inf," + "c" * 300 + ",\n")
    for column, options, said, rows in (
        ("x", {}, "'x' holds values that are infinite", "2 rows between 1 and 2"),
        ("s", {}, "longer than 256 bytes", "row 2"),
        ("d", {"dates": {"d": "%d.%m.%Y"}}, "not written '%d", "row 1"),
    ):
        caplog.clear()
        with pytest.raises(DataError, match=said) as caught:
            open_table("ann", {"kind": "csv", "path": str(tmp_path / "t.csv"), "columns": [column], **options}, reading(tmp_path))
        assert "owner's log names the rows" in str(caught.value) and rows not in str(caught.value) and rows in caplog.text


def test_bad_files(tmp_path: Path) -> None:
    def read(text: str, name: str = "t.csv", kind: str = "csv", policy: Policy | None = None) -> None:
        (tmp_path / name).write_text(text)
        open_table("ann", {"kind": kind, "path": str(tmp_path / name)}, policy or reading(tmp_path))

    with pytest.raises(DataFileError, match=r"none.csv' does not exist"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path / "none.csv")}, reading(tmp_path))
    with pytest.raises(DataFileError, match="is not a file"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path)}, reading(tmp_path))
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


def test_sizes_are_limited_before_anything_is_unpacked(tmp_path: Path, ipc: Callable[[pa.Table], bytes]) -> None:
    (tmp_path / "wide.csv").write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n")
    with pytest.raises(DataError, match="at most 4096 columns"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path / "wide.csv")}, reading(tmp_path))
    (tmp_path / "less.csv").write_text(",".join(f"c{i}" for i in range(5000)) + "\n" + "1," * 4999 + "1\n")
    with pytest.raises(DataError, match="5000 columns; at most 4096"):
        open_table("ann", {"kind": "csv", "path": str(tmp_path / "less.csv")}, reading(tmp_path))
    pq.write_table(pa.table({"a": pa.array(np.zeros(60_000_000, np.int8))}), tmp_path / "bomb.parquet", compression="zstd")
    with pytest.raises(DataError, match="60000000 rows; at most 50000000"):
        open_table("ann", {"kind": "parquet", "path": str(tmp_path / "bomb.parquet")}, reading(tmp_path))
    with pytest.raises(DataError, match="5000 columns"):
        open_table("ann", {"kind": "arrow", "data": ipc(pa.table({f"c{i}": [1] for i in range(5000)}))}, Policy())


def test_the_rows_of_a_csv_file_are_bounded_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "t.csv").write_text(end.join(["a", "1", "2", "3", ""]), newline="")
        assert open_table("ann", {"kind": "csv", "path": str(tmp_path / "t.csv")}, reading(tmp_path))[0].num_rows == 3
        (tmp_path / "t.csv").write_text(end.join(["a", "1", "2", "3", "4", "5"]), newline="")
        monkeypatch.setattr(tables.csvfile, "read_csv", None)
        with pytest.raises(DataError, match="more than 3 lines"):
            open_table("ann", {"kind": "csv", "path": str(tmp_path / "t.csv")}, reading(tmp_path))
        monkeypatch.undo()
        monkeypatch.setattr(tables, "MOST_ROWS", 3)


@pytest.mark.parametrize("offsets", [[0, -5, 3], [-1, 1, 3], [0, 2, 1 << 30], [0, 3, 1]])
def test_offsets_that_point_elsewhere_are_refused(ipc: Callable[[pa.Table], bytes], offsets: list[int]) -> None:
    array = pa.StringArray.from_buffers(2, pa.py_buffer(np.array([0, 2, 3], np.int32)), pa.py_buffer(b"abc"))
    good, wrong = np.array([0, 2, 3], np.int32).tobytes(), np.array(offsets, np.int32).tobytes()
    data = ipc(pa.table({"s": array}))
    assert data.count(good) == 1
    with pytest.raises(DataError, match="cannot be read as arrow"):
        open_table("ann", {"kind": "arrow", "data": data.replace(good, wrong)}, Policy())


def test_without_folders_no_file_is_read_and_no_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.csv").write_text(CSV)
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "out.csv")
    texts = set()
    for policy in (Policy(), Policy(folders=()), reading(tmp_path / "in")):
        for name in ("out.csv", "none.csv", "in/../out.csv", "in/link.csv"):
            with pytest.raises(PolicyError, match="does not let files be read.*folders=") as caught:
                open_table("ann", {"kind": "csv", "path": str(tmp_path / name)}, policy)
            texts.add(str(caught.value).replace(f"{tmp_path}/in/..", str(tmp_path)).replace(f"{tmp_path}/in", str(tmp_path)))
    assert len(texts) == 1  # whether there is a file is not told


def test_a_policy_is_checked() -> None:
    with pytest.raises(SessionError, match="`ranges` must be one of"):
        Policy(ranges="all")  # type: ignore[arg-type]


def test_handles(tmp_path: Path) -> None:
    tables = OwnerTables(tmp_path / "t", bytes(32))
    given = pa.table({"a": [1, None], "b": ["x", "a text of some length"]})
    handle = tables.add(given)
    assert list(tables) == [handle] and OwnerTables(tmp_path / "t", bytes(32))[handle] == given
    path, other = tmp_path / "t" / f"{handle}.arrow", tables.add(given)
    written = path.read_bytes()
    assert b"a text of some length" not in written
    for bad in ((tmp_path / "t" / f"{other}.arrow").read_bytes(), written[:-1] + b"x", written[:20], b""):
        path.write_bytes(bad)
        with pytest.raises(DataError, match="damaged or exchanged"):
            tables[handle]
    path.write_bytes(written)
    with pytest.raises(DataError, match="damaged or exchanged"):
        OwnerTables(tmp_path / "t", bytes(range(32)))[handle]
    tables.discard(handle)
    for bad in (handle, "../../etc/passwd", ""):
        with pytest.raises(ValueError, match="no table"):
            tables[bad]
