"""Estimators on secret frames, with scikit-learn's names, parameters and habits.

>>> from spuframe import ml
>>> ml.LogisticRegression(max_iter=10).get_params()["max_iter"]
10
"""

from spuframe.ml import metrics as metrics
from spuframe.ml.base import SecretEstimator as _Estimator
from spuframe.ml.cluster import KMeans as KMeans
from spuframe.ml.dummy import DummyRegressor as DummyRegressor
from spuframe.ml.least_squares import LinearRegression as LinearRegression
from spuframe.ml.least_squares import Ridge as Ridge
from spuframe.ml.linear_model import LogisticRegression as LogisticRegression
from spuframe.ml.naive_bayes import GaussianNB as GaussianNB
from spuframe.ml.preprocessing import MaxAbsScaler as MaxAbsScaler
from spuframe.ml.preprocessing import MinMaxScaler as MinMaxScaler
from spuframe.ml.preprocessing import StandardScaler as StandardScaler
from spuframe.ml.robust import RobustScaler as RobustScaler

__all__ = sorted(name for name, value in vars().items() if isinstance(value, type) and issubclass(value, _Estimator) and value is not _Estimator)
