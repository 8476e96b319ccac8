"""Days, points in time and the time between them."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.base import DType
from spuframe.dtypes.measure import INT_LIMIT, Int, Whole
from spuframe.dtypes.rows import refuse
from spuframe.errors import PlanError, SchemaError, TypeMismatchError

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = datetime.date(1970, 1, 1)
MIDNIGHT = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds of a day."""
UNITS = ("", "[s]", "[ms]", "[us]", "[ns]")
"""As NumPy writes the units of times."""
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,63}|[+-]\d\d:\d\d")


def _microseconds(name: str, column: Any, dtype: Whole, far: str) -> Any:
    """A column of times in microseconds; ``far`` says what those are that the type does not hold."""
    import pyarrow as pa
    import pyarrow.compute as pc

    unit, units, (least, most) = column.type.unit, column.cast(pa.int64()), dtype.bounds
    if unit == "ns":
        whole = pc.multiply(pc.divide(units, 1000), 1000)
        refuse(name, pc.not_equal(whole, units), "finer than a microsecond", "Round them, .dt.round('us') in pandas")
        units = pc.divide(units, 1000)
    else:
        times = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
        outside = pc.or_(pc.less(units, -(-least // times)), pc.greater(units, most // times))
        refuse(name, outside, far, "Leave the column out")
        units = pc.multiply(units, times)
    return units.cast(dtype.arrow)


@dataclass(frozen=True, eq=False)
class Date(Whole):
    """Days of the proleptic Gregorian calendar, from year 1 to 9999; counted from 1970-01-01, also in ranges and literals of plans.

    Shares count from 2000-01-01 (`ORIGIN`), so that the dates from 1955 to 2044 fit the ring of 16 bits.
    """

    CONSTANTS: ClassVar[tuple[type, ...]] = (datetime.date,)

    ORIGIN: ClassVar[int] = 10957

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not pa.types.is_date(column.type):
            return None
        if not pa.types.is_date32(column.type):
            days = column.cast(pa.date32(), safe=False)
            refuse(name, pc.not_equal(days.cast(column.type), column), "dates with a time of day", "Make them timestamps", TypeMismatchError)
            column = days
        least, most = cls().bounds
        days = column.cast(pa.int32())
        refuse(name, pc.or_(pc.less(days, least), pc.greater(days, most)), "not between the years 1 and 9999", "Leave the column out")
        return column, cls()

    @classmethod
    def plain(cls, value: Any) -> str:
        return str(value.isoformat())

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last day."""
        return ((datetime.date.min - EPOCH).days, (datetime.date.max - EPOCH).days)

    @staticmethod
    def days(value: object) -> int:
        """The number of a day given as a date, a datetime at midnight, an ISO string or a number of days.

        >>> Date.days("2020-02-29"), Date.days(datetime.date(1970, 1, 2))
        (18321, 1)
        """
        if isinstance(value, str):
            try:
                value = datetime.datetime.fromisoformat(value)
            except ValueError:
                raise PlanError(f"a date must be given as 'YYYY-MM-DD', got {value!r}") from None
        if isinstance(value, datetime.datetime):
            if value.tzinfo is not None or value.time() != datetime.time():
                raise PlanError(f"a date has no time of day and no zone, got {value!s}: use .date()")
            value = value.date()
        if isinstance(value, datetime.date):
            return (value - EPOCH).days
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise PlanError(f"a date must be a datetime.date or a string 'YYYY-MM-DD', got {type(value).__name__}")

    @staticmethod
    def day(days: int) -> datetime.date:
        """The date of a number of days.

        >>> Date.day(18321)
        datetime.date(2020, 2, 29)
        """
        return EPOCH + datetime.timedelta(days=days)

    def plus(self, other: DType) -> DType | None:
        return self if isinstance(other, Int) else None

    def minus(self, other: DType) -> DType | None:
        return Int(64) if self == other else self.plus(other)

    @property
    def tick(self) -> int:
        return DAY

    def moved_by(self, other: DType) -> DType:
        """By durations as its midnight."""
        return Timestamp() if isinstance(other, Duration) else self

    def factor(self, source: DType) -> int | None:
        return 1 if isinstance(source, Int | Date) else None

    def moving(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A duration of whole days as their number."""
        if not isinstance(dtype, Duration):
            return self.adopted(value, dtype)
        if value % DAY:
            told = f"dates move by whole days, got {dtype.shown(value)}"
            raise PlanError(f"{told}: give a number of days, or take the dates as points in time, .astype('timestamp')")
        return Int(64), value // DAY

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A string, a point in time at midnight; a number stays one, of days."""
        if isinstance(value, str):
            return self, self.days(value)
        if isinstance(dtype, Timestamp):
            if dtype.zone is not None or value % DAY:
                raise PlanError(f"a date has no time of day and no zone, got {dtype.shown(value)}: use .date()")
            return self, value // DAY
        return None

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.date32()

    def numbers(self, array: Any, name: str = "") -> Any:
        import pyarrow as pa

        return array.cast(pa.int32()).cast(self.held)

    def valued(self, array: Any) -> Any:
        import pyarrow as pa

        return array.cast(pa.int32()).cast(self.arrow)

    def constant(self, value: Any) -> Any:
        return None if value is None else self.days(value)

    def shown(self, value: Any) -> str:
        low, high = self.bounds
        return str(self.day(int(value))) if low <= value <= high else f"day {value}"

    bound = shown


@dataclass(frozen=True, eq=False)
class Duration(Whole):
    """Microseconds between two points in time, as pandas' ``timedelta64[us]``; below 2^62 in magnitude, which are 146,000 years."""

    NICKNAMES: ClassVar[Mapping[str, str]] = {f"timedelta64{unit}": "duration" for unit in UNITS}
    CONSTANTS: ClassVar[tuple[type, ...]] = (datetime.timedelta,)

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        import pyarrow as pa

        return (_microseconds(name, column, cls(), "of 146,000 years and more"), cls()) if pa.types.is_duration(column.type) else None

    @classmethod
    def plain(cls, value: Any) -> int:
        return int(value // MICROSECOND)

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("timedelta",)

    @property
    def bounds(self) -> tuple[int, int]:
        return -INT_LIMIT + 1, INT_LIMIT - 1

    @property
    def family(self) -> tuple[str, ...]:
        return ("duration", "timedelta64[us]")

    @property
    def adds(self) -> bool:
        return True

    def summed(self, low: float, high: float, known: bool = True) -> Duration:
        return self

    def plus(self, other: DType) -> DType | None:
        return self if self == other else None

    minus = plus

    def times(self, other: DType) -> DType | None:
        return self if isinstance(other, Int) else None

    def factor(self, source: DType) -> int | None:
        return 1 if isinstance(source, Int | Duration) else None

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        return (self, value) if self == dtype else None

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.duration("us")

    def constant(self, value: Any) -> Any:
        """The microseconds of a `datetime.timedelta`, or a number of them.

        >>> Duration().constant(datetime.timedelta(seconds=2))
        2000000
        """
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, datetime.timedelta):
            if getattr(value, "nanoseconds", 0):  # of pandas
                raise PlanError(f"durations are whole microseconds here, got {value!s}: round it, .round('us')")
            return value // MICROSECOND
        raise PlanError(f"a duration must be a datetime.timedelta, got {type(value).__name__}")

    def shown(self, value: Any) -> str:
        sign = "-" if value < 0 else ""
        days, rest = divmod(abs(int(value)), DAY)
        time = str(datetime.timedelta(microseconds=rest))
        return f"{sign}{days} days {time}" if days else f"{sign}{time}"

    bound = shown


@dataclass(frozen=True, eq=False)
class Timestamp(Whole):
    """Microseconds since 1970-01-01, from year 1 to 9999, as pandas' ``datetime64[us]``: of a clock without a zone, or of UTC and shown in a zone.

    Parameters
    ----------
    zone : str or None
        Its name, such as "Europe/Berlin" or "+01:00"; None: no zone, and nothing is said of which moments these are.
    """

    NICKNAMES: ClassVar[Mapping[str, str]] = {f"datetime64{unit}": "timestamp" for unit in UNITS}
    CONSTANTS: ClassVar[tuple[type, ...]] = (datetime.datetime,)
    HOW: ClassVar[str] = "timestamp, timestamp[zone]"

    zone: str | None = None

    @classmethod
    def named(cls, head: str, inside: str | None) -> Timestamp | None:
        return cls(inside) if head == "timestamp" else None

    @classmethod
    def nicknamed(cls, name: str) -> str | None:
        zoned = re.fullmatch(r"datetime64\[[mnu]?s, (.{1,64})\]", name)
        return f"timestamp[{zoned[1]}]" if zoned else cls.NICKNAMES.get(name)

    @classmethod
    def read(cls, name: str, column: Any) -> tuple[Any, DType] | None:
        """Of a zone that there is, so that nobody who reveals them finds that there is none."""
        import pyarrow as pa

        if not pa.types.is_timestamp(column.type):
            return None
        dtype = cls(column.type.tz)
        try:
            dtype.clock  # noqa: B018
        except PlanError as error:
            raise TypeMismatchError(f"column {name!r}: {error}") from None
        return _microseconds(name, column, dtype, "not between the years 1 and 9999"), dtype

    @classmethod
    def literal(cls, value: Any) -> tuple[DType, Any]:
        found = cls(None if value.tzinfo is None else "UTC")
        return found, found.constant(value)

    @classmethod
    def plain(cls, value: Any) -> str:
        return str(value.isoformat())

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("datetime",) if self.zone is None else ("datetimetz",)

    def __post_init__(self) -> None:
        if self.zone is not None and not _ZONE.fullmatch(self.zone):
            raise SchemaError(f"a zone is a name such as 'Europe/Berlin' or an offset such as '+01:00', got {self.zone[:40]!r}")

    @property
    def name(self) -> str:
        return "timestamp" if self.zone is None else f"timestamp[{self.zone}]"

    @property
    def family(self) -> tuple[str, ...]:
        return (self.name, "datetime64[us]" if self.zone is None else f"datetime64[us, {self.zone}]")

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last microsecond."""
        low, high = Date().bounds
        return low * DAY, (high + 1) * DAY - 1

    @property
    def clock(self) -> datetime.tzinfo | None:
        """The zone as Python knows it.

        Raises
        ------
        PlanError
            There is no such zone on this machine.
        """
        offset = _OFFSET.fullmatch(self.zone or "")
        if offset:
            return datetime.timezone(datetime.timedelta(hours=int(offset[1] + offset[2]), minutes=int(offset[1] + offset[3])))
        try:
            return None if self.zone is None else zoneinfo.ZoneInfo(self.zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise PlanError(f"there is no zone {self.zone!r} on this machine: convert it to 'UTC', or install the package tzdata") from None

    @property
    def tick(self) -> int:
        return 1

    def changes(self, low: int, high: int, most: int) -> tuple[int, list[tuple[int, int]] | None]:
        """How far the clock is ahead of UTC at ``low``, and every change until ``high``: when, and by how much; None for more than ``most``.

        >>> Timestamp("Europe/Berlin").changes(*map(Timestamp("UTC").constant, ("2024-01-01", "2024-06-01")), 2)
        (3600000000, [(1711846800000000, 3600000000)])
        """
        zone = self.clock
        if zone is None or zone.utcoffset(None) is not None:  # the same at all times
            return 0 if zone is None else (zone.utcoffset(None) or MICROSECOND * 0) // MICROSECOND, []

        first_shown, last = self.bounds

        def ahead(at: int) -> int:
            known = min(max(at, first_shown + 2 * DAY), last - 2 * DAY)  # datetime ends with the year 9999 of UTC
            moment = (MIDNIGHT + datetime.timedelta(microseconds=known)).replace(tzinfo=datetime.UTC)
            return (moment.astimezone(zone).utcoffset() or MICROSECOND * 0) // MICROSECOND

        found: list[tuple[int, int]] = []
        first = now = ahead(low)
        at = low
        while at < high:
            following = min(at + 7 * DAY, high)  # no zone changes back within a week
            then = ahead(following)
            if then != now:
                if len(found) == most:
                    return first, None
                before, after = at, following
                while after - before > 1:
                    middle = (before + after) // 2
                    before, after = (middle, after) if ahead(middle) == now else (before, middle)
                found.append((after, ahead(after) - now))
                now, following = ahead(after), after
            at = following
        return first, found

    def like(self, other: DType) -> bool:
        """Points of UTC are compared, whatever zones they are shown in."""
        return isinstance(other, Timestamp) and (self.zone is None) == (other.zone is None)

    def united(self, other: DType) -> DType | None:
        return self if self == other else Timestamp("UTC") if self.like(other) else None

    def wider(self, other: DType) -> DType | None:
        return self if isinstance(other, Date) and self.zone is None else self.united(other)

    def plus(self, other: DType) -> DType | None:
        return self if isinstance(other, Duration) else None

    def minus(self, other: DType) -> DType | None:
        return Duration() if self.like(other) else self.plus(other)

    def factor(self, source: DType) -> int | None:
        """Days begin at midnight; a clock without a zone may be said to be UTC."""
        if isinstance(source, Date):
            return DAY if self.zone is None else None
        return 1 if isinstance(source, Int) or self.like(source) or (source == Timestamp() and self.zone == "UTC") else None

    def adopted(self, value: Any, dtype: DType) -> tuple[DType, Any] | None:
        """A string, of the zone's own clock unless it says otherwise; a day for its midnight there; a point in time of as much of a zone."""
        if isinstance(value, str):
            return self, self.constant(value)
        if isinstance(dtype, Date):
            return self, self.constant(dtype.shown(value))
        if isinstance(dtype, Timestamp):
            self._check_zone(dtype.shown(value), dtype.zone is not None)
            return self, value
        return None

    def _check_zone(self, value: object, zoned: bool) -> None:
        if zoned != (self.zone is not None):
            told = "has a zone, and the column none" if zoned else "has no zone, and the column one"
            raise TypeMismatchError(f"the point in time {value!s} {told}: give both one, or none, .tz_localize(...) in pandas")

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.timestamp("us", self.zone)

    def constant(self, value: Any) -> Any:
        """The microseconds of a `datetime.datetime`, an ISO string, a date, or a number of them.

        >>> Timestamp().constant("1970-01-02 00:00:01"), Timestamp("+01:00").constant("1970-01-01T01:00"), Timestamp().constant(5)
        (86401000000, 0, 5)
        """
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, str):
            try:
                value = datetime.datetime.fromisoformat(value)
            except ValueError:
                raise PlanError(f"a point in time must be given as 'YYYY-MM-DD HH:MM:SS', got {value!r}") from None
            if value.tzinfo is None and self.zone is not None:
                value = value.replace(tzinfo=self.clock)
        elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day, tzinfo=self.clock)
        if not isinstance(value, datetime.datetime):
            raise PlanError(f"a point in time must be a datetime.datetime or a string 'YYYY-MM-DD HH:MM:SS', got {type(value).__name__}")
        if getattr(value, "nanosecond", 0):  # of pandas
            raise PlanError(f"points in time are whole microseconds here, got {value!s}: round it, .round('us')")
        self._check_zone(value, value.tzinfo is not None)
        return (value - MIDNIGHT.replace(tzinfo=value.tzinfo and datetime.UTC)) // MICROSECOND

    def shown(self, value: Any) -> str:
        low, high = self.bounds
        if not low <= value <= high:
            return f"microsecond {value}"
        value = MIDNIGHT + datetime.timedelta(microseconds=int(value))
        return str(value) if self.zone is None else f"{value}+00:00"

    bound = shown
