"""Quotients and means are the nearest, and one number each: at the owner, at the parties, every time that they are computed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spuframe as sf

N = 60
RNG = np.random.default_rng(17)


def _table() -> pd.DataFrame:
    """Dividends, divisors, and quotients that are exact, or near to where one ends and the next begins."""
    b = RNG.choice([1, 2, 3, 7, -5, 10, 64, 99], N)
    q = RNG.integers(-50, 50, N)
    x, y = RNG.integers(-800, 800, N) / 8, RNG.choice([0.25, 0.5, 3.0, -1.5, 12.0, 0.125], N)
    q[:20], x[:20] = 1 + np.arange(20) % 3, 3 * y[:20]  # exact ones of both kinds
    a = b * q + np.where(np.arange(N) % 2, 0, RNG.integers(0, 3, N))
    return pd.DataFrame({"id": range(N), "a": a, "b": b, "q": q, "x": x, "y": y, "z": x / y, "g": np.arange(N) % 7})


ROWS = _table()
DIVISORS = ["b", "y", "j", "w"]


@pytest.fixture(scope="module")
def alone(session: sf.Session) -> sf.SecretFrame:
    """All columns with one owner, which computes."""
    made = session.from_pandas(_named(ROWS), owner="hospital")
    assert [s.op for s in session.physical(made[made["a"] / made["b"] == made["q"]].node)] == ["scan"]
    return made


@pytest.fixture(scope="module")
def apart(session: sf.Session) -> sf.SecretFrame:
    """Dividends with one owner, divisors with another: the parties compute."""
    named = _named(ROWS)
    left = session.from_pandas(named.drop(columns=DIVISORS), owner="hospital")
    return left.merge(session.from_pandas(named[["id", *DIVISORS]], owner="insurer"), on="id")


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Two more divisors: an integer that may be zero, a float of another resolution."""
    return rows.assign(j=rows["b"] % 4, w=rows["y"] * 1024)


def _rows(frame: sf.SecretFrame) -> list[int]:
    return sorted(frame["id"].reveal().tolist())


@pytest.mark.parametrize(("over", "by", "quotient"), [("a", "b", "q"), ("x", "y", "z")])
def test_exact_quotients_equal_what_they_are(over: str, by: str, quotient: str, alone: sf.SecretFrame, apart: sf.SecretFrame) -> None:
    exact = ROWS.index[(ROWS[over] == ROWS[by] * ROWS[quotient]) & (ROWS[quotient] * 1024 % 1 == 0)].tolist()
    assert len(exact) >= 20
    for frame in (alone, apart):
        found = set(_rows(frame[frame[over] / frame[by] == frame[quotient]]))
        assert found >= set(exact)
        if over == "a":  # of integers, no other quotient is a whole number
            assert found == set(exact)


@pytest.mark.parametrize("over", [3, 7.0, 0.1, -12, 1e-3])
def test_quotients_by_constants_are_the_nearest(over: float, alone: sf.SecretFrame, apart: sf.SecretFrame) -> None:
    for frame in (alone, apart.persist()):
        made = frame.assign(r=frame["a"] / over, s=frame["x"] / over)[["id", "r", "s"]]
        found = made.reveal().sort_values("id")
        for name, of in (("r", "a"), ("s", "x")):
            units = 1 << made[name].dtype.frac
            exact = [Fraction(v) / Fraction(over) for v in ROWS[of].tolist()]
            assert found[name].tolist() == [math.floor(v * units + Fraction(1, 2)) / units for v in exact]


