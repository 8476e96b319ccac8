"""Grouping: ``frame.groupby(keys).agg(...)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spuframe.errors import PlanError, SchemaError
from spuframe.plan import build

if TYPE_CHECKING:
    from spuframe.frame.frame import SecretFrame

FUNCTIONS = ("size", "count", "sum", "mean", "min", "max")


class GroupBy:
    """Groups of a frame, as `pandas.DataFrame.groupby` with ``as_index=False``, ``sort=True``, ``dropna=True``.

    How many groups there are stays secret until the result is revealed. The keys come back as columns, not as an index.
    """

    __slots__ = ("frame", "keys", "selected")

    def __init__(self, frame: SecretFrame, keys: Sequence[str], selected: Sequence[str] | None = None) -> None:
        self.frame = frame
        self.keys = tuple(keys)
        self.selected = selected

    def __repr__(self) -> str:
        return f"<GroupBy: by {', '.join(self.keys)}>"

    def __getitem__(self, columns: str | Sequence[str]) -> GroupBy:
        names = [columns] if isinstance(columns, str) else list(columns)
        for name in names:
            self.frame.schema[name]
        return GroupBy(self.frame, self.keys, names)

    def agg(self, func: str | Mapping[str, str] | None = None, **named: tuple[str, str]) -> SecretFrame:
        """Aggregate.

        Parameters
        ----------
        func : str or mapping of column to str, optional
            One function for all columns, or one a column, named as the column.
        **named : (column, function)
            Output columns by name, as in pandas. Functions: size, count, sum, mean, min, max.

        Returns
        -------
        SecretFrame
            The keys, then the aggregates; one row a group, sorted by the keys.
        """
        if (func is None) == (not named):
            raise PlanError("agg needs either a function (or a mapping of them) or named outputs: agg(total=('cost', 'sum'))")
        if isinstance(func, str):
            wanted = [(c, func, c) for c in self._columns()]
        elif func is not None:
            wanted = [(c, f, c) for c, f in func.items()]
        else:
            wanted = [(out, *_pair(out, spec)) for out, spec in named.items()]
        for out, function, column in wanted:
            if function not in FUNCTIONS:
                raise PlanError(f"output {out!r} asks for the aggregate {function!r}: it must be one of {', '.join(FUNCTIONS)}")
            self.frame.schema[column]
        plain = [(out, function, None if function == "size" else column) for out, function, column in wanted]
        return self.frame._over(build.aggregate(self.frame.node, self.keys, plain))

    aggregate = agg

    def _columns(self) -> list[str]:
        if self.selected is not None:
            return list(self.selected)
        return [c for c in self.frame.columns if c not in self.keys]

    def _all(self, function: str) -> SecretFrame:
        columns = self._columns()
        if not columns:
            raise SchemaError(f"there is no column besides the keys to take the {function} of: use .size()")
        return self.agg(function)

    def sum(self) -> SecretFrame:
        """Sums of the values that are there; 0 without any."""
        return self._all("sum")

    def mean(self) -> SecretFrame:
        """Means of the values that are there."""
        return self._all("mean")

    def min(self) -> SecretFrame:
        """Smallest values."""
        return self._all("min")

    def max(self) -> SecretFrame:
        """Largest values."""
        return self._all("max")

    def count(self) -> SecretFrame:
        """Numbers of values that are there."""
        return self._all("count")

    def size(self) -> SecretFrame:
        """Numbers of rows, as the column ``size``."""
        return self.frame._over(build.aggregate(self.frame.node, self.keys, [("size", "size", None)]))


def _pair(out: str, spec: object) -> tuple[str, str]:
    if not (isinstance(spec, tuple) and len(spec) == 2 and all(isinstance(s, str) for s in spec)):
        raise PlanError(f"output {out!r} must be a pair (column, function), such as ('cost', 'sum'), got {spec!r}")
    return spec[1], spec[0]
