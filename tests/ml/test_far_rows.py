"""Rows far outside the range of a fit: right or null, never brought nearer silently, never refused; under each policy of ranges."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as ReferenceScaler

import spuframe as sf
from spuframe.ml import LogisticRegression, StandardScaler

NAMES = ["age", "rate", "price", "constant"]


@pytest.fixture(scope="module", params=["exact", *(pytest.param(ranges, marks=pytest.mark.slow) for ranges in ("magnitude", "none"))])
def running(protocol: str, request: pytest.FixtureRequest, sessions: Callable[[str], sf.Session]) -> Iterator[sf.Session]:
    if request.param == "exact":
        yield sessions(protocol)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sf.InsecureWarning)
        made = sf.local(protocol=protocol, policy=sf.Policy(ranges=request.param))
    with made as session:
        session.progress = False
        yield session


def near() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    made = pd.DataFrame({"age": rng.integers(18, 90, 40), "rate": rng.normal(0.5, 0.2, 40), "price": 1000 + 30 * rng.normal(size=40), "constant": 5})
    score = (made["age"] - 50) / 20 - (made["rate"] - 0.5) / 0.2 + (made["price"] - 1000) / 30
    return made.assign(y=(rng.random(40) < 1 / (1 + np.exp(-score))).astype(int))


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


@pytest.mark.parametrize("standardize", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_scores_are_those_of_scikit_learn(running: sf.Session, standardize: bool) -> None:
    plain, rows = near(), far().astype(float)
    frame, other = running.from_pandas(plain, owner="o"), running.from_pandas(far(), owner="p")
    model = LogisticRegression(max_iter=20 if standardize else 5, batch_size=None, standardize=standardize, tol=None).fit(frame[NAMES], frame["y"] == 1)
    shown = model.decision_function(other), model.predict_proba(other), model.predict(other)
    coef, intercept, got, proba, label = sf.reveal(model.coef_, model.intercept_, *shown)
    # The model that was found, put on far rows: 1e-4 of the largest term, and what its coefficients were rounded by.
    score = rows @ coef[0] + intercept
    size = (rows * coef[0]).abs().sum(axis=1)
    assert (abs(np.asarray(got, float) - score) <= 1e-4 * size + 5e-3).all()
    sure = (score.abs() > 1e-3 * size + 0.1).to_numpy()
    assert not standardize or sure[1:-1].sum() >= 5
    np.testing.assert_allclose(proba.iloc[:, 1], 1 / (1 + np.exp(-np.clip(got.astype(float), -50, 50))), atol=1e-4)
    np.testing.assert_array_equal(label[sure], score[sure] > 0)
    if standardize:
        want = make_pipeline(ReferenceScaler(), Reference(max_iter=10_000, tol=1e-8)).fit(plain[NAMES].astype(float), plain["y"])
        beyond = sure & (size > 100)
        np.testing.assert_allclose(proba.iloc[:, 1][beyond], want.predict_proba(rows)[:, 1][beyond], atol=5e-3)


def test_scaled_rows_are_those_of_scikit_learn(running: sf.Session) -> None:
    plain, rows = near()[NAMES], far().astype(float)
    scaler, want = StandardScaler().fit(running.from_pandas(plain, owner="o")), ReferenceScaler().fit(plain.astype(float))
    got = scaler.transform(running.from_pandas(far(), owner="p")).reveal().astype(float)
    np.testing.assert_allclose(got, want.transform(rows), rtol=2e-3, atol=5e-3)


def test_what_cannot_be_held_is_null(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"n": [0, 1, 1, 3], "y": [0, 1, 0, 1]}), owner="o", ranges={"y": (0, 1), "n": (0, 3)})
    model, scaler = LogisticRegression(max_iter=3, tol=None).fit(frame[["n"]], frame["y"]), StandardScaler().fit(frame[["n"]])
    values = [2.0, 2**50, -(2**50), 2**30, 2**61]
    far = session.from_pandas(pd.DataFrame({"n": [int(v) for v in values]}), owner="p", ranges={"n": (-(2**61), 2**61)})
    z = (np.array(values) - 1.25) / np.std([0, 1, 1, 3])
    shown = [x.reveal() for x in (scaler.transform(far)["n"], model.decision_function(far), model.predict_proba(far)["1"], model.predict(far))]
    scaled, score, proba, label = shown
    assert scaled.isna().tolist() == score.isna().tolist() == [False, True, True, False, True]
    np.testing.assert_allclose(scaled[[0, 3]].astype(float), z[[0, 3]], rtol=1e-3)
    # Beyond 2^42 a decision has a sign; 2^61 is beyond all words of a fit on 0 .. 3, which count eighths and less.
    assert proba.isna().tolist() == label.isna().tolist() == [False, False, False, False, True]
    np.testing.assert_allclose(proba[1:4].astype(float), [1, 0, 1], atol=1e-4)
    assert label[1:4].tolist() == [1, 0, 1]
    centred = StandardScaler(with_std=False).fit(frame[["n"]]).transform(far)["n"].reveal()
    assert centred.isna().tolist() == [False] * 4 + [True]
    np.testing.assert_allclose(centred[:4].astype(float), np.array(values[:4]) - 1.25)


def test_rows_of_unknown_range_are_right_or_null(session: sf.Session) -> None:
    """A model of columns with a public range, put on columns that say nothing of theirs: what another scaler made."""
    rng = np.random.default_rng(1)
    plain = pd.DataFrame({"a": rng.normal(size=30), "b": rng.normal(size=30)})
    plain = plain.assign(y=(plain["a"] > plain["b"]).astype(int))
    frame = session.from_pandas(plain, owner="o")
    scaler = StandardScaler().fit(session.from_pandas(pd.DataFrame({"a": [-1, 1], "b": [-1, 1]}), owner="o"))
    rows = pd.DataFrame({"a": [0.5, 2**20, 2**40, -3, 1], "b": [-0.5, 7, 1, 2**20, 2**40]})
    other = scaler.transform(session.from_pandas(rows, owner="p"))
    assert all(f.range is None for f in other.schema)
    model = LogisticRegression(max_iter=5, batch_size=None, tol=None).fit(frame[["a", "b"]], frame["y"])
    score, label, scaled = sf.reveal(model.decision_function(other), model.predict(other), StandardScaler().fit(frame[["a", "b"]]).transform(other))
    want = rows @ model.coef_.reveal()[0] + model.intercept_.reveal()
    assert score.isna().tolist() == label.isna().tolist() == [False, False, True, False, True]
    assert scaled.isna().to_numpy().tolist() == [[False, False], [False, False], [True, False], [False, False], [False, True]]
    np.testing.assert_allclose(score[[0, 1, 3]].astype(float), want[[0, 1, 3]], rtol=1e-3, atol=1e-3)
    assert label[[0, 1, 3]].tolist() == [1, 1, 0]
    assert model.score(other.assign(y=model.predict(other))[["a", "b"]], model.predict(other)) == 1


def test_means_beyond_what_is_held(session: sf.Session) -> None:
    """10^15 deviations from zero: what is shown of a model has no bound, and what no type holds is null."""
    X = session.from_pandas(pd.DataFrame({"id": 10**15 + np.array([0, 1, 1, 3]), "n": [0, 1, 1, 3]}), owner="o")
    near = session.from_pandas(pd.DataFrame({"id": [10**15 + 2], "n": [2]}), owner="o")
    model = LogisticRegression(max_iter=3, tol=None).fit(X, X["n"] > 0)
    scaled = StandardScaler(with_mean=False).fit(X).transform(X)
    coef, intercept, decision, got = sf.reveal(model.coef_, model.intercept_, model.decision_function(near), scaled)
    assert coef[0, 0] == pytest.approx(coef[0, 1], rel=1e-2) and coef[0, 0] > 1e-3
    assert intercept[0] == pytest.approx(-coef[0, 0] * 10**15, rel=1e-12) and 0 < decision[0] < 1e3
    assert got["id"].isna().all() and got["n"].tolist() == pytest.approx(np.array([0, 1, 1, 3]) / np.std([0, 1, 1, 3]), abs=1e-4)
    fitted = StandardScaler().fit(X)
    with pytest.raises(sf.SpuframeError, match="fit\\(X\\) again"):
        fitted.set_params(with_mean=False).transform(X)
