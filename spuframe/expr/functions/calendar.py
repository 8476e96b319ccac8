"""Parts of dates, points in time and durations: year, month, hour, the midnight before; exact, made of whole quotients by constants.

The calendar is computed as by Neri and Schneider (Euclidean affine functions and their application to calendar algorithms, 2023): years begin with
March, so that the leap day is the last. Between 1901 and 2099, if the public range says so, every fourth year is a leap year, which saves two quotients.

>>> import datetime
>>> from spuframe.expr import evaluate, lit
>>> day = lit(datetime.date(2024, 2, 29))
>>> [evaluate(part(day), {}) for part in (year, month, day_of_month, weekday, day_of_year, quarter)]
[2024, 2, 29, 3, 60, 1]
"""

from __future__ import annotations

from collections.abc import Callable

from spuframe.dtypes import DAY, Date, Duration, Int, Timestamp
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr, as_expr, bounds_of, lit
from spuframe.expr.functions.arithmetic import add, div, mul, neg, sub
from spuframe.expr.functions.bitwise import shift_right
from spuframe.expr.functions.bounds import clip
from spuframe.expr.functions.common import describe
from spuframe.expr.functions.comparison import eq, ge, gt, ne
from spuframe.expr.functions.conditional import is_null, where
from spuframe.expr.functions.conversion import convert
from spuframe.expr.functions.logic import and_, or_
from spuframe.expr.functions.membership import isin
from spuframe.expr.functions.whole import floordiv, mod

__all__ = [
    "year", "month", "day_of_month", "day_of_year", "weekday", "quarter", "is_leap_year", "days_in_month", "hour", "minute", "second", "microsecond",
    "date", "rounded", "whole_days", "seconds", "total_seconds",
]  # fmt: skip

SECOND = 1_000_000
"""Microseconds."""
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
FREQUENCIES = {"D": DAY, "h": HOUR, "min": MINUTE, "s": SECOND, "ms": 1000, "us": 1}
"""Microseconds of pandas' units."""
MOST_CHANGES = 256
"""How often the clock of a zone may change within the public range of a column: each change is a comparison, free at the owner and dear on shares."""
_FOUR = Date.days("1901-01-01"), Date.days("2099-12-31")
_MARCH = Date.days("1900-03-01"), Date.days("2099-12-31")
_ZERO = 719_468
"""Days from March 1 of the year 0 to 1970."""


def clock(operand: object) -> Expr:
    """The microseconds since 1970-01-01 that the clock of its zone shows, at a point in time or at the midnight that a date begins with."""
    e = as_expr(operand)
    tick, dtype = e.dtype.tick, e.dtype
    if tick is None:
        raise TypeMismatchError(f"{describe(e)} is no point in time: it needs a timestamp or a date")
    count = convert(e, Int(64))
    if not isinstance(dtype, Timestamp) or dtype.zone is None:
        return mul(count, tick) if tick > 1 else count
    low, high = bounds_of(e)
    first, changes = dtype.changes(int(low), int(high), MOST_CHANGES)
    if changes is None:
        raise PlanError(
            f"the clock of {dtype.zone} changes more than {MOST_CHANGES} times between {dtype.bound(low)} and {dtype.bound(high)}, which {str(e)!r} may "
            "reach: .clip(low, high) it, or take UTC, .dt.tz_convert('UTC')"
        )
    shown = add(count, first) if first else count
    for at, by in changes:
        shown = add(shown, where(ge(count, at), by, 0))
    return shown


def days(operand: object) -> Expr:
    """The days since 1970-01-01, on the clock of its zone."""
    e = as_expr(operand)
    return convert(e, Int(64)) if e.dtype.tick == DAY else floordiv(clock(e), DAY)


def _within(e: Expr, bounds: tuple[int, int]) -> bool:
    low, high = bounds_of(e)
    return bounds[0] <= low and high <= bounds[1]


def _march(number: Expr) -> tuple[Expr | None, Expr, Expr]:
    """Of days since 1970: the century, or None for the twentieth, and of years that begin with March the one in it and the day in that, from 0."""
    if _within(number, _MARCH):
        century, quarters = None, add(mul(sub(number, _MARCH[0]), 4), 3)
    else:
        quarters = add(mul(add(number, _ZERO), 4), 3)
        century, quarters = floordiv(quarters, 146_097), add(mul(shift_right(mod(quarters, 146_097), 2), 4), 3)
    return century, floordiv(quarters, 1461), shift_right(mod(quarters, 1461), 2)


def year(operand: object) -> Expr:
    """The year."""
    number = days(operand)
    if _within(number, _FOUR):
        return add(floordiv(add(mul(sub(number, _FOUR[0]), 4), 3), 1461), 1901)
    century, past, of_year = _march(number)
    before = add(past, 1900) if century is None else add(mul(century, 100), past)
    return add(before, where(ge(of_year, 306), 1, 0))


def _month_from_march(of_year: Expr) -> Expr:
    """3 for March, ..., 14 for February."""
    return shift_right(add(mul(of_year, 2141), 197_913), 16)


