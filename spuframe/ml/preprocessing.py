"""Scaling of features."""

from __future__ import annotations

from spuframe.errors import SchemaError
from spuframe.frame.frame import SecretFrame
from spuframe.ml.base import SecretArray, SecretEstimator, features, matrix, run_program, shifts
from spuframe.plan.tensor import Program


class StandardScaler(SecretEstimator):
    """Bring features to mean 0 and variance 1 (the population's, as scikit-learn), without anybody seeing either.

    Rows that a filter or a join dropped, and rows with a null, take no part in the moments. Constant columns are not scaled up without
    bound: 2^-26 of the squared public range is added to the variance.

    Attributes
    ----------
    mean_ : SecretArray (n_features,)
    n_features_in_ : int
    feature_names_in_ : list of str

    Examples
    --------
    >>> StandardScaler()
    StandardScaler()
    """

    def fit(self, X: SecretFrame, y: object = None) -> StandardScaler:
        """Find the moments; runs the plan at once."""
        columns = list(features(X).columns)
        p = Program()
        x, mask = matrix(p, X, columns)
        mean, rstd = p.moments(x, mask)
        units = p.constant([[2.0**s for s in shifts(list(X.schema))]])
        p.output("mean", p.mul(mean, units), columns)
        p.output("moments", p.vstack([mean, rstd]), columns)
        fitted = run_program(p, [X])
        self.mean_ = SecretArray(fitted["mean"].persist(), (len(columns),))
        self._moments = fitted["moments"].persist()
        self._shifts = shifts(list(X.schema))
        self.n_features_in_ = len(columns)
        self.feature_names_in_ = columns
        return self

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The scaled features, secret and lazy, rows as in ``X``; null and dropped rows have no meaning."""
        moments: SecretFrame = self._check_is_fitted("_moments")
        names = self.feature_names_in_
        if list(features(X).columns) != names:
            raise SchemaError(f"`X` must have the columns it was fitted with, {names}; got {list(X.columns)}: select them with frame[[...]]")
        p = Program()
        x = p.input(0, names, X.rows, self._shifts)
        both = p.input(1, names, 2)
        p.output("scaled", p.affine(x, p.rows(both, 0, 1), p.rows(both, 1, 2), None), names, like=0)
        return run_program(p, [X, moments])["scaled"]

    def fit_transform(self, X: SecretFrame, y: object = None) -> SecretFrame:
        """`fit`, then `transform`."""
        return self.fit(X).transform(X)
