"""Aggregates that are of numbers, of decimals and durations: those of their units, as what these are."""

from __future__ import annotations

import spuframe.expr as ex
from spuframe.dtypes import Decimal, DType, Int


def restored(found: ex.Expr, dtype: DType) -> ex.Expr:
    """A mean, a median or a deviation of units, as a float of decimals, and as a duration to the nearest microsecond."""
    if isinstance(dtype, Decimal):
        return ex.div(found, 10**dtype.scale) if dtype.scale else found
    return ex.cast(ex.cast(ex.round_(found), Int(64)), dtype)
