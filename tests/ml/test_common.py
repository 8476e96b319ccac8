"""The common checks, over every estimator that spuframe.ml has: nobody keeps a list."""

from __future__ import annotations

import inspect

import pytest

import spuframe as sf
from spuframe.ml.base import SecretEstimator
from spuframe.testing import check_estimator
from spuframe.testing.estimator import estimators

FEW = {"max_iter": 3, "tol": None, "n_clusters": 3, "random_state": 0}
"""Parameters that keep a fit short and let it be repeated, for those that have them."""


CASES = [
    *(pytest.param("plaintext", e, id=f"plaintext-{e.__name__}") for e in estimators()),
    *(pytest.param("aby3", e, id=f"aby3-{e.__name__}", marks=[pytest.mark.matrix] if i % 3 else []) for i, e in enumerate(estimators())),
]
"""A third of them over aby3, where each has tests of its own; all with ``-m matrix``."""


@pytest.mark.parametrize(("protocol", "estimator"), CASES, scope="session")
def test_common_checks(session: sf.Session, estimator: type[SecretEstimator]) -> None:
    known = inspect.signature(estimator).parameters
    check_estimator(estimator(**{k: v for k, v in FEW.items() if k in known}), session)


def test_the_walk_finds_what_is_exported() -> None:
    assert {e.__name__ for e in estimators()} == set(sf.ml.__all__)


class Broken(sf.ml.StandardScaler):
    def transform(self, X: sf.SecretFrame) -> sf.SecretFrame:
        return X.persist()


class Forgetful(sf.ml.LogisticRegression):
    def __init__(self, C: float = 1.0) -> None:
        super().__init__(C=C * 2)


@pytest.mark.parametrize(("estimator", "message"), [(Broken, "NotFittedError"), (Forgetful, "must store 'C' unmodified|parameters alone")])
def test_what_is_broken_is_found(session: sf.Session, estimator: type[SecretEstimator], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_estimator(estimator(), session)
