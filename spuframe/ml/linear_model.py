"""Linear models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from spuframe.dtypes import Bool
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.ir.words import words
from spuframe.ml.base import (
    WIDEST,
    PublicArray,
    SecretArray,
    SecretEstimator,
    Slopes,
    exact,
    features,
    matrix,
    nullable,
    run_program,
    same_features,
    same_session,
    shifts,
    with_target,
)
from spuframe.ml.kinds import Classifier, check_target
from spuframe.ml.parameters import Constraint, Flag, Nothing, Number, Whole, Word, check
from spuframe.ml.solvers.descent import LogisticDescent
from spuframe.plan.tensor import Program, Ref

INTERCEPT = "intercept"
CONVERGED = "converged"
UNIT = (-(2.0**-10), 1 + 2.0**-10)
"""Bounds of a probability, with room for rounding."""


class LogisticRegression(Classifier, SecretEstimator):
    """Binary logistic regression by minibatch gradient descent with momentum, on secret features and labels.

    The features are brought to mean 0 and variance 1 inside (secretly, as `sklearn.preprocessing.StandardScaler` does), so that
    gradient descent converges whatever their units; the fitted coefficients are those of the original features. The L2 penalty is that
    of scikit-learn on standardised features: ``C * sum(loss) + ||coef||^2 / 2``. The number of steps is public and fixed: nothing stops
    early, since when it does would tell more about the data than whether they were enough, which is one bit (``tol``). Rows that a filter
    or a join dropped, and rows with a null, take no part (where they are many, so are the steps that it takes to converge).
    A feature that is constant gets the coefficient 0.

    Parameters
    ----------
    penalty : {"l2", None}, default "l2"
    C : float, default 1.0
        Inverse strength of the penalty.
    fit_intercept : bool, default True
        Without an intercept nothing is centred, and standardised features have a mean square of 1.
    max_iter : int, default 100
        Passes over the rows (epochs), all of which are made.
    tol : float or None, default 1e-3
        **Reveals** one bit to the analyst at the end of `fit`: whether the gradient of the mean loss (penalty included) over the features
        that the steps see, standardised unless told otherwise, is at most ``tol`` in each coefficient. If it is not, there is scikit-learn's
        `ConvergenceWarning`. scikit-learn's own default is 1e-4, which batches and 18 fraction bits do not reach with many features.
        None or 0: reveal nothing, and do not ask.
    batch_size : int or None, default 1024
        About so many rows per step; None: all of them (gradient descent). A batch is an even sample of the table, whatever its order.
    learning_rate : float or "auto", default "auto"
        Step size, in units of the standardised features; kept to 1 %. "auto" is what cannot diverge for this number of features, 0.5 at most.
        With several batches, the last quarter of the epochs takes an eighth of it, so that the noise of the batches settles.
    momentum : float, default 0.8
        In [0, 1).
    standardize : bool, default True
        False: take the features as they are, except for a public power of two per column that brings them into [-1, 1]; the penalty is
        on the coefficients of those.
    solver : {"sgd"}, default "sgd"

    Attributes
    ----------
    coef_ : SecretArray (1, n_features)
        **Revealing** them tells what the model decides by to its last bit, and by that the size of each feature's deviation, to a factor of 2^15.
    intercept_ : SecretArray (1,), or ndarray of 0 without an intercept
    classes_ : ndarray (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str
    n_iter_ : ndarray (1,)
        The epochs made: ``max_iter``.

    Notes
    -----
    One step is ``v = momentum * v - rate * (X^T (sigmoid(X w) - y) / rows + w / (C n))``, ``w = w + v`` with momentum after Polyak (1964). It
    costs one product without rounding, a sigmoid and one product with rounding: see `fit_plan` and ``explain()``.

    "auto": the curvature of the mean loss over standardised features is at most ``L = (features + 1) / 4 + 1 / (C n)``, the trace, and
    momentum m is stable up to ``2 (1 + m) / L``; the rate is half of that.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> clone(LogisticRegression(C=0.5)).get_params()["C"]
    0.5
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {
        "penalty": Word("l2") | Nothing(),
        "C": Number(above=0),
        "fit_intercept": Flag(),
        "max_iter": Whole(least=1),
        "tol": Nothing() | Number(least=1e-5, zero=True, because="gradients have 18 fraction bits"),
        "batch_size": Whole(least=1) | Nothing(),
        "learning_rate": Number(above=0) | Word("auto"),
        "momentum": Number(least=0, below=1),
        "standardize": Flag(),
        "solver": Word("sgd"),
    }

    def __init__(
        self,
        penalty: Literal["l2"] | None = "l2",
        *,
        C: float = 1.0,
        fit_intercept: bool = True,
        max_iter: int = 100,
        tol: float | None = 1e-3,
        batch_size: int | None = 1024,
        learning_rate: float | Literal["auto"] = "auto",
        momentum: float = 0.8,
        standardize: bool = True,
        solver: Literal["sgd"] = "sgd",
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
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
        outputs, slopes, units = self._plan(X, y)
        names = list(X.columns)
        fitted = outputs["model"].persist()
        self._model, self._slopes = fitted, slopes
        self.coef_ = SecretArray(fitted[slopes.digits()], (1, len(names)), slopes.coefficients)
        shown = fitted[_labels(INTERCEPT, len(units))] if units else None
        self.intercept_ = PublicArray(np.zeros(1)) if shown is None else SecretArray(shown, (1,), lambda v: v @ np.array([units]).T)
        self.classes_ = np.array([False, True]) if isinstance(y.dtype, Bool) else np.array([0, 1])
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_iter_ = np.array([self.max_iter])
        if self.tol and fitted[CONVERGED].reveal().item() < 0.5:
            warnings.warn(
                f"the fit did not converge in {self.max_iter} epochs: some gradient is above tol={self.tol:g}. Raise `max_iter`, lower `learning_rate`, "
                "let each step see all rows (batch_size=None), or raise `tol` (None: do not ask)",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def fit_plan(self, X: SecretFrame, y: SecretSeries) -> dict[str, SecretFrame]:
        """The lazy results of training, for ``explain()`` before anything runs: ``{"model": one row}``, and the bit ``"converged"`` if it is revealed."""
        outputs = self._plan(X, y)[0]
        return outputs | {CONVERGED: outputs["model"][[CONVERGED]]} if self.tol else outputs

    def _plan(self, X: SecretFrame, y: SecretSeries) -> tuple[dict[str, SecretFrame], Slopes, list[float]]:
        """The lazy model, what is public of its slopes, and the units of the numbers whose sum is the intercept."""
        check(self, self.parameters)
        table, target = with_target(X, y)
        check_target(table, target)
        columns = list(X.columns)
        p = Program()
        label = p.input(0, [target], table.rows)
        if not self.standardize:
            features(X, wide=WIDEST)
            by = shifts(list(X.schema))
            x, mask = matrix(p, table, columns, by)
            w, converged = self._descend(p, p.spread(self._with_ones(p, x, mask)), p.spread(label), len(columns), mask)
            slopes, coef = Slopes.shifted(list(X.schema), by, p.f), p.transpose(p.rows(w, 0, len(columns)))
            intercept, units = ([p.rows(w, len(columns), w.rows)], [1.0]) if self.fit_intercept else ([], [])
            limbs, offset, centre = p.limbs(coef, slopes.limb, slopes.count), (intercept or [p.zeros(1, 1)])[0], p.zeros(1, len(columns))
        else:
            found = words(list(X.schema), self.fit_intercept)
            x, there = exact(p, table, columns, found)
            m = p.moments(x, found.bits, there, scaled=True, centre=True, centred=self.fit_intercept)
            assert m.scaled is not None and m.centre is not None
            mask = None if there is None else p.scale(there, 2.0**p.f)
            w, converged = self._descend(p, p.spread(self._with_ones(p, m.scaled, mask)), p.spread(label), len(columns), mask)
            slopes, centre = Slopes.scaled(found, table.rows), m.centre
            limbs, offset = p.digits(m, w, len(columns), slopes.limb, slopes.count)
            intercept, units = [], []
            if self.fit_intercept:  # what the slopes that are shown leave at zero: their rounding does not show in ``x coef + intercept``
                fine, coarse, unit = slopes.means(p, found, limbs, centre, summed=True)
                intercept, units = [p.sub(offset, fine)], [1.0]
                if coarse is not None:  # beyond the ring: the coarse one, and what is left beside it
                    left = p.sub(fine, p.scale(coarse, 2.0 ** (p.f - unit)))
                    intercept, units = [p.sub(offset, left), p.scale(coarse, -1.0)], [1.0, 2.0 ** (p.f - unit)]
        parts, names = slopes.row(p, limbs, offset, centre)
        parts, names = [*parts, *intercept], [*names, *_labels(INTERCEPT, len(units))]
        if converged is not None:
            parts, names = [*parts, converged], [*names, CONVERGED]
        p.output("model", p.hstack(parts), names)
        return run_program(p, [table]), slopes, units

    def _with_ones(self, p: Program, x: Ref, mask: Ref | None) -> Ref:
        if not self.fit_intercept:
            return x
        return p.hstack([x, mask if mask is not None else p.full(x.rows, 1, 1.0)])

    def _descend(self, p: Program, x: Ref, label: Ref, d: int, mask: Ref | None) -> tuple[Ref, Ref | None]:
        """The coefficients, and 1 where they have converged, else 0, if that is asked for."""
        C = None if self.penalty is None else self.C
        of = (self.max_iter, self.batch_size, self.learning_rate, self.momentum, self.tol)
        return LogisticDescent(*of, penalised=d, C=C, scaled=self.standardize, ones=self.fit_intercept).run(p, x, label, mask)  # the intercept is free

    # ---- predict -----------------------------------------------------------------------------------
    def decision_function(self, X: SecretFrame) -> SecretSeries:
        """``X coef + intercept``, secret and lazy; null where any feature is (or lies where no word of the fit reaches), and beyond 2^42."""
        decision: SecretSeries = self._apply(X, "decision")["decision"]
        return decision

    def predict_proba(self, X: SecretFrame) -> SecretFrame:
        """Probabilities of the two classes, secret and lazy: a column per class, named after it.

        Rows as in ``X``, null where any feature is, or lies where no word of the fit reaches.
        """
        return self._apply(X, "proba")

    def predict(self, X: SecretFrame) -> SecretSeries:
        """The likelier class of every row, secret and lazy; null where any feature is or lies where no word of the fit reaches."""
        label: SecretSeries = self._apply(X, "label")["label"]
        return label if self.classes_.dtype == bool else label.astype("int64")

    def _hits(self, X: SecretFrame, truth: SecretFrame) -> SecretSeries:
        hits: SecretSeries = self._apply(X, "hit", truth)["hit"]
        return hits

    def _apply(self, X: SecretFrame, what: str, truth: SecretFrame | None = None) -> SecretFrame:
        model: SecretFrame = self._check_is_fitted("_model")
        names: list[str] = list(self.feature_names_in_)
        X = same_features(X, names)
        same_session(X, model)
        p = Program()
        value, inside, right = self._slopes.apply(p, X, names)
        null = nullable(X)
        if what == "decision":
            p.output(what, value, [what], like=0, complete=null, inside=inside)
        elif what == "label":
            p.output(what, p.positive(value), [what], like=0, complete=null, inside=right)
        elif truth is not None:  # 1 - label - y + 2 label y
            label, y = p.number(p.positive(value)), p.input(2, list(truth.columns), X.rows)
            apart = p.sub(p.add(label, y), p.scale(p.mul(label, y), 2.0))
            p.output(what, p.sub(p.constant([[1.0]]), apart), [what], like=0, range=UNIT, inside=right)
        else:
            one = p.sigmoid(value)
            both = p.hstack([p.sub(p.constant([[1.0]]), one), one])
            p.output(what, both, [str(c) for c in self.classes_], like=0, range=UNIT, complete=null, inside=right)
        return run_program(p, [X, model] if truth is None else [X, model, truth])[what]


def _labels(what: str, count: int) -> list[str]:
    return [f"{what} {i}" for i in range(count)]
