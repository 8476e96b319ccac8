"""Estimators on secret frames, with scikit-learn's names, parameters and habits.

>>> from spuframe import ml
>>> ml.LogisticRegression(max_iter=10).get_params()["max_iter"]
10
"""

from spuframe.ml.linear_model import LogisticRegression
from spuframe.ml.preprocessing import StandardScaler

__all__ = ["LogisticRegression", "StandardScaler"]
