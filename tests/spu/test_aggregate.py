"""aggregate against pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import Bool, DType, Field, Fixed, Int, String
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.ir.aggregates import aggregation
from tests.spu.relational import run_one

FUNCTIONS = ["size", "count", "sum", "mean", "min", "max"]


def result_field(name: str, function: str, source: Field | None, rows: int) -> Field:
    if function in ("size", "count"):
        return Field(name, Int(64), range=(0, rows))
    assert source is not None
    if function == "nunique":
        return Field(name, Int(64), range=(0, rows))
    if function.startswith(("std", "median")):
        dtype, bounds = aggregation(function).result(source, rows)
        return Field(name, dtype, nullable=True, range=bounds)
    if function == "mean":
        return Field(name, Fixed(), nullable=True, range=None if source.range is None else tuple(map(float, source.range)))  # type: ignore[arg-type]
    if function == "sum":
        dtype: DType = source.dtype if isinstance(source.dtype, Fixed) else Int(64)
        bounds = (0, rows) if isinstance(source.dtype, Bool) else None
        if source.range is not None:
            bounds = (min(source.range[0] * rows, 0), max(source.range[1] * rows, 0))  # type: ignore[assignment]
        return Field(name, dtype, range=bounds)
    return Field(name, source.dtype, nullable=True, range=source.range)


def check(
    fields: Sequence[Field],
    data: dict[str, list[Any]],
    keys: list[str],
    aggregates: list[tuple[str, str | None]],
    keep: list[bool] | None,
    protocol: str,
    sorted_first: bool = False,
) -> None:
    """Aggregates named by function and column, against plain Python over the groups that pandas finds."""
    by_name = {f.name: f for f in fields}
    rows = len(data[fields[0].name])
    named = [[f"{f}_{c}", f, c] for f, c in aggregates]
    out = [by_name[k] for k in keys] + [result_field(n, f, by_name.get(c), rows) for n, f, c in named]  # type: ignore[arg-type]
    masked, bound = bool(keys), rows if keys else 1
    step = ("aggregate", {"keys": keys, "aggregates": named}, out, bound, masked)
    table = (fields, data, keep)
    if sorted_first:  # and filtered in between: invalid rows stand between the others
        order = {"by": keys, "ascending": [True] * len(keys)}
        bit = {"fn": "not", "dtype": "bool", "nullable": False, "range": None, "args": [{"col": "drop", "dtype": "bool", "nullable": False}]}
        drop = ("filter", {"predicate": bit}, fields, rows, True)
        got = run_one("sort", order, [table], fields, rows, protocol, keep is not None, [drop, step])
        keep = [k and not d for k, d in zip(keep or [True] * rows, data["drop"])]
    else:
        got = run_one("aggregate", step[1], [table], out, bound, protocol, masked)
    frame = pd.DataFrame({f.name: pd.Series(data[f.name], dtype=object) for f in fields})
    frame = frame if keep is None else frame[np.asarray(keep, bool)]
    groups = [((), frame)]
    if keys:
        encoded = frame.assign(**{k: frame[k].map(lambda v: v.encode() if isinstance(v, str) else v) for k in keys})
        groups = [(key, frame.loc[g.index]) for key, g in encoded.dropna(subset=keys).groupby(keys)]
    expected = []
    for key, group in groups:
        row = dict(zip(keys, (k.decode() if isinstance(k, bytes) else k for k in key)))
        for name, function, column in named:
            values = [] if column is None else [v for v in group[column] if v is not None]
            row[name] = _plain(function, values, len(group))
        expected.append(row)
    assert len(got) == len(expected)
    for g, e in zip(got, expected):
        assert list(g) == list(e)
        for name, value in e.items():
            if isinstance(value, float):
                near = 2**-18 if name.startswith("std") else 2**-27
                assert g[name] == pytest.approx(value, rel=near, abs=2**-14), name
            else:
                assert g[name] == value, name


def _plain(function: str, values: list[Any], rows: int) -> Any:
    if function == "size":
        return rows
    if function == "count":
        return len(values)
    if function == "sum":
        return sum(values)
    if function == "nunique":
        return len(set(values))
    if function.startswith("std"):
        ddof = int(function[-2]) if "[" in function else 1
        return float(np.std([int(v) if isinstance(v, bool) else v for v in values], ddof=ddof)) if len(values) > ddof else None
    if not values:
        return None
    if function in ("first", "last"):
        return values[0 if function == "first" else -1]
    if function == "median":
        return float(np.median(values))
    if function == "mean":
        return sum(values) / len(values)
    if isinstance(values[0], str):
        return (min if function == "min" else max)(values, key=str.encode)
    return min(values) if function == "min" else max(values)


def sample(rows: int, seed: int = 0) -> tuple[list[Field], dict[str, list[Any]]]:
    rng = np.random.default_rng(seed)

    def nulls(values: Sequence[Any]) -> list[Any]:
        return [None if rng.random() < 0.3 else v for v in values]

    fields = [
        Field("g", Int(16), nullable=True, range=(-2, 4)),
        Field("h", String(9)),
        Field("i", Int(32), nullable=True, range=(-500, 500)),
        Field("j", Int(64), range=(-(2**40), 2**40)),
        Field("x", Fixed(), nullable=True, range=(-50.0, 50.0)),
        Field("b", Bool(), nullable=True),
        Field("s", String(3), nullable=True),
        Field("drop", Bool()),
    ]
    data: dict[str, list[Any]] = {
        "g": nulls(rng.integers(-2, 5, rows).tolist()),
        "h": rng.choice(["", "one", "two words", "é"], rows).tolist(),
        "i": nulls(rng.integers(-500, 501, rows).tolist()),
        "j": rng.integers(-(2**40), 2**40, rows).tolist(),
        "x": nulls((rng.integers(-1600, 1600, rows) / 32).tolist()),
        "b": nulls((rng.random(rows) < 0.5).tolist()),
        "s": nulls(rng.choice(["a", "b", "abc", "ñ"], rows).tolist()),
        "drop": (rng.random(rows) < 0.4).tolist(),
    }
    return fields, data


ALL: list[tuple[str, str | None]] = [("size", None), *((f, c) for c in ("i", "x", "j", "b") for f in FUNCTIONS[1:]), ("min", "s"), ("max", "s")]
SUMS = [(f, c) for f, c in ALL if f not in ("min", "max")]
NEW: list[tuple[str, str | None]] = [
    *((f, c) for c in ("i", "x", "j", "b") for f in ("std", "median")), ("std[ddof=0]", "i"),
    *((f, c) for c in ("i", "s", "j", "b") for f in ("first", "last", "nunique")), ("size", None), ("mean", "x"),
]  # fmt: skip


@pytest.mark.parametrize("keys", [["g"], ["g", "h"], []])
@pytest.mark.parametrize("masked", [False, True])
def test_every_order(keys: list[str], masked: bool, protocol: str) -> None:
    fields, data = sample(37, 3)
    check(fields, data, keys, NEW, [i % 4 > 0 for i in range(37)] if masked else None, protocol)


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("keys", [["g"], []])
def test_every_order_of_few_rows(rows: int, keys: list[str], protocol: str) -> None:
    fields, data = sample(rows, rows)
    check(fields, data, keys, NEW, None, protocol)
    check(fields, data, keys, [("std", "j"), ("median", "x"), ("first", "i"), ("nunique", "s")], [False] * rows, protocol)


def test_every_order_of_rows_sorted_and_then_filtered(protocol: str) -> None:
    fields, data = sample(41, 5)
    wanted = [("first", "j"), ("last", "i"), ("std", "j"), ("median", "x"), ("sum", "i")]
    check(fields, data, ["h"], wanted, None, protocol, sorted_first=True)  # type: ignore[arg-type]
    check(fields, data, ["h"], [("std", "i"), ("std", "j"), ("size", None)], None, protocol, sorted_first=True)


@pytest.mark.parametrize(("keys", "masked"), [(["g"], True), (["h"], False), (["h"], True), (["g", "h"], False), ([], False)], ids=str)
def test_everything(keys: list[str], masked: bool, protocol: str) -> None:
    everything(keys, masked, protocol)


@pytest.mark.every_protocol
@pytest.mark.parametrize(("keys", "masked"), [(["g"], False), (["g", "h"], True), ([], True)], ids=str)
def test_everything_on_every_protocol(keys: list[str], masked: bool, protocol: str) -> None:
    """What an aggregate asks of a protocol: one key and several, none, and rows that count for nothing."""
    everything(keys, masked, protocol)


def everything(keys: list[str], masked: bool, protocol: str) -> None:
    fields, data = sample(37)
    check(fields, data, keys, ALL, [i % 4 > 0 for i in range(37)] if masked else None, protocol)


@pytest.mark.parametrize("rows", [0, 1, 2, 64])
@pytest.mark.parametrize("keys", [["g"], []])
def test_sizes(rows: int, keys: list[str], protocol: str) -> None:
    fields, data = sample(rows, rows)
    check(fields, data, keys, [*SUMS, ("min", "i"), ("max", "x")], None, protocol)


def test_no_valid_row(protocol: str) -> None:
    fields, data = sample(9)
    for keys in (["h"], []):
        check(fields, data, keys, [("size", None), ("sum", "j"), ("mean", "j"), ("min", "j"), ("max", "s")], [False] * 9, protocol)


def test_groups_of_nulls_only(protocol: str) -> None:
    fields = [Field("g", Bool()), Field("i", Int(8), nullable=True)]
    data = {"g": [True, False, True, False, True], "i": [None, 5, None, -5, None]}
    check(fields, data, ["g"], [(f, "i") for f in FUNCTIONS[1:]], None, protocol)


def test_one_group_and_extremes(protocol: str) -> None:
    low, high = -(2**63), 2**63 - 1
    fields = [Field("g", Int(32)), Field("i", Int(64)), Field("u", Int(64, signed=False))]
    data = {"g": [2**31 - 1] * 4, "i": [high, low, 0, -1], "u": [2**64 - 1, 0, 2**63, 1]}
    wanted: list[tuple[str, str | None]] = [("min", "i"), ("max", "i"), ("sum", "i"), ("min", "u"), ("max", "u")]
    check(fields, data, ["g"], wanted, None, protocol)
    check(fields, data, [], wanted, None, protocol)
    data["g"] = [-(2**31), 2**31 - 1, 0, -(2**31)]
    check(fields, data, ["g"], [("size", None), ("max", "i")], None, protocol)


@pytest.mark.parametrize("keys", [["g"], ["h", "g"]])
@pytest.mark.parametrize("masked", [False, True])
def test_sorted_and_then_filtered(keys: list[str], masked: bool, protocol: str) -> None:
    fields, data = sample(41, 5)
    keep = [i % 5 > 0 for i in range(41)] if masked else None
    check(fields, data, keys, [*SUMS, ("max", "i")], keep, protocol, sorted_first=True)
    check(fields, data, keys, SUMS, keep, protocol, sorted_first=True)


def test_fewer_rows_than_the_input_where_the_plan_knows_a_bound(protocol: str) -> None:
    fields = [Field("g", Bool()), Field("i", Int(8), range=(0, 9))]
    out = [fields[0], Field("n", Int(64), range=(0, 20))]
    data = {"g": [i % 3 == 0 for i in range(20)], "i": [1] * 20}
    params = {"keys": ["g"], "aggregates": [["n", "sum", "i"]]}
    got = run_one("aggregate", params, [(fields, data, None)], out, 2, protocol, True)
    assert got == [{"g": False, "n": 13}, {"g": True, "n": 7}]


def test_what_cannot_be_aggregated() -> None:
    fields = [Field("s", String(2))]
    cases = [
        ("sum", TypeMismatchError, "'s' holds string.*no sum"), ("mode", PlanError, "no aggregate 'mode'"), ("std[f=1]", PlanError, "'std' has no 'f'"),
        ("median", TypeMismatchError, "no median"),
    ]  # fmt: skip
    for function, error, text in cases:
        with pytest.raises(error, match=text):
            params = {"keys": [], "aggregates": [["t", function, "s"]]}
            run_one("aggregate", params, [(fields, {"s": ["a"]}, None)], [Field("t", Int(64))], 1, "plaintext", False)


@settings(max_examples=10)
@given(st.data())
def test_any_table(protocol: str, data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 40))
    fields, values = sample(rows, data.draw(st.integers(0, 1000)))
    keep = data.draw(st.none() | st.lists(st.booleans(), min_size=rows, max_size=rows))
    keys = data.draw(st.lists(st.sampled_from(["g", "h", "b"]), max_size=3, unique=True))
    wanted = data.draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True))
    check(fields, values, keys, wanted, keep, protocol, sorted_first=bool(keys) and data.draw(st.booleans()))
