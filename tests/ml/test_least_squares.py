"""LinearRegression and Ridge against scikit-learn: units, offsets, wide ranges, rows that take no part, and what determines no coefficients."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model
from sklearn.datasets import load_diabetes

import spuframe as sf
from spuframe.errors import CollinearError, InvalidParameterError, RangeOverflowError, TypeMismatchError
from spuframe.ml import LinearRegression, Ridge

N = 80


def fitted(frame: Any, data: pd.DataFrame, estimator: Any, names: list[str], target: str = "y") -> tuple[Any, Any]:
    """Ours, and scikit-learn's with the same parameters."""
    other = getattr(linear_model, type(estimator).__name__)(**estimator.get_params())
    return estimator.fit(frame[names], frame[target]), other.fit(data[names].astype(float), data[target])


def compare(ours: Any, theirs: Any, frame: Any, data: pd.DataFrame, names: list[str], rel: float = 1e-3, target: str = "y") -> None:
    spread = data[names].astype(float).std().to_numpy()
    coef, intercept = ours.coef_.reveal(), ours.intercept_.reveal()
    size = float(data[target].astype(float).std())
    np.testing.assert_allclose(coef * spread, theirs.coef_ * spread, rtol=rel, atol=1e-5 * size)
    assert coef.shape == theirs.coef_.shape and intercept.shape == np.shape(theirs.intercept_)
    want = theirs.predict(data[names].astype(float))
    np.testing.assert_allclose(np.asarray(ours.predict(frame[names]).reveal(), float), want, atol=1e-4 * size)
    np.testing.assert_allclose(data[names].astype(float).to_numpy() @ coef + intercept, want, atol=1e-3 * size)  # what is shown fits together
    assert ours.score(frame[names], frame[target]) == pytest.approx(theirs.score(data[names].astype(float), data[target]), abs=1e-4)


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(), Ridge(alpha=0.01, fit_intercept=False)], ids=str)
def test_diabetes(session: sf.Session, estimator: Any) -> None:
    data = load_diabetes(as_frame=True).frame
    frame, names = session.from_pandas(data, owner="o"), list(data.columns[:-1])
    compare(*fitted(frame, data, estimator, names, "target"), frame, data, names, target="target")


def houses() -> pd.DataFrame:
    """As the California houses: units from 1e-2 to 1e5, far offsets, outliers, a coordinate that nearly follows another."""
    rng = np.random.default_rng(0)
    latitude = rng.normal(35.6, 2.1, N)
    data = pd.DataFrame({
        "income": rng.lognormal(1.2, 0.5, N), "age": rng.integers(1, 53, N), "rooms": rng.lognormal(1.6, 0.4, N), "people": rng.lognormal(7, 1, N),
        "latitude": latitude, "longitude": -119.6 - 0.9 * (latitude - 35.6) + rng.normal(0, 0.3, N), "year": rng.integers(1990, 2021, N),
        "coast": rng.random(N) < 0.3, "debt": rng.normal(2e8, 1e4, N),
    })  # fmt: skip
    signal = 0.4 * data["income"] + 0.01 * data["age"] - 0.4 * data["latitude"] - 0.4 * data["longitude"] + data["coast"] + 1e-5 * (data["debt"] - 2e8)
    return data.assign(y=signal + rng.normal(0, 0.7, N))


@pytest.mark.parametrize("wide", [False, True], ids=["close ranges", "wide ranges"])
@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(alpha=10)], ids=str)
def test_units_and_offsets(session: sf.Session, estimator: Any, wide: bool) -> None:
    data = houses()
    names = list(data.columns[:-1])
    ranges = {"debt": (-1e12, 1e12), "people": (-1e12, 1e12), "y": (-1e12, 1e12)} if wide else {}
    frame = session.from_pandas(data, owner="o", ranges=ranges)
    compare(*fitted(frame, data, estimator, names), frame, data, names)


def test_targets_of_every_unit(session: sf.Session) -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"a": rng.normal(size=N), "b": rng.integers(0, 9, N)})
    data["y"] = data["a"] - 0.2 * data["b"] + rng.normal(0, 0.5, N)
    data["tiny"], data["far"], data["flag"], data["huge"] = 1e-7 * data["y"], 1e6 + data["y"], data["y"] > 0, 1e9 * data["y"]
    frame = session.from_pandas(data, owner="o")
    for target in ("tiny", "far", "flag", "huge"):
        ours, theirs = fitted(frame, data, LinearRegression(), ["a", "b"], target)
        np.testing.assert_allclose(ours.coef_.reveal(), theirs.coef_, rtol=1e-3)
        assert ours.intercept_.reveal() == pytest.approx(theirs.intercept_, rel=1e-3)
        got = np.asarray(ours.predict(frame[["a", "b"]]).reveal(), float)
        np.testing.assert_allclose(got, theirs.predict(data[["a", "b"]]), atol=1e-3 * float(data[target].std()))


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 30.0, 1e7])
def test_penalties_of_every_size(session: sf.Session, alpha: float) -> None:
    data = houses()[["income", "coast", "year", "y"]]
    frame = session.from_pandas(data, owner="o")
    ours, theirs = fitted(frame, data, Ridge(alpha=alpha), ["income", "coast", "year"])
    np.testing.assert_allclose(ours.coef_.reveal(), theirs.coef_, rtol=2e-3)


