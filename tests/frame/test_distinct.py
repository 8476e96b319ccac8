"""Rows that are the same: which are left out, against pandas, with nulls in the columns that are compared and in others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import ColumnNotFoundError, PlanError

KEEPS = ("first", "last", False)


def made(rows: int, seed: int) -> pd.DataFrame:
    """Few values, so that most rows are there several times; by ``id`` rows are found again."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "a": pd.array(rng.integers(-1, 3, rows), "Int64"),
            "x": pd.array(rng.choice([-0.5, 0.0, 2.25], rows), "Float64"),
            "b": pd.array(rng.random(rows) < 0.5, "boolean"),
            "s": pd.array(rng.choice(["", "u", "ü"], rows), "string"),
            "day": pd.Series(pd.to_datetime(rng.choice(["1969-12-31", "2024-02-29"], rows))).astype("date32[pyarrow]"),
            "id": np.arange(rows),
        }
    )
    for name in ("a", "x", "b", "s"):
        table.loc[rng.random(rows) < 0.25, name] = pd.NA
    return table


def ids(frame: sf.SecretFrame) -> list[int]:
    return sorted(frame["id"].reveal())


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
@pytest.mark.parametrize("rows", [0, 1, 30])
def test_as_in_pandas(session: sf.Session, rows: int) -> None:
    table = made(rows, rows)
    frame = session.from_pandas(table, owner="shop")
    cases = [(subset, keep) for subset in (["a"], ["x", "b"], ["s"], ["day", "a"], list(table.columns)) for keep in KEEPS]
    kept = sf.reveal(*(frame.drop_duplicates(subset, keep=keep)["id"] for subset, keep in cases))
    again = sf.reveal(*(frame.duplicated(subset, keep) for subset, keep in cases))
    for (subset, keep), mine, marks in zip(cases, kept, again, strict=True):
        assert sorted(mine) == table.drop_duplicates(subset, keep=keep)["id"].tolist(), (subset, keep)
        assert marks.tolist() == table.duplicated(subset, keep).tolist(), (subset, keep)
    few, want = frame[frame["x"] > -1], table[table["x"] > -1]  # what a filter dropped is the same as nothing
    for keep in KEEPS:
        assert ids(few.drop_duplicates("a", keep=keep)) == want.drop_duplicates("a", keep=keep)["id"].tolist()
        assert ids(few[~few.duplicated("a", keep)]) == want.drop_duplicates("a", keep=keep)["id"].tolist()
    ordered, want = frame.sort_values("id", ascending=False).drop_duplicates("s"), table.sort_values("id", ascending=False).drop_duplicates("s")
    assert ordered["id"].reveal().tolist() == want["id"].tolist()  # in the order that was asked for
    assert ordered.head(2)["id"].reveal().tolist() == want["id"].tolist()[:2]


def test_a_slice(session: sf.Session) -> None:
    table = made(12, 3)
    frame = session.from_pandas(table, owner="shop")
    last, again, values = sf.reveal(frame.drop_duplicates(["a", "s"], keep="last"), frame.duplicated("a"), frame["a"].unique())
    want = table.drop_duplicates(["a", "s"], keep="last").set_index("id")
    got = last.set_index("id").sort_index()
    for name in ("a", "x", "b", "s"):
        assert got[name].isna().tolist() == want[name].isna().tolist()
        assert got[name].dropna().tolist() == want[name].dropna().tolist()
    assert again.tolist() == table.duplicated("a").tolist()
    assert values.isna().sum() == 1 and sorted(values.dropna()) == sorted(table["a"].dropna().unique())


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_rows_in_no_order(session: sf.Session) -> None:
    """After a merge one of the same rows is as good as another where all columns are compared, and else nothing says which is first."""
    table = made(30, 5)
    sides = [table[["id", "a"]], table[["id", "s", "b"]]]
    joined = session.from_pandas(sides[0], owner="shop").merge(session.from_pandas(sides[1], owner="bank"), on="id", validate="one_to_one")
    compared = joined[["s", "a", "b"]]
    got, want = compared.drop_duplicates().reveal(), table[["s", "a", "b"]].drop_duplicates()
    text = [sorted(map(tuple, t.astype(object).where(t.notna(), "null").astype(str).to_numpy())) for t in (got, want)]
    assert text[0] == text[1] and got.columns.tolist() == ["s", "a", "b"]
    assert ids(joined.drop_duplicates(["s", "b"], keep=False)) == table.drop_duplicates(["s", "b"], keep=False)["id"].tolist()
    for refused in (lambda: joined.drop_duplicates("s"), lambda: joined.duplicated("s"), lambda: joined.duplicated()):
        with pytest.raises(PlanError, match=r"order of the rows.*sort_values"):
            refused()
    with pytest.raises(PlanError, match="`keep` must be one of"):
        joined.drop_duplicates(keep="any")  # type: ignore[arg-type]
    with pytest.raises(ColumnNotFoundError):
        joined.duplicated(["s", "z"])
    with pytest.raises(PlanError, match="none is given"):
        joined.drop_duplicates([])
