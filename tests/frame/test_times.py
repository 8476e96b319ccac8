"""Points in time and durations through a whole session: read, compare, compute, sort, group, join, reveal; as pandas has them."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.dtypes import Duration, Timestamp
from spuframe.errors import DataError, EncodingError, PlanError, RangeOverflowError, TypeMismatchError

T, H = pd.Timestamp, datetime.timedelta(hours=1)
WHEN = pd.to_datetime(["2020-02-29 23:59:59.999999", "2020-03-01", None, "1950-07-01 12:00", "2020-03-01"], format="ISO8601")
ROWS = pd.DataFrame(
    {
        "id": range(5),
        "when": WHEN,
        "zoned": WHEN.tz_localize("Europe/Berlin"),
        "took": pd.to_timedelta(["1 days 02:00:00", "0s", None, "-3h", "1us"]),
        "n": [1, 2, 3, 4, -5],
        "day": pd.Series([datetime.date(2020, 2, 29), None, datetime.date(2020, 3, 1), datetime.date(1950, 7, 1), datetime.date(2020, 3, 2)]),
    }
)


@pytest.fixture(scope="module")
def scanned(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(ROWS, owner="clinic", ranges={"took": (-H * 24, H * 48), "when": ("1900-01-01", T("2100-01-01"))})


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def calls(scanned: sf.SecretFrame, request: pytest.FixtureRequest) -> sf.SecretFrame:
    return scanned if request.param == "computed by the owner" else scanned.persist()


def same(frame: sf.SecretFrame, expected: dict[str, pd.Series]) -> None:
    """Whether columns are those of pandas, row by row."""
    seen = frame[["id", *expected]].reveal().sort_values("id")
    for name, column in expected.items():
        found = seen[name]
        pd.testing.assert_series_equal(found.reset_index(drop=True), column.reset_index(drop=True), check_names=False, check_dtype=False, obj=name)


def test_reading_and_revealing(calls: sf.SecretFrame) -> None:
    assert [calls[c].dtype for c in ("when", "zoned", "took")] == [Timestamp(), Timestamp("Europe/Berlin"), Duration()]
    assert calls["when"].dtype == "datetime64[us]" and calls["took"].dtype == "timedelta64[us]" and calls["zoned"].dtype == ROWS["zoned"].dtype
    table = calls.reveal("arrow")
    assert [table.schema.field(c).type for c in ("when", "zoned", "took")] == [pa.timestamp("us"), pa.timestamp("us", "Europe/Berlin"), pa.duration("us")]
    seen = calls.reveal().sort_values("id")
    for name in ("when", "zoned", "took"):
        pd.testing.assert_series_equal(seen[name].reset_index(drop=True), ROWS[name].astype(seen[name].dtype))
    assert str(seen["when"].dtype) == "datetime64[us]" and str(seen["zoned"].dtype) == "datetime64[us, Europe/Berlin]"
    assert "1900-01-01 00:00:00 .. 2100-01-01 00:00:00" in repr(calls) and "-1 days 0:00:00 .. 2 days 0:00:00" in repr(calls)


def test_comparisons(calls: sf.SecretFrame) -> None:
    at = "2020-03-01"
    when, zoned, took = (calls[c] for c in ("when", "zoned", "took"))
    columns = {
        "lt": when < at, "ge": when >= T(at), "eq": when == np.datetime64(at, "ns"), "day": when > datetime.date(2020, 2, 29), "own": when <= calls["day"],
        "z": zoned < at, "zu": zoned >= T("2020-02-29 23:00", tz="UTC"), "short": took < H, "long": took > pd.Timedelta("0s"),
        "in": when.isin([at, T("1999-01-01")]), "between": when.between("2020-01-01", "2020-03-01"), "is": took == np.timedelta64(1, "us"),
    }  # fmt: skip
    w, z, d = ROWS["when"], ROWS["zoned"], ROWS["took"]
    day = pd.to_datetime(ROWS["day"])
    expected = {
        "lt": w < at, "ge": w >= at, "eq": w == at, "day": w > "2020-02-29", "own": w <= day, "z": z < at, "zu": z >= T("2020-02-29 23:00", tz="UTC"),
        "short": d < H, "long": d > pd.Timedelta(0), "is": d == pd.Timedelta("1us"),
    }  # fmt: skip
    missing = {"short": d.isna(), "long": d.isna(), "is": d.isna(), "own": w.isna() | day.isna()}
    expected = {k: v.astype("boolean").mask(missing.get(k, w.isna())) for k, v in expected.items()}
    expected |= {"in": w.isin([T(at)]), "between": w.between("2020-01-01", "2020-03-01").astype("boolean").mask(w.isna())}
    same(calls.assign(**columns), expected)


def test_arithmetic(calls: sf.SecretFrame) -> None:
    when, took, w, d = calls["when"], calls["took"], ROWS["when"], ROWS["took"]
    columns = {
        "later": (when + took, w + d), "before": (when - H, w - H), "since": (when - T("2000-01-01"), w - T("2000-01-01")),
        "until": (T("2050-01-01") - when, T("2050-01-01") - w),
        "zoned": (calls["zoned"] - T("2000-01-01", tz="UTC"), ROWS["zoned"] - T("2000-01-01", tz="UTC")),
        "more": (took + took, d + d), "less": (took - H, d - H), "times": (took * calls["n"], d * ROWS["n"]), "thrice": (3 * took, 3 * d),
        "neg": (-took, -d),
        "size": (abs(took), abs(d)), "filled": (took.fillna(H), d.fillna(H)), "clipped": (took.clip(-H, H), d.clip(-H, H)),
        "hours": (took // H, (d // H).astype("Int64")), "rest": (took % H, d % H), "ratio": (took / pd.Timedelta("1h"), d / pd.Timedelta("1h")),
        "number": (when.astype("int64"), pd.Series([v.value for v in w.astype("datetime64[us]")], dtype="Int64").mask(w.isna())),
        "whole": (when.astype("date"), w.dt.date.where(w.notna(), None)), "whenever": (when.fillna("1999-12-31 01:00"), w.fillna(T("1999-12-31 01:00"))),
        "apart": (when - calls["day"], w - pd.to_datetime(ROWS["day"])),
        "day later": (calls["day"] + took, pd.to_datetime(ROWS["day"]) + d), "day before": (calls["day"] - took, pd.to_datetime(ROWS["day"]) - d),
        "from day": (took + calls["day"], pd.to_datetime(ROWS["day"]) + d), "since day": (took + datetime.date(2020, 1, 1), T("2020-01-01") + d),
        "half": (took // 2, d // 2), "shares": (H // calls["n"], H // ROWS["n"]),
    }  # fmt: skip
    del columns["number"]  # NaT has no number in pandas
    same(calls.assign(**{k: c for k, (c, _) in columns.items()}), {k: e for k, (_, e) in columns.items()})
    assert calls["when"].astype("int64").astype("timestamp").dtype == Timestamp()


def test_sort_group_join_and_aggregates(session: sf.Session, calls: sf.SecretFrame) -> None:
    back = calls.sort_values("when", ascending=False).reveal()["when"]
    assert back.dropna().tolist() == sorted(ROWS["when"].dropna(), reverse=True) and back.isna().tolist() == [False] * 4 + [True]
    got = calls.groupby("when").agg(total=("took", "sum"), mean=("took", "mean"), last=("zoned", "max"), n=("id", "count")).reveal()
    want = ROWS.groupby("when").agg(total=("took", "sum"), mean=("took", "mean"), last=("zoned", "max"), n=("id", "count")).reset_index()
    assert all(got[c].tolist() == want[c].tolist() for c in ("when", "total", "last"))
    assert (got["mean"] - want["mean"]).abs().max() <= pd.Timedelta("1us")  # pandas cuts half microseconds off
    other = pd.DataFrame({"when": [T("2020-03-01"), T("1950-07-01 12:00"), T("2024-01-01")], "what": [1, 2, 3]})
    joined = calls[["id", "when"]].dropna().merge(session.from_pandas(other, owner="almanac"), on="when").reveal().sort_values("id")
    assert joined["id"].tolist() == [1, 3, 4] and joined["what"].tolist() == [1, 2, 1]
    took = calls["took"]
    assert took.sum().reveal() == ROWS["took"].sum() and took.min().reveal() == -3 * H and took.count().reveal() == 4 and took.nunique().reveal() == 4
    assert took.median().reveal() == ROWS["took"].median().floor("us") or took.median().reveal() == ROWS["took"].median().ceil("us")
    assert abs(took.std().reveal() - ROWS["took"].std()) < pd.Timedelta("1s")
    assert calls["zoned"].min().reveal() == T("1950-07-01 12:00", tz="Europe/Berlin") and calls["when"][calls["n"] > 100].min().reveal() is None


def test_points_in_time_have_means(calls: sf.SecretFrame) -> None:
    near = pd.Timedelta("1us")
    for name in ("when", "zoned"):
        for how in ("mean", "median"):
            found, wanted = getattr(calls[name], how)().reveal(), getattr(ROWS[name], how)()
            assert abs(found - wanted) <= near and str(found.tzinfo) == str(wanted.tz), (name, how)
        assert abs(calls[name].std().reveal() - ROWS[name].std()) <= ROWS[name].std() * 2.0**-18
    for name in ("when", "took", "zoned"):
        for how in ("linear", "midpoint", "lower", "higher"):
            found, wanted = calls[name].quantile(0.4, interpolation=how).reveal(), ROWS[name].quantile(0.4, interpolation=how)
            assert abs(found - wanted) <= near, (name, how)
    grouped = calls.groupby("n").agg(mean=("when", "mean"), middle=("zoned", "median"), c=("when", "count")).reveal().sort_values("n")
    wanted = ROWS.groupby("n").agg(mean=("when", "mean"), middle=("zoned", "median")).reset_index()
    assert grouped["mean"].isna().tolist() == wanted["mean"].isna().tolist() == [False, False, False, True, False]
    assert (grouped["mean"].array - wanted["mean"].array).dropna().max() <= near and str(grouped["middle"].dtype) == "datetime64[us, Europe/Berlin]"
    assert (grouped["middle"].array - wanted["middle"].array).dropna().max() <= near


def test_what_does_not_go_together(calls: sf.SecretFrame) -> None:
    when, zoned, took = (calls[c] for c in ("when", "zoned", "took"))
    for wrong in (
        lambda: when + when, lambda: when + 1, lambda: when * 2, lambda: took * took, lambda: took * 0.5, lambda: took + 1, lambda: when < 5,
        lambda: when < zoned, lambda: when - zoned, lambda: when < took, lambda: took - calls["day"], lambda: when.sum(), lambda: when.var(),
        lambda: took / 2, lambda: took % 2, lambda: took // 0.5, lambda: when // H,
        lambda: took.var(), lambda: np.sqrt(took), lambda: zoned.astype("date"),
    ):  # fmt: skip
        with pytest.raises(TypeMismatchError):
            wrong()
    for constant in ("soon", T("2020-01-01", tz="UTC"), T("2020-01-01 00:00:00.000000001")):
        with pytest.raises(PlanError):
            when < constant  # noqa: B015
    with pytest.raises(PlanError, match="has no zone"):
        zoned < T("2020-01-01")  # noqa: B015
    with pytest.raises(RangeOverflowError, match=r"9\d{3}-|must stay below"):
        when + took * 10**6
    with pytest.raises(TypeMismatchError, match="range of column 'when'"):
        calls.session.from_pandas(ROWS, owner="clinic", ranges={"when": ("spring", "autumn")})
    with pytest.raises(EncodingError, match="outside the range 2000-01-01 00:00:00 to"):
        calls.session.from_pandas(ROWS, owner="clinic", ranges={"when": ("2000-01-01", "2001-01-01")})


def test_units_of_arrow(session: sf.Session) -> None:
    for unit, ticks in (("s", [0, -1, None, 253402300799]), ("ms", [0, -1, None]), ("us", [0, -1, None]), ("ns", [0, -1000, None, 5_000_000])):
        for kind in (pa.timestamp(unit), pa.timestamp(unit, "+01:00"), pa.duration(unit)):
            column = pa.array(ticks, kind)
            seen = session.from_arrow(pa.table({"c": column}), owner="o")["c"].reveal("arrow")
            assert seen.equals(column.cast(seen.type)) and str(seen.type) == str(kind).replace(f"[{unit}", "[us")
    for column, told in (
        (pa.array([1, 1500], pa.timestamp("ns")), r"finer than a microsecond, in row 0 .*round\('us'\)|2 rows"),
        (pa.array([0, 253402300800], pa.timestamp("s")), "years 1 and 9999, in row 1"),
        (pa.array([0, 2**60], pa.duration("s")), "146,000 years"),
    ):
        with pytest.raises(EncodingError, match=told):
            session.from_arrow(pa.table({"c": column}), owner="o")
    with pytest.raises(TypeMismatchError, match="no zone 'Atlantis/Deep'"):
        session.from_arrow(pa.table({"c": pa.array([0], pa.timestamp("us", "Atlantis/Deep"))}), owner="o")
    empty = session.from_arrow(pa.table({"c": pa.array([], pa.timestamp("us")), "d": pa.array([], pa.duration("us"))}), owner="o")
    assert empty.reveal().dtypes.astype(str).tolist() == ["datetime64[us]", "timedelta64[us]"]


def test_files(session: sf.Session, tmp_path: Path) -> None:
    ROWS.drop(columns="day").to_parquet(tmp_path / "t.parquet")
    frame = session.read_parquet(tmp_path / "t.parquet", owner="clinic")
    assert [frame[c].dtype for c in ("when", "zoned", "took")] == [Timestamp(), Timestamp("Europe/Berlin"), Duration()]
    (tmp_path / "t.csv").write_text("when,at,zoned\n2020-01-05 10:00:00,05.01.2020 10:30,2020-01-05T10:00:00Z\n,,\n")
    frame = session.read_csv(tmp_path / "t.csv", owner="clinic", date_format={"at": "%d.%m.%Y %H:%M"})
    assert [frame[c].dtype for c in ("when", "at", "zoned")] == [Timestamp(), Timestamp(), Timestamp("UTC")]
    assert frame["at"].max().reveal() == T("2020-01-05 10:30") and frame["zoned"].max().reveal() == T("2020-01-05 10:00", tz="UTC")
    with pytest.raises(DataError, match="not written"):
        session.read_csv(tmp_path / "t.csv", owner="clinic", date_format={"at": "%d.%m.%Y"})


def durations(rows: int, seed: int) -> pd.DataFrame:
    """Rows of durations with nulls, doubles, both signs and the largest that sums have room for."""
    random = np.random.default_rng(seed)
    choice = np.array([0, 1, -1, 86_400_000_000, -3_600_000_001, 2**40, -(2**40), 12_345_678], "timedelta64[us]")
    took = pd.Series(random.choice(choice, rows)).mask(random.random(rows) < 0.3)
    return pd.DataFrame({"id": range(rows), "key": random.integers(0, 4, rows), "took": took, "other": random.choice(choice, rows)})


@pytest.mark.parametrize(("rows", "seed"), [(0, 0), (1, 1), (2, 2), (30, 3), (30, 4)])
def test_durations_are_those_of_pandas(session: sf.Session, rows: int, seed: int) -> None:
    own = durations(rows, seed)
    frame = session.from_pandas(own, owner="clinic").persist()
    took, other, d, o = frame["took"], frame["other"], own["took"], own["other"]
    same(
        frame.assign(a=took + other, b=took - other, c=-took, d=abs(other), e=took.fillna(H), f=took.where(other > H, other), g=took * 3, h=other // 7),
        {
            "a": d + o, "b": d - o, "c": -d, "d": abs(o), "e": d.fillna(H), "f": d.where(o > H, o), "g": d * 3,
            "h": pd.Series([v // 7 for v in o], dtype=o.dtype),  # a column of pandas cuts toward zero, where one of its durations rounds down
        },
    )  # fmt: skip
    truths = frame.assign(lt=other < H, eq=other == np.timedelta64(1, "us"), two=took <= other)[["id", "lt", "eq", "two"]].reveal().sort_values("id")
    assert truths["lt"].tolist() == (o < H).tolist() and truths["eq"].tolist() == (o == pd.Timedelta("1us")).tolist()
    assert truths["two"].fillna(False).tolist() == (d <= o).tolist()
    for ascending in (True, False):
        got = frame.sort_values(["took", "id"], ascending=[ascending, True])["id"].reveal().tolist()
        assert got == own.sort_values(["took", "id"], ascending=[ascending, True])["id"].tolist()
    for how in ("sum", "min", "max", "count", "nunique"):
        found, wanted = getattr(took, how)().reveal(), getattr(d, how)()
        assert (found is None and wanted is pd.NaT) or found == wanted
    near = pd.Timedelta("1us")
    for how in ("mean", "median"):
        found, wanted = getattr(took, how)().reveal(), getattr(d, how)()
        assert (found is None and wanted is pd.NaT) or abs(found - wanted) <= near
    for how in ("std", "sem"):  # pandas has no sem of durations
        found, wanted = getattr(took, how)().reveal(), d.std() if how == "std" else d.std() / np.sqrt(d.count() or 1)
        assert (found is None and wanted is pd.NaT) or abs(found - wanted) <= near + abs(wanted) * 2.0**-18
    named = {how: ("took", how) for how in ("sum", "min", "max", "mean", "count", "nunique", "median", "std")}
    grouped, wanted = frame.groupby("key").agg(**named).reveal().sort_values("key"), own.groupby("key").agg(**named).reset_index()
    for how in ("sum", "min", "max", "count", "nunique"):
        pd.testing.assert_series_equal(grouped[how].reset_index(drop=True), wanted[how], check_dtype=False)
    for how in ("mean", "median", "std"):
        assert grouped[how].isna().tolist() == wanted[how].isna().tolist()
        assert ((grouped[how].array - wanted[how].array).dropna() <= near + abs(wanted[how].dropna().array) * 2.0**-18).all()
    by = frame.groupby("took").agg(n=("id", "count")).reveal().sort_values("took")
    assert by.reset_index(drop=True)["n"].tolist() == own.groupby("took").agg(n=("id", "count"))["n"].tolist()
