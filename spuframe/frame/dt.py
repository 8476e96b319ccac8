"""What ``series.dt`` gives: the parts of dates, points in time and durations, by pandas' names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar

from spuframe import expr as ex
from spuframe.dtypes import DType, Duration, Int, Timestamp
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.functions import calendar
from spuframe.expr.functions.conversion import convert
from spuframe.expr.functions.whole import nearest
from spuframe.frame import arguments
from spuframe.frame.missing import Secret


class Timed(Protocol):
    """What is asked of the column."""

    name: str

    @property
    def dtype(self) -> DType: ...

    def _apply(self, build: Callable[..., ex.Expr], *operands: object) -> Self: ...


C = TypeVar("C", bound=Timed)


@arguments.like_pandas
class Times(Secret, Generic[C]):
    """The parts of a secret column of dates, points in time or durations; each is a column of the same rows.

    Of a point in time with a zone they are those of its clock, as in pandas. What the owner can compute costs nothing; on shares a part takes
    quotients by constants, 11 to 70 rounds.
    """

    __slots__ = ("_column",)
    _what = "the .dt of a secret column"

    def __init__(self, column: C) -> None:
        if column.dtype.tick is None and column.dtype != Duration():
            told = f"column {column.name!r} is {column.dtype}, and .dt is of dates, points in time and durations"
            raise TypeMismatchError(f"{told}: .astype('timestamp') makes them of microseconds since 1970")
        self._column = column

    def _part(self, build: Callable[[object], ex.Expr]) -> C:
        return self._column._apply(build, self._column)

    @property
    def year(self) -> C:
        """The year."""
        return self._part(calendar.year)

    @property
    def month(self) -> C:
        """The month, from 1 to 12."""
        return self._part(calendar.month)

    @property
    def day(self) -> C:
        """The day of the month, from 1 to 31."""
        return self._part(calendar.day_of_month)

    @property
    def hour(self) -> C:
        """The hour, from 0 to 23."""
        return self._part(calendar.hour)

    @property
    def minute(self) -> C:
        """The minute, from 0 to 59."""
        return self._part(calendar.minute)

    @property
    def second(self) -> C:
        """The second, from 0 to 59."""
        return self._part(calendar.second)

    @property
    def microsecond(self) -> C:
        """The microsecond, from 0 to 999,999."""
        return self._part(calendar.microsecond)

    @property
    def weekday(self) -> C:
        """0 for Monday, ..., 6 for Sunday."""
        return self._part(calendar.weekday)

    dayofweek = day_of_week = weekday

    @property
    def dayofyear(self) -> C:
        """The day of the year, from 1 to 366."""
        return self._part(calendar.day_of_year)

    day_of_year = dayofyear

    @property
    def quarter(self) -> C:
        """The quarter of the year, from 1 to 4."""
        return self._part(calendar.quarter)

    @property
    def is_leap_year(self) -> C:
        """Whether the year has 366 days."""
        return self._part(calendar.is_leap_year)

    @property
    def is_month_start(self) -> C:
        """Whether it is the first day of a month."""
        return self._part(lambda e: ex.eq(calendar.day_of_month(e), 1))

    @property
    def is_month_end(self) -> C:
        """Whether it is the last day of a month."""
        return self._part(lambda e: ex.eq(calendar.day_of_month(e), calendar.days_in_month(e)))

    @property
    def is_year_start(self) -> C:
        """Whether it is the first day of a year."""
        return self._part(lambda e: ex.eq(calendar.day_of_year(e), 1))

    @property
    def is_year_end(self) -> C:
        """Whether it is the last day of a year."""
        return self._part(lambda e: ex.and_(ex.eq(calendar.month(e), 12), ex.eq(calendar.day_of_month(e), 31)))

    @property
    def days_in_month(self) -> C:
        """How many days the month has, from 28 to 31."""
        return self._part(calendar.days_in_month)

    daysinmonth = days_in_month

    @property
    def date(self) -> C:
        """The day, as a date."""
        return self._part(calendar.date)

    @property
    def tz(self) -> str | None:
        """The name of the zone, which is public; None without one."""
        dtype = self._column.dtype
        return dtype.zone if isinstance(dtype, Timestamp) else None

    # ---- durations -------------------------------------------------------------------------------------
    @property
    def days(self) -> C:
        """The days of a duration, rounded down."""
        return self._part(calendar.whole_days)

    @property
    def seconds(self) -> C:
        """The seconds of a duration beyond its whole days, from 0 to 86,399."""
        return self._part(calendar.seconds)

    @property
    def microseconds(self) -> C:
        """The microseconds of a duration beyond its whole seconds, from 0 to 999,999."""
        return self._part(calendar.microsecond)

    def total_seconds(self) -> C:
        """A duration in seconds, as a float."""
        return self._part(calendar.total_seconds)

    # ---- other points in time ----------------------------------------------------------------------------
    def normalize(self) -> C:
        """The midnight before."""
        return self.floor("D")

    def floor(self, freq: str) -> C:
        """Rounded down to whole days, hours, ... (``"D"``, ``"h"``, ``"min"``, ``"s"``, ``"ms"``, ``"us"``)."""
        return self._part(lambda e: calendar.rounded(e, freq))

    def ceil(self, freq: str) -> C:
        """Rounded up to whole days, hours, ..., as `floor`."""
        return self._part(lambda e: calendar.rounded(e, freq, calendar.up))

    def round(self, freq: str) -> C:
        """The nearest whole day, hour, ..., as `floor`; from half way the even one."""
        return self._part(lambda e: calendar.rounded(e, freq, nearest))

    def tz_convert(self, tz: Any) -> C:
        """The same points in time, shown in another zone; None: as of a clock of UTC, without a zone."""
        if self.tz is None:
            raise PlanError(f"column {self._column.name!r} has no zone: say first of which one its clock is, .dt.tz_localize('UTC')")
        if tz is None:
            return self._part(lambda e: convert(convert(ex.as_expr(e), Int(64)), Timestamp()))
        return self._part(lambda e: convert(ex.as_expr(e), _zone(tz)))

    def tz_localize(self, tz: Any) -> C:
        """What the clock shows without a zone, for None; else the points in time at which a clock of UTC, or of a fixed offset, shows it."""
        if tz is None:
            return self._part(lambda e: convert(calendar.clock(e), Timestamp()))
        if self.tz is not None:
            raise TypeMismatchError(f"column {self._column.name!r} has the zone {self.tz} already: .dt.tz_convert({str(tz)!r}) shows it in another")
        zone = _zone(tz)
        low, high = zone.bounds
        ahead, changes = zone.changes(low, high, 0)
        if changes is None:
            raise PlanError(f"the clock of {zone.zone} shows some points in time twice: localise it at the owner, or take a fixed offset such as '+01:00'")
        return self._part(lambda e: convert(ex.sub(calendar.clock(e), ahead), zone))


def _zone(tz: Any) -> Timestamp:
    """A zone by its name."""
    found = Timestamp(arguments.text(tz if isinstance(tz, str) else getattr(tz, "key", None) or str(tz), "tz"))
    found.clock  # noqa: B018  # that there is one
    return found
