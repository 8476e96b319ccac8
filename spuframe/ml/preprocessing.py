"""Scaling of features."""

from __future__ import annotations

from typing import Any

import numpy as np

from spuframe.frame.frame import SecretFrame
from spuframe.ml.base import (
    SecretArray,
    SecretEstimator,
    features,
    matrix,
    nullable,
    run_program,
    same_features,
    same_session,
    shifts,
    units,
)
from spuframe.plan.tensor import STD_BITS, Program


class StandardScaler(SecretEstimator):
    """Bring features to mean 0 and variance 1 (the population's, as scikit-learn), without anybody seeing either.

    Rows that a filter or a join dropped, and rows with a null in any column, take no part in the moments. A column whose deviation is below
    2^-16 of its public bound counts as constant: it becomes zero, as scikit-learn's does. The relative error of a deviation s is about
    2^-17 + 2^-36 / s^2, in units of the public bound: narrow public ranges make it exact.

    Attributes
    ----------
    mean_, var_, scale_ : SecretArray (n_features,)
        As scikit-learn's: the scale of a constant column is 1.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> StandardScaler()
    StandardScaler()
    """

    def fit(self, X: SecretFrame, y: object = None) -> StandardScaler:
        """Find the moments; runs the plan at once."""
        fitted = self.fit_plan(X)["moments"].persist()
        columns, by = list(X.columns), shifts(list(X.schema))
        self._moments = fitted
        self._shifts = by
        shape = (len(columns),)
        self.mean_ = SecretArray(_named(fitted, "mean", columns), shape, units(by))
        self.scale_ = SecretArray(_named(fitted, "std", columns), shape, units([s - STD_BITS for s in by]), lambda s: np.where(s > 0, s, 1.0))
        self.var_ = SecretArray(_named(fitted, "std", columns), shape, units([s - STD_BITS for s in by]), np.square)
        self.n_features_in_ = len(columns)
        self.feature_names_in_ = np.array(columns, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"moments": one row}``."""
        columns = list(features(X).columns)
        p = Program()
        x, mask = matrix(p, X, columns, shifts(list(X.schema)))
        mean = p.mean(x, mask)
        rstd, std = p.deviation(p.sub(x, mean if mask is None else p.mul(mask, mean)), mask)
        names = [_label(what, j) for what in ("mean", "rstd", "std") for j in range(len(columns))]
        p.output("moments", p.hstack([mean, rstd, std]), names)
        return run_program(p, [X])

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null where any feature is."""
        moments: SecretFrame = self._check_is_fitted("_moments")
        names: list[str] = list(self.feature_names_in_)
        X = same_features(X, names)
        same_session(X, moments)
        p = Program()
        x = p.input(0, names, X.rows, self._shifts)
        mean, rstd = (p.input(1, [_label(what, j) for j in range(len(names))], 1) for what in ("mean", "rstd"))
        p.output("scaled", p.mul(p.sub(x, mean), rstd), names, like=0, complete=nullable(X))
        return run_program(p, [X, moments])["scaled"]

    def fit_transform(self, X: SecretFrame, y: object = None) -> SecretFrame:
        """`fit`, then `transform`."""
        return self.fit(X).transform(X)


def _label(what: str, j: int) -> str:
    return f"{what} {j}"


def _named(frame: SecretFrame, what: str, columns: list[str]) -> Any:
    return frame[[_label(what, j) for j in range(len(columns))]]
