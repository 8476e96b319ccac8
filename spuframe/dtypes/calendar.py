"""Days."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from spuframe.dtypes.measure import Whole
from spuframe.errors import PlanError

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class Date(Whole):
    """Days of the proleptic Gregorian calendar, from year 1 to 9999; counted from 1970-01-01, also in ranges and literals of plans.

    Shares count from 2000-01-01 (`ORIGIN`), so that the dates from 1955 to 2044 fit the ring of 16 bits.
    """

    ORIGIN: ClassVar[int] = 10957

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
                return (datetime.date.fromisoformat(value) - EPOCH).days
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

    @property
    def arrow(self) -> pa.DataType:
        import pyarrow as pa

        return pa.date32()

    def constant(self, value: Any) -> Any:
        return None if value is None else self.days(value)

    def shown(self, value: Any) -> str:
        return str(self.day(int(value)))

    bound = shown
