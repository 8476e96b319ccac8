"""Linear models of numbers: least squares, with and without a penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, isqrt, log2
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from spuframe.dtypes import DEFAULT_FRACTION_BITS
from spuframe.errors import CollinearError, RangeOverflowError
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.ir.words import BEYOND, HELD, MOST, Words, words
from spuframe.ml.base import (
    PublicArray,
    SecretArray,
    SecretEstimator,
    Slopes,
    exact,
    limb_bits,
    nullable,
    run_program,
    same_features,
    same_session,
    with_target,
)
from spuframe.ml.kinds import Regressor, check_number
from spuframe.ml.parameters import Constraint, Flag, Number, check
from spuframe.plan.tensor import Program

DETERMINED = "determined"
LIFT_BITS = 12
"""Bits that the root of a penalty keeps in the words of a column, at least."""
FAR = 20
"""Predictions are held up to ``2**FAR`` times the target's range, if it has one that says something."""
GUARD = 6
"""Fraction bits of slopes beyond `BEYOND`."""
LARGEST = 8
"""Coefficients of standardised columns are below ``2**LARGEST``."""
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What is public of a fitted line.

    Parameters
    ----------
    slopes : Slopes
        Whose sums are the target times ``2**(out - DEFAULT_FRACTION_BITS)``.
    out : int
        Fraction bits of predictions.
    """

    slopes: Slopes
    out: int

    def coefficients(self, limbs: Array) -> Array:
        """The coefficients, of the limbs of each."""
        return np.ldexp(self.slopes.coefficients(limbs), DEFAULT_FRACTION_BITS - self.out)

    def intercept(self, limbs: Array) -> Array:
        """The intercept, of its limbs."""
        joined = np.zeros((len(limbs), 1))
        for i in reversed(range(limbs.shape[1])):  # from the highest: it and those below may nearly cancel
            joined = joined * 2.0**self.slopes.limb + limbs[:, i : i + 1]
        return np.ldexp(joined, 2 * DEFAULT_FRACTION_BITS - self.slopes.fraction - self.out)


class _LeastSquares(Regressor, SecretEstimator):
    """Least squares in closed form: the correlations of the columns and the target, and one linear system."""

    fit_intercept: bool

    def fit(self, X: SecretFrame, y: SecretSeries) -> Self:
        """Train; runs the plan at once, and **reveals** one bit to the analyst: whether the features determine the coefficients.

        Parameters
        ----------
        X : SecretFrame (n_rows, n_features)
            Numbers and booleans.
        y : SecretSeries (n_rows,)
            Numbers; of the same rows as ``X``.

        Returns
        -------
        self

        Raises
        ------
        CollinearError
            Some feature is nearly a sum of others, there are no more rows than features, or none.
        """
        outputs, found = self._plan(X, y)
        names = list(X.columns)
        fitted = outputs["model"].persist()
        if not fitted[DETERMINED].reveal().item():
            raise CollinearError(
                f"the coefficients of {type(self).__name__} are not determined: some features are sums of others, or nearly (an eigenvalue of their "
                "correlations is below 2^-14), or no more complete rows are left than there are features. Drop a feature (of dummies one each), "
                "use Ridge(alpha=...) with a larger alpha, or look at filters, merges and nulls (.count().reveal())"
            )
        self._model, self._public = fitted, found
        self.coef_ = SecretArray(fitted[found.slopes.digits()], (len(names),), found.coefficients)
        shown = [name for name in fitted.columns if name.startswith("intercept ")]
        self.intercept_ = SecretArray(fitted[shown], (), found.intercept) if self.fit_intercept else PublicArray(np.zeros(()))
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def fit_plan(self, X: SecretFrame, y: SecretSeries) -> dict[str, SecretFrame]:
        """The lazy results of training, for ``explain()`` before anything runs: ``{"model": one row}``, and the bit ``"determined"``."""
        outputs = self._plan(X, y)[0]
        return outputs | {DETERMINED: outputs["model"][[DETERMINED]]}

    def predict(self, X: SecretFrame) -> SecretSeries:
        """``X coef + intercept``, secret and lazy.

        Null where any feature is (or lies where no word of the fit reaches), and far beyond the range of the target: 2^20 times that, or 2^42.
        """
        model: SecretFrame = self._check_is_fitted("_model")
        names: list[str] = list(self.feature_names_in_)
        X = same_features(X, names)
        same_session(X, model)
        p = Program()
        value, inside, _ = self._public.slopes.apply(p, X, names)
        out, most = self._public.out, 2.0 ** (HELD + DEFAULT_FRACTION_BITS - self._public.out)
        p.output("prediction", value, ["prediction"], like=0, complete=nullable(X), inside=inside, fractions=[out], range=(-most, most))
        predicted: SecretSeries = run_program(p, [X, model])["prediction"]["prediction"]
        return predicted

    def _plan(self, X: SecretFrame, y: SecretSeries) -> tuple[dict[str, SecretFrame], Model]:
        check(self, self.parameters)
        table, target = with_target(X, y)
        check_number(table, target)
        columns = [*X.columns, target]
        found, lifts = lifted(words([table.schema[c] for c in columns], self.fit_intercept), list(X.columns), self._penalty())
        public, up = _model(found, table.rows)
        p = Program(f=min(25, (60 - table.rows.bit_length()) // 2))
        x, there = exact(p, table, columns, found)
        m = p.moments(x, found.bits, there, scaled=True, centre=True, centred=self.fit_intercept, lifts=lifts)
        assert m.centre is not None
        w, determined = p.least_squares(m)
        slopes, offset, intercept = p.line(m, w, found, public.slopes.limb, public.slopes.count, up, public.slopes.fraction, public.slopes.largest)
        parts, names = public.slopes.row(p, slopes, offset, p.transpose(p.rows(p.transpose(m.centre), 0, w.rows)))
        parts, names = [*parts, p.number(determined)], [*names, DETERMINED]
        if self.fit_intercept:
            parts, names = [*parts, intercept], [*names, *(f"intercept {i}" for i in range(intercept.columns))]
        p.output("model", p.hstack(parts), names, fractions=[DEFAULT_FRACTION_BITS] * len(names))
        return run_program(p, [table]), public

    def _penalty(self) -> float:
        return 0.0


class LinearRegression(_LeastSquares):
    """Ordinary least squares in closed form, on secret features and a secret target.

    Columns are standardised inside, secretly; the inverse of their correlations is found by Newton's iteration, in a public number of steps. Rows that
    a filter or a join dropped, and rows with a null in a feature or in the target, take no part. A feature that is constant gets the coefficient 0.
    Coefficients are right to about 1e-5 of the contribution of their feature, where features are not nearly collinear.

    Parameters
    ----------
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_ : SecretArray (n_features,)
    intercept_ : SecretArray (), or ndarray of 0 without an intercept
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    scikit-learn gives the shortest of many solutions where features are collinear. Here that is a `CollinearError`: `fit` reveals that bit, no more.

    Examples
    --------
    >>> LinearRegression()
    LinearRegression()
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"fit_intercept": Flag()}

    def __init__(self, *, fit_intercept: bool = True) -> None:
        self.fit_intercept = fit_intercept


