"""Linear models."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from spuframe.dtypes import Bool, Int
from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.series import SecretSeries
from spuframe.ml.base import SecretArray, SecretEstimator, features, matrix, run_program, shifts, steps, with_target
from spuframe.plan.tensor import Program, Ref

UNIT = (-2.0**-10, 1 + 2.0**-10)
"""Bounds of a probability, with room for rounding."""


class LogisticRegression(SecretEstimator):
    """Binary logistic regression by minibatch gradient descent with momentum, on secret features and labels.

    The features are brought to mean 0 and variance 1 inside (secretly, as `sklearn.preprocessing.StandardScaler` does), so that
    gradient descent converges whatever their units; the fitted coefficients are those of the original features. The L2 penalty is that
    of scikit-learn on standardised features: ``C * sum(loss) + ||coef||^2 / 2``. The number of steps is public and fixed: nothing stops
    early, since that would tell something about the data. Rows that a filter or a join dropped, and rows with a null, take no part.

    Parameters
    ----------
    penalty : {"l2", None}, default "l2"
    C : float, default 1.0
        Inverse strength of the penalty.
    fit_intercept : bool, default True
    max_iter : int, default 100
        Passes over the rows (epochs).
    batch_size : int or None, default 1024
        Rows per step; None: all of them (gradient descent).
    learning_rate : float, default 0.5
        Step size, in units of the standardised features.
    momentum : float, default 0.9
        In [0, 1).
    standardize : bool, default True
        False: take the features as they are, except for a public power of two per column.
    solver : {"sgd"}, default "sgd"

    Attributes
    ----------
    coef_ : SecretArray (1, n_features)
    intercept_ : SecretArray (1,)
    classes_ : ndarray (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str
    n_iter_ : ndarray (1,)

    Notes
    -----
    One step is ``v = momentum * v - rate * (X^T (sigmoid(X w) - y) / rows + w / (C n))``, ``w = w + v`` with momentum after Polyak (1964). It
    costs three products with rounding, a sigmoid and nothing else: see `explain()` of `fit_plan`.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> clone(LogisticRegression(C=0.5)).get_params()["C"]
    0.5
    """

    def __init__(
        self,
        penalty: Literal["l2"] | None = "l2",
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        max_iter: int = 100,
        batch_size: int | None = 1024,
        learning_rate: float = 0.5,
        momentum: float = 0.9,
        standardize: bool = True,
        solver: Literal["sgd"] = "sgd",
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.standardize = standardize
        self.solver = solver

    # ---- fit ---------------------------------------------------------------------------------------
    def fit(self, X: SecretFrame, y: SecretSeries) -> LogisticRegression:
        """Train; runs the plan at once.

        Parameters
        ----------
        X : SecretFrame (n_rows, n_features)
            Numbers and booleans.
        y : SecretSeries (n_rows,)
            bool, or integers 0 and 1 by their public range; of the same rows as ``X``.

        Returns
        -------
        self
        """
        outputs = self.fit_plan(X, y)
        names = list(features(X).columns)
        fitted = outputs["model"].persist()
        self._model = fitted
        self.coef_ = SecretArray(fitted[names], (1, len(names)))
        self.intercept_ = SecretArray(fitted[["intercept"]], (1,)) if "intercept" in fitted.columns else np.zeros(1)
        self.classes_ = np.array([False, True]) if isinstance(y.dtype, Bool) else np.array([0, 1])
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_iter_ = np.array([self.max_iter])
        return self

    def fit_plan(self, X: SecretFrame, y: SecretSeries) -> dict[str, SecretFrame]:
        """The lazy result of training, for ``explain()`` before anything runs: ``{"model": one row, a column per coefficient}``."""
        self._check_parameters()
        columns = list(features(X).columns)
        table, target = with_target(X, y)
        _check_target(table, target)
        n, d = table.rows, len(columns)
        p = Program()
        x, mask = matrix(p, table[[*columns, target]], columns)
        label = p.input(0, [target], n)
        mean = rstd = None
        if self.standardize:
            mean, rstd = p.moments(x, mask)
            x = p.affine(x, mean, rstd, mask)
        if self.fit_intercept:
            x = p.hstack([x, mask if mask is not None else p.constant([[1.0]] * n)])
        w = self._descend(p, x, label, d)
        self._rescale(p, w, mean, rstd, table, columns)
        return run_program(p, [table[[*columns, target]]])

    def _descend(self, p: Program, x: Ref, label: Ref, d: int) -> Ref:
        n, width = x.rows, x.columns
        size = n if self.batch_size is None else min(self.batch_size, n)
        w, v = p.zeros(width, 1), p.zeros(width, 1)
        decay = 0.0 if self.penalty is None else -self.learning_rate / (self.C * n)
        rates = [decay] * d + [0.0] * (width - d)  # the intercept is not penalised
        with p.loop(steps(n, size, self.max_iter)) as i:
            rows, truth = p.batch(x, size, i), p.batch(label, size, i)
            error = p.sub(p.sigmoid(p.matmul(rows, w)), truth)
            step = p.matmul_mean(rows, error, -self.learning_rate, add=[(v, [self.momentum] * width), (w, rates)])
            p.assign(v, step)
            p.assign(w, p.add(w, step))
        return w

    def _rescale(self, p: Program, w: Ref, mean: Ref | None, rstd: Ref | None, table: SecretFrame, columns: list[str]) -> None:
        """Coefficients of the original features: ``coef = w * rstd / 2^shift``, ``intercept = b - sum(w * rstd * mean)``."""
        d = len(columns)
        coef = p.transpose(p.rows(w, 0, d))
        intercept = p.rows(w, d, d + 1) if self.fit_intercept else None
        if mean is not None and rstd is not None:
            coef = p.mul(coef, rstd)
            if intercept is not None:
                intercept = p.sub(intercept, p.matmul(coef, p.transpose(mean)))
        units = p.constant([[2.0**-s for s in shifts([table.schema[c] for c in columns])]])
        coef = p.mul(coef, units)
        out = coef if intercept is None else p.hstack([coef, intercept])
        p.output("model", out, [*columns, "intercept"] if intercept is not None else columns)

    # ---- predict -----------------------------------------------------------------------------------
    def decision_function(self, X: SecretFrame) -> SecretSeries:
        """``X coef + intercept``, secret and lazy."""
        return self._apply(X, "decision")["decision"]

    def predict_proba(self, X: SecretFrame) -> SecretFrame:
        """Probabilities of the two classes, secret and lazy: columns ``"0"`` and ``"1"``, rows as in ``X``."""
        return self._apply(X, "proba")

    def predict(self, X: SecretFrame) -> SecretSeries:
        """The likelier class of every row, secret and lazy."""
        label = self._apply(X, "label")["label"]
        return label if self.classes_.dtype == bool else label.astype("int64")

    def score(self, X: SecretFrame, y: SecretSeries) -> float:
        """Mean accuracy on ``X`` and ``y``; **reveals** that one number to the analyst."""
        table, target = with_target(X, y)
        _check_target(table, target)
        return float(self._apply(table[list(X.columns)], "hit", table[[target]])["hit"].mean().reveal())

    def _apply(self, X: SecretFrame, what: str, truth: SecretFrame | None = None) -> SecretFrame:
        model: SecretFrame = self._check_is_fitted("_model")
        names: list[str] = list(self.feature_names_in_)
        missing = [c for c in names if c not in features(X).columns]
        if missing or len(X.columns) != len(names):
            raise SchemaError(f"`X` must have the columns it was fitted with, {names}; got {list(X.columns)}: select them with frame[[...]]")
        X = X[names]
        p = Program()
        x = p.input(0, names, X.rows)
        score = p.matmul(x, p.transpose(p.input(1, names, 1)))
        if "intercept" in model.columns:
            score = p.add(score, p.input(1, ["intercept"], 1))
        if what == "decision":
            p.output(what, score, [what], like=0)
        elif what == "label":
            p.output(what, p.positive(score), [what], like=0)
        elif truth is not None:  # 1 - label - y + 2 label y
            label, y = p.number(p.positive(score)), p.input(2, list(truth.columns), X.rows)
            apart = p.sub(p.add(label, y), p.scale(p.mul(label, y), 2.0))
            p.output(what, p.sub(p.constant([[1.0]]), apart), [what], like=0, range=UNIT)
        else:
            one = p.sigmoid(score)
            p.output(what, p.hstack([p.sub(p.constant([[1.0]]), one), one]), ["0", "1"], like=0, range=UNIT)
        return run_program(p, [X, model] if truth is None else [X, model, truth])[what]

    # ---- checks ------------------------------------------------------------------------------------
    def _check_parameters(self) -> None:
        if self.penalty not in ("l2", None):
            raise PlanError(f"`penalty` must be 'l2' or None, got {self.penalty!r}")
        if self.solver != "sgd":
            raise PlanError(f"`solver` must be 'sgd', got {self.solver!r}: nothing else runs on secret data yet")
        _positive("C", self.C)
        _positive("learning_rate", self.learning_rate)
        _whole("max_iter", self.max_iter)
        if self.batch_size is not None:
            _whole("batch_size", self.batch_size)
        if not 0 <= self.momentum < 1:
            raise PlanError(f"`momentum` must be in [0, 1), got {self.momentum!r}")


def _positive(name: str, value: Any) -> None:
    if not (isinstance(value, int | float | np.number) and 0 < value < float("inf")):
        raise PlanError(f"`{name}` must be a positive number, got {value!r}")


def _whole(name: str, value: Any) -> None:
    if not (isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1):
        raise PlanError(f"`{name}` must be a whole number of at least 1, got {value!r}")


def _check_target(table: SecretFrame, target: str) -> None:
    field = table.schema[target]
    if isinstance(field.dtype, Bool):
        return
    if not isinstance(field.dtype, Int):
        raise TypeMismatchError(f"`y` is {field.dtype}: it must be bool or integers 0 and 1; compare it (frame['x'] > 0) to make it bool")
    low, high = (0, 1) if field.range is None else field.range
    if low < 0 or high > 1:
        raise SchemaError(
            f"`y` has the public range {field.range}: it must be bool or integers 0 and 1. "
            "If it is, declare it when reading (ranges={'y': (0, 1)}), or use y == 1"
        )
