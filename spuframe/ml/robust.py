"""Scaling by quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from spuframe.frame.frame import SecretFrame
from spuframe.frame.scalar import SecretScalar
from spuframe.ml.base import SecretArray, SecretEstimator
from spuframe.ml.kinds import Transformer
from spuframe.ml.parameters import Constraint, Flag, Percentages, check
from spuframe.ml.rows import as_numbers, complete, kept_number, labelled, like_fitted, over, row, times, unit_of


class RobustScaler(Transformer, SecretEstimator):
    """Take away the median and divide by a range of quantiles, which outliers do not move, without anybody seeing either.

    Rows that a filter or a join dropped, and rows with a null in any column, take no part in the fit. A column whose quantiles are equal keeps its unit,
    as scikit-learn's does. A value beyond 2^33 times the range becomes null.

    Parameters
    ----------
    with_centering, with_scaling : bool, default True
        False: leave the median, or the unit, as it is.
    quantile_range : (low, high), default (25.0, 75.0)
        In percent.

    Attributes
    ----------
    center_, scale_ : SecretArray (n_features,)
        As scikit-learn's; None for what is left as it is.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> RobustScaler(quantile_range=(10, 90))
    RobustScaler(quantile_range=(10, 90))
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"with_centering": Flag(), "with_scaling": Flag(), "quantile_range": Percentages()}

    def __init__(self, *, with_centering: bool = True, with_scaling: bool = True, quantile_range: tuple[float, float] = (25.0, 75.0)) -> None:
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.quantile_range = quantile_range

    def fit(self, X: SecretFrame, y: object = None) -> RobustScaler:
        """Find the quantiles; runs the plan at once."""
        kept, names = self.fit_plan(X)["quantiles"].persist(), list(X.columns)
        self._quantiles, shape = kept, (len(names),)
        self.center_ = SecretArray(kept[labelled("middle", names)], shape) if self.with_centering else None
        self.scale_ = SecretArray(kept[labelled("range", names)], shape, lambda v: np.where(v == 0, 1.0, v)) if self.with_scaling else None
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"quantiles": one row}``."""
        check(self, self.parameters)
        low, high = self.quantile_range
        found = dict[str, SecretScalar]()
        for j, x in enumerate(complete(X)):
            found |= {f"middle {j}": x.quantile(0.5), f"range {j}": x.quantile(high / 100) - x.quantile(low / 100)}
        return {"quantiles": row(found)}

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null where the feature is."""
        kept: SecretFrame = self._check_is_fitted("_quantiles")
        X = like_fitted(X, self.feature_names_in_, kept)
        out = {}
        for j, x in enumerate(as_numbers(X)):
            moved = x - kept_number(kept, f"middle {j}") if self.with_centering else x
            out[x.name] = over(moved, unit_of(kept_number(kept, f"range {j}"))) if self.with_scaling else moved
        return X.assign(**out)

    def inverse_transform(self, X: SecretFrame) -> SecretFrame:
        """Features in their own units, of scaled ones: right to 2^-20 of the range, null beyond 2^10 times the range."""
        kept: SecretFrame = self._check_is_fitted("_quantiles")
        X = like_fitted(X, self.feature_names_in_, kept)
        out = {}
        for j, x in enumerate(as_numbers(X)):
            scaled = times(x, unit_of(kept_number(kept, f"range {j}"))) if self.with_scaling else x
            out[x.name] = scaled + kept_number(kept, f"middle {j}") if self.with_centering else scaled
        return X.assign(**out)
