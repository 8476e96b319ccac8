"""GaussianNB against scikit-learn: units and offsets, unequal classes, rows that take no part, one class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB as Reference

import spuframe as sf
from spuframe.errors import InvalidParameterError, SchemaError
from spuframe.ml import GaussianNB

FEATURES = ["mean radius", "mean texture", "mean area", "mean smoothness"]


def cancer() -> pd.DataFrame:
    data = load_breast_cancer(as_frame=True).frame[[*FEATURES, "target"]][:200]
    return data.assign(**{"mean area": data["mean area"] + 1e5, "flag": data["mean radius"] > 14})


def test_breast_cancer(session: sf.Session) -> None:
    data, names = cancer(), [*FEATURES, "flag"]
    frame = session.from_pandas(data, owner="o")
    X, y = frame[names], frame["target"]
    ours, theirs = GaussianNB().fit(X, y), Reference().fit(data[names].astype(float).to_numpy(), data["target"])
    theta, var, prior = sf.reveal(ours.theta_, ours.var_, ours.class_prior_)
    np.testing.assert_allclose(theta, theirs.theta_, rtol=1e-4)
    np.testing.assert_allclose(var, theirs.var_, rtol=1e-3)
    np.testing.assert_allclose(prior, theirs.class_prior_, atol=1e-5)
    plain = data[names].astype(float).to_numpy()
    np.testing.assert_allclose(ours.predict_proba(X).reveal(), theirs.predict_proba(plain), atol=5e-3)
    assert (np.asarray(ours.predict(X).reveal()) != theirs.predict(plain)).mean() <= 0.005
    assert ours.score(X, y) == pytest.approx(theirs.score(plain, data["target"]), abs=0.005)


def test_rows_that_take_no_part(session: sf.Session) -> None:
    data = cancer().astype({name: "Float64" for name in FEATURES})
    data.loc[::6, "mean texture"] = pd.NA
    frame = session.from_pandas(data, owner="o")
    half = frame[frame["flag"]]
    left = data[data["flag"]].dropna()
    ours = GaussianNB().fit(half[FEATURES], half["target"] == 0)
    theirs = Reference().fit(left[FEATURES].astype(float).to_numpy(), left["target"] == 0)
    np.testing.assert_allclose(ours.theta_.reveal(), theirs.theta_, rtol=1e-4)
    assert ours.predict(frame[FEATURES]).reveal().isna().tolist() == data["mean texture"].isna().tolist()


def test_one_class_is_null(session: sf.Session) -> None:
    frame: Any = session.from_pandas(pd.DataFrame({"a": [1.0, 2.0, 4.0], "y": [True, True, True]}), owner="o")
    model = GaussianNB().fit(frame[["a"]], frame["y"])
    assert np.isnan(model.theta_.reveal()[0]).all() and model.predict(frame[["a"]]).reveal().isna().all()
    with pytest.raises(SchemaError, match="no complete row"):
        model.score(frame[["a"]], frame["y"])


def test_what_is_refused(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"a": [1.0, 2.0], "y": [False, True]}), owner="o")
    with pytest.raises(InvalidParameterError, match="`var_smoothing` must be"):
        GaussianNB(var_smoothing=-1).fit(frame[["a"]], frame["y"])
