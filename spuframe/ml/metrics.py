"""Scores of predictions, with scikit-learn's names: secret numbers, computed when they are revealed, of the rows in which nothing is missing.

What is null for lack of rows (an area without rows of both classes, a mean of none) is revealed as None. See also ``score`` of the estimators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spuframe import expr as ex
from spuframe.dtypes import Bool, Int
from spuframe.errors import InvalidParameterError, SchemaError, TypeMismatchError
from spuframe.frame.frame import SecretSeries
from spuframe.frame.scalar import SecretScalar, squared
from spuframe.ml.base import SecretArray
from spuframe.ml.rows import determination, quotient, row

LEAST = 2.0**-18
"""Probabilities are taken for so much, at least, where their logarithm is taken."""


# ---- of numbers ---------------------------------------------------------------------------------------
def root_mean_squared_error(y_true: SecretSeries, y_pred: SecretSeries) -> SecretScalar:
    """The root of the mean squared error: of the deviation and the mean of the errors, so that small errors keep their digits."""
    error = _number(y_true, "y_true") - _number(y_pred, "y_pred")
    left = error.std(ddof=0)
    return left._apply(ex.hypot, left, error.mean())


def mean_squared_error(y_true: SecretSeries, y_pred: SecretSeries) -> SecretScalar:
    """The mean squared error, kept as its root."""
    root = root_mean_squared_error(y_true, y_pred)
    return SecretScalar(root.session, root.node, "mean squared error", squared)


def mean_absolute_error(y_true: SecretSeries, y_pred: SecretSeries) -> SecretScalar:
    """The mean magnitude of the errors."""
    return abs(_number(y_true, "y_true") - _number(y_pred, "y_pred")).mean()


def r2_score(y_true: SecretSeries, y_pred: SecretSeries) -> SecretScalar:
    """R2, to 2^-14; null for fewer than two rows, and where errors are beyond 2^20 deviations of the truth."""
    truth, predicted = _number(y_true, "y_true"), _number(y_pred, "y_pred")
    return determination(truth.where(predicted.notna()), predicted)


# ---- of classes ---------------------------------------------------------------------------------------
def accuracy_score(y_true: SecretSeries, y_pred: SecretSeries) -> SecretScalar:
    """The share of the rows whose class is right."""
    same = _class(y_true, "y_true") == _class(y_pred, "y_pred")
    return same.astype("int64").mean()


def precision_score(y_true: SecretSeries, y_pred: SecretSeries, *, pos_label: Any = 1, zero_division: float = 0.0) -> SecretScalar:
    """Of the rows predicted to be of a class the share that is; ``zero_division`` if there are none."""
    hits, wrong, _ = _counts(y_true, y_pred, pos_label)
    return _share(hits, hits + wrong, zero_division)


def recall_score(y_true: SecretSeries, y_pred: SecretSeries, *, pos_label: Any = 1, zero_division: float = 0.0) -> SecretScalar:
    """Of the rows of a class the share that is predicted to be; ``zero_division`` if there are none."""
    hits, _, missed = _counts(y_true, y_pred, pos_label)
    return _share(hits, hits + missed, zero_division)


def f1_score(y_true: SecretSeries, y_pred: SecretSeries, *, pos_label: Any = 1, zero_division: float = 0.0) -> SecretScalar:
    """The harmonic mean of precision and recall; ``zero_division`` if no row is of the class or predicted to be."""
    hits, wrong, missed = _counts(y_true, y_pred, pos_label)
    return _share(hits * 2, hits * 2 + wrong + missed, zero_division)


def confusion_matrix(y_true: SecretSeries, y_pred: SecretSeries, *, labels: Sequence[Any] | None = None) -> SecretArray:
    """How many rows of each class (down) are predicted to be of each (across).

    Parameters
    ----------
    labels : sequence, optional
        The classes, which are public; those of booleans, and of the numbers 0 and 1 by their public range, need not be given.
    """
    truth, predicted = _class(y_true, "y_true"), _class(y_pred, "y_pred")
    known = _known(truth) if labels is None else list(labels)
    if not known:
        raise InvalidParameterError.of("labels", labels, "a list of classes, at least one", "confusion_matrix")
    found = {f"{i} {j}": ((truth == a) & (predicted == b)).sum() for i, a in enumerate(known) for j, b in enumerate(known)}
    return SecretArray(row(found), (len(known), len(known)))


# ---- of probabilities ---------------------------------------------------------------------------------
def brier_score_loss(y_true: SecretSeries, y_proba: SecretSeries, *, pos_label: Any = 1) -> SecretScalar:
    """The mean squared difference between the probability of a class and whether the row is of it."""
    return mean_squared_error(_is(y_true, "y_true", pos_label).astype("int64"), y_proba)


def log_loss(y_true: SecretSeries, y_pred: SecretSeries, *, pos_label: Any = 1) -> SecretScalar:
    """The mean of the negative logarithms of the probabilities of the rows' classes, of which ``y_pred`` is that of ``pos_label``.

    Probabilities below 2^-18 count as that.
    """
    truth, p = _is(y_true, "y_true", pos_label), _number(y_pred, "y_pred")
    there = p.where(truth.notna())
    given = there.where(truth.fillna(value=False), 1 - there).clip(LEAST, 1.0)
    return -given._apply(ex.log, given).mean()


def roc_auc_score(y_true: SecretSeries, y_score: SecretSeries, *, pos_label: Any = 1) -> SecretScalar:
    """The area under the ROC curve, exact, by one sort: how often a row of the class has a larger score than another row. Null without both."""
    truth, score = _is(y_true, "y_true", pos_label), _number(y_score, "y_score")
    kept = score.where(truth.notna())
    yes = (truth & kept.notna()).fillna(value=False)
    count = kept.count()
    mean = kept.rank().where(yes).mean()

    def made(mean: ex.Expr, ones: ex.Expr, count: ex.Expr) -> ex.Expr:
        return quotient(ex.sub(mean, ex.mul(ex.add(ones, 1), 0.5)), ex.sub(count, ones))

    return mean._apply(made, mean, yes.sum(), count)


# ---- parts --------------------------------------------------------------------------------------------
def _column(y: object, name: str) -> SecretSeries:
    if not isinstance(y, SecretSeries):
        raise TypeMismatchError(f"`{name}` must be a SecretSeries, got {type(y).__name__}: select it with frame['name']")
    return y


def _number(y: object, name: str) -> SecretSeries:
    column = _column(y, name)
    if not column.dtype.is_numeric and not isinstance(column.dtype, Bool):
        raise TypeMismatchError(f"`{name}` is {column.dtype}: it must be numbers; select or compute a column of numbers")
    return column.astype(column.dtype.as_number)


def _class(y: object, name: str) -> SecretSeries:
    column = _column(y, name)
    if column.dtype.is_numeric and not isinstance(column.dtype, Int):
        raise TypeMismatchError(f"`{name}` is {column.dtype}: classes are booleans, integers or strings; compare it (frame['x'] > 0.5) to make it bool")
    return column


def _is(y: object, name: str, label: Any) -> SecretSeries:
    column = _class(y, name)
    truth = isinstance(label, bool | np.bool_)
    if not isinstance(column.dtype, Bool):
        return column == (int(label) if truth and isinstance(column.dtype, Int) else label)
    if not truth and not (isinstance(label, int | np.integer) and label in (0, 1)):
        raise InvalidParameterError.of("pos_label", label, f"True or False, as `{name}` is boolean", "the score")
    return column if label else ~column


def _known(y: SecretSeries) -> list[Any]:
    if isinstance(y.dtype, Bool):
        return [False, True]
    low, high = y.field.range or (0, 2)
    if not isinstance(y.dtype, Int) or low < 0 or high > 1:
        raise SchemaError("classes are secret: say which there are (labels=[...]), or declare 0 and 1 when reading (ranges={'y': (0, 1)})")
    return [0, 1]


def _counts(y_true: object, y_pred: object, label: Any) -> tuple[SecretScalar, SecretScalar, SecretScalar]:
    """Rows of the class that are predicted, that are not but are predicted, and that are not predicted."""
    truth, predicted = _is(y_true, "y_true", label), _is(y_pred, "y_pred", label)
    return (truth & predicted).sum(), (~truth & predicted).sum(), (truth & ~predicted).sum()


def _share(part: SecretScalar, whole: SecretScalar, otherwise: float) -> SecretScalar:
    return part._apply(lambda a, b: ex.where(ex.eq(b, 0), float(otherwise), quotient(a, b)), part, whole)
