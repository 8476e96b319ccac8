"""DummyRegressor and the score of regressions, against scikit-learn, where targets are far from zero, small or constant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor as Reference
from sklearn.metrics import r2_score

import spuframe as sf
from spuframe.errors import InvalidParameterError, SchemaError
from spuframe.ml import DummyRegressor
from spuframe.ml.rows import determination

N = 60
TARGETS = ("far", "tiny", "money", "age", "flag")


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "far": 1e5 + rng.normal(size=N),
            "tiny": rng.normal(3e-5, 1e-5, N),
            "money": np.exp(rng.normal(15, 2, N)),
            "age": rng.integers(18, 90, N),
            "flag": rng.random(N) < 0.3,
        }
    )


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_targets_of_every_unit(session: sf.Session, strategy: str) -> None:
    data = table()
    frame = session.from_pandas(data, owner="o")
    targets = TARGETS if strategy == "mean" else TARGETS[:2]
    fitted = [DummyRegressor(strategy=strategy).fit(frame[["x"]], frame[name]) for name in targets]  # type: ignore[arg-type]
    found = sf.reveal(*(model.constant_ for model in fitted))
    for name, value in zip(targets, found):
        y = data[name].astype(float)
        want = Reference(strategy=strategy).fit(data[["x"]], y)
        assert value == pytest.approx(want.constant_, rel=1e-6), name
    for name, model, value in list(zip(targets, fitted, found))[:2]:
        want = r2_score(data[name], np.full(N, value.item()))
        assert model.score(frame[["x"]], frame[name]) == pytest.approx(want, abs=1e-4)


def test_scores_of_predictions_of_every_quality(session: sf.Session) -> None:
    """Good, biased and bad ones, of a target far from zero and of one whose squares have no digits."""
    data, rng = table(), np.random.default_rng(1)
    for name, size in (("far", 1.0), ("tiny", 1e-5)):
        data[f"{name} good"] = data[name] + rng.normal(0, 0.1 * size, N)
        data[f"{name} biased"] = data[name] + 3 * size
        data[f"{name} bad"] = data[name] + rng.normal(0, 30 * size, N)
    frame = session.from_pandas(data, owner="o")
    pairs = [(name, f"{name} {how}") for name in ("far", "tiny") for how in ("good", "biased", "bad")]
    for (truth, predicted), got in zip(pairs, sf.reveal(*(determination(frame[a], frame[b]) for a, b in pairs))):
        assert got == pytest.approx(r2_score(data[truth], data[predicted]), rel=1e-3, abs=1e-4), predicted


def test_constant_targets_and_single_rows(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"x": [1.0, 2.0, 3.0], "c": 7.5, "d": [7.5, 7.5, 8.5]}), owner="o")
    same = DummyRegressor().fit(frame[["x"]], frame["c"])
    assert same.score(frame[["x"]], frame["c"]) == 1
    other = DummyRegressor().fit(frame[["x"]], frame["d"])
    assert other.score(frame[["x"]], frame["c"]) == 0  # scikit-learn's
    one = frame[frame["x"] > 2.5]
    with pytest.raises(SchemaError, match="fewer than two complete rows"):
        other.score(one[["x"]], one["d"])
    none = frame[frame["x"] > 9]
    assert np.isnan(DummyRegressor().fit(none[["x"]], none["c"]).constant_.reveal().item())


def test_incomplete_rows(session: sf.Session) -> None:
    data = pd.DataFrame({"x": pd.array([1, None, 3, 4], dtype="Int64"), "y": pd.array([1.0, 50.0, 3.0, None], dtype="Float64")})
    frame = session.from_pandas(data, owner="o")
    model = DummyRegressor().fit(frame[["x"]], frame["y"])
    assert model.constant_.reveal().item() == 2
    assert model.predict(frame[["x"]]).reveal().isna().tolist() == [False, True, False, False]
    assert model.score(frame[["x"]], frame["y"]) == pytest.approx(0, abs=1e-4)


def test_strategies(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"x": [1.0]}), owner="o")
    with pytest.raises(InvalidParameterError, match="'mean' or 'median'"):
        DummyRegressor(strategy="quantile").fit(frame[["x"]], frame["x"])  # type: ignore[arg-type]
