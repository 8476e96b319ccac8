"""Rows far outside the range of a fit: right, null or refused, never brought nearer silently; under each policy of ranges."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as ReferenceScaler

import spuframe as sf
from spuframe.errors import RangeOverflowError
from spuframe.ml import LogisticRegression, StandardScaler

NAMES = ["age", "rate", "price", "constant"]


@pytest.fixture(scope="module", params=["exact", *(pytest.param(ranges, marks=pytest.mark.slow) for ranges in ("magnitude", "none"))])
def running(protocol: str, request: pytest.FixtureRequest) -> Iterator[sf.Session]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sf.InsecureWarning)
        made = sf.local(protocol=protocol, policy=sf.Policy(ranges=request.param))
    with made as session:
        session.progress = False
        yield session


def near() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    made = pd.DataFrame({"age": rng.integers(18, 90, 80), "rate": rng.normal(0.5, 0.2, 80), "price": 1000 + 30 * rng.normal(size=80), "constant": 5})
    score = (made["age"] - 50) / 20 - (made["rate"] - 0.5) / 0.2 + (made["price"] - 1000) / 30
    return made.assign(y=(rng.random(80) < 1 / (1 + np.exp(-score))).astype(int))


def far() -> pd.DataFrame:
    """A million deviations and more, alone, against each other, and beside a row like those of the fit."""
    return pd.DataFrame(
        {
            "age": [50, 10**9, -(10**9), 40, 40, 10**7, 10**7, 50],
            "rate": [0.5, 0.5, 0.5, 9e5, -9e5, 9e5, 1e4, 0.6],
            "price": [1000.0, 1000.0, 1000.0, 1000.0, 1000.0, -9e5, 9e5, 1001.0],
            "constant": [5, 5, 5, 5, 7, 1000, -(10**6), 5],
        }
    )


def test_scores_are_those_of_scikit_learn(running: sf.Session) -> None:
    plain, rows = near(), far().astype(float)
    frame, other = running.from_pandas(plain, owner="o"), running.from_pandas(far(), owner="p")
    want = make_pipeline(ReferenceScaler(), Reference(max_iter=10_000, tol=1e-8)).fit(plain[NAMES].astype(float), plain["y"])
    for standardize in (True, False):
        model = LogisticRegression(max_iter=150 if standardize else 20, batch_size=None, standardize=standardize).fit(frame[NAMES], frame["y"] == 1)
        # The model that was found, put on far rows: 1e-4 of the largest term, and what its coefficients were rounded by.
        coef, intercept = model.coef_.reveal()[0], model.intercept_.reveal()
        score = rows[NAMES] @ coef + intercept
        size = (rows[NAMES] * coef).abs().sum(axis=1)
        got, proba, label = sf.reveal(model.decision_function(other[NAMES]), model.predict_proba(other[NAMES]), model.predict(other[NAMES]))
        assert (abs(np.asarray(got, float) - score) <= 1e-4 * size + 5e-3).all()
        sure = (score.abs() > 1e-3 * size + 0.1).to_numpy()
        assert not standardize or sure[1:-1].sum() >= 5
        np.testing.assert_allclose(proba.iloc[:, 1], 1 / (1 + np.exp(-np.clip(got.astype(float), -50, 50))), atol=1e-4)
        np.testing.assert_array_equal(label[sure], score[sure] > 0)
        if standardize:
            np.testing.assert_allclose(proba.iloc[:, 1][sure], want.predict_proba(rows[NAMES])[:, 1][sure], atol=5e-3)


def test_scaled_rows_are_those_of_scikit_learn(running: sf.Session) -> None:
    plain, rows = near()[NAMES], far().astype(float)
    scaler, want = StandardScaler().fit(running.from_pandas(plain, owner="o")), ReferenceScaler().fit(plain.astype(float))
    got = scaler.transform(running.from_pandas(far(), owner="p")).reveal().astype(float)
    np.testing.assert_allclose(got, want.transform(rows), rtol=2e-3, atol=5e-3)


def test_what_cannot_be_held_is_null_or_refused(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"n": [0, 1, 1, 3], "y": [0, 1, 0, 1]}), owner="o", ranges={"y": (0, 1), "n": (0, 3)})
    model, scaler = LogisticRegression(max_iter=3).fit(frame[["n"]], frame["y"]), StandardScaler().fit(frame[["n"]])
    far = session.from_pandas(pd.DataFrame({"n": [2, 2**50, -(2**50), 2**30]}), owner="p", ranges={"n": (-(2**50), 2**50)})
    z = (np.array([2.0, 2**50, -(2**50), 2**30]) - 1.25) / np.std([0, 1, 1, 3])
    scaled, score, proba = (x.reveal() for x in (scaler.transform(far)["n"], model.decision_function(far), model.predict_proba(far)))
    assert scaled.isna().tolist() == score.isna().tolist() == [False, True, True, False]
    np.testing.assert_allclose(scaled[[0, 3]].astype(float), z[[0, 3]], rtol=1e-3)
    np.testing.assert_allclose(proba.iloc[1:, 1], [1, 0, 1], atol=1e-4)
    wide = session.from_pandas(pd.DataFrame({"n": [2, 3]}), owner="p", ranges={"n": (-(2**62), 2**62)})
    before = session.last_profile
    for call in (model.predict, model.predict_proba, model.decision_function, scaler.transform):
        with pytest.raises(RangeOverflowError, match=r"column 'n' of `X`.*wider than that of the fit.*ranges=.*\.clip"):
            call(wide)
    assert session.last_profile is before
