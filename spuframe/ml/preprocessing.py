"""Scaling of features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spuframe.dtypes import DEFAULT_FRACTION_BITS
from spuframe.errors import InvalidParameterError, NotFittedError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.scalar import SecretScalar
from spuframe.ir.words import HELD, words
from spuframe.ml.base import (
    Scaling,
    SecretArray,
    SecretEstimator,
    Slopes,
    Taken,
    exact,
    features,
    nullable,
    run_program,
    same_features,
    same_session,
    scaling,
)
from spuframe.ml.kinds import Transformer
from spuframe.ml.parameters import Constraint, Flag, Interval, check
from spuframe.ml.rows import as_numbers, complete, kept_number, labelled, like_fitted, over, row, times, unit_of
from spuframe.plan.tensor import Program

THERE = "rows"
SIGNIFICANT = 14
"""Bits of the width of a range that its values must have."""


class StandardScaler(Transformer, SecretEstimator):
    """Bring features to mean 0 and variance 1 (the population's, as scikit-learn), without anybody seeing either.

    Rows that a filter or a join dropped, and rows with a null in any column, take no part in the moments. Sums and sums of squares are exact, whatever
    offset, unit and outliers a column has: the relative error of a deviation is that of one root, 2^-19. A column that is constant becomes zero, as
    scikit-learn's does; other values of such a column lose its mean alone. Rows of other frames are scaled as they are, however far they lie; a value
    beyond 2^42 deviations, or where no word of the fit reaches, becomes null.

    Parameters
    ----------
    with_mean, with_std : bool, default True
        False: leave the mean, or the unit, as it is.

    Attributes
    ----------
    mean_, var_, scale_ : SecretArray (n_features,)
        As scikit-learn's: the scale of a constant column is 1, the mean is NaN where no row takes part. None for what is left as it is.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> StandardScaler()
    StandardScaler()
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"with_mean": Flag(), "with_std": Flag()}

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: SecretFrame, y: object = None) -> StandardScaler:
        """Find the moments; runs the plan at once."""
        outputs, self._scaling = self._plan(X)
        fitted, found = outputs["moments"].persist(), self._scaling.words
        columns = list(X.columns)
        self._moments = fitted
        shape = (len(columns),)
        there = [THERE] if THERE in fitted.columns else []
        unit = np.exp2(DEFAULT_FRACTION_BITS - np.array(found.fractions, float) - np.array(found.room))
        middles = np.array([float(c) for c in found.centres]) * np.exp2(-np.array(found.fractions, float))

        def mean(v: NDArray[np.float64]) -> NDArray[np.float64]:
            means: NDArray[np.float64] = v[:, : shape[0]] * unit + middles
            return np.where(v[:, -1:] > 0, means, np.nan) if there else means

        def deviation(v: NDArray[np.float64]) -> NDArray[np.float64]:
            out: NDArray[np.float64] = v * unit
            return out

        self.mean_ = SecretArray(fitted[labelled("mean", columns) + there], shape, mean)
        stds = fitted[labelled("std", columns)]
        self.scale_ = SecretArray(stds, shape, lambda v: np.where(v > 0, deviation(v), 1.0)) if self.with_std else None
        self.var_ = SecretArray(stds, shape, lambda v: np.square(deviation(v))) if self.with_std else None
        self.n_features_in_ = len(columns)
        self.feature_names_in_ = np.array(columns, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"moments": one row}``."""
        return self._plan(X)[0]

    def _plan(self, X: SecretFrame) -> tuple[dict[str, SecretFrame], Scaling]:
        check(self, self.parameters)
        columns = list(features(X).columns)
        found = words(list(X.schema))
        p = Program()
        x, mask = exact(p, X, columns, found)
        level = self.with_std and not self.with_mean
        m = p.moments(x, found.bits, mask, mean=found.room, std=found.room, scaling=(found.fractions, found.room), count=mask is not None, centre=level)
        assert m.mean is not None and m.std is not None and m.scaling is not None
        kept, row, names = scaling(p, m.scaling, found, X.rows)
        parts = [m.mean, m.std, row]
        labels = [*labelled("mean", columns), *labelled("std", columns), *names]
        if level:
            assert m.centre is not None
            slopes = Slopes.scaled(found, X.rows, weight=0)
            limbs, lean = p.digits(m, None, len(columns), slopes.limb, slopes.count)
            fine, coarse, unit = slopes.means(p, found, limbs, m.centre)
            parts, labels = [*parts, p.add(lean, fine)], [*labels, *labelled("level", columns)]
            if coarse is not None:  # positive where a mean is below 2^HELD deviations
                edge = p.full(1, len(columns), 2.0 ** (HELD + unit - p.f))
                parts = [*parts, p.sub(edge, coarse), p.add(edge, coarse)]
                labels = [*labels, *labelled("below", columns), *labelled("above", columns)]
        if m.count is not None:
            parts, labels = [*parts, m.count], [*labels, THERE]
        p.output("moments", p.hstack(parts), labels)
        return run_program(p, [X]), kept

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null where any feature is."""
        moments: SecretFrame = self._check_is_fitted("_moments")
        names: list[str] = list(self.feature_names_in_)
        X = same_features(X, names)
        same_session(X, moments)
        if not (self.with_mean or self.with_std):
            return X
        p, kept = Program(), set(moments.columns)
        if self.with_std:
            scaled, inside = self._scaling.apply(p, X, names)
            if not self.with_mean:
                if not kept.issuperset(labelled("level", names)):
                    raise NotFittedError("`with_mean` was True in the fit, which did not keep what False needs: call fit(X) again")
                scaled = p.add(scaled, p.input(1, labelled("level", names), 1))
                if kept.issuperset(labelled("below", names)):
                    below, above = (p.positive(p.transpose(p.input(1, labelled(side, names), 1))) for side in ("below", "above"))
                    inside = p.both(inside, p.each(p.both(below, above), X.rows))
            p.output("scaled", scaled, names, like=0, complete=nullable(X), inside=inside)
        else:
            w = self._scaling.words
            taken = Taken.of(p, X, names, w.fractions, w.centres, w.sizes)
            bits = [b - f for b, f in zip(taken.bits, w.fractions, strict=True)]  # before the point
            out = [max(0, min(max(f, DEFAULT_FRACTION_BITS), 60 - b)) for f, b in zip(self._scaling.own, bits, strict=True)]
            less = p.less(taken.words, p.input(1, labelled("mean", names), 1), w.fractions, w.room, out)
            p.output("scaled", less, names, like=0, complete=nullable(X), fractions=out, inside=taken.inside)
        return run_program(p, [X, moments])["scaled"]


