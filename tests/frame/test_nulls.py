"""Nulls follow pandas' nullable types."""

from __future__ import annotations

import pandas as pd


def test_mask_and_where_take_a_null_condition_as_pandas_does(session):
    data = pd.DataFrame({"x": pd.array([1, 2, 3, 4], "Int64"), "c": pd.array([True, False, None, None], "boolean")})
    frame = session.from_pandas(data, owner="alice")
    found = pd.DataFrame({"w": frame["x"].where(frame["c"], 9).reveal(), "m": frame["x"].mask(frame["c"], 9).reveal()})
    assert found["w"].tolist() == data["x"].where(data["c"], 9).tolist() == [1, 9, 9, 9]
    assert found["m"].tolist() == data["x"].mask(data["c"], 9).tolist() == [9, 2, 9, 9]
