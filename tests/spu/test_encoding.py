"""Encoding of columns: round trips, kinds, and errors that name places but never values."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.dtypes import Bool, Field, Fixed, Int, String
from spuframe.errors import ColumnNotFoundError, EncodingError, NotFiniteError, TypeMismatchError
from spuframe.spu.encoding import bits_of, column_kind, column_shape, decode, encode
from spuframe.spu.plaintext import evaluate
from spuframe.spu.share import BIT, Arithmetic, Boolean, stored_shape, unpack

INTS = [Int(b, s) for b in (8, 16, 32, 64) for s in (True, False)]


def _round_trip(values, field):
    array = pa.array(values, field.dtype.arrow)
    words, valid = encode(array, field)
    kind, shape = column_kind(field)[0], column_shape(field, len(values))
    assert words.shape == stored_shape(kind, shape)
    assert words.dtype == kind.word
    assert (valid is not None) == field.nullable
    plain = unpack(words, len(values)) if kind == BIT else words
    return decode(plain, bits_of(valid, len(values)), field).to_pylist()


@given(data=st.data(), dtype=st.sampled_from(INTS), nullable=st.booleans())
def test_integers_survive(data, dtype, nullable):
    low = data.draw(st.integers(*dtype.bounds))
    high = data.draw(st.integers(low, dtype.bounds[1]))
    one = st.integers(low, high)
    values = data.draw(st.lists(st.none() | one if nullable else one, max_size=20))
    bounds = data.draw(st.sampled_from([None, (low, high)]))
    assert _round_trip(values, Field("n", dtype, nullable, range=bounds)) == values


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=20), st.sampled_from([8, 18, 30]))
def test_floats_survive_to_half_a_unit(values, f):
    found = _round_trip(values, Field("x", Fixed(f), True))
    assert [v is None for v in found] == [v is None for v in values]
    for got, value in zip(found, values):
        assert value is None or abs(got - value) <= 2.0 ** -(f + 1)


HARD = st.sampled_from([5e-324, -5e-324, -0.0, 2.0**-19, 3 * 2.0**-19])


@given(st.lists(st.none() | st.floats(-1e12, 1e12) | HARD, max_size=20), st.sampled_from([0, 8, 18]))
def test_what_is_stored_is_what_is_encoded(values, f):
    field = Field("x", Fixed(f), True)
    array = pa.array(values, pa.float64())
    near = field.dtype.numbers(array, "x")
    words, valid = encode(array, field)
    assert near.to_pylist() == [None if v is None else round(v * 2**f) for v in values]
    assert encode(near, field, words=True)[0].tolist() == words.tolist()
    assert decode(words, bits_of(valid, len(values)), field).to_pylist() == [None if v is None else v / 2**f for v in near.to_pylist()]


@given(data=st.data(), width=st.integers(1, 20))
def test_strings_survive_and_keep_their_order(data, width):
    alphabet = st.characters(codec="utf-8", exclude_characters="\0")
    one = st.text(alphabet, max_size=width).filter(lambda s: len(s.encode()) <= width)
    values = data.draw(st.lists(st.none() | one, max_size=10))
    field = Field("s", String(width), True)
    assert _round_trip(values, field) == values
    there = [v for v in values if v is not None] or [""]
    words = encode(pa.array(there, pa.string()), field)[0].reshape(len(there), -1)
    assert sorted(range(len(there)), key=lambda k: words[k].tolist()) == sorted(range(len(there)), key=lambda k: there[k].encode())


@given(st.lists(st.none() | st.booleans(), max_size=20))
def test_bools_survive(values):
    assert _round_trip(values, Field("b", Bool(), True)) == values


@pytest.mark.parametrize(
    ("bounds", "bits"),
    [((0, 63), 8), ((-63, 63), 8), ((0, 64), 16), ((0, 2**14 - 1), 16), ((0, 2**30), 64), ((0, 2**30 - 1), 32), (None, 64)],
)
def test_rings_are_the_narrowest_with_room_for_a_difference(bounds, bits):
    assert column_kind(Field("n", Int(64), range=bounds)) == (Arithmetic(bits), 1)


def test_kinds_of_the_other_types():
    assert column_kind(Field("b", Bool())) == (BIT, 1)
    assert column_kind(Field("x", Fixed(), range=(0.0, 1.0))) == (Arithmetic(64), 1)
    assert column_kind(Field("s", String(3))) == (Boolean(24), 1)
    assert column_kind(Field("s", String(17))) == (Boolean(64), 3)


@pytest.mark.parametrize(
    ("values", "field", "error", "place"),
    [
        ([1, 2, 987654], Field("n", Int(64), range=(0, 100)), EncodingError, "row 2"),
        ([1.0, 987654.0, 987654.0], Field("x", Fixed(), range=(0.0, 100.0)), EncodingError, "rows 1 to 2"),
        ([0.0, 9.87654e15], Field("x", Fixed()), EncodingError, "row 1"),
        ([0.0, float("nan")], Field("x", Fixed()), NotFiniteError, "dropna"),
        ([0.0, float("-inf")], Field("x", Fixed()), NotFiniteError, "row 1"),
        (["", "987654"], Field("s", String(4)), EncodingError, "row 1"),
        (["98\0", "7"], Field("s", String(4)), EncodingError, "row 0"),
        ([987654, None], Field("n", Int(64)), EncodingError, "null"),
    ],
)
def test_errors_name_column_and_rows_but_no_value(values, field, error, place):
    with pytest.raises(error, match=place) as caught:
        encode(pa.array(values), field)
    assert repr(field.name) in str(caught.value)
    assert "9876" not in str(caught.value) and "9.87" not in str(caught.value)


def test_nulls_are_not_held_against_the_range():
    assert _round_trip([None, 7], Field("n", Int(64), True, range=(5, 9))) == [None, 7]


def test_owners_tables_come_in_other_arrow_types():
    day = datetime.date(1970, 1, 11)
    table = pa.table(
        {
            "day": [day],
            "whole": pa.array([3.0]),
            "coded": pa.array(["a"]).dictionary_encode(),
            "small": pa.array([np.float32(1.5)]),
            "part": pa.array([1.25]),
        }
    )

    def read(name, dtype):
        return evaluate([{"col": name, "dtype": dtype, "nullable": False, "range": None}], table).to_pylist()

    assert read("day", "int32") == [10]
    assert read("whole", "int64") == [3]
    assert read("coded", "string[4]") == ["a"]
    assert read("small", "float") == [1.5]
    with pytest.raises(EncodingError, match="whole"):
        read("part", "int64")
    with pytest.raises(ColumnNotFoundError, match="days"):
        read("days", "int32")
    with pytest.raises((TypeMismatchError, EncodingError)):
        read("coded", "int32")
