from __future__ import annotations

import math
import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import PUBLIC, SECRET, Bool, Field, Fixed, Int, String, private
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError


def column(name: str, dtype: object, low: float | None = None, high: float | None = None, owner: str = "h", nullable: bool = False) -> ex.Col:
    bounds = None if low is None or high is None else (low, high)
    return ex.col(Field(name, dtype, nullable, private(owner), bounds, frozenset({owner})))  # type: ignore[arg-type]


UNIT = 2.0**-18
AGE = column("age", Int(32), 18, 97)
COST = column("cost", Fixed(), 0.0, 2.0**17, owner="i")
DAYS = column("days", Int(32), 0, 63, owner="i")
REGION = column("region", String(6))
SMOKER = column("smoker", Bool(), nullable=True)
WILD = column("wild", Int(64))


@pytest.mark.parametrize(
    ("e", "dtype", "bounds", "nullable"),
    [
        (ex.add(AGE, 1), Int(64), (19, 98), False),
        (ex.sub(1, AGE), Int(64), (-96, -17), False),
        (ex.mul(AGE, -2), Int(64), (-194, -36), False),
        (ex.mul(ex.sub(AGE, 50), ex.sub(AGE, 50)), Int(64), (0, 2209), False),
        (ex.neg(AGE), Int(64), (-97, -18), False),
        (ex.add(AGE, 0.5), Fixed(31), (18.5, 97.5), False),
        (ex.div(AGE, 2), Fixed(24), (9.0, 48.5), False),
        (ex.div(COST, DAYS), Fixed(), (0.0, 2.0**17 + 263 * UNIT), True),  # with the error of a division
        (ex.div(COST, AGE), Fixed(19), (0.0, math.ceil(2.0**36 / 18 * (1 + 2.0**-27) + 7) * UNIT / 2), False),
        (ex.div(COST, 18), Fixed(), (0.0, math.ceil(2.0**35 / 18) * UNIT), False),
        (ex.mul(COST, COST), Fixed(), (0.0, 2.0**34 + 3 * 2.0**-18), False),
        (ex.mul(COST, DAYS), Fixed(), (0.0, 2.0**17 * 63), False),
        (ex.add(SMOKER, AGE), Int(64), (18, 98), True),
        (ex.ge(AGE, 50), Bool(), None, False),
        (ex.eq(REGION, "north"), Bool(), None, False),
        (ex.and_(SMOKER, ex.gt(AGE, 20)), Bool(), None, True),
        (ex.is_null(SMOKER), Bool(), None, False),
        (ex.fill_null(SMOKER, False), Bool(), None, False),
        (ex.where(SMOKER, AGE, None), Int(32), (0, 97), True),
        (ex.where(SMOKER, AGE, 0.5), Fixed(31), (0.5, 97.0), False),
        (ex.clip(WILD, 0, 9), Int(64), (0, 9), False),
        (ex.minimum(AGE, DAYS), Int(64) if AGE.dtype != DAYS.dtype else Int(32), (0, 63), False),
        (ex.cast(COST, "int32"), Int(32), (0, 2**17), False),
        (ex.cast(SMOKER, float), Fixed(30), (0.0, 1.0), True),
        (ex.cast(REGION, "string[10]"), String(10), None, False),
        (ex.cast(AGE, bool), Bool(), None, False),
    ],
)
def test_types_and_ranges(e: ex.Expr, dtype: object, bounds: object, nullable: bool) -> None:
    assert (e.dtype, e.range, e.nullable) == (dtype, bounds, nullable)


def test_visibility_and_owners() -> None:
    assert ex.add(AGE, 1).visibility == private("h")
    assert ex.lit(1).visibility == PUBLIC
    both = ex.add(AGE, DAYS)
    assert both.visibility == SECRET and both.owners == {"h", "i"}


def test_two_floats_of_2_10_multiply() -> None:
    a, b = column("a", Fixed(), -1024.0, 1024.0), column("b", Fixed(), -1024.0, 1024.0)
    assert ex.mul(a, b).range == (-(2.0**20), 2.0**20)


