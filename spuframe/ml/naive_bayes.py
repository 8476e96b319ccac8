"""Naive Bayes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import sqrt
from typing import ClassVar

import numpy as np

from spuframe import expr as ex
from spuframe.dtypes import Bool
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.frame.scalar import SecretScalar
from spuframe.ml.base import SecretArray, SecretEstimator, with_target
from spuframe.ml.kinds import Classifier, check_target
from spuframe.ml.parameters import Constraint, Number, check
from spuframe.ml.rows import as_numbers, kept_number, labelled, like_fitted, over, row

FAR = 2.0**14
"""Rows so many deviations away from the mean of a class, in some feature, have no class."""
PRIOR, RATIO = "prior", "ratio"


class GaussianNB(Classifier, SecretEstimator):
    """Two classes, in each of which features are independent and normal, without anybody seeing their means and variances.

    Rows that a filter or a join dropped, and rows with a null in a feature or in the target, take no part. Without rows of both classes what is
    fitted is null, and so is what is predicted.

    Parameters
    ----------
    var_smoothing : float, default 1e-9
        So much of the largest variance of a feature is added to all.

    Attributes
    ----------
    theta_, var_ : SecretArray (2, n_features)
        Means and variances of each class.
    class_prior_ : SecretArray (2,)
    classes_ : ndarray (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> GaussianNB()
    GaussianNB()
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"var_smoothing": Number(least=1e-12)}

    def __init__(self, *, var_smoothing: float = 1e-9) -> None:
        self.var_smoothing = var_smoothing

    def fit(self, X: SecretFrame, y: SecretSeries) -> GaussianNB:
        """Find the moments of both classes; runs the plan at once.

        Parameters
        ----------
        X : SecretFrame (n_rows, n_features)
            Numbers and booleans.
        y : SecretSeries (n_rows,)
            bool, or integers 0 and 1 by their public range; of the same rows as ``X``.
        """
        kept, names = self.fit_plan(X, y)["model"].persist(), list(X.columns)
        self._model = kept
        shape = (2, len(names))
        self.theta_ = SecretArray(kept[[*labelled("mean 0", names), *labelled("mean 1", names)]], shape)
        self.var_ = SecretArray(kept[[*labelled("scale 0", names), *labelled("scale 1", names)]], shape, np.square)
        self.class_prior_ = SecretArray(kept[[f"{PRIOR} 0", f"{PRIOR} 1"]], (2,))
        self.classes_ = np.array([False, True]) if isinstance(y.dtype, Bool) else np.array([0, 1])
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: SecretSeries) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"model": one row}``."""
        check(self, self.parameters)
        table, target = with_target(X, y)
        check_target(table, target)
        table = table.dropna()
        columns, truth = as_numbers(table[list(X.columns)]), table[target]
        one = truth if isinstance(truth.dtype, Bool) else truth > 0
        widest = reduce(lambda a, b: a._apply(ex.maximum, a, b), [x.std(ddof=0) for x in columns])
        least = widest * sqrt(self.var_smoothing)
        found, logs = dict[str, SecretScalar](), list[SecretScalar]()
        for c, rows in enumerate((~one, one)):
            for j, x in enumerate(columns):
                own = x.where(rows)
                scale = own.std(ddof=0)._apply(ex.hypot, own.std(ddof=0), least)
                found |= {f"mean {c} {j}": own.mean(), f"scale {c} {j}": scale}
                logs.append(scale._apply(ex.log, scale) * (1 - 2 * c))
        ones, count = one.sum(), one.count()
        share = over(ones, count)
        odds = ones._apply(ex.log, ones) - count._apply(lambda n, k: ex.log(ex.sub(n, k)), count, ones)
        found |= {f"{PRIOR} 0": 1 - share, f"{PRIOR} 1": share, RATIO: reduce(lambda a, b: a + b, logs, odds)}
        return {"model": row(found)}

    def decision_function(self, X: SecretFrame) -> SecretSeries:
        """How much likelier the second class is, a logarithm, secret and lazy; null where any feature is, or is far from both classes."""
        model: SecretFrame = self._check_is_fitted("_model")
        X = like_fitted(X, self.feature_names_in_, model)
        parts = []
        for j, x in enumerate(as_numbers(X)):
            zero, one = (self._squared(x, model, c, j) for c in (0, 1))
            parts.append((zero - one) * 0.5)
        decision: SecretSeries = (reduce(lambda a, b: a + b, parts) + kept_number(model, RATIO)).rename("decision")
        return decision

    def predict_proba(self, X: SecretFrame) -> SecretFrame:
        """Probabilities of the two classes, secret and lazy: a column per class, named after it; rows as in ``X``."""
        decision = self.decision_function(X)
        one = decision._apply(ex.sigmoid, decision)
        names = [str(c) for c in self.classes_]
        both: SecretFrame = X.assign(**{names[0]: 1 - one, names[1]: one})[names]
        return both

    def predict(self, X: SecretFrame) -> SecretSeries:
        """The likelier class of every row, secret and lazy; null where any feature is, or is far from both classes."""
        label: SecretSeries = (self.decision_function(X) > 0).rename("label")
        return label if self.classes_.dtype == bool else label.astype("int64")

    def _hits(self, X: SecretFrame, truth: SecretFrame) -> SecretSeries:
        hits: SecretSeries = (self.predict(X) == truth[truth.columns[0]]).astype("int64")
        return hits

    def _squared(self, x: SecretSeries, model: SecretFrame, c: int, j: int) -> SecretSeries:
        z: SecretSeries = over(x - kept_number(model, f"mean {c} {j}"), kept_number(model, f"scale {c} {j}"))

        def made(z: ex.Expr) -> ex.Expr:
            near = ex.where(ex.lt(ex.abs_(z), FAR), ex.minimum(ex.maximum(z, -FAR), FAR), None)
            return ex.mul(near, near)

        return z._apply(made, z)
