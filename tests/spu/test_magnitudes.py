"""Floats of every magnitude, under each policy of ranges: every function of them is what float64 says of the values as they are stored, or refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe import plugins
from spuframe.dtypes import Field, Fixed, Int
from spuframe.errors import PlanError, PrecisionWarning, RangeOverflowError, TypeMismatchError
from spuframe.frame.scalar import deviation
from spuframe.plan import build
from spuframe.plan.cumulate import cumulate
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize
from spuframe.runtime.fields import coarse
from tests.spu.harness import run_full
from tests.spu.magnitudes import FUNCTIONS, ROWS, SIGNS, aggregates, as_stored, functions, read, run, values

POLICIES = ("exact", "magnitude", "none")
DECADES = st.integers(-12, 12)
COLUMN = st.builds(values, DECADES, st.sampled_from(SIGNS), st.none() | DECADES, st.integers(0, 99))
SEEDS = st.integers(0, 99)
NEAR = st.builds(lambda d, more, sign, seed: values(d, sign, min(12, d + more), seed), DECADES, st.integers(0, 6), st.sampled_from(SIGNS), SEEDS)


@pytest.mark.filterwarnings("ignore:the constant 1e-09 is 0")
@given(
    a=COLUMN | NEAR,
    b=COLUMN,
    policy=st.sampled_from(POLICIES),
    owner=st.booleans(),
    names=st.lists(st.sampled_from(sorted(FUNCTIONS)), min_size=1, max_size=12, unique=True),
)
def test_functions(a, b, policy, owner, names, protocol):
    table, fields = read({"a": a, "b": b}, policy)
    assert functions(table, fields, protocol, owner, names) == []


@given(a=COLUMN | NEAR, policy=st.sampled_from(POLICIES))
def test_aggregates(a, policy, protocol):
    """None of them is refused, either."""
    table, fields = read({"a": a}, policy)
    assert aggregates(table, fields, protocol) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("decade", range(-12, 13, 4))
def test_what_is_stored_is_near_or_warned_of(decade: int, policy: str) -> None:
    """Within 2^-30 of what is published of the column; zero only where zero was, or a warning says so."""
    rng = np.random.default_rng(decade + 20)
    for offset in (0.0, 1.0, 1e3, 1e8, 1e12):
        given = rng.normal(size=ROWS) * 10.0**decade + offset
        table, fields = read({"a": given}, policy)
        kept, bound = as_stored(table["a"], fields[0]), max(map(abs, fields[0].range))
        assert (abs(kept - given) <= bound * 2.0**-30 + 2.0**-60).all()
        assert ((kept != 0) == (given != 0)).all() or coarse(table["a"], fields[0])


@pytest.mark.parametrize("policy", POLICIES)
def test_deviations_far_from_zero(policy: str) -> None:
    """No public origin is needed: what is stored tells values apart that differ by 1e-7 of their size, or a warning says that it does not."""
    rng, right = np.random.default_rng(1), 0
    for offset in (0.0, 1e-6, 1.0, 37.0, 1e3, 4100.0, 1e5, 1.7e9, 1e12):
        for relative in (1e-7, 1e-5, 1e-2):
            given = offset + rng.normal(size=ROWS) * relative * (offset or 1.0)
            table, fields = read({"a": given}, policy)
            unit = 2.0 ** -fields[0].dtype.f
            if coarse(table["a"], fields[0]):
                assert policy == "none", (offset, relative)
                continue
            base = build.scan("s", "alice", "t", fields, ROWS)
            (found,) = run([deviation(base, "std", ex.col(base.schema["a"]), 1)], table, "plaintext", True)
            want, allowed = given.std(ddof=1), unit / 8 if policy == "none" else 0.0
            assert found["std"][0].as_py() == pytest.approx(want, rel=0, abs=1e-3 * want + allowed), (offset, relative)
            right += 1
    assert right >= (15 if policy == "none" else 27)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("values", [[0.5, 1e-13], [1.0, 1.0 + 2.0**-40], [1e12, 1e-9], [3e9, 3e9 + 1e-6]])
def test_values_too_small_or_too_close_are_warned_of(values: list[float], policy: str) -> None:
    table, fields = read({"a": np.resize(values, ROWS)}, policy)
    assert coarse(table["a"], fields[0])


@pytest.mark.parametrize(("small", "warned"), [(1e-5, True), (1e-4, False), (3.0 * 2.0**-18, False)])  # of 18 bits: 14 % off, 2 % off, exact
def test_small_values_beside_large_ones_of_an_unknown_range(small: float, warned: bool) -> None:
    columns = {policy: read({"a": np.resize([2.0, small], ROWS)}, policy) for policy in POLICIES}
    assert {policy for policy, (table, fields) in columns.items() if coarse(table["a"], fields[0])} == ({"none"} if warned else set())


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("values", [[0.0, 1.0], [2.5], [1e12, 1.0], [1e-12, 5e-12], [-1e-5, 0.0, 3e-6], [1e15, 1e15 + 2], [0.0]])
def test_ordinary_columns_are_not_warned_of(values: list[float], policy: str) -> None:
    table, fields = read({"a": np.resize(values, ROWS).astype(float)}, policy)
    assert not coarse(table["a"], fields[0])


def test_small_values_keep_their_bits_where_nothing_is_published() -> None:
    for decade in (-12, -8, -5, -4):
        for sign in SIGNS:
            table, fields = read({"a": values(decade, sign, None, 3)}, "none")
            assert fields[0].range == (-(2.0**-10), 2.0**-10)  # a class, the same for all of them
            assert as_stored(table["a"], fields[0]) == pytest.approx(table["a"].to_numpy(), rel=2e-4, abs=0)


def test_sums_of_wide_columns(protocol):
    """As many bits as fit: 50 numbers of 1e12 have 15 fraction bits left, and are summed, averaged and accumulated with them."""
    given = np.resize([1e12 - 0.25, -1e12 + 0.5, 999.75, 1e12], 50)
    field = Field("a", Fixed(18), range=(-1e12, 1e12))
    base = build.scan("s", "alice", "t", [field], 50)
    assert base.schema["a"].dtype.f == 18
    whole = build.aggregate(base, [], [(f, f, "a") for f in ("sum", "mean")])
    sums = build.select(cumulate(base, "c", ex.col(base.schema["a"])), ["c"])
    assert whole.schema["sum"].dtype == sums.schema["c"].dtype == Fixed(15)
    one, all_ = run([whole, sums], pa.table({"a": given}), protocol, True)
    assert (one["sum"][0].as_py(), one["mean"][0].as_py()) == pytest.approx((given.sum(), given.mean()), rel=0, abs=2.0**-15)
    assert all_["c"].to_numpy() == pytest.approx(np.cumsum(given), rel=0, abs=2.0**-14)


def test_sums_of_what_nothing_is_known_of(protocol):
    """18 fraction bits stay: plan and parties agree on that, and what does not fit then is refused."""
    field = Field("a", Fixed(30))
    base = build.scan("s", "alice", "t", [field], 5)
    whole = build.aggregate(base, [], [("sum", "sum", "a"), ("mean", "mean", "a")])
    (found,) = run([whole], pa.table({"a": [0.5, 0.25, 1.0, 2.0, -1.5]}), protocol, True)
    assert (found["sum"][0].as_py(), found["mean"][0].as_py()) == pytest.approx((2.25, 0.45), abs=1e-6)
    wide = build.scan("s", "alice", "t", [Field("a", Fixed())], 5)
    with pytest.raises(RangeOverflowError, match="the sum of 'a' over 5 rows"):
        build.aggregate(wide, [], [("sum", "sum", "a")])


def test_small_constants_beside_columns(protocol):
    """They make the type finer, so that the logarithm of ``x + 1e-9`` has a value at zero; or a warning names them."""
    base = build.scan("s", "alice", "t", [Field("x", Fixed(23), range=(0.0, 100.0))], 3)
    x = ex.col(base.schema["x"])
    made = {"log": ex.log(ex.add(x, 1e-9)), "max": ex.maximum(x, 1e-9), "where": ex.where(ex.gt(x, 1.0), x, 1e-7)}
    (found,) = run([build.project(base, made)], pa.table({"x": [0.0, 1.0, 99.5]}), protocol, False)
    assert found["log"].to_pylist() == pytest.approx(np.log([1e-9, 1.0, 99.5]).tolist(), abs=2e-3)
    assert found["max"].to_pylist() == pytest.approx([1e-9, 1.0, 99.5], rel=1e-3)
    assert found["where"].to_pylist() == pytest.approx([1e-7, 1e-7, 99.5], rel=1e-3)
    wide = ex.col(Field("w", Fixed(18), range=(0.0, 1e12)))
    for build_ in (ex.add, ex.sub, ex.maximum, lambda w, c: ex.clip(w, c, None), lambda w, c: ex.where(ex.gt(w, 1.0), w, c)):
        with pytest.warns(PrecisionWarning, match="the constant 1e-09 is 0 beside 'w'"):
            build_(wide, 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ex.mul(wide, 1e-9), ex.add(wide, 0.0), ex.gt(wide, 1e-9), ex.add(wide, 0.5)


def test_integers_keep_their_unit_beside_constants(protocol):
    """Of a wide range, or of one of which nothing is published: 1 is not 0 after ``* 1e-6``, and comes back by ``* 1e6``."""
    given = [1, 2, 1000, 2**31 - 1]
    for bounds, relative in (((1, 2**31 - 1), 2.0**-9), ((-(1 << 40), 1 << 40), 2.0**-5)):
        base = build.scan("s", "alice", "t", [Field("i", Int(64), range=bounds)], 4)
        i = ex.col(base.schema["i"])
        made = {"mul": ex.mul(ex.mul(i, 1e-6), 1e6), "div": ex.mul(ex.div(i, 1e6), 1e6), "fine": ex.mul(ex.div(ex.neg(i), 1e9), -1e9)}
        (found,) = run([build.project(base, made)], pa.table({"i": given}), protocol, False)
        for name in made:
            assert found[name].to_pylist() == pytest.approx(given, rel=relative), (name, bounds)


@pytest.mark.parametrize("choose", [ex.minimum, ex.maximum, lambda a, b: ex.clip(a, b), lambda a, b: ex.where(ex.gt(a, 0.0), a, b), ex.fill_null])
def test_numbers_that_no_type_holds_side_by_side(choose: Callable[..., ex.Expr]) -> None:
    big, mid, small = (
        ex.col(Field(name, Fixed.for_range(0, top), True, range=(-top, top))) for name, top in (("big", 1e12), ("mid", 1e3), ("small", 1e-9))
    )
    with pytest.raises(PlanError, match="almost nothing of the smaller one"):
        choose(big, small)
    assert choose(mid, small).dtype.f >= 45  # 16 bits of each, at least
    with pytest.raises(PlanError, match="stays below 1.0e-30, which is too small"):
        ex.mul(ex.mul(small, 1e-6), ex.mul(small, 1e-6))


def test_exponentials_as_large_as_the_ring(protocol):
    given = [-5.0, 0.0, 35.5, 42.0]
    base = build.scan("s", "alice", "t", [Field("x", Fixed(24), range=(-5.0, 42.0))], 4)
    (found,) = run([build.project(base, {"e": ex.exp(ex.col(base.schema["x"]))})], pa.table({"x": given}), protocol, False)
    assert found["e"].to_pylist() == pytest.approx(np.exp(given).tolist(), rel=1e-6, abs=2.0)
    with pytest.raises(RangeOverflowError):
        ex.exp(ex.col(Field("x", Fixed(24), range=(-5.0, 43.0))))


def test_integers_join_floats(protocol):
    """An integer key beside a float one becomes one of its type: they match where the stored float is whole."""
    left = build.scan("s", "alice", "t", [Field("k", Int(64), range=(0, 40))], 4, unique=["k"])
    right = build.scan("s", "alice", "u", [Field("k", Fixed(25), range=(0.0, 40.0)), Field("x", Int(8), range=(0, 9))], 5)
    joined = build.join(left, right, on="k")
    assert joined.unique == "left" and joined.schema["k"].dtype == Fixed(25)
    plan = lower(optimize(build.reveal(build.sort(joined, "x"))), protocol=protocol, parties=plugins.protocol(protocol).parties[0]).to_plain()
    tables = {("alice", "t"): pa.table({"k": [3, 0, 40, 7]}), ("alice", "u"): pa.table({"k": [3.0, 0.5, 40.0, 3.0, 7.25], "x": [1, 2, 3, 4, 5]})}
    assert run_full(plan, tables, protocol).tables[0].to_pydict() == {"k": [3.0, 40.0, 3.0], "x": [1, 3, 4]}
    with pytest.raises(TypeMismatchError, match=r"same fraction_bits=.*round\(\)"):
        build.join(build.scan("s", "bob", "t", [Field("k", Fixed(30), range=(0.0, 1.0))], 3), right, on="k")
