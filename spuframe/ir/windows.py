"""What rows get of the rows above them: which functions there are, and what each gives.

>>> from spuframe.dtypes import Int
>>> cost = Field("cost", Int(64), range=(0, 9))
>>> Window("so far", "sum", 0, None, "cost").result(cost, 100, frozenset()).range
(0, 900)
>>> Window("of three", "sum", 0, 3, "cost").result(cost, 100, frozenset()).range
(0, 27)
"""

from __future__ import annotations

from typing import NamedTuple

from spuframe.dtypes import SECRET, Field, Int
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import col
from spuframe.expr.functions.common import checked
from spuframe.ir.rings import summing

FUNCTIONS = ("sum", "count", "max", "min", "shift", "dense")


class Window(NamedTuple):
    """One value a row, of the rows of its group in their order.

    Parameters
    ----------
    name : str
        The new column's.
    function : str
        "sum", "count", "max" and "min" are of the values that are there: of no value the sum is 0, the largest the least that the column's range
        has, the smallest the greatest. "count" without a column counts rows. "shift" is the value ``span`` rows above (below if negative), null
        without such a row. "dense" counts the different combinations of all columns that the rows are sorted by.
    level : int
        How many of the columns that the rows are sorted by make a group: its rows have equal ones, nulls are equal.
    span : int or None
        None: the row and all above it; 0: all rows of the group; else so many rows, the row itself the last.
    column : str or None
        What is taken.
    """

    name: str
    function: str
    level: int
    span: int | None
    column: str | None

    @property
    def reads(self) -> frozenset[str]:
        """The columns whose values it takes."""
        return frozenset(() if self.column is None else (self.column,))

    def checked(self, by: int) -> Window:
        """The same, if rows sorted by so many columns have it.

        Raises
        ------
        PlanError
            They have not.
        """
        whole, given = self.function in ("sum", "count", "dense"), self.column is not None
        if self.function not in FUNCTIONS:
            raise PlanError(f"rows have no function {self.function[:40]!r} of those above: there are {', '.join(FUNCTIONS)}")
        if given if self.function == "dense" else not given and self.function != "count":
            raise PlanError(f"{self.function} of {'a' if given else 'no'} column is nothing that rows have: lower the plan again")
        if not 0 <= self.level <= by or (self.function == "dense" and by == 0):
            raise PlanError(f"groups are made by 0 to {by} columns, got {self.level}: lower the plan again")
        wrong = self.span is None if self.function == "shift" else self.span is not None and (self.span < 0 or (self.span == 0 and not whole))
        if wrong or (self.function == "dense" and self.span not in (None, 0)):
            raise PlanError(f"{self.function} is not of {self.span} rows: lower the plan again")
        return self

    def rows(self, rows: int) -> int:
        """Of how many rows it is at most, of a table of so many."""
        return rows if not self.span else min(abs(self.span), rows)

    def result(self, source: Field | None, rows: int, by: frozenset[str]) -> Field:
        """The new column; ``by``: who has a part in the order of the rows.

        Raises
        ------
        TypeMismatchError, RangeOverflowError
            The column's type has no such values, or none that holds them.
        """
        most = self.rows(rows)
        if source is None or self.function == "count":
            owners = by if source is None else by | source.owners
            return Field(self.name, Int(64), False, SECRET, (0, most), owners)
        owners = by | source.owners
        if self.function == "shift":
            return Field(self.name, source.dtype, True, SECRET, source.range, owners)
        if self.function == "sum":
            if not source.dtype.adds:
                raise TypeMismatchError(f"cannot take the cumsum of {source.name!r} ({source.dtype}): it needs a number")
            dtype, total = summing(source.dtype, source.range, most)
            bounds = checked(col(source), dtype, total, text=f"the sum of {source.name!r} over {most} rows")
            return Field(self.name, dtype, False, SECRET, bounds, owners)
        if not source.dtype.has_range:
            raise TypeMismatchError(f"cannot take the cum{self.function} of {source.name!r} ({source.dtype}): it needs a number or a date")
        return Field(self.name, source.dtype, False, SECRET, source.range, owners)
