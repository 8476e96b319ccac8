"""MinMaxScaler and MaxAbsScaler against scikit-learn, where features are constant, far from zero, wide or missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MaxAbsScaler as ReferenceMaxAbs
from sklearn.preprocessing import MinMaxScaler as Reference

import spuframe as sf
from spuframe.errors import InvalidParameterError, RangeOverflowError
from spuframe.ml import MaxAbsScaler, MinMaxScaler

ATTRIBUTES = ("data_min_", "data_max_", "data_range_", "scale_", "min_")


def table(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 40
    return pd.DataFrame(
        {
            "far": 1e5 + rng.normal(size=n),
            "seconds": 1_700_000_000 + rng.integers(0, 3600, n),
            "tiny": rng.normal(0, 1e-6, n),
            "below": rng.normal(-500, 20, n),
            "flag": rng.random(n) < 0.3,
            "constant": 7.5,
            "zero": 0,
        }
    )


@pytest.mark.parametrize("ranges", ["exact", "none"])
def test_offsets_and_units(session: sf.Session, ranges: str) -> None:
    """Fitted on some rows, put on others; where nothing is published of values, on what its types hold."""
    owner = f"of extremes, ranges {ranges}"
    session.add_owner(owner, sf.Policy(ranges=ranges))
    names = [c for c in table() if ranges == "exact" or c not in ("seconds", "zero")]  # a difference of any two int64 has no type
    fitted, others = table()[names], table(1)[names]
    if ranges == "exact":
        others.loc[0, "constant"] = 8.5
    ours, X, Z = MinMaxScaler(feature_range=(-1, 3)), session.from_pandas(fitted, owner=owner), session.from_pandas(others, owner=owner)
    absolute = MaxAbsScaler().fit(X)
    got, inside, part = ours.fit(X).transform(Z), MinMaxScaler(clip=True).fit(X).transform(Z), absolute.transform(Z)
    found = sf.reveal(*(getattr(ours, a) for a in ATTRIBUTES), absolute.max_abs_, absolute.scale_, got, inside, part)
    plain, rest = fitted.astype(float).to_numpy(), others.astype(float).to_numpy()
    want, largest = Reference(feature_range=(-1, 3)).fit(plain), ReferenceMaxAbs().fit(plain)
    for name, value in zip(ATTRIBUTES, found):
        np.testing.assert_allclose(value, getattr(want, name), rtol=1e-5, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(found[5], largest.max_abs_, rtol=1e-5)
    np.testing.assert_allclose(found[6], largest.scale_, rtol=1e-5)
    np.testing.assert_allclose(found[7].astype(float), want.transform(rest), rtol=1e-5, atol=2e-5)
    np.testing.assert_allclose(found[8].astype(float), Reference(clip=True).fit(plain).transform(rest), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[9].astype(float), largest.transform(rest), rtol=1e-5, atol=1e-5)


def test_rows_that_take_no_part(session: sf.Session) -> None:
    data = pd.DataFrame({"a": [1.0, 2.0, 3.0, 100.0], "b": pd.array([4, 8, 6, None], dtype="Int64")})
    frame = session.from_pandas(data, owner="o")
    scaler = MinMaxScaler().fit(frame)
    none = frame[frame["a"] > 1000]
    empty, emptied = MinMaxScaler().fit(none), MaxAbsScaler().fit(none)
    found = sf.reveal(scaler.data_max_, scaler.transform(frame), *(getattr(empty, a) for a in ATTRIBUTES), emptied.max_abs_, emptied.scale_)
    assert found[0].tolist() == [3, 8]
    np.testing.assert_allclose(found[1].astype("Float64").to_numpy(float, na_value=np.nan), [[0, 0], [0.5, 1], [1, 0.5], [49.5, np.nan]], atol=1e-4)
    assert all(np.isnan(value).all() for value in found[2:])


def test_what_no_type_holds_is_missing(session: sf.Session) -> None:
    """A row 2^50 ranges away is null, not the largest number there is; so is what the minimum is in ranges."""
    fitted = session.from_pandas(pd.DataFrame({"a": [0.0, 2.0**-30], "b": [2.0**20, 2.0**20 + 2.0**-27]}), owner="o", fraction_bits=36)
    scaler = MinMaxScaler().fit(fitted)
    others = session.from_pandas(pd.DataFrame({"a": [2.0**20, 2.0**-31], "b": [2.0**20, 2.0**20]}), owner="o", fraction_bits=36)
    scaled, start = sf.reveal(scaler.transform(others), scaler.min_)
    assert scaled["a"].isna().tolist() == [True, False] and scaled["a"][1] == 0.5 and scaled["b"].tolist() == [0, 0]
    assert start[0] == 0 and np.isnan(start[1])


@pytest.mark.parametrize("pair", [(1, 1), (2, 0), (0, np.inf), (0,), "01", None, (0, "1"), (False, True)])
def test_a_range_must_be_one(session: sf.Session, pair: object) -> None:
    with pytest.raises(InvalidParameterError, match="low < high") as caught:
        MinMaxScaler(feature_range=pair).fit_plan(session.from_pandas(pd.DataFrame({"a": [1.0]}), owner="o"))  # type: ignore[arg-type]
    assert caught.value.name == "feature_range"


def test_ranges_of_every_size(session: sf.Session) -> None:
    """What cannot be told apart in a range is refused, before anything is sent."""
    data = pd.DataFrame({"a": np.linspace(1.0, 5.0, 9)})
    frame = session.from_pandas(data, owner="o")
    for pair in ((0, 1e9), (0, 1e-9), (1e6, 1e6 + 1), (1e9, 1e9 + 1e-6), (-1e-12, 1e-12)):
        want = Reference(feature_range=pair).fit_transform(data.to_numpy())
        try:
            got = MinMaxScaler(feature_range=pair).fit_transform(frame)
        except (InvalidParameterError, RangeOverflowError):
            assert pair[1] - pair[0] < 1e-5
            continue
        np.testing.assert_allclose(got.reveal(), want, atol=1e-3 * (pair[1] - pair[0]), err_msg=str(pair))


def test_digits_of_a_column_far_from_zero(session: sf.Session) -> None:
    """Its values differ by 1e-5 of their magnitude: divided by that they still do, to a hundredth, whatever is published of them."""
    session.add_owner("of digits", sf.Policy(ranges="none"))
    data = table()[["far"]]
    got = MaxAbsScaler().fit_transform(session.from_pandas(data, owner="of digits")).reveal()["far"].astype(float)
    want = ReferenceMaxAbs().fit_transform(data).ravel()
    np.testing.assert_allclose(got - got.mean(), want - want.mean(), atol=5e-8)
    assert want.std() > 5e-6
