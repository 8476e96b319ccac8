"""sort against pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spuframe.dtypes import Bool, Field, Fixed, Int, String
from spuframe.spu.algorithms.permute import Bundle, open_move, regroup
from spuframe.spu.algorithms.sort import destinations, partition, sort_order
from spuframe.spu.share import Boolean
from spuframe.testing import simulate_blackbox
from tests.spu.relational import rows_of, run_one

ROW = Field("row", Int(32), range=(0, 1 << 20))


def check(fields: Sequence[Field], data: dict[str, list[Any]], by: list[str], ascending: list[bool], keep: list[bool] | None, protocol: str) -> None:
    """The revealed rows equal pandas' stable sort by the columns, last to first."""
    rows = len(data[fields[0].name])
    fields = [*fields, ROW]
    data = {**data, "row": list(range(rows))}
    masked = keep is not None
    got = run_one("sort", {"by": by, "ascending": ascending}, [(fields, data, keep)], fields, rows, protocol, masked)
    frame = pd.DataFrame({f.name: pd.Series(data[f.name], dtype=object) for f in fields})
    order = np.arange(rows)[np.asarray(keep, bool)] if masked else np.arange(rows)
    for name, up in reversed(list(zip(by, ascending))):
        values = data[name]
        known = [i for i in order if values[i] is not None]
        key = [v.encode() if isinstance(v, str) else v for v in values]
        known.sort(key=lambda i: key[i], reverse=False) if up else known.sort(key=_Down.of(key))
        order = [*known, *(i for i in order if values[i] is None)]
    assert got == rows_of(frame.iloc[list(order)])


