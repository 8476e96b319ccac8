"""The parts of dates, points in time and durations are pandas', computed by the owner and on shares, within the century and beyond."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe import expr as ex
from spuframe.dtypes import Date, Field, Timestamp
from spuframe.errors import NotAvailableError, PlanError, TypeMismatchError
from spuframe.expr.functions import calendar

T = pd.Timestamp
OF_DAYS = ["year", "month", "day", "day_of_week", "day_of_year", "quarter", "is_leap_year", "is_month_start", "is_year_start"]
OF_DAYS += ["is_month_end", "is_year_end", "days_in_month"]
PARTS = [*OF_DAYS, "hour", "minute", "second", "microsecond"]
NEAR = ["1901-01-01", "1999-12-31 23:59:59.999999", "2000-02-29 12:30", "2000-03-01", "2024-12-31 00:00:01", "2023-01-01", "2099-12-31 23:00"]
FAR = ["0001-01-01", "9999-12-31 23:59:59.999999", "1900-02-28", "1900-03-01", "2100-02-28 01:02:03.000004", "2100-03-01", "2000-02-29", "1600-12-31"]


def table(texts: list[str], seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    when = np.array([np.datetime64(t) for t in texts], "datetime64[us]")
    low, high = when.min().astype(int), when.max().astype(int)
    when = np.concatenate([when, random.integers(low, high, 12).astype("datetime64[us]")])
    column = pd.Series(when).mask(random.random(len(when)) < 0.1)
    return pd.DataFrame({"id": range(len(when)), "when": column, "day": [None if pd.isna(v) else v.date() for v in column]})


@pytest.mark.parametrize(("texts", "place"), [(NEAR, "owner"), (NEAR, "shares"), (FAR, "owner"), pytest.param(FAR, "shares", marks=pytest.mark.slow)])
def test_parts_of_points_in_time(session: sf.Session, texts: list[str], place: str) -> None:
    own = table(texts, 7)
    ends = own["when"].min(), own["when"].max()
    frame = session.from_pandas(own, owner="clinic", ranges={"when": ends, "day": (ends[0].date(), ends[1].date())})
    frame = frame.persist() if place == "shares" else frame
    made = {p: getattr(frame["when"].dt, p) for p in PARTS} | {f"day {p}": getattr(frame["day"].dt, p) for p in OF_DAYS}
    seen = frame.assign(**made)[["id", *made]].reveal().sort_values("id").reset_index(drop=True)
    midnight = pd.to_datetime(own["day"].astype("datetime64[us]"))
    for column, prefix, parts in ((own["when"], "", PARTS), (midnight, "day ", OF_DAYS)):
        for part in parts:
            want = getattr(column.dt, part).where(column.notna()).astype("object").where(column.notna(), None).tolist()
            found = seen[prefix + part]
            assert found.astype("object").where(found.notna(), None).tolist() == want, prefix + part


def test_ranges_are_narrow() -> None:
    low, high = (Timestamp().constant(t) for t in ("2001-05-01", "2023-07-09 01:00"))
    when, of = ex.col(Field("when", Timestamp(), True, range=(low, high))), calendar
    found = {f.__name__: f(when).range for f in (of.year, of.month, of.day_of_month, of.hour, of.weekday, of.day_of_year)}
    assert found == {"year": (2001, 2023), "month": (1, 12), "day_of_month": (1, 31), "hour": (0, 23), "weekday": (0, 6), "day_of_year": (1, 366)}


def test_every_day_of_the_calendar() -> None:
    """In plain Python, exactly: the first and the last days, and those around all ends of years and Februaries."""
    years, ends = (*range(1, 2200), 2399, 2400, 2401, *range(9990, 10000)), ((1, 1), (2, 28), (3, 1), (7, 31), (12, 31))
    days = [datetime.date(y, m, d) for y in years for m, d in ends]
    whole, century = ex.col(Field("d", Date())), ex.col(Field("d", Date(), range=(Date.days("1901-01-01"), Date.days("2099-12-31"))))
    for e, chosen in ((whole, days), (century, [d for d in days if 1901 <= d.year <= 2099])):
        parts = [calendar.year(e), calendar.month(e), calendar.day_of_month(e), calendar.day_of_year(e), calendar.weekday(e)]
        for day in chosen[:: 1 if e is century else 7]:
            row = {"d": Date.days(day)}
            want = [day.year, day.month, day.day, day.timetuple().tm_yday, day.weekday()]
            assert [ex.evaluate(p, row) for p in parts] == want, day


def test_zones(session: sf.Session) -> None:
    texts = ["2024-03-31 00:59:59.999999", "2024-03-31 01:00", "2024-10-27 00:59", "2024-10-27 01:00", "2024-07-01 22:30", "2024-12-31 23:30"]
    own = pd.DataFrame({"id": range(6), "utc": pd.to_datetime(texts, format="ISO8601").tz_localize("UTC")})
    own["berlin"], own["india"] = own["utc"].dt.tz_convert("Europe/Berlin"), own["utc"].dt.tz_convert("+05:30")
    ends = {c: (own[c].min(), own[c].max()) for c in ("utc", "berlin", "india")}
    frame = session.from_pandas(own, owner="clinic", ranges=ends).persist()
    made = {f"{c} {p}": getattr(frame[c].dt, p) for c in ends for p in ("year", "month", "day", "hour", "minute")}
    made |= {"local": frame["berlin"].dt.tz_localize(None), "tokyo": frame["berlin"].dt.tz_convert("Asia/Tokyo"), "bare": frame["utc"].dt.tz_convert(None)}
    made["again"] = made["local"].dt.tz_localize("+02:00")
    seen = frame.assign(**made)[["id", *made]].reveal().sort_values("id").reset_index(drop=True)
    for c in ends:
        for p in ("year", "month", "day", "hour", "minute"):
            assert seen[f"{c} {p}"].tolist() == getattr(own[c].dt, p).tolist(), (c, p)
    assert seen["local"].tolist() == own["berlin"].dt.tz_localize(None).tolist() and seen["bare"].tolist() == own["utc"].dt.tz_convert(None).tolist()
    assert seen["tokyo"].tolist() == own["berlin"].dt.tz_convert("Asia/Tokyo").tolist() and str(seen["tokyo"].dtype) == "datetime64[us, Asia/Tokyo]"
    assert seen["again"].tolist() == own["berlin"].dt.tz_localize(None).dt.tz_localize("+02:00").tolist()
    assert frame["berlin"].dt.tz == "Europe/Berlin" and frame["berlin"].dt.tz_localize(None).dt.tz is None


def test_durations_and_rounding(session: sf.Session) -> None:
    took = pd.to_timedelta(["1 days 02:03:04.000005", "-1us", None, "0s", "-3 days 00:00:01", "400 days"])
    texts = ["2020-02-29 23:59:59.999999", "2020-03-01", None, "1950-07-01 12:00:00.000001", "2020-03-01 01:00", "1969-12-31 23:00"]
    when = pd.to_datetime(texts, format="ISO8601")
    own = pd.DataFrame({"id": range(6), "took": took, "when": when})
    frame = session.from_pandas(own, owner="clinic", ranges={"took": (took.min(), took.max()), "when": (when.min(), when.max())}).persist()
    (d, w), (a, b) = (frame["took"].dt, frame["when"].dt), (own["took"].dt, own["when"].dt)
    made: dict[str, tuple[Any, Any]] = {
        "days": (d.days, a.days), "seconds": (d.seconds, a.seconds), "us": (d.microseconds, a.microseconds), "down": (d.floor("h"), a.floor("h")),
        "up": (d.ceil("D"), a.ceil("D")), "normal": (w.normalize(), b.normalize()), "hours": (w.floor("h"), b.floor("h")),
        "next": (w.ceil("min"), b.ceil("min")), "ms": (w.floor("ms"), b.floor("ms")), "date": (w.date, b.date),
    }  # fmt: skip
    seen = frame.assign(total=d.total_seconds(), **{k: c for k, (c, _) in made.items()})
    seen = seen[["id", "total", *made]].reveal().sort_values("id").reset_index(drop=True)
    for name, (_, want) in made.items():
        found = seen[name]
        assert found.astype("object").where(found.notna(), None).tolist() == want.astype("object").where(want.notna(), None).tolist(), name
    np.testing.assert_allclose(seen["total"], own["took"].dt.total_seconds(), rtol=2**-28, atol=1e-6)


def test_group_by_a_part(session: sf.Session) -> None:
    own = table(NEAR, 3).dropna()
    frame = session.from_pandas(own, owner="clinic", ranges={"when": (own["when"].min(), own["when"].max())})
    counts = frame.assign(year=frame["when"].dt.year).groupby("year").agg(n=("id", "count"), last=("when", "max")).reveal().sort_values("year")
    want = own.assign(year=own["when"].dt.year).groupby("year").agg(n=("id", "count"), last=("when", "max")).reset_index()
    assert all(counts[c].tolist() == want[c].tolist() for c in ("year", "n", "last"))


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_what_is_refused(session: sf.Session) -> None:
    own = pd.DataFrame({"n": [1], "when": pd.to_datetime(["2020-01-01"]), "took": pd.to_timedelta(["1h"]), "day": [datetime.date(2020, 1, 1)]})
    own["berlin"] = own["when"].dt.tz_localize("Europe/Berlin")
    frame = session.from_pandas(own, owner="clinic")
    wide = session.from_pandas(own, owner="clinic", ranges={"berlin": (T("1850-01-01", tz="UTC"), T("2150-01-01", tz="UTC"))})
    for wrong, told in (
        (lambda: frame["n"].dt, "is int64, and .dt is of dates"), (lambda: frame["took"].dt.year, "no point in time"),
        (lambda: frame["when"].dt.days, "no duration"),
        (lambda: frame["day"].dt.hour, "no time of day"), (lambda: frame["berlin"].dt.floor("D"), "tz_localize"),
        (lambda: frame["berlin"].dt.tz_localize("UTC"), "has the zone Europe/Berlin already"),
    ):  # fmt: skip
        with pytest.raises(TypeMismatchError, match=told):
            wrong()
    for wrong, told in (
        (lambda: frame["when"].dt.floor("5min"), "must be one of D, h"), (lambda: frame["when"].dt.tz_convert("UTC"), "has no zone"),
        (lambda: frame["when"].dt.tz_localize("Europe/Berlin"), "twice"), (lambda: frame["berlin"].dt.tz_convert("Atlantis/Deep"), "no zone 'Atlantis"),
        (lambda: wide["berlin"].dt.hour, "more than 256"),
    ):  # fmt: skip
        with pytest.raises(PlanError, match=told):
            wrong()
    with pytest.raises(NotAvailableError, match="total_seconds"):
        frame["when"].dt.strftime  # noqa: B018
    with pytest.raises(NotAvailableError, match="did you mean"):
        frame["when"].dt.yeer  # noqa: B018


def test_query_and_eval_read_parts(session: sf.Session) -> None:
    own = table(NEAR, 5)
    frame = session.from_pandas(own, owner="clinic")
    for text in ("when.dt.year >= 2000 and when.dt.hour < 12", "when.dt.floor('D') == when", "(when.dt.normalize() - when).dt.total_seconds() < -3600"):
        assert sorted(frame.query(text)["id"].reveal()) == own.query(text, engine="python")["id"].tolist(), text
    assert frame.eval("when.dt.month").field.range == (1, 12)
    for wrong in ("when.dt", "when.year", "when.dt.strftime('%Y')", "(1).dt.year", "when.dt.__class__"):
        with pytest.raises(PlanError, match="cannot stand in an expression"):
            frame.query(wrong)
