"""Whether a fit was long enough is seen unless nobody asks, and a model that diverged is never silent."""

from __future__ import annotations

import re
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
    return LogisticRegression(**parameters).fit(frame[NAMES], frame["y"])


def test_enough_epochs_are_quiet(frame: sf.SecretFrame) -> None:
    for parameters in ({}, {"penalty": None, "max_iter": 150}, {"fit_intercept": False}, {"standardize": False, "max_iter": 400, "learning_rate": 2}):
        assert fitted(frame, **parameters).n_iter_.tolist() == [parameters.get("max_iter", 100)]


@pytest.mark.parametrize("parameters", [{"max_iter": 5}, {"max_iter": 60, "learning_rate": 11.5}, {"max_iter": 4, "standardize": False}], ids=str)
def test_too_few_epochs_and_too_long_steps_are_told(frame: Any, parameters: dict[str, Any]) -> None:
    with pytest.warns(ConvergenceWarning, match=r"did not converge in .* epochs: some gradient is above tol=0.001. Raise `max_iter`"):
        model = LogisticRegression(**parameters).fit(frame[[*NAMES, "a2", "a3"]], frame["y"])  # thrice the curvature
    assert np.isfinite(model.coef_.reveal()).all()


def test_the_tolerance_is_that_of_the_gradient(frame: Any) -> None:
    """A fit that is not quite there: quiet above the gradient that it has, told below."""
    data = frame.reveal()
    model = LogisticRegression(max_iter=30, tol=None, batch_size=None).fit(frame[NAMES], frame["y"])
    x, y = data[NAMES].to_numpy(), data["y"].to_numpy()
    p = 1 / (1 + np.exp(-(x @ model.coef_.reveal()[0] + model.intercept_.reveal())))
    std = x.std(axis=0)
    inner = ((x - x.mean(axis=0)) / std * (p - y)[:, None]).mean(axis=0) + model.coef_.reveal()[0] * std / len(y)
    steepest = max(abs(np.append(inner, (p - y).mean())))
    assert steepest > 3e-4
    LogisticRegression(max_iter=30, tol=2 * steepest, batch_size=None).fit(frame[NAMES], frame["y"])
    with pytest.warns(ConvergenceWarning):
        LogisticRegression(max_iter=30, tol=steepest / 2, batch_size=None).fit(frame[NAMES], frame["y"])


def test_rows_that_take_no_part_do_not_flatten_the_gradient(frame: Any) -> None:
    """Of 60 rows 10 are left: the sums over them are a sixth of what they are for those 10 alone, and no fit is done for that."""
    data = frame.reveal().sort_values("b")
    edge = float(data["b"].iloc[9:11].mean())
    a, y = data["a"][:10], data["y"][:10]
    slope = max(abs(((a - a.mean()) / a.std(ddof=0) * (0.5 - y)).mean()), abs((0.5 - y).mean()))  # at the start; little less after an epoch
    few, alone = frame[frame["b"] < edge], frame.session.from_pandas(data[:10].reset_index(drop=True), owner="o")
    for kept in (few, alone):
        with pytest.warns(ConvergenceWarning):
            LogisticRegression(max_iter=1, tol=slope / 3, batch_size=None).fit(kept[["a"]], kept["y"])
        LogisticRegression(max_iter=200, tol=slope / 3, batch_size=None).fit(kept[["a"]], kept["y"])


def test_the_bit_is_named_and_its_cost_exact(session: sf.Session, frame: sf.SecretFrame) -> None:
    plans = LogisticRegression(max_iter=2).fit_plan(frame[NAMES], frame["y"])
    assert sorted(plans) == ["converged", "model"]
    told = plans["converged"].explain().partition("What becomes known")[2]
    assert re.search(r"to the analyst 1 rows, of converged", told), told
    assert sorted(LogisticRegression(max_iter=2, tol=None).fit_plan(frame[NAMES], frame["y"])) == ["model"]


def test_steps_that_nobody_watches_are_told_whatever_the_units(frame: sf.SecretFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression(standardize=False, learning_rate=8, max_iter=1).fit_plan(frame[NAMES], frame["y"])
    with pytest.warns(ConvergenceWarning, match="or ask with `tol`"):
        LogisticRegression(standardize=False, learning_rate=8, max_iter=1, tol=0).fit_plan(frame[NAMES], frame["y"])
