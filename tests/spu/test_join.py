"""join against pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import Bool, Field, Fixed, Int, String
from spuframe.errors import DuplicateKeyError, TypeMismatchError
from tests.spu.relational import rows_of, run_one

K = Field("k", Int(64), range=(0, 1000))


def join(
    left: tuple[Sequence[Field], dict[str, list[Any]], list[bool] | None],
    right: tuple[Sequence[Field], dict[str, list[Any]], list[bool] | None],
    on: list[str],
    protocol: str,
    unique: str = "left",
    right_on: list[str] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the join reveals, and what pandas gives; columns of the sides have different names, but for the keys."""
    right_on = right_on or on
    (lf, ld, lk), (rf, rd, rk) = left, right
    names = {f.name for f in lf}
    taken = [f for f in rf if f.name not in names]
    columns = [[f.name, "left", f.name] for f in lf] + [[f.name, "right", f.name] for f in taken]
    rows = len((rd if unique == "left" else ld)[(rf if unique == "left" else lf)[0].name])
    params = {"how": "inner", "left_on": on, "right_on": right_on, "unique": unique, "columns": columns}
    got = run_one("join", params, [left, right], [*lf, *taken], rows, protocol, True)
    a, b = _frame(lf, ld, lk), _frame(rf, rd, rk)
    expected = a.merge(b[[*right_on, *(f.name for f in taken if f.name not in right_on)]], how="inner", left_on=on, right_on=right_on)
    return _sorted(got), _sorted(rows_of(expected[[f.name for f in (*lf, *taken)]]))


def _frame(fields: Sequence[Field], data: dict[str, list[Any]], keep: list[bool] | None) -> pd.DataFrame:
    frame = pd.DataFrame({f.name: pd.Series(data[f.name], dtype=object) for f in fields})
    return frame if keep is None else frame[np.asarray(keep, bool)]


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: [(v is None, str(v)) for v in r.values()])


def left_table(rows: int) -> tuple[list[Field], dict[str, list[Any]], None]:
    fields = [K, Field("a", Int(32), range=(-1000, 1000)), Field("n", Fixed(), nullable=True), Field("name", String(10)), Field("flag", Bool())]
    data: dict[str, list[Any]] = {
        "k": [(7 * i) % 1001 for i in range(rows)],
        "a": [i - 3 for i in range(rows)],
        "n": [None if i % 3 == 1 else i / 4 for i in range(rows)],
        "name": [f"name {i}" for i in range(rows)],
        "flag": [i % 2 == 0 for i in range(rows)],
    }
    return fields, data, None


def right_table(rows: int) -> tuple[list[Field], dict[str, list[Any]], None]:
    fields = [Field("k", Int(16), range=(-10, 100)), Field("b", Int(64)), Field("m", Int(8), nullable=True)]
    data: dict[str, list[Any]] = {
        "k": [(5 * i) % 40 - 3 for i in range(rows)],
        "b": [i * 2**40 for i in range(rows)],
        "m": [None if i % 4 == 0 else i % 100 for i in range(rows)],
    }
    return fields, data, None


@pytest.mark.parametrize("rows", [(0, 0), (0, 3), (3, 0), (1, 1), (1, 9), (9, 1), (6, 50), (70, 13)])
@pytest.mark.parametrize("unique", ["left", "right"])
def test_sizes(rows: tuple[int, int], unique: str, protocol: str) -> None:
    left, right = left_table(rows[0]), right_table(rows[1])
    if unique == "right":
        left, right = right, left
    got, expected = join(left, right, ["k"], protocol, unique)
    assert got == expected


@pytest.mark.every_protocol
def test_invalid_rows_do_not_match_and_may_repeat_keys(protocol: str) -> None:
    left = ([K, Field("a", Int(8))], {"k": [1, 1, 2, 3, 3], "a": [10, 11, 12, 13, 14]}, [False, True, True, False, False])
    right = ([K, Field("b", Int(8))], {"k": [1, 2, 3, 1, 2], "b": [1, 2, 3, 4, 5]}, [True, False, True, True, True])
    got, expected = join(left, right, ["k"], protocol)
    assert got == expected and len(got) == 3
    got, expected = join(left, (right[0], right[1], None), ["k"], protocol)
    assert got == expected and len(got) == 4


