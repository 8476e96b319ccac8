"""What a model must be better than."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import ClassVar, Literal

import numpy as np

from spuframe import expr as ex
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.ml.base import SecretArray, SecretEstimator, same_features, same_session, with_target
from spuframe.ml.kinds import Regressor, check_number
from spuframe.ml.parameters import Constraint, Word, check
from spuframe.ml.rows import as_numbers, kept_number, row

CONSTANT = "constant"


class DummyRegressor(Regressor, SecretEstimator):
    """Predict the mean, or the median, of the target for every row, without anybody seeing it: the baseline of regressions.

    Rows that a filter or a join dropped, and rows with a null in a feature or in the target, take no part in the fit.

    Parameters
    ----------
    strategy : {"mean", "median"}, default "mean"

    Attributes
    ----------
    constant_ : SecretArray (1, 1)
        NaN where no row takes part.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> DummyRegressor(strategy="median")
    DummyRegressor(strategy='median')
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"strategy": Word("mean") | Word("median")}

    def __init__(self, *, strategy: Literal["mean", "median"] = "mean") -> None:
        self.strategy = strategy

    def fit(self, X: SecretFrame, y: SecretSeries) -> DummyRegressor:
        """Find the number; runs the plan at once."""
        self._model = self.fit_plan(X, y)["model"].persist()
        self.constant_ = SecretArray(self._model, (1, 1))
        self.n_features_in_ = len(X.columns)
        self.feature_names_in_ = np.array(list(X.columns), dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: SecretSeries) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"model": one row}``."""
        check(self, self.parameters)
        table, target = with_target(X, y)
        check_number(table, target)
        (truth,) = as_numbers(table.dropna()[[target]])
        return {"model": row({CONSTANT: truth.mean() if self.strategy == "mean" else truth.median()})}

    def predict(self, X: SecretFrame) -> SecretSeries:
        """The number, for every row, secret and lazy; null where any feature is."""
        model: SecretFrame = self._check_is_fitted("_model")
        X = same_features(X, list(self.feature_names_in_))
        same_session(X, model)
        columns: list[SecretSeries] = [x for _, x in X.items()]

        def made(value: ex.Expr, *features: ex.Expr) -> ex.Expr:
            gaps = [ex.is_null(e) for e in features if e.nullable]
            return ex.where(reduce(ex.or_, gaps), None, value) if gaps else value

        out: SecretSeries = columns[0]._apply(made, kept_number(model, CONSTANT), *columns).rename("prediction")
        return out