class MinMaxScaler(Transformer, SecretEstimator):
    """Bring each feature to a range, 0 to 1 unless told otherwise, without anybody seeing its smallest or largest value.

    Rows that a filter or a join dropped, and rows with a null in any column, take no part in the fit. Extremes are exact, and scaled values are right to
    2^-24 of the range, whatever offset and unit a column has. A column that is constant becomes the low end, as scikit-learn's
    does; other values of such a column lose its minimum alone. A value beyond 2^33 times the range becomes null.

    Parameters
    ----------
    feature_range : (low, high), default (0, 1)
    clip : bool, default False
        Keep other rows in the range too.

    Attributes
    ----------
    data_min_, data_max_, data_range_, scale_, min_ : SecretArray (n_features,)
        As scikit-learn's: the scale of a constant column is that of one unit; NaN where no row takes part. ``min_`` is NaN where the minimum is more
        than 2^33 times the range.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> MinMaxScaler(clip=True)
    MinMaxScaler(clip=True)
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"feature_range": Interval(), "clip": Flag()}

    def __init__(self, feature_range: tuple[float, float] = (0, 1), *, clip: bool = False) -> None:
        self.feature_range = feature_range
        self.clip = clip

    def fit(self, X: SecretFrame, y: object = None) -> MinMaxScaler:
        """Find the extremes; runs the plan at once."""
        kept = self.fit_plan(X)["extremes"].persist()
        names, (low, high) = list(X.columns), self.feature_range
        self._extremes, self._range = kept, (float(low), float(high))
        shape, wide = (len(names),), float(high) - float(low)

        def of(what: str, finish: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None) -> SecretArray:
            return SecretArray(kept[labelled(what, names)], shape, finish)

        self.data_min_, self.data_max_, self.data_range_ = of("low"), of("high"), of("range")
        self.scale_ = of("range", lambda v: wide / np.where(v == 0, 1.0, v))
        self.min_ = of("start", lambda v: float(low) - wide * v)
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"extremes": one row}``."""
        check(self, self.parameters)
        found = dict[str, SecretScalar]()
        for j, x in enumerate(complete(X)):
            low, high = x.min(), x.max()
            found |= {f"low {j}": low, f"high {j}": high, f"range {j}": high - low, f"start {j}": over(low, unit_of(high - low))}
        return {"extremes": row(found)}

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null where the feature is."""
        extremes: SecretFrame = self._check_is_fitted("_extremes")
        X = like_fitted(X, self.feature_names_in_, extremes)
        low, high = self._range
        out = {}
        for j, x in enumerate(as_numbers(X)):
            share = over(x - kept_number(extremes, f"low {j}"), unit_of(kept_number(extremes, f"range {j}")), (0.0, 1.0) if self.clip else None)
            scaled = share if high - low == 1 else share * (high - low)
            scaled = scaled if low == 0 else scaled + low
            if (high - low) * 2.0**scaled.dtype.frac < 2.0**SIGNIFICANT:
                raise InvalidParameterError.of("feature_range", self.feature_range, "wide enough for the values in it to be told apart", "MinMaxScaler")
            out[x.name] = scaled
        return X.assign(**out)

    def inverse_transform(self, X: SecretFrame) -> SecretFrame:
        """Features in their own units, of scaled ones: right to 2^-20 of the range, null beyond 2^10 times the range."""
        extremes: SecretFrame = self._check_is_fitted("_extremes")
        X = like_fitted(X, self.feature_names_in_, extremes)
        low, high = self._range
        out = {}
        for j, x in enumerate(as_numbers(X)):
            share = (x - low) * (1 / (high - low)) if (low, high) != (0.0, 1.0) else x
            out[x.name] = times(share, unit_of(kept_number(extremes, f"range {j}"))) + kept_number(extremes, f"low {j}")
        return X.assign(**out)


class MaxAbsScaler(Transformer, SecretEstimator):
    """Divide each feature by its largest magnitude, without anybody seeing it; zero stays zero.

    Rows that a filter or a join dropped, and rows with a null in any column, take no part in the fit. Scaled values are right to 2^-24.
    A column of zeros keeps its unit, as scikit-learn's does. A value beyond 2^33 times the largest one of the fit becomes null.

    Attributes
    ----------
    max_abs_, scale_ : SecretArray (n_features,)
        As scikit-learn's: the scale of a column of zeros is 1; NaN where no row takes part.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> MaxAbsScaler()
    MaxAbsScaler()
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {}

    def fit(self, X: SecretFrame, y: object = None) -> MaxAbsScaler:
        """Find the largest magnitudes; runs the plan at once."""
        kept = self.fit_plan(X)["extremes"].persist()
        names = list(X.columns)
        self._extremes = kept
        largest = kept[labelled("largest", names)]
        self.max_abs_ = SecretArray(largest, (len(names),))
        self.scale_ = SecretArray(largest, (len(names),), lambda v: np.where(v == 0, 1.0, v))
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"extremes": one row}``."""
        return {"extremes": row({f"largest {j}": abs(x).max() for j, x in enumerate(complete(X))})}

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null where the feature is."""
        extremes: SecretFrame = self._check_is_fitted("_extremes")
        X = like_fitted(X, self.feature_names_in_, extremes)
        return X.assign(**{x.name: over(x, unit_of(kept_number(extremes, f"largest {j}"))) for j, x in enumerate(as_numbers(X))})

    def inverse_transform(self, X: SecretFrame) -> SecretFrame:
        """Features in their own units, of scaled ones: right to 2^-20 of the largest, null beyond 2^10 times it."""
        extremes: SecretFrame = self._check_is_fitted("_extremes")
        X = like_fitted(X, self.feature_names_in_, extremes)
        return X.assign(**{x.name: times(x, unit_of(kept_number(extremes, f"largest {j}"))) for j, x in enumerate(as_numbers(X))})
