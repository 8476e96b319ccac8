"""Dates through a whole session: read, compare, compute, sort, group, join, reveal."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.dtypes import Date, Field, Timestamp
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError

D = datetime.date
DAYS = [D(2020, 2, 29), D(2021, 12, 31), D(2020, 1, 1), None, D(2020, 2, 29), D(2019, 6, 30), D(2021, 1, 1)]
SEEN = [D(2020, 3, 2), D(2021, 12, 31), D(2020, 1, 31), D(2020, 1, 1), None, D(2019, 6, 1), D(2021, 6, 1)]
ROWS = pa.table({"id": pa.array(range(7)), "day": pa.array(DAYS), "seen": pa.array(SEEN), "n": [1, 2, 3, 4, 5, 6, 7]})
RANGE = (D(2019, 1, 1), D(2021, 12, 31))


@pytest.fixture(scope="module")
def scanned(session: sf.Session) -> sf.SecretFrame:
    return session.from_arrow(ROWS, owner="clinic", ranges={"day": RANGE, "seen": ("2019-01-01", "2022-12-31")})


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def visits(scanned: sf.SecretFrame, request: pytest.FixtureRequest) -> sf.SecretFrame:
    return scanned if request.param == "computed by the owner" else scanned.persist()


def values(column: sf.SecretSeries) -> list[object]:
    return column.reveal("arrow").to_pylist()


def test_reading(visits: sf.SecretFrame) -> None:
    field: Field = visits["day"].field
    assert field.dtype == Date() and field.range == (17897, 18992) and field.nullable
    table = visits.reveal("arrow")
    assert table.schema.field("day").type == pa.date32()
    assert table.sort_by("id").equals(ROWS.select(table.column_names).sort_by("id"))
    assert visits.reveal()["day"].dropna().iloc[0] == D(2020, 2, 29)
    assert "2019-01-01 .. 2021-12-31" in repr(visits)


def test_what_is_published(scanned: sf.SecretFrame) -> None:
    assert "day (date in [2019-01-01, 2021-12-31] with nulls)" in scanned.explain()


@pytest.mark.parametrize("bound", [D(2020, 2, 29), "2020-02-29", datetime.datetime(2020, 2, 29), pd.Timestamp("2020-02-29"), np.datetime64("2020-02-29")])
def test_comparisons_with_constants(visits: sf.SecretFrame, bound: object) -> None:
    day, limit = visits["day"], D(2020, 2, 29)
    got = [day < bound, day <= bound, day == bound, day != bound, day > bound, day >= bound]  # type: ignore[operator]
    frame = visits.assign(**{f"c{i}": c for i, c in enumerate(got)}).reveal("arrow").sort_by("id")
    tests = [D.__lt__, D.__le__, D.__eq__, D.__ne__, D.__gt__, D.__ge__]
    for i, test in enumerate(tests):
        assert frame.column(f"c{i}").to_pylist() == [None if d is None else test(d, limit) for d in DAYS]


def test_comparisons_of_columns_and_membership(visits: sf.SecretFrame) -> None:
    frame = visits.assign(
        later=visits["seen"] > visits["day"],
        some=visits["day"].isin(["2020-01-01", D(2020, 2, 29), D(1999, 1, 1)]),
        within=visits["day"].between("2020-01-01", "2020-12-31"),
    )
    table = frame.reveal("arrow").sort_by("id")
    assert table.column("later").to_pylist() == [None if None in (a, b) else b > a for a, b in zip(DAYS, SEEN, strict=True)]
    assert table.column("some").to_pylist() == [d in (D(2020, 1, 1), D(2020, 2, 29)) for d in DAYS]
    assert table.column("within").to_pylist() == [None if d is None else D(2020, 1, 1) <= d <= D(2020, 12, 31) for d in DAYS]


def test_arithmetic(visits: sf.SecretFrame) -> None:
    between = visits["seen"] - visits["day"]
    assert str(between.dtype) == "int64" and between.field.range == (17897 - 18992, 19357 - 17897)
    week = datetime.timedelta(days=7)
    frame = visits.assign(
        between=between,
        later=visits["day"] + 30,
        earlier=visits["day"] - week,
        moved=visits["day"] + visits["n"],
        age=visits["day"] - "2019-01-01",
        left=D(2022, 1, 1) - visits["day"],
        number=visits["day"].astype("int64"),
        filled=visits["day"].fillna("2021-11-11"),
        clipped=visits["day"].clip("2020-01-15", D(2021, 1, 1)),
    )
    assert [str(frame[c].dtype) for c in ("later", "earlier", "moved", "age", "filled", "clipped")] == ["date"] * 3 + ["int64", "date", "date"]
    table = frame.reveal("arrow").sort_by("id")
    got = {c: table.column(c).to_pylist() for c in table.column_names}
    assert got["between"] == [None if None in (a, b) else (b - a).days for a, b in zip(DAYS, SEEN, strict=True)]
    known = [d or D(1970, 1, 1) for d in DAYS]

    def nulls(values: list[object]) -> list[object]:
        return [None if d is None else v for d, v in zip(DAYS, values, strict=True)]

    assert got["later"] == nulls([d + datetime.timedelta(30) for d in known])
    assert got["earlier"] == nulls([d - week for d in known])
    assert got["moved"] == nulls([d + datetime.timedelta(i + 1) for i, d in enumerate(known)])
    assert got["age"] == nulls([(d - D(2019, 1, 1)).days for d in known])
    assert got["left"] == nulls([(D(2022, 1, 1) - d).days for d in known])
    assert got["number"] == nulls([(d - D(1970, 1, 1)).days for d in known])
    assert got["filled"] == [d or D(2021, 11, 11) for d in DAYS]
    assert got["clipped"] == nulls([min(max(d, D(2020, 1, 15)), D(2021, 1, 1)) for d in known])


def test_sort_group_extremes(visits: sf.SecretFrame) -> None:
    by_day = visits.sort_values("day").reveal("arrow").column("day").to_pylist()
    assert by_day == [*sorted(d for d in DAYS if d is not None), None]
    back = visits.sort_values("day", ascending=False).reveal("arrow").column("day").to_pylist()
    assert back == [*sorted((d for d in DAYS if d is not None), reverse=True), None]
    grouped = visits.groupby("day").agg(total=("n", "sum"), last=("seen", "max")).reveal("arrow")
    expected = ROWS.to_pandas().dropna(subset=["day"]).groupby("day").agg(total=("n", "sum"), last=("seen", "max"))
    assert grouped.column("total").to_pylist() == expected["total"].tolist()
    assert grouped.column("last").to_pylist() == expected["last"].tolist()
    assert (visits["day"].min().reveal(), visits["day"].max().reveal()) == (D(2019, 6, 30), D(2021, 12, 31))
    assert visits[visits["n"] > 100]["day"].min().reveal() is None
    assert visits["day"].count().reveal() == 6


def test_join_on_dates(session: sf.Session, visits: sf.SecretFrame) -> None:
    calendar = pa.table({"day": pa.array([D(2020, 2, 29), D(2019, 6, 30), D(2030, 1, 1)]), "leap": [True, False, False]})
    days = session.from_arrow(calendar, owner="almanac")
    got = visits[["id", "day"]].dropna().merge(days, on="day").reveal("arrow").sort_by("id")
    assert got.column("id").to_pylist() == [0, 4, 5] and got.column("leap").to_pylist() == [True, True, False]


def test_filters_at_the_owner_and_on_shares(session: sf.Session, visits: sf.SecretFrame) -> None:
    assert sorted(values(visits[visits["day"] >= "2021-01-01"]["id"])) == [1, 6]  # type: ignore[arg-type, type-var]
    kept = visits.persist()
    assert sorted(values(kept[kept["day"] >= "2021-01-01"]["id"])) == [1, 6]  # type: ignore[arg-type, type-var]
    assert sorted(values(kept[kept["day"] + 1 == "2022-01-01"]["id"])) == [1]  # type: ignore[arg-type, type-var]


def test_a_date_of_12_bits_costs_what_an_integer_of_12_bits_does(session: sf.Session) -> None:
    first = D(2012, 1, 1)
    days = [first + datetime.timedelta(i) for i in (*range(998), 4095, 2)]
    ranges = {"day": (first, first + datetime.timedelta(4095)), "n": (0, 4095)}
    read = session.from_arrow(pa.table({"day": pa.array(days), "n": [(d - first).days for d in days]}), owner="clinic", ranges=ranges)
    day, n = read[["day"]].persist(), read[["n"]].persist()
    middle = first + datetime.timedelta(2000)
    pairs = {
        "sort": (day.sort_values("day"), n.sort_values("n")),
        "descending": (day.sort_values("day", ascending=False), n.sort_values("n", ascending=False)),
        "group": (day.groupby("day").agg(c=("day", "count")), n.groupby("n").agg(c=("n", "count"))),
        **{f: (day.assign(c=getattr(day["day"], f)(middle))[["c"]], n.assign(c=getattr(n["n"], f)(2000))[["c"]]) for f in ("lt", "ge", "eq")},
    }
    for what, frames in pairs.items():
        dates, integers = (session.estimate(session.physical(f.node)).total for f in frames)
        assert (dates.rounds, dates.sent) == (integers.rounds, integers.sent), what
    wide = session.from_arrow(pa.table({"day": pa.array(days)}), owner="clinic", ranges={"day": ("0001-01-01", "9999-12-31")}).persist()
    if session.config.protocol != "plaintext":
        narrow, whole = (session.estimate(session.physical(f.sort_values("day").node)).total for f in (day, wide))
        assert narrow.rounds < whole.rounds and narrow.total < whole.total


def test_pandas_midnights_are_timestamps_until_they_are_asked_to_be_dates(session: sf.Session) -> None:
    when = pd.Series(pd.to_datetime(["2020-01-05", "2021-07-01", None]))
    frame = session.from_pandas(pd.DataFrame({"when": when, "day": when.dt.date}), owner="clinic")
    assert frame["when"].dtype == Timestamp() and frame["day"].dtype == Date()  # whatever the values are
    assert (frame["when"].astype("date") == frame["day"]).all().reveal()
    assert sorted(v for v in values(frame["when"].astype("date")) if v) == [D(2020, 1, 5), D(2021, 7, 1)]  # type: ignore[type-var]


def test_csv_dates(session: sf.Session, tmp_path: object) -> None:
    path = tmp_path / "d.csv"  # type: ignore[operator]
    path.write_text("day,n\n2020-01-05,1\n2020-03-01,2\n")
    frame = session.read_csv(path, owner="clinic")
    assert frame["day"].dtype == Date() and frame["day"].max().reveal() == D(2020, 3, 1)


def test_bad_dates(session: sf.Session, visits: sf.SecretFrame) -> None:
    day = visits["day"]
    with pytest.raises(PlanError, match="'YYYY-MM-DD', got 'soon'"):
        day < "soon"  # noqa: B015
    with pytest.raises(PlanError, match="no time of day"):
        day < datetime.datetime(2020, 1, 1, 12)  # noqa: B015
    with pytest.raises(TypeMismatchError, match="make them the same type first"):
        day < 3  # noqa: B015
    with pytest.raises(TypeMismatchError, match="whole number of days"):
        day + 0.5
    with pytest.raises(TypeMismatchError, match="whole number of days"):
        day + day
    with pytest.raises(PlanError, match="whole days"):
        day + datetime.timedelta(hours=1)
    with pytest.raises(TypeMismatchError):
        day * 2
    with pytest.raises(TypeMismatchError, match="sum"):
        day.sum()
    with pytest.raises(RangeOverflowError):
        day + 10**8
    with pytest.raises(TypeMismatchError, match="range of column 'day'"):
        session.from_arrow(ROWS, owner="clinic", ranges={"day": ("spring", "autumn")})