def test_the_same_quotient_is_the_same_each_time(apart: sf.SecretFrame) -> None:
    stored = apart.persist()
    pairs = [("a", "b"), ("x", "y"), ("x", "w"), ("a", "y")]
    made = stored.assign(**{f"{u}/{v}": stored[u] / stored[v] for u, v in pairs}, r=1 / stored["y"])[["id", *(f"{u}/{v}" for u, v in pairs), "r"]]
    first, second = (made.reveal().sort_values("id").reset_index(drop=True) for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


@pytest.mark.parametrize("kind", ["integers", "floats", "one third"])
def test_the_mean_of_equal_values_is_their_minimum(kind: str, session: sf.Session) -> None:
    """In groups of 1 to 40 rows, and of whole columns; and the median, the least and the last of them."""
    sizes = [1, 2, 3, 5, 6, 7, 11, 13, 29, 40]
    each = {"integers": [-1000, 7, 0, 3, -1, 999, 12, 5, 77, -3], "floats": [0.5, -8.25, 3.0, 1e3, 0.1, 1e-3, -0.3, 7.7, 99.9, 2.5]}
    values = np.repeat(each.get(kind, [1 / 3] * 10), sizes)
    table = pd.DataFrame({"g": np.repeat(range(10), sizes), "v": values})
    frame = session.from_pandas(table, owner="bank").persist()
    found = frame.groupby("g").agg(mean=("v", "mean"), min=("v", "min"), median=("v", "median")).reveal()
    assert found["mean"].tolist() == found["min"].tolist() == found["median"].tolist()
    if kind == "integers":
        grouped = frame.groupby("g").agg(mean=("v", "mean"), least=("v", "min"))
        assert len(grouped[grouped["mean"] == grouped["least"]].reveal()) == 10
    if kind == "one third":
        assert frame["v"].mean().reveal() == frame["v"].min().reveal()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_and_nulls(rows: int, session: sf.Session) -> None:
    table = pd.DataFrame({"a": pd.array([6, None][:rows], "Int64"), "b": pd.array([3, 0][:rows], "Int64")})
    frame = session.from_pandas(table, owner="bank")
    for f in (frame, frame.persist()):
        made = f.assign(q=f["a"] / f["b"])
        assert made[made["q"] == 2]["a"].reveal().tolist() == [6][:rows]
        assert made["q"].reveal().isna().tolist() == [False, True][:rows]


# ---- what is drawn: conditions over quotients, remainders and products of whole numbers -------------------------------
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
DIVIDED: dict[str, Callable[[Any, Any], Any]] = {"/": operator.truediv, "//": operator.floordiv, "%": operator.mod}
Condition = tuple[str, str, str | float, str, str | float]
CONDITIONS = st.tuples(
    st.sampled_from(sorted(DIVIDED)), st.sampled_from(["a", "x", "q", "z"]), st.sampled_from([*DIVISORS, *DIVISORS, 3, 0.1, -7]),
    st.sampled_from(sorted(OPERATORS)), st.sampled_from(["q", "z", "a", "b", 0, 1, 0.5, -2.25, 1 / 3, 0.1]),
)  # fmt: skip


def _holds(frame: Any, condition: Condition) -> Any:
    divided, over, by, compared, bound = condition
    quotient = DIVIDED[divided](frame[over], frame[by] if isinstance(by, str) else by)
    return OPERATORS[compared](quotient, frame[bound] if isinstance(bound, str) else bound)


@settings(max_examples=8)
@given(conditions=st.lists(CONDITIONS, min_size=4, max_size=8, unique=True))
def test_moving_a_column_behind_a_join_changes_no_answer(conditions: list[Condition], alone: sf.SecretFrame, apart: sf.SecretFrame) -> None:
    shown = []
    for frame in (alone, apart):
        made = frame.assign(**{f"c{k}": _holds(frame, c) for k, c in enumerate(conditions)})
        shown.append(made[["id", *(f"c{k}" for k in range(len(conditions)))]].reveal().sort_values("id").reset_index(drop=True))
        assert _rows(frame[_holds(frame, conditions[0])]) == shown[0].index[shown[0]["c0"].fillna(False).astype(bool)].tolist()
    for k, condition in enumerate(conditions):
        mine, theirs = (t[f"c{k}"].astype("boolean") for t in shown)
        assert mine.isna().tolist() == theirs.isna().tolist(), condition
        assert mine.dropna().tolist() == theirs.dropna().tolist(), condition
