"""StandardScaler over real sessions, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler as Reference

import spuframe as sf
from spuframe.ml import LogisticRegression, StandardScaler


def test_wine(session: sf.Session) -> None:
    data = load_wine(as_frame=True).data
    names = [f"x{j}" for j in range(data.shape[1])]
    table = data.set_axis(names, axis=1)
    frame = session.from_pandas(table, owner="o")
    scaler = StandardScaler()
    scaled = scaler.fit_transform(frame)
    want = Reference().fit(table.to_numpy())
    np.testing.assert_allclose(scaler.mean_.reveal(), want.mean_, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(scaler.scale_.reveal(), want.scale_, rtol=1e-4)
    np.testing.assert_allclose(scaler.var_.reveal(), want.var_, rtol=2e-4)
    assert scaled.columns == names
    np.testing.assert_allclose(scaled.reveal(), want.transform(table.to_numpy()), atol=3e-3)
    assert (scaler.n_features_in_, list(scaler.feature_names_in_)) == (13, names)


def test_units_of_every_size(session: sf.Session) -> None:
    """From millionths of the public bound to millions, negative, boolean and constant."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "year": rng.integers(1990, 2021, 200),
            "cents": rng.integers(10**8, 10**9, 200),
            "tiny": rng.normal(0, 2e-3, 200),
            "below": rng.normal(-500, 20, 200),
            "flag": rng.random(200) < 0.1,
            "constant": 7.7,
            "zero": 0,
        }
    )
    scaler = StandardScaler().fit(session.from_pandas(table, owner="o"))
    plain = table.astype(float)
    want = Reference().fit(plain)
    std = plain.std(ddof=0).to_numpy()
    np.testing.assert_allclose(scaler.mean_.reveal(), want.mean_, rtol=3e-5, atol=1e-4)
    np.testing.assert_allclose(scaler.scale_.reveal(), want.scale_, rtol=5e-3)
    np.testing.assert_allclose(scaler.var_.reveal(), np.where(std < 1e-9, 0, want.var_), rtol=1e-2)
    scaled = scaler.transform(session.from_pandas(table, owner="o")).reveal().to_numpy()
    np.testing.assert_allclose(scaled, want.transform(plain), atol=0.02)
    assert (scaled[:, 5:] == 0).all()


@pytest.mark.parametrize("masked", [False, True])
def test_filtered_and_incomplete_rows(session: sf.Session, masked: bool) -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"a": rng.normal(5, 2, 90), "b": pd.array(rng.integers(0, 9, 90), dtype="Int64")})
    table.loc[::7, "b"] = pd.NA
    frame = session.from_pandas(table, owner="o")
    if masked:
        frame, table = frame[frame["a"] > 5], table[table["a"] > 5]
    complete = table.dropna().astype(float)
    scaler = StandardScaler().fit(frame)
    want = Reference().fit(complete)
    np.testing.assert_allclose(scaler.mean_.reveal(), want.mean_, rtol=1e-4)
    np.testing.assert_allclose(scaler.scale_.reveal(), want.scale_, rtol=1e-3)
    scaled = scaler.transform(frame).reveal()
    assert (scaled["a"].isna().sum(), len(scaled)) == (table["b"].isna().sum(), len(table))  # what a filter leaves is revealed in no order
    got = scaled.dropna().to_numpy(float)
    np.testing.assert_allclose(np.sort(got, axis=0), np.sort(want.transform(complete), axis=0), atol=5e-3)


def test_one_row_and_no_row_left(session: sf.Session) -> None:
    one = session.from_pandas(pd.DataFrame({"a": [2.5]}), owner="o")
    scaler = StandardScaler().fit(one)
    assert (scaler.mean_.reveal().item(), scaler.scale_.reveal().item(), scaler.var_.reveal().item()) == (2.5, 1.0, 0.0)
    none = StandardScaler().fit(one[one["a"] > 3])
    assert np.isnan(none.mean_.reveal().item()) and none.scale_.reveal().item() == 1.0


def test_scaling_rows_of_another_frame(session: sf.Session) -> None:
    scaler = StandardScaler().fit(session.from_pandas(pd.DataFrame({"a": [0.0, 2.0, 4.0]}), owner="o"))
    other = session.from_pandas(pd.DataFrame({"a": [10.0, -100.0]}), owner="p")
    np.testing.assert_allclose(scaler.transform(other).reveal()["a"], (np.array([10, -100]) - 2) / np.std([0, 2, 4]), rtol=1e-4)


def test_a_fit_on_rows_that_were_scaled_for_others(session: sf.Session) -> None:
    """Their deviation is ten, not one: nothing is assumed of what a transform gives."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=200)
    own = session.from_pandas(pd.DataFrame({"x": x}), owner="o")
    other = session.from_pandas(pd.DataFrame({"x": 10 * x, "y": x + rng.normal(size=200) > 0}), owner="p")
    scaled = StandardScaler().fit(own).transform(other[["x"]])
    found = LogisticRegression(max_iter=30, tol=None).fit(scaled, other["y"]).coef_.reveal()
    direct = LogisticRegression(max_iter=30, tol=None).fit(other[["x"]], other["y"]).coef_.reveal()
    assert abs(found[0, 0]) > 0.1
    np.testing.assert_allclose(found, direct * x.std(), rtol=1e-3)
