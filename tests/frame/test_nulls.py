"""Nulls follow pandas' nullable types; docs/design/nulls.md has the table."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest

from spuframe.errors import PlanError

COMPARE = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
FAR = (10**400, np.inf, -np.inf, 1e15, -1e15, 1e300, 2**70, -(2**70), 2**63, np.float64(np.inf))


@pytest.fixture(scope="module")
def numbers():
    return pd.DataFrame(
        {
            "i": pd.array([-7, 0, 9], "Int64"),
            "n": pd.array([1, None, -3], "Int64"),
            "x": pd.array([-1.5, 0.0, 2.5], "Float64"),
            "y": pd.array([None, 1.5, -0.5], "Float64"),
            "b": pd.array([True, None, False], "boolean"),
        }
    )


def known(test, value, far):
    """A row of a comparison, in Python's exact numbers."""
    return None if value is pd.NA else bool(test(getattr(value, "item", lambda: value)(), far))


def test_a_constant_that_no_column_holds_compares_as_the_number_that_it_is(session, numbers):
    frame, asked = session.from_pandas(numbers, owner="alice"), {}
    for name in numbers:
        for k, far in enumerate(FAR):
            for test in COMPARE:
                asked[f"{name} {test.__name__} {k}"] = (test(frame[name], far), [known(test, v, far) for v in numbers[name]])
            asked[f"{k} greater {name}"] = (far > frame[name], [known(operator.lt, v, far) for v in numbers[name]])
    out = frame.copy()
    for name, (made, _) in asked.items():
        out[name] = made
    found = out.reveal()
    for name, (_, right) in asked.items():
        assert [None if v is pd.NA else v for v in found[name].astype("boolean")] == right, name


def test_nothing_equals_nan_and_all_differ_from_it_as_in_pandas(session, numbers):
    frame = session.from_pandas(numbers, owner="alice")
    out = frame.assign(same=frame["n"] == np.nan, other=frame["n"] != np.nan, more=frame["x"] > np.nan).reveal()
    assert [None if v is pd.NA else v for v in out["same"].astype("boolean")] == [False, None, False]
    assert [None if v is pd.NA else v for v in out["other"].astype("boolean")] == [True, None, True]
    assert out["more"].tolist() == [False] * 3
    assert frame[frame["n"] == np.nan].reveal().empty


def test_bounds_beyond_every_value_change_nothing(session, numbers):
    frame = session.from_pandas(numbers, owner="alice")
    out = frame.assign(
        up=frame["x"].clip(0, np.inf), down=frame["i"].clip(-np.inf, 5), both=frame["n"].clip(-(2**70), 1e15), turned=frame["x"].clip(np.inf, 0),
        positive=frame["y"].between(0, np.inf), within=frame["i"].isin([2**70, 9, np.inf, -1e300]), none=frame["x"].isin([2**70]),
    ).reveal()  # fmt: skip
    assert out["up"].tolist() == [0.0, 0.0, 2.5]
    assert out["turned"].tolist() == [0.0, 0.0, 2.5]
    assert out["down"].tolist() == [-7, 0, 5]
    assert out["both"].tolist() == [1, pd.NA, -3]
    assert [None if v is pd.NA else v for v in out["positive"].astype("boolean")] == [None, True, False]
    assert out["within"].tolist() == [False, False, True]
    assert out["none"].tolist() == [False] * 3


def test_a_secret_number_compares_with_infinity(session, numbers):
    total = session.from_pandas(numbers, owner="alice")["x"].sum()
    assert (total < np.inf).reveal() is True
    assert (total == 2**70).reveal() is False


@pytest.mark.parametrize("missing", [None, pd.NA])
def test_a_comparison_with_null_says_how_nulls_are_found(session, numbers, missing):
    frame = session.from_pandas(numbers, owner="alice")
    with pytest.raises(PlanError, match=r"isna\(\) and notna\(\)"):
        _ = frame["n"] == missing


def test_mask_and_where_take_a_null_condition_as_pandas_does(session):
    data = pd.DataFrame({"x": pd.array([1, 2, 3, 4], "Int64"), "c": pd.array([True, False, None, None], "boolean")})
    frame = session.from_pandas(data, owner="alice")
    found = pd.DataFrame({"w": frame["x"].where(frame["c"], 9).reveal(), "m": frame["x"].mask(frame["c"], 9).reveal()})
    assert found["w"].tolist() == data["x"].where(data["c"], 9).tolist() == [1, 9, 9, 9]
    assert found["m"].tolist() == data["x"].mask(data["c"], 9).tolist() == [9, 2, 9, 9]
