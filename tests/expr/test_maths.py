"""What is inferred of mathematical functions, what is refused when they are built, and one row in Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed, Int, String, private
from spuframe.errors import PlanError, PrecisionWarning, RangeOverflowError, SchemaError, TypeMismatchError


def column(name: str, dtype: object, low: float | None = None, high: float | None = None, nullable: bool = False) -> ex.Col:
    bounds = None if low is None or high is None else (low, high)
    return ex.col(Field(name, dtype, nullable, private("h"), bounds, frozenset({"h"})))  # type: ignore[arg-type]


UNIT = 2.0**-18
X = column("x", Fixed(), -10.0, 10.0)
FAR = column("far", Fixed(), 2000.0, 3000.0)
SMALL = column("small", Fixed(), 1e-6, 1.0)
NONE = column("none", Fixed(), 0.0, 0.0, nullable=True)
UINT = column("uint", Int(64, False))
P = column("p", Fixed(), 1e-4, 1e4)
W = column("w", Fixed())
WIDE = column("wide", Fixed(), -(2.0**38), 2.0**38)
I = column("i", Int(32), -100, 100)  # noqa: E741
J = column("j", Int(8), 1, 9)
BIG = column("big", Int(64))
TEXT = column("text", String(3))


@pytest.mark.parametrize(
    ("e", "f", "nullable"),
    [
        (ex.exp(X), 31, False),
        (ex.exp(W), 18, False),
        (ex.exp2(ex.sub(X, 20)), 50, False),
        (ex.log(P), 24, False),
        (ex.log(X), 24, True),
        (ex.sqrt(P), 27, False),
        (ex.sqrt(W), 18, True),
        (ex.rsqrt(P), 27, False),
        (ex.reciprocal(P), 43, False),
        (ex.reciprocal(X), 33, True),
        (ex.reciprocal(J), 33, False),
        (ex.div(1, P), 43, False),
        (ex.sin(W), 18, False),
        (ex.cos(ex.cast(X, "float[f=28]")), 28, False),
        (ex.tanh(I), 18, False),
        (ex.mul(ex.exp(X), ex.exp(X)), 18, False),
        (ex.mul(ex.exp(X), ex.cast(ex.mul(P, P), "float[f=31]")), 18, False),
        (ex.add(ex.exp(X), WIDE), 18, False),
    ],
)
def test_fraction_bits_follow_from_the_range(e: ex.Expr, f: int, nullable: bool) -> None:
    assert (e.dtype, e.nullable) == (Fixed(f), nullable)


def test_ranges_hold_the_results() -> None:
    for e, true in [
        (ex.exp(X), (math.exp(-10), math.exp(10))),
        (ex.log2(P), (math.log2(26 * 2.0**-18), math.log2(1e4))),  # 1e-4 is 26.2 units
        (ex.sqrt(P), (math.sqrt(26 * 2.0**-18), 1e2)),
        (ex.reciprocal(P), (1e-4, 2.0**18 / 26)),
        (ex.sigmoid(X), (1 / (1 + math.exp(10)), 1 / (1 + math.exp(-10)))),
    ]:
        assert e.range is not None
        low, high = e.range
        assert low <= true[0] and true[1] <= high
        assert true[0] - low < 3e-5 and high - true[1] < 0.05
    assert ex.exp(X).range[0] > 0  # type: ignore[index]  # so that 1 / exp(x) is never null


@pytest.mark.parametrize(
    ("e", "bounds", "nullable"),
    [
        (ex.floordiv(I, 7), (-15, 14), False),
        (ex.mod(I, 7), (0, 6), False),
        (ex.mod(I, -7), (-6, 0), False),
        (ex.mod(J, 100), (0, 9), False),
        (ex.floordiv(I, I), (-100, 100), True),
        (ex.floordiv(I, J), (-100, 100), False),
        (ex.mod(X, 1.0), (0.0, 1.0), False),
        (ex.floor(X), (-10.0, 10.0), False),
        (ex.round_(W), None, False),
        (ex.round_(I, 3), (-100, 100), False),
        (ex.pow_(I, 2), (0, 10_000), False),
        (ex.pow_(I, 0), (1, 1), False),
    ],
)
def test_whole_numbers(e: ex.Expr, bounds: object, nullable: bool) -> None:
    assert (e.range, e.nullable) == (bounds, nullable)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: ex.exp(ex.mul(X, 10)), RangeOverflowError, ["'exp(x * 10)'", "'x' in [-10, 10]", "clip"]),
        (lambda: ex.pow_(2, I), RangeOverflowError, ["i", "[-100, 100]"]),
        (lambda: ex.log2(ex.sub(X, 10)), PlanError, ["at most 0", "'x' in [-10, 10]"]),
        (lambda: ex.sqrt(ex.sub(X, 11)), PlanError, ["at most -1"]),
        (lambda: ex.reciprocal(ex.mul(X, 0)), PlanError, ["divides by zero"]),
        (lambda: ex.mod(I, ex.mul(I, 0)), PlanError, ["divides by zero"]),
        (lambda: ex.log(0), PlanError, ["log(0)", "above 0"]),
        (lambda: ex.log(-3.0), PlanError, ["above 0"]),
        (lambda: ex.sqrt(-1), PlanError, ["0 or more"]),
        (lambda: ex.rsqrt(0), PlanError, ["above 0"]),
        (lambda: ex.reciprocal(0.0), PlanError, ["divides by zero"]),
        (lambda: ex.div(1, 0), PlanError, ["divides by zero"]),
        (lambda: ex.floordiv(I, 0), PlanError, ["divides by zero"]),
        (lambda: ex.mod(X, 0.0), PlanError, ["divides by zero"]),
        (lambda: ex.mod(BIG, 7), RangeOverflowError, ["big", "not declared"]),
        (lambda: ex.sqrt(BIG), RangeOverflowError, ["big"]),
        (lambda: ex.floordiv(W, 0.1), RangeOverflowError, ["'w // 0.1'"]),
        (lambda: ex.pow_(I, -1), PlanError, ["negative power", "astype('float')"]),
        (lambda: ex.pow_(-2, X), PlanError, ["positive base"]),
        (lambda: ex.pow_(1.0000001, X), PlanError, ["too near 1"]),
        (lambda: ex.pow_(W, 3), RangeOverflowError, ["'w'"]),
        (lambda: ex.exp(TEXT), TypeMismatchError, ["'text' (string[3])", "number"]),
        (lambda: ex.round_(X, 1.5), TypeMismatchError, ["decimals"]),
        *[(lambda f=f: ex.cast(X, f"float[f={f}]"), SchemaError, ["0 to 92", f"f={f}"]) for f in (-1, 93, 128)],
        *[(lambda f=f: ex.cast(X, f"float[f={f}]"), SchemaError, ["unknown type", "float[f=n]"]) for f in ("abc", "", "1e3", "9" * 5000)],
        (lambda: ex.exp(ex.cast(W, "float[f=61]")), RangeOverflowError, ["float[f=61]"]),
        *[
            (build, RangeOverflowError, ["'far' in [2000, 3000]", "clip", "ranges={'far': (low, high)}"])
            for build in (
                lambda: ex.exp(FAR), lambda: ex.exp2(FAR), lambda: ex.sub(ex.exp(FAR), 1), lambda: ex.pow_(2.0, FAR), lambda: ex.pow_(FAR, FAR),
                lambda: ex.pow_(FAR, 400.5), lambda: ex.div(FAR, 1e-17), lambda: ex.div(FAR, -5e-324), lambda: ex.mul(FAR, 1e17),
            )
        ],
        (lambda: ex.pow_(W, column("y", Int(64), 0, 2**61)), RangeOverflowError, ["'w'"]),
        (lambda: ex.div(column("a", Fixed(10), 2.0**50, 2.0**51), column("b", Fixed(), UNIT, 2 * UNIT)), RangeOverflowError, ["'a / b'"]),
        (lambda: ex.lit(-(10**400)), PlanError, ["64"]),
        (lambda: ex.add(BIG, 2**63 - 1), RangeOverflowError, ["big"]),
        (lambda: ex.eq(BIG, UINT), RangeOverflowError, ["negative"]),
        (lambda: ex.neg(ex.lit(2**64 - 1)), PlanError, ["64"]),
    ],
)
def test_refused_when_built(build: Callable[[], object], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        build()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("e", "low", "high"),
    [
        (ex.div(column("a", Fixed(), 1.0, 100.0), 1e-6), 1e6, 1e8),
        (ex.div(FAR, 1e-9), 2e12, 3e12),
        (ex.div(ex.cast(column("a", Int(8), 1, 100), "float[f=0]"), 0.1), 10.0, 1000.0),
        (ex.div(FAR, -(2.0**-20)), -3000 * 2.0**20, -2000 * 2.0**20),
        (ex.div(W, 1e-3), 1 - 2.0**44, 2.0**44 - 1),  # some may be clipped
        (ex.mul(SMALL, 1e-12), 0.0, math.ceil(1e-12 * 2.0**69 * (1 + 2.0**-29) + 3) * 2.0**-69),  # with the error of the product
        (ex.floordiv(column("a", Fixed(), 0.0, 0.3), 0.1), 0.0, 3.0),  # of the stored 0.1
        (ex.round_(X, 2), -10.0, 10.0),
        (ex.round_(column("a", Fixed(), 0.126, 0.701), 2), math.floor(0.12 * 2**18) * UNIT, math.ceil(0.71 * 2**18) * UNIT),
    ],
)
def test_ranges_of_constants(e: ex.Expr, low: float, high: float) -> None:
    assert e.range is not None
    assert e.range == pytest.approx((low, high), rel=1e-15, abs=0)


def test_bounds_are_those_of_what_is_stored() -> None:
    x = column("x", Fixed(), 9.49 * UNIT, 100.0)
    assert x.range == (9 * UNIT, 100.0)
    assert ex.div(9.2, x).range[1] >= 9.2 / (9 * UNIT)  # type: ignore[index]
    assert ex.cast(column("y", Fixed(), 0.25, 4.0), "float[f=0]").range == (0.0, 4.0)
    error = 3 * 2.0**-25  # of a product with a constant that is no whole number, beside 2^-29 of itself
    low, high = 2.7 * UNIT * (1 - 2.0**-29) - error, 30.0 * (1 + 2.0**-29) + error
    assert ex.mul(x, 0.3).range == (math.floor(low * 2.0**25) * 2.0**-25, math.ceil(high * 2.0**25) * 2.0**-25)
    for e in (ex.div(1, SMALL), ex.div(X, SMALL), ex.log(SMALL), ex.pow_(SMALL, -0.5), ex.mod(X, SMALL), ex.floordiv(X, SMALL), ex.pow_(SMALL, -2)):
        assert e.nullable, str(e)  # 1e-6 is stored as 0
    assert not ex.div(1, column("p", Fixed(), UNIT, 1.0)).nullable
    ratio = ex.div(column("a", Fixed(30), 2.0**-30, 1.0), column("b", Fixed(), 1.0, 1.0))
    assert ratio.range[0] == 0.0 and ex.log(ratio).nullable  # a unit may be computed as none


def test_a_column_of_nulls_alone_gives_nulls() -> None:
    """Its owner publishes [0, 0]: no range of values that is outside, which is refused."""
    zero = ex.mul(ex.mul(NONE, 1), 0)
    for e in (
        ex.div(X, NONE), ex.div(1, NONE), ex.floordiv(X, NONE), ex.mod(X, NONE), ex.reciprocal(zero), ex.floordiv(X, zero), ex.mod(X, zero),
        ex.div(I, zero), ex.log(NONE), ex.log2(zero), ex.log10(zero), ex.rsqrt(NONE), ex.pow_(NONE, -0.5),
    ):  # fmt: skip
        assert e.nullable and e.range == (0.0, 0.0), str(e)
        assert ex.evaluate(e, {"x": 3.0, "i": 5, "none": 0.0}) is None


def test_integer_constants_of_the_whole_type() -> None:
    for value in (2**63 - 1, -(2**63), 2**62, 2**64 - 1):
        assert ex.evaluate(ex.eq(BIG, value), {"big": value}) is True
        assert ex.evaluate(ex.isin(UINT, [abs(value)]), {"uint": abs(value)}) is True
    assert ex.lit(2**63).dtype == Int(64, False) and ex.lit(-(2**63)).dtype == Int(64)
    assert ex.lt(BIG, 2**63).dtype == ex.eq(BIG, 2**64 - 1).dtype  # the ranges decide


@pytest.mark.parametrize(
    ("e", "row", "value"),
    [
        (ex.exp(X), {"x": 4.0}, math.exp(4)),
        (ex.exp(W), {"w": 1e6}, 2.0**43),
        (ex.log(X), {"x": 0.0}, None),
        (ex.sqrt(X), {"x": -1.0}, None),
        (ex.reciprocal(X), {"x": 0.0}, None),
        (ex.pow_(X, 0.3), {"x": 0.0}, 0.0),
        (ex.pow_(X, 0.3), {"x": -1.0}, None),
        (ex.pow_(0.5, X), {"x": 3.0}, 0.125),
        (ex.floordiv(I, -7), {"i": 10}, -2),
        (ex.mod(I, -7), {"i": 10}, -4),
        (ex.round_(X), {"x": 2.5}, 2.0),
        (ex.round_(I, -1), {"i": 25}, 20),
        (ex.round_(I, -1), {"i": 35}, 40),
        (ex.round_(I, -1), {"i": -37}, -40),
        (ex.round_(I, -3), {"i": 99}, 0),
    ],
)
def test_one_row(e: ex.Expr, row: dict[str, float], value: float | None) -> None:
    found = ex.evaluate(e, row)
    assert found is None if value is None else found == pytest.approx(value, rel=1e-12)


def test_texts_name_the_operation() -> None:
    assert str(ex.mod(ex.floordiv(I, 7), 2)) == "(i // 7) % 2"
    assert str(ex.pow_(0.5, X)) == "0.5 ** x"
    assert str(ex.round_(X, 2)) == "round(x, 2)"


def test_quotients_keep_their_bits_or_say_so() -> None:
    """30 significant bits where the divisor cannot be tiny beside its bound; else whoever builds the quotient is told the reason and the remedy."""
    rate, volume = column("rate", Fixed(49), 2.0**-20, 2.0**-19), column("volume", Fixed(18), 2.0**39, 2.0**40)
    for e in (ex.div(rate, volume), ex.div(volume, rate), ex.div(1, volume), ex.div(0.3, rate), ex.div(rate, X)):
        top, bottom = (max(map(abs, side.range)) for side in e.args)
        assert e.dtype.f + math.log2(top / bottom) >= 29, str(e)
    wide = column("wide", Fixed(18), 0.0, 2.0**40)
    for build in (lambda: ex.div(rate, wide), lambda: ex.div(1, wide), lambda: ex.pow_(wide, -1)):
        with pytest.warns(PrecisionWarning, match=r"from 3.81\d*e-06 to 1.09951e\+12.*'wide' in \[0, 1.09951e\+12\].*clip\(low, high\)"):
            build()
    ex.div(rate, ex.clip(wide, 1e9, None))  # the remedy
