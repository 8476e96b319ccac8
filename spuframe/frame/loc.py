"""``frame.loc[condition, "a"]``: rows by a condition and columns by name; there are no labels of rows, and no positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spuframe.errors import ColumnNotFoundError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.column import Column
from spuframe.frame.columns import Columns
from spuframe.frame.missing import Secret


class Loc(Secret):
    """What ``frame.loc`` is: read with a condition or ``:``, and columns; written with a value for the rows where the condition holds."""

    __slots__ = ("frame",)
    _what = "frame.loc"

    def __init__(self, frame: Columns) -> None:
        self.frame = frame

    def __getitem__(self, key: Any) -> Any:
        rows, columns = self._split(key)
        chosen = self.frame if rows is None else self.frame[rows]
        return chosen.copy() if columns is None else chosen[columns]

    def __setitem__(self, key: Any, value: object) -> None:
        rows, columns = self._split(key)
        for name in self.frame.columns if columns is None else arguments.names(columns, "columns"):
            if rows is None or name not in self.frame:
                if rows is not None:
                    raise ColumnNotFoundError.of(name, self.frame.columns)
                self.frame[name] = value
            else:
                self.frame[name] = self.frame[name].where(~rows.fillna(False) if rows.field.nullable else ~rows, value)

    def _split(self, key: Any) -> tuple[Column | None, Any]:
        """The condition, None for all rows, and the columns, None for all."""
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, None)
        if isinstance(rows, Callable) and not isinstance(rows, Column | type):  # type: ignore[arg-type]
            rows = rows(self.frame)
        whole = isinstance(rows, slice) and rows == slice(None)
        if not whole and not isinstance(rows, Column):
            raise TypeMismatchError(
                f"frame.loc takes a condition on the rows, or all of them, frame.loc[frame['a'] > 1] and frame.loc[:, 'a']: rows have no labels, got a "
                f"{type(rows).__name__}. The first rows: .head(n), after a sort"
            )
        if isinstance(columns, slice):
            if columns.step is not None or not {columns.start, columns.stop} <= {None, *self.frame.columns}:
                raise TypeMismatchError("columns of frame.loc are a name, a list of names, or a slice between two names, frame.loc[:, 'a':'c']")
            names = self.frame.columns
            first = 0 if columns.start is None else names.index(columns.start)
            last = len(names) if columns.stop is None else names.index(columns.stop) + 1
            columns = names[first:last]
        return None if whole else rows, columns