def month(operand: object) -> Expr:
    """The month, from 1 to 12."""
    found = _month_from_march(_march(days(operand))[2])
    return clip(where(gt(found, 12), sub(found, 12), found), 1, 12)


def day_of_month(operand: object) -> Expr:
    """The day of the month, from 1 to 31."""
    of_year = _march(days(operand))[2]
    before = shift_right(sub(mul(_month_from_march(of_year), 979), 2919), 5)
    return clip(add(sub(of_year, before), 1), 1, 31)


def day_of_year(operand: object) -> Expr:
    """The day of the year, from 1 to 366."""
    number = days(operand)
    if _within(number, _FOUR):
        return add(shift_right(mod(add(mul(sub(number, _FOUR[0]), 4), 3), 1461), 2), 1)
    past = sub(year(operand), 1)
    leaps = add(sub(floordiv(past, 4), floordiv(past, 100)), floordiv(past, 400))
    first = sub(add(mul(past, 365), leaps), 719_162)
    return clip(add(sub(number, first), 1), 1, 366)


def weekday(operand: object) -> Expr:
    """0 for Monday, ..., 6 for Sunday."""
    return mod(add(days(operand), 3), 7)


def quarter(operand: object) -> Expr:
    """The quarter of the year, from 1 to 4."""
    return floordiv(add(month(operand), 2), 3)


def is_leap_year(operand: object) -> Expr:
    """Whether its year has 366 days."""
    number, found = days(operand), year(operand)
    fourth = eq(mod(found, 4), 0)
    return fourth if _within(number, _FOUR) else and_(fourth, or_(ne(mod(found, 100), 0), eq(mod(found, 400), 0)))


def days_in_month(operand: object) -> Expr:
    """How many days its month has, from 28 to 31."""
    found = month(operand)
    made = where(eq(found, 2), where(is_leap_year(operand), 29, 28), where(isin(found, (4, 6, 9, 11)), 30, 31))
    return where(is_null(found), None, made) if found.nullable else made


def _part(operand: object, whole: int, unit: int) -> Expr:
    """How many units of microseconds are in what is left of whole ones."""
    rest = mod(_moment(operand), whole)
    return floordiv(rest, unit) if unit > 1 else rest


def _moment(operand: object) -> Expr:
    """Microseconds, of a duration or on a clock."""
    e = as_expr(operand)
    if e.dtype.tick == DAY:
        raise TypeMismatchError(f"{describe(e)} has no time of day: it needs a timestamp")
    return convert(e, Int(64)) if e.dtype == Duration() else clock(e)


def hour(operand: object) -> Expr:
    """The hour, from 0 to 23."""
    return _part(operand, DAY, HOUR)


def minute(operand: object) -> Expr:
    """The minute, from 0 to 59."""
    return _part(operand, HOUR, MINUTE)


def second(operand: object) -> Expr:
    """The second, from 0 to 59."""
    return _part(operand, MINUTE, SECOND)


def microsecond(operand: object) -> Expr:
    """The microsecond, from 0 to 999,999."""
    return _part(operand, SECOND, 1)


def date(operand: object) -> Expr:
    """The day, as a date."""
    return convert(days(operand), Date())


def down(count: Expr, unit: int) -> Expr:
    """How many units there are, rounded down."""
    return floordiv(count, unit)


def up(count: Expr, unit: int) -> Expr:
    """How many units there are, rounded up."""
    return neg(floordiv(neg(count), unit))


def rounded(operand: object, frequency: str, count_of: Callable[[Expr, int], Expr] = down) -> Expr:
    """The point in time, or duration, that is a whole number of units of pandas' ``frequency``: as many as `down`, `up` or `nearest` says."""
    e = as_expr(operand)
    unit = FREQUENCIES.get(frequency)
    if unit is None:
        raise PlanError(f"`freq` must be one of {', '.join(FREQUENCIES)}, got {frequency!r}")
    if isinstance(e.dtype, Timestamp) and e.dtype.zone is not None:
        raise TypeMismatchError(f"{describe(e)} has a zone, whose days are not all of 24 hours: .dt.tz_localize(None) takes its clock first")
    count = _moment(e)
    return convert(mul(count_of(count, unit), unit), e.dtype)


# ---- durations ------------------------------------------------------------------------------------------
def _duration(operand: object) -> Expr:
    e = as_expr(operand)
    if e.dtype != Duration():
        raise TypeMismatchError(f"{describe(e)} is no duration: subtract two points in time first")
    return e


def whole_days(operand: object) -> Expr:
    """The days of a duration, rounded down."""
    return floordiv(convert(_duration(operand), Int(64)), DAY)


def seconds(operand: object) -> Expr:
    """The seconds of a duration beyond its whole days, from 0 to 86,399."""
    return _part(_duration(operand), DAY, SECOND)


def total_seconds(operand: object) -> Expr:
    """A duration in seconds, as a float."""
    return div(_duration(operand), lit(SECOND, Duration()))
