"""Whether a fit was long enough is seen where it is asked for, and a model that diverged is never silent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import spuframe as sf
from spuframe.ml import LogisticRegression

NAMES = ["a", "b"]


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    rng = np.random.default_rng(3)
    a, b = rng.normal(10, 2, 60), rng.normal(size=60)
    y = (rng.random(60) < 1 / (1 + np.exp(-(a - 10) / 2 + b))).astype(int)
    return session.from_pandas(pd.DataFrame({"a": a, "b": b, "a2": a, "a3": a, "y": y}), owner="o")


def fitted(frame: Any, **parameters: Any) -> LogisticRegression:
    return LogisticRegression(check_convergence=True, **parameters).fit(frame[NAMES], frame["y"])


def test_enough_epochs_are_quiet(frame: sf.SecretFrame) -> None:
    for parameters in ({}, {"penalty": None, "max_iter": 150}, {"fit_intercept": False}, {"standardize": False, "max_iter": 400, "learning_rate": 2}):
        fitted(frame, **parameters)


@pytest.mark.parametrize("parameters", [{"max_iter": 5}, {"max_iter": 60, "learning_rate": 11.5}, {"max_iter": 4, "standardize": False}], ids=str)
def test_too_few_epochs_and_too_long_steps_are_told(frame: Any, parameters: dict[str, Any]) -> None:
    with pytest.warns(ConvergenceWarning, match="did not converge in .* epochs: raise `max_iter`, lower `learning_rate`"):
        model = LogisticRegression(check_convergence=True, **parameters).fit(frame[[*NAMES, "a2", "a3"]], frame["y"])  # thrice the curvature
    assert np.isfinite(model.coef_.reveal()).all()


def test_the_bit_is_named_and_its_cost_exact(session: sf.Session, frame: sf.SecretFrame) -> None:
    plans = LogisticRegression(check_convergence=True, max_iter=2).fit_plan(frame[NAMES], frame["y"])
    assert sorted(plans) == ["converged", "model"]
    assert "converged" in plans["converged"].explain("all")
    assert sorted(LogisticRegression(max_iter=2).fit_plan(frame[NAMES], frame["y"])) == ["model"]


def test_steps_that_nobody_watches_are_told_whatever_the_units(frame: sf.SecretFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression(standardize=False, learning_rate=8, max_iter=1, check_convergence=True).fit_plan(frame[NAMES], frame["y"])
    with pytest.warns(ConvergenceWarning, match="check_convergence=True"):
        LogisticRegression(standardize=False, learning_rate=8, max_iter=1).fit_plan(frame[NAMES], frame["y"])
