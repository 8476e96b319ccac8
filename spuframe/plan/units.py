"""Aggregates that are of numbers, of decimals and times: those of their units, as what these are."""

from __future__ import annotations

from collections.abc import Callable

import spuframe.expr as ex
from spuframe.dtypes import DType, Int
from spuframe.expr.expr import bounds_of
from spuframe.expr.functions.conversion import units_of
from spuframe.ir.aggregates import aggregation


def measured(e: ex.Expr, how: str) -> tuple[ex.Expr, Callable[[ex.Expr], ex.Expr]]:
    """What an aggregate is taken of, and what the result becomes then.

    Decimals and durations are aggregated by their units; points in time by how long they are after the first that there may be.
    """
    kind = aggregation(how)
    return (e, as_it_is) if kind.accepts(e.dtype) else counted(e, kind.moves)


def counted(e: ex.Expr, moves: bool | None) -> tuple[ex.Expr, Callable[[ex.Expr], ex.Expr]]:
    """The units of values, or how many are between them and the least that there may be, and what an aggregate of these becomes.

    What has none is as it is; points in time, too, if a result neither ``moves`` with them nor stays.
    """
    span = e.dtype.span
    if span is None or (moves is None and not e.dtype.of_units):
        return e, as_it_is
    if e.dtype.of_units:
        return units_of(e), lambda found: restored(found, e.dtype)
    first = ex.Lit(int(bounds_of(e)[0]), e.dtype)
    return units_of(ex.sub(e, first)), lambda found: ex.add(first, restored(found, span)) if moves else restored(found, span)


def as_it_is(found: ex.Expr) -> ex.Expr:
    """A result that needs no more."""
    return found


def restored(found: ex.Expr, dtype: DType) -> ex.Expr:
    """A mean, a median or a deviation of units, as a float of decimals, and as a duration to the nearest microsecond."""
    if dtype.of_numbers:
        ones = 1 / dtype.number(1)  # units of one
        return found if ones == 1 else ex.div(found, int(ones))
    return ex.cast(ex.cast(ex.round_(found), Int(64)), dtype)