class Ridge(_LeastSquares):
    """Least squares with a penalty on the squares of the coefficients, in closed form, on secret features and a secret target.

    As `LinearRegression`, with ``sum (y - X coef - intercept)^2 + alpha ||coef||^2``: the penalty is that of scikit-learn, on the coefficients of the
    features as they are. Scale them first where their units differ.

    Parameters
    ----------
    alpha : float, default 1.0
        0: no penalty.
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_ : SecretArray (n_features,)
    intercept_ : SecretArray (), or ndarray of 0 without an intercept
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> Ridge(alpha=0.5)
    Ridge(alpha=0.5)
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {"alpha": Number(least=0), "fit_intercept": Flag()}

    def __init__(self, alpha: float = 1.0, *, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def _penalty(self) -> float:
        return float(self.alpha)


def lifted(found: Words, names: Sequence[str], alpha: float) -> tuple[Words, list[int]]:
    """Words of features that have room for a penalty, the target's at last; and the root of the penalty in the words of each.

    Raises
    ------
    RangeOverflowError
        The penalty and a range do not fit one word.
    """
    if not alpha:
        return found, []
    least = ceil(LIFT_BITS - log2(alpha) / 2)
    more = [*(max(0, least - f) for f in found.fractions[:-1]), 0]
    fractions = tuple(f + up for f, up in zip(found.fractions, more, strict=True))
    lifts = [isqrt(int(Fraction(alpha) * Fraction(4) ** (f + 1))) + 1 >> 1 for f in fractions[:-1]]
    sizes = [max(size + up, lift.bit_length() + 1) for size, up, lift in zip(found.sizes, more, lifts, strict=False)]
    if max(sizes) > MOST:
        j = int(np.argmax(sizes))
        raise RangeOverflowError(
            f"`alpha` {alpha:g} is too {'small' if more[j] else 'large'} beside the public ranges of column {names[j]!r} and the others, for one word "
            "to hold both: declare ranges when reading (ranges={...}), scale the features, or change `alpha`"
        )
    centres = tuple(c << up for c, up in zip(found.centres, more, strict=True))
    ups = tuple(a + b for a, b in zip(found.ups, more, strict=True))
    wide = tuple(size + up for size, up in zip(found.sizes, more, strict=True))
    return replace(found, bits=max(found.bits, *sizes), fractions=fractions, centres=centres, ups=ups, sizes=wide), [*lifts, 0]


def _model(found: Words, rows: int) -> tuple[Model, int]:
    """What is public of the model; and how much slopes per word of a feature are more than words of the target, as a power of two."""
    *own, last = found.fractions
    before = found.reach[-1] - (last - found.ups[-1])  # bits of the target before the point
    out = max(min(DEFAULT_FRACTION_BITS, HELD + DEFAULT_FRACTION_BITS - before), min(last, HELD + DEFAULT_FRACTION_BITS - FAR - before))
    fraction = found.bits + BEYOND + GUARD
    up = fraction - DEFAULT_FRACTION_BITS + out - last
    largest = max(1, LARGEST + found.bits + (rows.bit_length() + 1) // 2 + up - fraction)
    limb = limb_bits(2 * len(own))  # a limb of a mean has one bit more
    slopes = Slopes(tuple(own), found.centres[:-1], found.sizes[:-1], fraction, limb, -(-(fraction + largest + 1) // limb), largest, len(own))
    return Model(slopes, out), up
