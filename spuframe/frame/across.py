"""Aggregates of the columns of each row: ``frame[["a", "b"]].sum(axis=1)``; missing values are skipped, as in pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType

import numpy as np

from spuframe.errors import PlanError
from spuframe.frame.series import SecretSeries


def _sum(columns: Sequence[SecretSeries]) -> SecretSeries:
    return reduce(lambda a, b: a + b, [c.fillna(0) if c.field.nullable else c for c in columns])


def _count(columns: Sequence[SecretSeries]) -> SecretSeries:
    return reduce(lambda a, b: a + b, [c.notna().astype("int64") for c in columns])


def _mean(columns: Sequence[SecretSeries]) -> SecretSeries:
    whole = not any(c.field.nullable for c in columns)
    return _sum(columns) / (len(columns) if whole else _count(columns))  # null where nothing is there: nothing divides by zero


def _extreme(better: Callable[..., SecretSeries]) -> Callable[[Sequence[SecretSeries]], SecretSeries]:
    def of_two(a: SecretSeries, b: SecretSeries) -> SecretSeries:
        found = better(a, b)
        if b.field.nullable:
            found = found.where(b.notna(), a)
        return found.where(a.notna(), b) if a.field.nullable else found

    return lambda columns: reduce(of_two, columns)


def _some(columns: Sequence[SecretSeries]) -> SecretSeries:
    return reduce(lambda a, b: a | b, [_flag(c, False) for c in columns])


def _every(columns: Sequence[SecretSeries]) -> SecretSeries:
    return reduce(lambda a, b: a & b, [_flag(c, True) for c in columns])


def _flag(column: SecretSeries, missing: bool) -> SecretSeries:
    bit = column.astype("bool")
    return bit.fillna(missing) if bit.field.nullable else bit


_ACROSS: Mapping[str, Callable[[Sequence[SecretSeries]], SecretSeries]] = MappingProxyType(
    {
        "sum": _sum,
        "count": _count,
        "mean": _mean,
        "min": _extreme(np.minimum),
        "max": _extreme(np.maximum),
        "any": _some,
        "all": _every,
    }
)


def across(columns: Sequence[SecretSeries], function: str) -> SecretSeries:
    """One value a row, of its values in some columns."""
    if function not in _ACROSS:
        raise PlanError(f"{function} takes axis=0 here: of the columns of each row, axis=1, there are {', '.join(_ACROSS)}")
    if not columns:
        raise PlanError(f"there is no column to take the {function} of: select some, frame[['a', 'b']]")
    return _ACROSS[function](columns).rename(function)
