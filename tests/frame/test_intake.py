"""What comes in: DataFrames and CSV files of all kinds are right, or a typed error names column and remedy."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe import errors

pytestmark = pytest.mark.parametrize("protocol", ["plaintext"], scope="session")

INTERVALS = pd.arrays.IntervalArray.from_breaks([0, 1, 2])
REFUSED: list[tuple[str, Any, str]] = [
    ("mixed", [1, "a"], "astype"),
    ("mixed dates", [datetime.date(2020, 1, 1), 5], "astype"),
    ("big", [2**70, 1], "64-bit"),
    ("negative and unsigned", [2**63 + 1, -1], "64-bit"),
    ("complex", np.array([1 + 2j, 3]), r"\.real"),
    ("object complex", [1j, 2j], r"\.real"),
    ("period", pd.period_range("2020-01", periods=2, freq="M"), "start_time"),
    ("interval", INTERVALS, "left"),
    ("lists", [[1, 2], [3]], "column of its own"),
    ("dicts", [{"a": 1}, {"a": 2}], "column of its own"),
    ("bytes", [b"ab", b"cd"], "decode"),
    ("times", [datetime.time(1), datetime.time(2)], "seconds since midnight"),
    ("objects", [object(), object()], "astype"),
    ("nulls alone", [None, None], "missing values"),
    ("period categories", pd.Categorical(pd.period_range("2020-01", periods=2, freq="M")), "start_time"),
]


@pytest.mark.parametrize(("values", "remedy"), [pytest.param(v, r, id=n) for n, v, r in REFUSED])
def test_columns_that_cannot_be_shared(session: sf.Session, values: Any, remedy: str) -> None:
    with pytest.raises(errors.SpuframeError, match=f"(?s)column 'c'.*{remedy}") as failed:
        session.from_pandas(pd.DataFrame({"a": [1, 2], "c": values}), owner="hospital")
    assert isinstance(failed.value, errors.PlanError | errors.DataError)
    assert not any(str(v) in str(failed.value) for v in (2**70, "2020-01-01 05:00", "Decimal")), "a value is told"


def test_columns_that_are_converted(session: sf.Session) -> None:
    sparse = pd.arrays.SparseArray([0, 0, 3])
    table = pd.DataFrame(
        {
            "sparse": sparse,
            "category": pd.Categorical(["a", "b", "a"]),
            "numbers": pd.Categorical([3, 1, 3]),
            "gaps": pd.Categorical(["a", None, "b"]),
            "nullable": pd.array([1, None, 3], "Int64"),
            "object": pd.Series([1, 2, None], dtype=object),
            "half": np.array([0.5, 1.5, 2.0], np.float16),
            "dates": [datetime.date(2020, 2, 29)] * 3,
        }
    )
    seen = session.from_pandas(table, owner="hospital").reveal()
    assert seen["sparse"].tolist() == [0, 0, 3] and seen["category"].tolist() == ["a", "b", "a"] and seen["numbers"].tolist() == [3, 1, 3]
    assert seen["gaps"].isna().tolist() == [False, True, False] and seen["nullable"].isna().tolist() == [False, True, False]
    assert (
        seen["object"].tolist()[:2] == [1, 2] and seen["half"].tolist() == [0.5, 1.5, 2.0] and seen["dates"].tolist() == [datetime.date(2020, 2, 29)] * 3
    )


def test_categories_are_read_as_what_they_hold(session: sf.Session) -> None:
    """Dictionaries of Arrow and categoricals of pandas, of every type, with nulls, unused and repeated entries, in several chunks."""
    held: dict[str, Any] = {
        "text": ["zé", None, "a", "zé"],
        "number": [3, None, -1, 3],
        "float": [0.5, None, 2.0, 0.5],
        "flag": [True, None, False, True],
        "day": [datetime.date(2020, 2, 29), None, datetime.date(1950, 1, 1), datetime.date(2020, 2, 29)],
        "when": [pd.Timestamp("2020-02-29 01:00"), None, pd.Timestamp("1950-01-01"), pd.Timestamp("2020-02-29 01:00")],
        "zoned": [pd.Timestamp("2020-02-29 01:00", tz="Europe/Berlin"), None, pd.Timestamp("1950-01-01", tz="Europe/Berlin"), None],
        "took": [pd.Timedelta("1h"), None, pd.Timedelta("-1us"), pd.Timedelta("1h")],
        "price": [Decimal("1.50"), None, Decimal("-0.25"), Decimal("1.50")],
    }
    plain = pa.table({name: pa.array(values) for name, values in held.items()})
    twice = pa.concat_tables([plain, plain.slice(1, 2), plain.slice(0, 0)])
    coded = pa.table({name: pa.chunked_array([c.dictionary_encode() for c in column.chunks]) for name, column in zip(twice.column_names, twice.columns)})
    for table in (coded, pa.table({n: c.cast(pa.dictionary(pa.int8(), c.type.value_type)) for n, c in zip(coded.column_names, coded.columns)})):
        seen = session.from_arrow(table, owner="hospital").reveal("arrow")
        assert seen.to_pydict() == twice.to_pydict()
    unused = pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int32()), pa.array(["a", "much too long for the others"]))
    assert session.from_arrow(pa.table({"c": unused}), owner="hospital")["c"].dtype == "string"
    frame = pd.DataFrame({name: pd.Categorical(values) for name, values in held.items()})
    seen = session.from_pandas(frame, owner="hospital").reveal("arrow")
    assert seen.select(["text", "number", "float", "flag", "day", "when", "zoned", "took", "price"]).to_pydict() == plain.to_pydict()
    ordered = pd.DataFrame({"c": pd.Categorical(["low", "high", "low"], categories=["low", "high", "none"], ordered=True)})
    assert session.from_pandas(ordered, owner="hospital").groupby("c").agg(n=("c", "count")).reveal()["n"].tolist() == [1, 2]


def test_columns_names(session: sf.Session) -> None:
    two = pd.DataFrame([[1, 2]], columns=["a", "a"])
    for table, said in (
        (two, "'a' occurs twice"),
        (pd.DataFrame([[1, 2]]), "names are strings"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "levels"),
        (pd.DataFrame([[1]], columns=pd.DatetimeIndex(["2020-01-01"])), "astype"),
        (pd.DataFrame(), "no columns"),
    ):
        with pytest.raises(errors.SpuframeError, match=said):
            session.from_pandas(table, owner="hospital")


def test_arrow_types(session: sf.Session) -> None:
    for values, said in (
        (pa.array([[1]]), "of its own"),
        (pa.array([{"a": 1}]), "of its own"),
        (pa.array([b"x"]), "decode"),
        (pa.array([5], pa.time32("s")), "midnight"),
        (pa.array([b"x"]).dictionary_encode(), "decode"),
        (pa.array([pa.MonthDayNano([1, 2, 3])]), "seconds"),
    ):
        with pytest.raises(errors.TypeMismatchError, match=f"column 'c'.*{said}"):
            session.from_arrow(pa.table({"c": values}), owner="hospital")


# ---- CSV --------------------------------------------------------------------------------------------------------
def read(session: sf.Session, folder: Path, content: str | bytes, **options: Any) -> pd.DataFrame:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return session.read_csv(path, owner="hospital", **options).reveal()


def test_files_as_they_are_written(session: sf.Session, tmp_path: Path) -> None:
    assert read(session, tmp_path, "\ufeffid,x\n1,2\n")["id"].tolist() == [1]
    assert read(session, tmp_path, "name;x\nJürgen;1,5\n".encode("latin-1"), sep=";", decimal=",", encoding="latin-1").iloc[0].tolist() == ["Jürgen", 1.5]
    assert read(session, tmp_path, "id,x\n1,2\n".encode("utf-16"), encoding="utf-16")["id"].tolist() == [1]
    money = 'x,n,name\n"1,234.5","1,000,000","a,b"\n-2.25,12,"1,2"\n'
    seen = read(session, tmp_path, money, thousands=",")
    assert seen["x"].tolist() == [1234.5, -2.25] and seen["n"].tolist() == [1_000_000, 12] and seen["name"].tolist() == ["a,b", "1,2"]
    assert read(session, tmp_path, "x;n\n1.234,5;1.000\n;7\n", sep=";", thousands=".", decimal=",")["n"].tolist() == [1000, 7]
    assert read(session, tmp_path, "x,y\n1,2\n-,3\n", na_values="-")["x"].isna().tolist() == [False, True]


def test_dates_as_they_are_written(session: sf.Session, tmp_path: Path) -> None:
    text = "born,n\n01.02.2020,1\n,2\n29.02.2020,3\n"
    expected = [datetime.date(2020, 2, 1), datetime.date(2020, 2, 29)]
    for options in ({"parse_dates": ["born"], "date_format": "%d.%m.%Y"}, {"date_format": {"born": "%d.%m.%Y"}}):
        assert [d for d in read(session, tmp_path, text, **options)["born"] if isinstance(d, datetime.date)] == expected
    assert read(session, tmp_path, "born,n\n2020-02-01,1\n", parse_dates=["born"])["born"].tolist() == expected[:1]
    for other in ("2020-02-01", "31.02.2020", "2.13.2020"):
        with pytest.raises(errors.DataError, match=r"'born'.*written '%d\.%m\.%Y'.*log names the rows") as failed:
            read(session, tmp_path, f"born,n\n{other},1\n01.02.2020,2\n", parse_dates="born", date_format="%d.%m.%Y")
        assert other not in str(failed.value)


def test_files_that_are_written_otherwise(session: sf.Session, tmp_path: Path) -> None:
    for content, options, said in (
        ("name,x\nJürgen,1\n".encode("latin-1"), {}, "'name'.*encoding='latin-1'"),
        (b"a;b\n1;2\n", {}, "sep=';'"),
        (b"a,b\n1,2\n", {"encoding": "utf-99"}, "no encoding"),
        (b"a,b\n1,2\n", {"sep": ",,"}, "one character"),
        (b"a,b\n1,2\n", {"sep": ".", "decimal": "."}, "different"),
        (b"a,b\n1,2\n", {"parse_dates": ["c"]}, "no column 'c'"),
        (b"a,b\n1,2\n", {"date_format": "%d"}, "parse_dates"),
        (b"a,b\n1,2,3\n", {}, "cannot be read as csv"),
        (b"", {}, "empty"),
    ):
        with pytest.raises(errors.SpuframeError, match=said):
            read(session, tmp_path, content, **options)