def test_rows_that_take_no_part(session: sf.Session) -> None:
    data = houses()[["income", "latitude", "y"]].astype("Float64")
    holes = data.copy()
    holes.loc[::7, "income"] = pd.NA
    holes.loc[3::9, "y"] = pd.NA
    frame = session.from_pandas(holes.assign(keep=np.arange(N) % 5 > 0), owner="o")
    half = frame[frame["keep"]]
    left = holes[np.arange(N) % 5 > 0].dropna().astype(float)
    for estimator in (LinearRegression(), Ridge(alpha=3)):
        ours, theirs = fitted(half, left, estimator, ["income", "latitude"])
        np.testing.assert_allclose(ours.coef_.reveal(), theirs.coef_, rtol=1e-3)
        shown = ours.predict(frame[["income", "latitude"]]).reveal()
        assert shown.isna().tolist() == holes["income"].isna().tolist()
        assert ours.score(half[["income", "latitude"]], half["y"]) == pytest.approx(theirs.score(left[["income", "latitude"]], left["y"]), abs=1e-4)


def test_constants(session: sf.Session) -> None:
    data = pd.DataFrame({"a": [1.0, 2.0, 4.0, 7.0], "c": 3.5, "y": [2.0, 3.0, 7.0, 11.0], "same": 5.25})
    frame = session.from_pandas(data, owner="o")
    for estimator in (LinearRegression(), Ridge(alpha=0.5)):
        ours, theirs = fitted(frame, data, estimator, ["a", "c"])
        np.testing.assert_allclose(ours.coef_.reveal(), theirs.coef_, rtol=1e-3, atol=1e-9)
        flat = estimator.fit(frame[["a"]], frame["same"])
        assert flat.coef_.reveal().tolist() == [0] and flat.intercept_.reveal() == 5.25
        assert flat.predict(frame[["a"]]).reveal().tolist() == [5.25] * 4
        assert flat.score(frame[["a"]], frame["same"]) == 1


def test_what_determines_nothing(session: sf.Session) -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"a": rng.normal(size=30), "b": rng.normal(size=30), "y": rng.normal(size=30)})
    data = data.assign(sum=data["a"] + data["b"], near=data["a"] + 1e-3 * data["b"])
    frame = session.from_pandas(data, owner="o")
    few, none = frame[frame["a"] > data["a"].nlargest(3).iloc[-1]], frame[frame["a"] > 99]
    for table, names in ((frame, ["a", "b", "sum"]), (frame, ["a", "near"]), (few, ["a", "b"]), (none, ["a"])):
        with pytest.raises(CollinearError, match="are not determined: some features are sums of others.*Ridge"):
            LinearRegression().fit(table[names], table["y"])
    for names in (["a", "b", "sum"], ["a", "near"]):
        ours, theirs = fitted(frame, data, Ridge(alpha=1), names)
        np.testing.assert_allclose(ours.coef_.reveal(), theirs.coef_, rtol=1e-3)


def test_what_is_refused(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"n": [3, 5, 9], "s": ["x", "y", "z"]}), owner="o", ranges={"n": (-(2**55), 2**55)})
    with pytest.raises(RangeOverflowError, match="`alpha` 0.01 is too small beside the public ranges of column 'n'"):
        Ridge(alpha=0.01).fit(frame[["n"]], frame["n"])
    with pytest.raises(RangeOverflowError, match="`alpha` 1e.40 is too large"):
        Ridge(alpha=1e40).fit(frame[["n"]], frame["n"])
    with pytest.raises(InvalidParameterError, match="`alpha` must be .* of at least 0"):
        Ridge(alpha=-1).fit(frame[["n"]], frame["n"])
    with pytest.raises(TypeMismatchError, match="it must be numbers"):
        LinearRegression().fit(frame[["n"]], frame["s"])


def test_the_bit_is_named(session: sf.Session) -> None:
    frame = session.from_pandas(houses(), owner="o")
    plans = LinearRegression().fit_plan(frame[["income"]], frame["y"])
    assert sorted(plans) == ["determined", "model"]
    assert re.search(r"to the analyst 1 rows, of determined", plans["determined"].explain().partition("What becomes known")[2])
