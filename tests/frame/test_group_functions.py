"""Every aggregate of groups, by its method and by its name, as in pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError
from spuframe.plan.aggregates import known

FUNCTIONS = [f for f in known() if f != "size" and hasattr(pd.core.groupby.DataFrameGroupBy, f)]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 60
    table = pd.DataFrame({
        "g": pd.array(rng.choice([1, 2, 3, 5], n), "Int64"),
        "i": pd.array(rng.integers(-20, 20, n), "Int64"),
        "x": pd.array(1e5 + rng.normal(0, 3, n), "Float64"),
        "b": pd.array(rng.random(n) < 0.2, "boolean"),
    })  # fmt: skip
    for name in ("i", "x", "b"):
        table.loc[rng.random(n) < 0.2, name] = pd.NA
    table.loc[len(table)] = [7, 4, 1e5, True]  # a group of one row
    table.loc[len(table)] = [9, pd.NA, pd.NA, pd.NA]  # and one without values
    return table


@pytest.mark.parametrize("function", FUNCTIONS)
def test_as_in_pandas(function: str, table: pd.DataFrame, session: sf.Session) -> None:
    frame = session.from_pandas(table, owner="ann")
    columns = ["b"] if function in ("any", "all") else ["i", "x"]
    got = getattr(frame.groupby("g")[columns], function)().reveal()
    want = getattr(table.groupby("g")[columns], function)().reset_index()
    for name in columns:
        there, expected = got[name].isna().to_numpy(bool), want[name].isna().to_numpy(bool)
        assert there.tolist() == expected.tolist(), name
        a, b = got[name][~there].to_numpy(float), want[name][~expected].to_numpy(float)
        np.testing.assert_allclose(a, b, rtol=1e-4 if function in ("std", "var", "sem") else 1e-6)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_by_name_and_without_meaning(table: pd.DataFrame, session: sf.Session) -> None:
    frame = session.from_pandas(table, owner="ann")
    got = frame.groupby("g").agg(s=("x", "std"), v=("x", "var"), most=("i", "max"), some=("b", "any"), rows=("i", "size")).reveal()
    want = table.groupby("g").agg(s=("x", "std"), v=("x", "var"), most=("i", "max"), rows=("i", "size")).reset_index()
    np.testing.assert_allclose(got["s"].to_numpy(float, na_value=-1), want["s"].to_numpy(float, na_value=-1), rtol=1e-5)
    np.testing.assert_allclose(got["v"].to_numpy(float, na_value=-1), want["v"].to_numpy(float, na_value=-1), rtol=1e-5)
    assert got["rows"].tolist() == want["rows"].tolist()
    assert frame["x"].std(ddof=0).reveal() == pytest.approx(table["x"].astype(float).std(ddof=0), rel=1e-5)
    assert (frame["x"].std() / frame["x"].mean()).reveal() == pytest.approx(table["x"].std() / table["x"].mean(), rel=1e-3)
    assert frame["x"].median().reveal() == pytest.approx(table["x"].median(), rel=1e-8)
    joined = frame.merge(session.from_pandas(pd.DataFrame({"g": [1, 2, 3]}), owner="bob"), on="g", validate="many_to_one")
    with pytest.raises(PlanError, match="order of the rows"):
        joined.groupby("g")["x"].first()
    assert joined.sort_values("i").groupby("g")["i"].first().reveal()["i"].tolist() == table.sort_values("i").groupby("g")["i"].first()[:3].tolist()
