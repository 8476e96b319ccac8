"""Aggregates that are of numbers, of decimals and times: those of their units, as what these are."""

from __future__ import annotations

from collections.abc import Callable

import spuframe.expr as ex
from spuframe.dtypes import Decimal, DType, Int
from spuframe.expr.expr import bounds_of
from spuframe.expr.functions.conversion import units_of
from spuframe.ir.aggregates import aggregation


def measured(e: ex.Expr, how: str) -> tuple[ex.Expr, Callable[[ex.Expr], ex.Expr]]:
    """What an aggregate is taken of, and what the result becomes then.

    Decimals and durations are aggregated by their units; points in time by how long they are after the first that there may be.
    """
    kind, span = aggregation(how), e.dtype.span
    if kind.accepts(e.dtype) or span is None or (kind.moves is None and not e.dtype.of_units):
        return e, lambda found: found
    if e.dtype.of_units:
        return units_of(e), lambda found: restored(found, e.dtype)
    first = ex.Lit(int(bounds_of(e)[0]), e.dtype)
    return units_of(ex.sub(e, first)), lambda found: ex.add(first, restored(found, span)) if kind.moves else restored(found, span)


def restored(found: ex.Expr, dtype: DType) -> ex.Expr:
    """A mean, a median or a deviation of units, as a float of decimals, and as a duration to the nearest microsecond."""
    if isinstance(dtype, Decimal):
        return ex.div(found, 10**dtype.scale) if dtype.scale else found
    return ex.cast(ex.cast(ex.round_(found), Int(64)), dtype)