def test_a_quotient_by_nearly_zero_is_clipped_not_refused() -> None:
    largest = Fixed(0).largest
    quotient = ex.div(column("x", Fixed(), -(2.0**30), 2.0**30), column("y", Fixed(40), 0.0, 1.0))
    assert (quotient.dtype, quotient.range) == (Fixed(0), (-largest, largest)) and quotient.nullable


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: ex.mul(WILD, WILD), RangeOverflowError, ["'wild * wild'", "ranges={'wild': (low, high)}", "not declared"]),
        (lambda: ex.mul(ex.mul(COST, COST), COST), RangeOverflowError, ["'cost' in [0, 131072]", "astype('float[f=10]')"]),
        (lambda: ex.cast(AGE, "int8") if False else ex.cast(COST, "int8"), RangeOverflowError, ["'cost' (float)", "int8", "clip"]),
        (lambda: ex.add(REGION, 1), TypeMismatchError, ["'region' (string[6])", "number"]),
        (lambda: ex.ge(REGION, 3), TypeMismatchError, ["'region' (string[6])", "'3' (int64)", "astype"]),
        (lambda: ex.and_(AGE, SMOKER), TypeMismatchError, ["'age' (int32)", "parentheses"]),
        (lambda: ex.lt(SMOKER, True), TypeMismatchError, ["no order"]),
        (lambda: ex.cast(REGION, "int64"), TypeMismatchError, ["'region' (string[6])", "int64"]),
        (lambda: ex.where(AGE, 1, 2), TypeMismatchError, ["'age' (int32)", "boolean"]),
        (lambda: ex.neg(REGION), TypeMismatchError, ["'region'"]),
        (lambda: ex.div(AGE, 0), PlanError, ["divides by zero"]),
        (lambda: ex.add(AGE, math.nan), PlanError, ["finite", "isna"]),
        (lambda: ex.add(AGE, [1]), PlanError, ["list"]),
        (lambda: ex.lit(None), PlanError, ["is_null"]),
        (lambda: ex.where(SMOKER, None, None), PlanError, ["type"]),
        (lambda: ex.between(AGE, 1, 2, "no"), PlanError, ["inclusive"]),
    ],
)
def test_refusals_name_the_columns_and_the_remedy(build: Callable[[], object], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        build()
    for word in words:
        assert word in str(caught.value)


def test_comparisons_of_integers_stay_integers() -> None:
    assert str(ex.gt(AGE, 49.5)) == "age >= 50" and str(ex.lt(AGE, 49.5)) == "age <= 49" and str(ex.eq(AGE, 50.0)) == "age == 50"
    assert str(ex.lt(50, AGE)) == "age > 50"


def test_an_integer_equals_no_fraction() -> None:
    for value in (1e-7, 2.5, -0.1):
        assert ex.evaluate(ex.eq(WILD, value), {"wild": 0}) is False
        assert ex.evaluate(ex.ne(WILD, value), {"wild": 0}) is True
        assert ex.isin(WILD, [value]) == ex.lit(False)
    assert ex.evaluate(ex.eq(column("n", Int(8), 0, 9, nullable=True), 0.5), {"n": None}) is None


def test_large_unsigned_integers_do_not_wrap() -> None:
    u = column("u", Int(64, False), nullable=True)
    assert ex.where(SMOKER, u, 7).dtype == ex.fill_null(u, 7).dtype == ex.where(SMOKER, 2**63, AGE).dtype == Int(64, False)
    for build in (lambda: ex.where(SMOKER, u, -1), lambda: ex.fill_null(u, WILD), lambda: ex.add(u, 1), lambda: ex.lt(u, WILD)):
        with pytest.raises(RangeOverflowError, match="'u' in"):
            build()


def test_nulls() -> None:
    n = ex.lit(None, Bool())
    for a in (True, False, None):
        left = n if a is None else ex.lit(a)
        assert ex.evaluate(ex.and_(left, n), {}) is (False if a is False else None)
        assert ex.evaluate(ex.or_(left, n), {}) is (True if a is True else None)
    assert ex.evaluate(ex.isin(SMOKER, [True]), {"smoker": None}) is False
    assert ex.evaluate(ex.div(COST, DAYS), {"cost": 3.0, "days": 0}) is None
    assert ex.evaluate(ex.ne(SMOKER, True), {"smoker": None}) is None
    assert ex.evaluate(ex.minimum(column("n", Int(8), 0, 9, nullable=True), 5), {"n": None}) is None


INTS = {"a": (-9, 9), "b": (0, 5), "c": (3, 100)}


def expressions() -> st.SearchStrategy[ex.Expr]:
    leaves = st.sampled_from([column(n, Int(64), lo, hi, nullable=n == "b") for n, (lo, hi) in INTS.items()]) | st.integers(-3, 3).map(ex.lit)

    def grow(inner: st.SearchStrategy[ex.Expr]) -> st.SearchStrategy[ex.Expr]:
        pair = st.tuples(inner, inner)
        return (
            st.tuples(st.sampled_from([ex.add, ex.sub, ex.mul, ex.minimum, ex.maximum, ex.fill_null]), pair).map(lambda t: t[0](*t[1]))
            | st.tuples(st.sampled_from([ex.lt, ex.le, ex.gt, ex.ge, ex.eq, ex.ne]), pair, pair).map(lambda t: ex.where(t[0](*t[1]), *t[2]))
            | inner.map(lambda e: ex.clip(e, -4, 40))
            | inner.map(ex.abs_)
        )

    return st.recursive(leaves, grow, max_leaves=6)


@given(e=expressions(), data=st.data())
def test_values_are_within_what_was_inferred(e: ex.Expr, data: st.DataObject) -> None:
    row: dict[str, ex.Scalar] = {n: data.draw(st.integers(*bounds)) for n, bounds in INTS.items()}
    if data.draw(st.booleans()):
        row["b"] = None
    value = ex.evaluate(e, row)
    if value is None:
        assert e.nullable
    else:
        assert e.range is not None and operator.le(e.range[0], value) and operator.le(value, e.range[1])


def test_columns_of_two_resolutions_compare() -> None:
    """Also where the sum of a column and half a unit has a finer type than the column: small ranges beside wide ones, and quotients."""
    for bound in (0.01, 1.5, 100.0, 1e6):
        x = ex.col(Field("x", Fixed.for_range(-bound, bound), range=(-bound, bound)))
        for other in (ex.div(ex.add(ex.col(Field("i", Int(64), range=(0, 8))), 1), 2), ex.col(Field("y", Fixed(18), range=(-4.0, 4.0))), ex.mul(x, x)):
            for compare in (ex.eq, ex.ne, ex.lt, ex.le, ex.gt, ex.ge):
                assert compare(x, other).dtype == compare(other, x).dtype == Bool()


@pytest.mark.parametrize("top", [2**63 - 1, 2**63, 2**64 - 1])
def test_numbers_too_large_to_compute_with_are_named_as_what_they_are(top: int) -> None:
    """Bounds as powers of two, and no remedy that is refused as well."""
    u = column("u", Int(64, signed=False), 0, top)
    shown = f"2^{top.bit_length() - 1}" if top % 2 == 0 else f"2^{top.bit_length()} - 1"
    builds = (lambda: ex.add(u, 1), lambda: ex.div(u, 2), lambda: ex.mod(u, 7), lambda: ex.sqrt(u), lambda: ex.neg(u), lambda: ex.cast(u, "float[f=0]"))
    for build in builds:
        with pytest.raises(RangeOverflowError) as info:
            build()
        message = str(info.value)
        assert f"'u' in [0, {shown}]" in message and "2^62" in message
        assert "in a larger unit" in message and "ranges={'u': (low, high)}" in message and "cast to float" not in message and "f=10" not in message
