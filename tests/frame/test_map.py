"""Membership and lookup in small public tables, at the owner and on shares."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.errors import PlanError, TypeMismatchError

D = datetime.date
ROWS = pa.table(
    {
        "n": pa.array([0, 1, 2, 3, None, 5, -4], pa.int8()),
        "x": [0.5, 1.0, -2.25, 100.0, 0.0, 7.0, 0.5],
        "s": pa.array(["north", "south", None, "east", "north", "", "westernmost"]),
        "d": pa.array([D(2020, 1, k + 1) for k in range(7)]),
        "b": pa.array([True, False, None, True, False, True, False]),
    }
)


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    read = session.from_arrow(ROWS, owner="ann")
    return read if request.param == "computed by the owner" else read.persist()


def test_membership(frame: sf.SecretFrame) -> None:
    wanted: dict[str, list[object]] = {"n": [1, 5, -4, 99, 2.0, 0.5], "x": [0.5, 100, 3], "b": [True]}
    wanted |= {"s": ["north", "", "a string that is much too long"], "d": ["2020-01-03", D(2020, 1, 7)]}
    made = frame.assign(**{f"in_{c}": frame[c].isin(values) for c, values in wanted.items()}).reveal("arrow")
    for column, values in wanted.items():
        days = [D.fromisoformat(v) if column == "d" and isinstance(v, str) else v for v in values]
        assert made.column(f"in_{column}").to_pylist() == [v is not None and v in days for v in ROWS.column(column).to_pylist()], column


TABLES: dict[str, dict[object, object]] = {
    "n": {0: 10, 1: -20, 5: 300, 77: 4, -4: 0},
    "x": {0.5: "half", 7: "seven", -2.25: "a longer string"},
    "s": {"north": 1.5, "south": 2, "westernmost": -3.25, "": 0.0, "nowhere at all": 9.0},
    "d": {D(2020, 1, 1): True, "2020-01-02": False},
    "b": {True: D(2020, 2, 29), False: D(1999, 12, 31)},
}


@pytest.mark.parametrize("column", TABLES)
def test_map(frame: sf.SecretFrame, column: str) -> None:
    table = {D.fromisoformat(str(k)) if column == "d" else k: v for k, v in TABLES[column].items()}
    got = frame.assign(y=frame[column].map(TABLES[column])).reveal("arrow").column("y").to_pylist()
    assert got == [None if v is None else table.get(v) for v in ROWS.column(column).to_pylist()]


def test_edges(frame: sf.SecretFrame) -> None:
    made = frame.assign(one=frame["n"].map({1: 7}), never=frame["n"].map({0.5: 3}), half=frame["b"].map({True: 1})).reveal("arrow")
    assert made.column("one").to_pylist() == [None, 7, None, None, None, None, None]
    assert made.column("never").to_pylist() == [None] * 7
    assert made.column("half").to_pylist() == [1, None, None, 1, None, 1, None]
    assert frame["n"].map({1: 7, 2: -3}).field.range == (-3, 7)


def test_refusals(frame: sf.SecretFrame) -> None:
    with pytest.raises(PlanError, match="at least one key"):
        frame["n"].map({})
    with pytest.raises(TypeMismatchError, match="same type"):
        frame["n"].map({1: "a", 2: 3})
    with pytest.raises(TypeMismatchError, match="same type"):
        frame["s"].map({1: 2})
    with pytest.raises(PlanError, match="at most 4096"):
        frame["n"].map({k: k for k in range(5000)})
    with pytest.raises(PlanError, match="a dict"):
        frame["n"].map(abs)  # type: ignore[arg-type]
