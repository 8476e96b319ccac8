"""What flows where in a plan: for every column the owners' columns that it is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from spuframe.errors import PlanError

Source: TypeAlias = tuple[str, str, str]
"""A column of an owner's table: (owner, table, column); of shares that were stored before, ("", name, column)."""


@dataclass(frozen=True)
class Flow:
    """What flows into one table of a plan.

    Parameters
    ----------
    columns : mapping
        For each column those that its values are computed from.
    rows : frozenset of Source
        Columns that decide which rows there are, or in which order.
    """

    columns: Mapping[str, frozenset[Source]]
    rows: frozenset[Source]

    @property
    def values(self) -> frozenset[Source]:
        """What the values of all columns are computed from."""
        return frozenset[Source]().union(*self.columns.values())

    def of(self, names: Iterable[object]) -> frozenset[Source]:
        """What flows into some columns.

        Raises
        ------
        PlanError
            The table does not have them.
        """
        out: set[Source] = set()
        for name in names:
            if name not in self.columns:
                raise PlanError(f"the plan reads a column {name!r} that its step does not have: lower the plan again")
            out |= self.columns[str(name)]
        return frozenset(out)
