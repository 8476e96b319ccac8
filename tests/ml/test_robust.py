"""RobustScaler against scikit-learn, and what its quantiles may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import RobustScaler as Reference

import spuframe as sf
from spuframe.errors import InvalidParameterError
from spuframe.ml import MaxAbsScaler, MinMaxScaler, RobustScaler


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    few = {"n": rng.integers(0, 9, 41), "c": 7.0, "b": rng.random(41) < 0.5}
    data = pd.DataFrame({"a": 1e4 + rng.normal(size=41), **few, "tiny": 1e-6 * rng.normal(size=41)})
    data.loc[0, "a"] = 5e4
    return data


@pytest.mark.parametrize(
    "parameters", [{}, {"with_centering": False}, {"with_scaling": False}, {"quantile_range": (5, 80)}], ids=lambda p: ", ".join(p) or "default"
)
def test_scaled_values(session: sf.Session, parameters: dict[str, Any]) -> None:
    data = table()
    frame = session.from_pandas(data, owner="o")
    ours, theirs = RobustScaler(**parameters).fit(frame), Reference(**parameters).fit(data.astype(float).to_numpy())
    for name in ("center_", "scale_"):
        got, want = getattr(ours, name), getattr(theirs, name)
        assert (got is None) == (want is None)
        if got is not None:
            np.testing.assert_allclose(got.reveal(), want, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(ours.transform(frame).reveal(), theirs.transform(data.astype(float).to_numpy()), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("wrong", [(75, 25), (-1, 50), (0, 101), 50, (25,), ("a", "b")], ids=str)
def test_quantiles_that_are_refused(session: sf.Session, wrong: Any) -> None:
    frame = session.from_pandas(table(), owner="o")
    with pytest.raises(InvalidParameterError, match=r"`quantile_range` must be a pair \(low, high\) of percentages"):
        RobustScaler(quantile_range=wrong).fit(frame)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), MinMaxScaler((-1, 3)), MaxAbsScaler(), RobustScaler(), RobustScaler(with_scaling=False)], ids=str)
def test_back_to_the_units(session: sf.Session, scaler: Any) -> None:
    data = table()
    frame = session.from_pandas(data, owner="o")
    back = scaler.fit(frame).inverse_transform(scaler.transform(frame)).reveal()
    wide = data.astype(float).max() - data.astype(float).min() if not isinstance(scaler, MaxAbsScaler) else data.astype(float).abs().max()
    assert (abs(back.astype(float) - data.astype(float)).max() <= 1e-5 * wide + 1e-9).all()
    assert list(back.columns) == list(data.columns)
    far = scaler.inverse_transform(session.from_pandas(pd.DataFrame(5000.0, index=range(2), columns=data.columns), owner="o")).reveal()
    assert far["a"].isna().all() or not getattr(scaler, "with_scaling", True)
