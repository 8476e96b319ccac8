"""Aggregates of the columns of each row: ``frame[["a", "b"]].sum(axis=1)``; missing values are skipped, as in pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType

import numpy as np

from spuframe.errors import PlanError
from spuframe.frame.column import Column


def _sum(columns: Sequence[Column]) -> Column:
    return reduce(lambda a, b: a + b, [c.fillna(0) if c.field.nullable else c for c in columns])


def _count(columns: Sequence[Column]) -> Column:
    return reduce(lambda a, b: a + b, [c.notna().astype("int64") for c in columns])


def _mean(columns: Sequence[Column]) -> Column:
    whole = not any(c.field.nullable for c in columns)
    return _sum(columns) / (len(columns) if whole else _count(columns))  # null where nothing is there: nothing divides by zero


def _extreme(better: Callable[..., Column]) -> Callable[[Sequence[Column]], Column]:
    def of_two(a: Column, b: Column) -> Column:
        found = better(a, b)
        if b.field.nullable:
            found = found.where(b.notna(), a)
        return found.where(a.notna(), b) if a.field.nullable else found

    return lambda columns: reduce(of_two, columns)


def _some(columns: Sequence[Column]) -> Column:
    return reduce(lambda a, b: a | b, [_flag(c, False) for c in columns])


def _every(columns: Sequence[Column]) -> Column:
    return reduce(lambda a, b: a & b, [_flag(c, True) for c in columns])


def _flag(column: Column, missing: bool) -> Column:
    bit = column.astype("bool")
    return bit.fillna(missing) if bit.field.nullable else bit


_ACROSS: Mapping[str, Callable[[Sequence[Column]], Column]] = MappingProxyType(
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


def across(columns: Sequence[Column], function: str) -> Column:
    """One value a row, of its values in some columns."""
    if function not in _ACROSS:
        raise PlanError(f"{function} takes axis=0 here: of the columns of each row, axis=1, there are {', '.join(_ACROSS)}")
    if not columns:
        raise PlanError(f"there is no column to take the {function} of: select some, frame[['a', 'b']]")
    return _ACROSS[function](columns).rename(function)
