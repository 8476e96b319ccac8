"""Features far from zero, of any unit, with outliers: moments and models are those of scikit-learn, under each policy of ranges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler as ReferenceScaler

import spuframe as sf
from spuframe.ml import LogisticRegression, StandardScaler


@pytest.fixture(scope="module", params=["exact", "magnitude", "none"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    owner = f"of offsets, ranges {request.param}"
    session.add_owner(owner, sf.Policy(ranges=request.param))
    return session.from_pandas(table(), owner=owner)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 200
    made = pd.DataFrame(
        {
            "far": 1e5 + rng.normal(size=n),
            "pressure": 101_325 + 3 * rng.normal(size=n),
            "seconds": 1_700_000_000 + rng.integers(0, 3600, n),
            "account": 10**8 + rng.integers(0, 40, n),
            "outlier": np.where(np.arange(n) == 5, 1e6, rng.normal(size=n)),
            "age": rng.integers(18, 90, n),
            "flag": rng.random(n) < 0.3,
            "constant": 7.5,
            "huge": 1e12 * rng.normal(size=n),
            "tiny": 1e-6 * rng.normal(size=n),
        }
    )
    score = made["far"] - 1e5 + (made["pressure"] - 101_325) / 6 - (made["seconds"] - 1_700_001_800) / 900 + (made["age"] - 50) / 30 + made["flag"]
    score += made["huge"] / 2e12 + made["tiny"] / 2e-6
    made["old"] = (made["age"] >= 60).astype(int)  # deviates by less than a unit, beside features of 60 bits
    made["y"] = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    return made


def test_deviations_and_scaling(frame: sf.SecretFrame) -> None:
    plain = table().drop(columns="y")
    some = ("far", "seconds", "outlier", "constant", "huge", "tiny")
    found = sf.reveal(*(frame[name].std() for name in some), *(frame[name].var() for name in some))
    for name, std, var in zip(some, found[: len(some)], found[len(some) :]):
        assert std == pytest.approx(plain[name].std(), rel=1e-4, abs=0), name
        assert var == pytest.approx(std**2, rel=1e-5, abs=0), name
    names = list(plain.columns)
    scaler, want = StandardScaler().fit(frame[names]), ReferenceScaler().fit(plain.astype(float))
    scale, mean, var, scaled = sf.reveal(scaler.scale_, scaler.mean_, scaler.var_, scaler.transform(frame[names]))
    np.testing.assert_allclose(scale, want.scale_, rtol=1e-4)
    np.testing.assert_allclose((mean - want.mean_) / want.scale_, 0, atol=1e-4)
    np.testing.assert_allclose(var, want.var_, rtol=2e-4, atol=1e-12)
    np.testing.assert_allclose(scaled, want.transform(plain.astype(float)), rtol=1e-3, atol=3e-3)


def test_coefficients(frame: sf.SecretFrame) -> None:
    plain, names = table(), [c for c in table().columns if c not in ("y", "outlier", "old")]
    X = plain[names].astype(float)
    want = make_pipeline(ReferenceScaler(), Reference(max_iter=10_000, tol=1e-8)).fit(X, plain["y"])
    model = LogisticRegression(max_iter=150, batch_size=None).fit(frame[names], frame["y"] == 1)
    coef, intercept, got = sf.reveal(model.coef_, model.intercept_, model.decision_function(frame[names]))
    np.testing.assert_allclose(coef[0] * want[0].scale_, want[1].coef_[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(X @ coef[0] + intercept, want.decision_function(X), atol=5e-3)
    np.testing.assert_allclose(got, want.decision_function(X), atol=5e-3)


def test_what_is_shown_is_what_decides(frame: sf.SecretFrame) -> None:
    """Coefficients of any unit, of a feature with an outlier too, and without an intercept."""
    X = table()[["outlier", "huge", "tiny", "seconds"]].astype(float)
    for with_intercept in (True, False):
        model = LogisticRegression(max_iter=3, batch_size=None, tol=None, fit_intercept=with_intercept).fit(frame[list(X.columns)], frame["y"] == 1)
        coef, got = sf.reveal(model.coef_, model.decision_function(frame[list(X.columns)]))
        assert not with_intercept or (abs(coef[0] * X.std()) > 1e-3).all()
        np.testing.assert_allclose(got.astype(float), X @ coef[0] + model.intercept_.reveal(), rtol=1e-3, atol=1e-3)


def test_one_part_as_it_is(frame: sf.SecretFrame) -> None:
    names = ["far", "age", "flag", "huge"]
    plain = table()[names].astype(float)
    for with_mean, with_std in ((False, True), (True, False), (False, False)):
        got = StandardScaler(with_mean=with_mean, with_std=with_std).fit_transform(frame[names]).reveal().astype(float)
        want = ReferenceScaler(with_mean=with_mean, with_std=with_std).fit_transform(plain)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-3)