@pytest.mark.every_protocol(light=True)
def test_keys_of_several_types_and_widths(protocol: str) -> None:
    lf = [Field("s", String(12)), Field("b", Bool()), Field("x", Fixed(), range=(0.0, 2.0)), Field("a", Int(8))]
    ld: dict[str, list[Any]] = {"s": ["q", "a longer one", "q", ""], "b": [True, True, False, False], "x": [0.5, 1.5, 0.5, 0.5], "a": [1, 2, 3, 4]}
    rf = [Field("t", String(3)), Field("c", Bool()), Field("y", Fixed(), range=(-5.0, 1.0)), Field("z", Int(16))]
    rd: dict[str, list[Any]] = {
        "t": ["q", "q", "a l", "", "q", ""],
        "c": [True, False, True, False, True, True],
        "y": [0.5, 0.5, 1.0, 0.5, -0.5, 0.5],
        "z": [1, 2, 3, 4, 5, 6],
    }
    got, expected = join((lf, ld, None), (rf, rd, None), ["s", "b", "x"], protocol, right_on=["t", "c", "y"])
    assert got == expected and len(got) == 3


def test_null_keys_match_null_keys(protocol: str) -> None:
    k = Field("k", Int(32), nullable=True, range=(-3, 3))
    left = ([k, Field("a", Int(8))], {"k": [None, 0, 1], "a": [1, 2, 3]}, None)
    right = ([k, Field("b", Int(8))], {"k": [0, None, 2, None], "b": [1, 2, 3, 4]}, None)
    got, expected = join(left, right, ["k"], protocol)
    assert got == expected and len(got) == 3
    plain = ([Field("k", Int(32), range=(-3, 3)), Field("b", Int(8))], {"k": [0, 1, 1], "b": [1, 2, 3]}, None)
    got, expected = join(left, plain, ["k"], protocol)
    assert got == expected and len(got) == 3


@pytest.mark.parametrize("keys", [[4, 4], [1, 2, 3, 2], [None, 1, None]])
def test_duplicates_on_the_unique_side(keys: list[int | None], protocol: str) -> None:
    k = Field("k", Int(32), nullable=True, range=(0, 9))
    left = ([k], {"k": keys}, None)
    right = ([k, Field("b", Int(8))], {"k": [9, 8], "b": [1, 2]}, None)
    with pytest.raises(DuplicateKeyError, match=r"left side.*\['k'\].*drop the duplicates"):
        join(left, right, ["k"], protocol)
    with pytest.raises(DuplicateKeyError, match="right side"):
        join(right, left, ["k"], protocol, unique="right")


def test_keys_of_different_types(protocol: str) -> None:
    left = ([K], {"k": [1]}, None)
    right = ([Field("k", Fixed())], {"k": [1.0]}, None)
    with pytest.raises(TypeMismatchError, match="cast one of them"):
        join(left, right, ["k"], protocol)


def test_group_by_after_join_shares_its_sort(protocol: str) -> None:
    left, right = left_table(12), right_table(60)
    fields = [K, left[0][1], right[0][1]]
    params = {
        "how": "inner", "left_on": ["k"], "right_on": ["k"], "unique": "left",
        "columns": [["k", "left", "k"], ["a", "left", "a"], ["b", "right", "b"]],
    }  # fmt: skip
    out = [K, Field("total", Int(64)), Field("n", Int(64), range=(0, 60))]
    groups = ("aggregate", {"keys": ["k"], "aggregates": [["total", "sum", "b"], ["n", "size", None]]}, out, 60, True)
    got = run_one("join", params, [left, right], fields, 60, protocol, True, [groups])
    joined = pd.DataFrame(left[1])[["k", "a"]].merge(pd.DataFrame(right[1]), on="k")
    expected = joined.groupby("k").agg(total=("b", "sum"), n=("b", "size")).reset_index()
    assert got == rows_of(expected)


@settings(max_examples=15)
@given(st.data())
def test_any_tables(protocol: str, data: st.DataObject) -> None:
    mine = data.draw(st.lists(st.none() | st.integers(-20, 20), max_size=15, unique=True))
    theirs = data.draw(st.lists(st.none() | st.integers(-30, 10), max_size=30))
    keep = [data.draw(st.none() | st.lists(st.booleans(), min_size=len(k), max_size=len(k))) for k in (mine, theirs)]
    left = ([Field("k", Int(16), nullable=True, range=(-20, 20)), Field("a", Int(16))], {"k": mine, "a": list(range(len(mine)))}, keep[0])
    right = ([Field("k", Int(64), nullable=True, range=(-30, 10)), Field("b", Int(16))], {"k": theirs, "b": list(range(len(theirs)))}, keep[1])
    got, expected = join(left, right, ["k"], protocol)
    assert got == expected
