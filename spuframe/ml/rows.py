"""Numbers that the parties keep of a fit, and what columns become with them: for estimators that need no program over matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spuframe import expr as ex
from spuframe.dtypes import Fixed
from spuframe.expr.functions.arithmetic import Div, quotient_type
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.frame.scalar import SecretScalar, numbers
from spuframe.ml.base import features, same_features, same_session

SHARE = 28
"""Fraction bits of shares of a range, at least: shares of a column far from zero differ by 1e-5 or less."""
HELD = 61 - SHARE
"""Shares below ``2**HELD`` are held."""
INVERTED = 2.0**10
"""Shares of a range below this are turned back, with 20 bits of the range at least."""
WORST = 2.0**20
"""Deviations of a target beyond which an error has no score."""


def as_numbers(X: SecretFrame) -> list[SecretSeries]:
    """The columns, booleans as 0 and 1."""
    return [x.astype(x.dtype.as_number) for _, x in X.items()]


def complete(X: SecretFrame) -> list[SecretSeries]:
    """The columns of the rows that take part in a fit."""
    return as_numbers(features(X).dropna())


def like_fitted(X: SecretFrame, names: NDArray[np.object_], fitted: SecretFrame) -> SecretFrame:
    """The columns of a fit in its order, of its session."""
    X = same_features(X, list(names))
    same_session(X, fitted)
    return X


def labelled(what: str, columns: Sequence[str]) -> list[str]:
    """The names of what is kept of each column, by position: any name may be a feature's."""
    return [f"{what} {j}" for j in range(len(columns))]


def unit_of(size: SecretScalar) -> SecretScalar:
    """What to divide by: 1 where there is no size."""
    return size._apply(lambda s: ex.where(ex.eq(s, 0), 1, s), size)


def row(found: Mapping[str, SecretScalar]) -> SecretFrame:
    """One row of secret numbers by name, computed in one plan."""
    one, exprs = numbers([n.node for n in found.values()])
    return SecretFrame(next(iter(found.values())).session, one, dict(zip(found, exprs, strict=True)))


def kept_number(row: SecretFrame, label: str) -> SecretScalar:
    """A number of a row that the parties keep."""
    return SecretScalar(row.session, row[[label]].node, label)


def quotient(a: ex.Expr, b: ex.Expr) -> ex.Expr:
    """``a / b``, null where b is 0, of `SHARE` fraction bits at least, even where it stops at the limit of its type then."""
    return Div(a, b, max(quotient_type(a, b), Fixed(SHARE), key=lambda t: t.f))


def over(x: Any, unit: SecretScalar, clip: tuple[float, float] | None = None) -> Any:
    """The quotient of a number, or of every row; null beyond what is held, if it can be."""

    def make(a: ex.Expr, b: ex.Expr) -> ex.Expr:
        share = quotient(a, b)
        if clip is not None:
            return between(share, *clip)
        if share.range is not None and max(map(abs, share.range)) < 2.0**HELD:
            return share
        return ex.where(ex.lt(ex.abs_(share), 2.0**HELD), share, None)

    return x._apply(make, x, unit)


def times(x: Any, unit: SecretScalar) -> Any:
    """The product of every row with a unit, the inverse of `over`; null where the row is `INVERTED` or more."""

    def make(a: ex.Expr, b: ex.Expr) -> ex.Expr:
        if a.range is None or max(map(abs, a.range)) > INVERTED:
            a = ex.where(ex.lt(ex.abs_(a), INVERTED), between(a, -INVERTED, INVERTED), None)
        return ex.mul(a, b)

    return x._apply(make, x, unit)


def between(e: ex.Expr, low: float, high: float) -> ex.Expr:
    """The number, or the bound that it passes."""
    return ex.minimum(ex.maximum(e, low), high)


def determination(truth: SecretSeries, predicted: SecretSeries) -> SecretScalar:
    """R2, to 2^-14, of complete rows; null for fewer than two of them, and where errors are beyond `WORST` deviations of the truth.

    Of deviations and means in place of sums of squares: these lose their digits where values are far from zero or small.
    """
    error = truth - predicted

    def made(left: ex.Expr, bias: ex.Expr, spread: ex.Expr, count: ex.Expr) -> ex.Expr:
        parts = [between(quotient(e, spread), -WORST, WORST) for e in (left, bias)]
        fits = [ex.lt(ex.abs_(part), WORST) for part in parts]
        score = ex.where(ex.and_(*fits), ex.sub(1, ex.add(*(ex.mul(part, part) for part in parts))), None)
        constant = ex.where(ex.and_(ex.eq(left, 0), ex.eq(bias, 0)), 1.0, 0.0)  # as scikit-learn has it
        return ex.where(ex.lt(count, 2), None, ex.where(ex.eq(spread, 0), constant, score))

    left = error.std(ddof=0)
    return left._apply(made, left, error.mean(), truth.std(ddof=0), truth.count())