class _Down:
    """Reverses an order, for stable descending sorts."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    @staticmethod
    def of(values: list[Any]) -> Any:
        return lambda i: _Down(values[i])


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 8, 61])
@pytest.mark.parametrize("up", [True, False])
def test_one_key(rows: int, up: bool, protocol: str) -> None:
    rng = np.random.default_rng(rows)
    data = {"k": rng.integers(-5, 5, rows).tolist()}
    check([Field("k", Int(64), range=(-5, 5))], data, ["k"], [up], None, protocol)


def test_extremes(protocol: str) -> None:
    data = {"k": [2**63 - 1, -(2**63), 0, -1, 2**63 - 1, 1]}
    check([Field("k", Int(64))], data, ["k"], [True], None, protocol)
    check([Field("k", Int(64))], data, ["k"], [False], None, protocol)
    data = {"k": [2**64 - 1, 0, 2**63, 2**63 - 1]}
    check([Field("k", Int(64, signed=False))], data, ["k"], [True], None, protocol)


def test_constant_key_and_skew(protocol: str) -> None:
    check([Field("k", Int(8), range=(3, 3))], {"k": [3] * 5}, ["k"], [True], None, protocol)
    check([Field("k", Int(8))], {"k": [3] * 70}, ["k"], [True], [i % 3 > 0 for i in range(70)], protocol)


@pytest.mark.every_protocol
def test_floats_strings_bools_and_nulls(protocol: str) -> None:
    fields = [
        Field("x", Fixed(), nullable=True, range=(-100.0, 100.0)),
        Field("s", String(12), nullable=True),
        Field("t", String(3)),
        Field("b", Bool(), nullable=True),
        Field("y", Fixed()),
    ]
    data: dict[str, list[Any]] = {
        "x": [1.5, None, -100.0, 100.0, 0.25, 1.5, None, -0.25],
        "s": ["zürich", "a", None, "abcdefghijkl", "abcdefghijk", "", "a", None],
        "t": ["b", "", "abc", "ab", "b", "a", "zzz", "b"],
        "b": [True, False, None, True, None, False, False, True],
        "y": [1e9, -1e9, 0.0, 3.0, -3.5, 1e12, 7.0, -1e12],
    }
    for by in (["x"], ["s"], ["b", "s"], ["y"], ["t", "x"]):
        for ascending in ([True] * len(by), [False] * len(by)):
            check(fields, data, by, ascending, None, protocol)
    check(fields, data, ["b", "t", "x"], [True, False, True], [True, True, False, True, True, False, True, True], protocol)


@settings(max_examples=15)
@given(st.data())
def test_any_table(protocol: str, data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 40))
    low, high = sorted(data.draw(st.tuples(st.integers(-300, 300), st.integers(-300, 300))))
    ints = data.draw(st.lists(st.none() | st.integers(low, high), min_size=rows, max_size=rows))
    text = data.draw(st.lists(st.text("abñ", max_size=4), min_size=rows, max_size=rows))
    keep = data.draw(st.none() | st.lists(st.booleans(), min_size=rows, max_size=rows))
    by = data.draw(st.permutations(["i", "s"]))
    ascending = data.draw(st.lists(st.booleans(), min_size=2, max_size=2))
    fields = [Field("i", Int(32), nullable=True, range=(low, high)), Field("s", String(9))]
    check(fields, {"i": ints, "s": text}, list(by), ascending, keep, protocol)


def test_sorted_table_is_not_sorted_again(protocol: str) -> None:
    field = Field("k", Int(16), range=(0, 9))
    data, keep = {"k": [5, 3, 9, 3, 0]}, [True, False, True, True, True]
    again = [("sort", {"by": ["k"], "ascending": [True]}, [field], 5, True)]
    got = run_one("sort", {"by": ["k"], "ascending": [True]}, [([field], data, keep)], [field], 5, protocol, True, again)
    assert [r["k"] for r in got] == [0, 3, 5, 9]


# ---- below the operator -------------------------------------------------------------------------------
@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize("rows", [1, 9, 300])
def test_destinations(bits: int, rows: int, protocol: str) -> None:
    digits = np.random.default_rng(rows).integers(0, 1 << bits, rows)
    got = simulate_blackbox(protocol, destinations, (digits.astype(np.uint8), Boolean(bits)))
    expected = np.empty(rows, int)
    expected[np.argsort(digits, kind="stable")] = np.arange(rows)
    np.testing.assert_array_equal(got, expected)


def test_wide_keys_over_many_words(protocol: str) -> None:
    rng = np.random.default_rng(0)
    high, mid, low = (rng.integers(0, 3, 50).astype(np.uint64) << np.uint64(s) for s in (3, 60, 20))
    widths = (5, 64, 33)
    inputs = [(v, Boolean(w)) for v, w in zip((high, mid, low), widths)]
    got = simulate_blackbox(protocol, lambda box, *w: sort_order(box, w, 50).index, *inputs)
    np.testing.assert_array_equal(got, np.lexsort([low, mid, high]))


def test_apply_and_undo(protocol: str) -> None:
    key = np.array([3, 1, 2, 1, 0, 7], np.uint8)
    x, bit, matrix = np.arange(6, dtype=np.uint32) * 7, np.array([1, 0, 0, 1, 1, 0], bool), np.arange(12, dtype=np.uint64).reshape(6, 2)

    def run(box: Any, k: Any, *columns: Any) -> Any:
        order = sort_order(box, [k], 6)
        there = order.apply(columns)
        return there, order.undo(there)

    there, back = simulate_blackbox(protocol, run, (key, Boolean(3)), x, bit, (matrix, Boolean(64)))
    expected = np.argsort(key, kind="stable")
    for column, t, b in zip((x, bit, matrix), there, back):
        np.testing.assert_array_equal(t, column[expected])
        np.testing.assert_array_equal(b, column)


def test_partition_moves_columns_in_the_same_shuffle(protocol: str) -> None:
    bit, x = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1], bool), np.arange(9, dtype=np.uint16)
    got = simulate_blackbox(protocol, lambda box, b, x: open_move(box, partition(box, b), [x, b])[1], bit, x)
    np.testing.assert_array_equal(got[0], np.r_[x[bit], x[~bit]])
    np.testing.assert_array_equal(got[1], np.r_[np.ones(5), np.zeros(4)])


def test_regroup_and_bundle_keep_every_bit() -> None:
    words = [(np.array([5, 9], np.uint64), Boolean(5)), (np.array([2**60 + 3, 7], np.uint64), Boolean(61))]
    got = simulate_blackbox("plaintext", lambda box, *w: regroup(w, [2, 64]), *words)
    whole = [(5 << 61) + 2**60 + 3, (9 << 61) + 7]
    assert [(int(a) << 64) + int(b) for a, b in zip(*got)] == whole
    bits = [np.array([i % 2, i % 3 == 0], bool) for i in range(70)]

    def bundled(box: Any, x: Any, *b: Any) -> Any:
        packed = Bundle.of([b[0], x, *b[1:]])
        assert [s.bits for s in packed.shares] == [16, 64, 6]
        return packed.open(packed.shares)

    first, x, *rest = simulate_blackbox("plaintext", bundled, np.array([1, 2], np.uint16), *bits)
    assert x.tolist() == [1, 2]
    np.testing.assert_array_equal([first, *rest], bits)
