"""Comparisons of fixed point with constants, which count as they would be stored; but one that would be stored as 0 lies beside it."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed
from spuframe.errors import PrecisionWarning
from spuframe.plan.rules.constant_folding import fold
from tests.spu.both import both

TESTS = {ex.eq: operator.eq, ex.ne: operator.ne, ex.lt: operator.lt, ex.le: operator.le, ex.gt: operator.gt, ex.ge: operator.ge}
UNITS = [0, 1, -1, 2, -2, 3, 100, -100]


def _means(c: float, f: int) -> Fraction:
    """The number that a column of f fraction bits is compared with."""
    stored = Fraction(round(Fraction(c) * 2**f), 2**f)
    return stored or Fraction(c)


def _near(dtype: Fixed, value: object) -> Fraction:
    return Fraction(round(Fraction(value) * 2**dtype.f), 2**dtype.f)  # type: ignore[arg-type]


@st.composite
def _constants(draw: st.DrawFn, f: int) -> float:
    """Around the units of the type, and far below."""
    sign = draw(st.sampled_from([1, -1]))
    if draw(st.booleans()):
        return float(sign * draw(st.sampled_from([0.0, 0.1, 0.49, 0.5, 0.51, 1.0, 1.3, 1.5, 2.0, 2.5, 99.7])) * 2.0**-f)
    return float(sign * draw(st.sampled_from([1e-3, 1e-12, 1e-30, 5e-324])) * 2.0**-f)


@given(data=st.data(), f=st.sampled_from([0, 4, 18, 30, 47]), nullable=st.booleans())
def test_as_stored_but_never_as_zero(data: st.DataObject, f: int, nullable: bool, protocol: str) -> None:
    field = Field("x", Fixed(f), nullable, range=(-100 * 2.0**-f, 100 * 2.0**-f))
    x, c, d = ex.col(field), data.draw(_constants(f)), data.draw(_constants(f))
    rows = [None if nullable and k == 3 else u * 2.0**-f for k, u in enumerate(UNITS)]
    made: list[tuple[ex.Expr, list[object]]] = []

    def want(e: ex.Expr, row: Callable[[Fraction], object], nulls: object = None) -> None:
        made.append((e, [nulls if v is None else row(Fraction(v)) for v in rows]))

    means, other = _means(c, f), _means(d, f)
    for build, test in TESTS.items():
        for constant in (c, ex.lit(c)) if c else (c,):
            want(build(x, constant), lambda v, test=test: test(v, means))
        want(build(c, x), lambda v, test=test: test(means, v))
        want(ex.where(build(x, c), 7, 3), lambda v, test=test: 7 if test(v, means) else 3, 3)
        want(fold(build(x, c)), lambda v, test=test: test(v, means))
    for inclusive, low, high in (("both", operator.le, operator.le), ("neither", operator.lt, operator.lt), ("left", operator.le, operator.lt)):
        want(ex.between(x, c, d, inclusive), lambda v, low=low, high=high: low(means, v) and high(v, other))
    want(ex.isin(x, [c, d]), lambda v: v in (means, other), False)
    want(ex.map_(x, {c: 5, 1e9: 6}), lambda v: 5 if v == means else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)  # of results that cannot show the constant
        chosen = [ex.clip(x, c, None), ex.clip(x, None, c), ex.minimum(x, c), ex.maximum(c, x)]
    for e, choose in zip(chosen, (max, min, min, max)):
        # the result has the constant as its own type stores it
        want(e, lambda v, e=e, choose=choose: _near(e.dtype, v if choose(v, _means(c, e.dtype.f)) == v else Fraction(c)))
    made = [made[k] for k in data.draw(st.lists(st.integers(0, len(made) - 1), min_size=8, max_size=16, unique=True))]
    table = pa.table({"x": pa.array(rows, pa.float64())})
    for (e, right), (shares, owner) in zip(made, both([e for e, _ in made], [field], table, protocol)):
        assert shares == right, f"parties: {e} for {c!r}"
        assert owner == right, f"owner: {e} for {c!r}"


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda x: ex.gt(x, 1e-12), "x > 0.0"),
        (lambda x: ex.ge(x, 1e-12), "x > 0.0"),
        (lambda x: ex.lt(x, 1e-12), "x <= 0.0"),
        (lambda x: ex.lt(x, -1e-12), "x < 0.0"),
        (lambda x: ex.gt(x, -1e-12), "x >= 0.0"),
        (lambda x: fold(ex.eq(x, 1e-12)), "False"),
        (lambda x: ex.eq(x, 0.1), "x == 0.1"),
    ],
)
def test_what_a_tiny_constant_becomes(build: object, text: str) -> None:
    assert str(build(ex.col(Field("x", Fixed(), range=(-1.0, 1.0))))) == text  # type: ignore[operator]
