"""What kinds of estimators share: mixins, which stand before `SecretEstimator`, and by which `spuframe.testing.check_estimator` chooses its checks.

What scikit-learn asks of an estimator (`sklearn.base.is_classifier`) it is told by its own mixins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from sklearn.base import ClassifierMixin, ClusterMixin, RegressorMixin

from spuframe.dtypes import Bool, Int
from spuframe.errors import SchemaError, TypeMismatchError
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.ml.base import with_target
from spuframe.ml.rows import as_numbers, determination


class Classifier(ClassifierMixin, ABC):
    """An estimator whose ``predict`` gives one of two classes, secretly."""

    @abstractmethod
    def _hits(self, X: SecretFrame, truth: SecretFrame) -> SecretSeries:
        """1 where the predicted class is the column of ``truth``, else 0; both are complete."""

    def score(self, X: SecretFrame, y: SecretSeries) -> float:
        """Mean accuracy over the complete rows of ``X`` and ``y``; **reveals** that one number to the analyst."""
        table, target = with_target(X, y)
        check_target(table, target)
        table = table.dropna()
        found = self._hits(table[list(X.columns)], table[[target]]).mean().reveal()
        if found is None:
            raise SchemaError("no complete row of `X` and `y` is left, so that there is no score: look at filters, merges and nulls (.count().reveal())")
        return float(found)


class Regressor(RegressorMixin, ABC):
    """An estimator whose ``predict`` gives numbers, secretly."""

    @abstractmethod
    def predict(self, X: SecretFrame) -> SecretSeries:
        """A number for every row, secret and lazy; null where any feature is."""

    def score(self, X: SecretFrame, y: SecretSeries) -> float:
        """R2 over the complete rows of ``X`` and ``y``, to 2^-14; **reveals** that one number to the analyst.

        Of a target that is constant it is 1 where all predictions are right, else 0, as scikit-learn's.
        """
        table, target = with_target(X, y)
        check_number(table, target)
        table = table.dropna()
        (truth,) = as_numbers(table[[target]])
        found = determination(truth, self.predict(table[list(X.columns)])).reveal()
        if found is None:
            raise SchemaError(
                "there is no R2 of fewer than two complete rows of `X` and `y`, nor of predictions 2^20 deviations of `y` away from it: look at filters, "
                "merges and nulls (.count().reveal())"
            )
        return float(found)


class Clusterer(ClusterMixin, ABC):
    """An estimator whose ``predict`` gives the cluster of every row, a number from 0 on, secretly."""

    labels_: SecretSeries
    """The clusters of the rows of the fit, secret and lazy."""

    @abstractmethod
    def fit(self, X: SecretFrame, y: object = None) -> Any:
        """Find the clusters; runs the plan at once."""

    @abstractmethod
    def predict(self, X: SecretFrame) -> SecretSeries:
        """The cluster of every row, secret and lazy; null where any feature is."""

    def fit_predict(self, X: SecretFrame, y: object = None) -> SecretSeries:
        """`fit`, then the clusters of the same rows."""
        fitted: Clusterer = self.fit(X, y)
        return fitted.labels_


class Transformer(ABC):
    """An estimator whose ``transform`` gives other features for the same rows, secretly."""

    @abstractmethod
    def fit(self, X: SecretFrame, y: object = None) -> Any:
        """Find what `transform` needs; runs the plan at once."""

    @abstractmethod
    def transform(self, X: SecretFrame) -> SecretFrame:
        """The new features, secret and lazy, rows as in ``X``."""

    def fit_transform(self, X: SecretFrame, y: object = None) -> SecretFrame:
        """`fit`, then `transform`."""
        fitted: Transformer = self.fit(X, y)
        return fitted.transform(X)


def check_number(table: SecretFrame, target: str) -> None:
    """Refuse what is no number, by its type."""
    dtype = table.schema[target].dtype
    if not dtype.as_number.is_numeric:
        raise TypeMismatchError(f"`y` is {dtype}: it must be numbers; select or compute a column of numbers")


def check_target(table: SecretFrame, target: str) -> None:
    """Refuse what are not two classes, by its type and public range."""
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
