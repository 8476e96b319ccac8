"""Expressions over shares against the owner's plaintext evaluator, and that one against pandas."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.dtypes import Bool, Field, Fixed, Int, String, parse_dtype
from spuframe.errors import PlanError, RangeOverflowError
from spuframe.spu.plaintext import evaluate
from tests.spu.harness import flat, fn, lit, plan_of, ref, reveal, run_full, run_plan, scan, step

INT, FLOAT = (-1000, 1000), (-64.0, 64.0)
FIELDS = {
    "i": Field("i", Int(64), True, range=INT),
    "j": Field("j", Int(8), False, range=(0, 100)),
    "x": Field("x", Fixed(), True, range=FLOAT),
    "y": Field("y", Fixed(), False, range=FLOAT),
    "p": Field("p", Bool(), True),
    "q": Field("q", Bool(), False),
    "s": Field("s", String(3), True),
    "t": Field("t", String(11), False),
}
ROWS = 9


def _values(field: Field):
    if isinstance(field.dtype, Bool):
        one = st.booleans()
    elif isinstance(field.dtype, Int):
        one = st.integers(*field.range)
    elif isinstance(field.dtype, Fixed):
        one = st.integers(-256, 256).map(lambda v: v / 4)
    else:
        one = st.text("aAzé", max_size=field.dtype.width).filter(lambda v: len(v.encode()) <= field.dtype.width)
    return st.lists(st.none() | one if field.nullable else one, min_size=ROWS, max_size=ROWS)


ARROW = {"i": pa.int64(), "j": pa.int8(), "x": pa.float64(), "y": pa.float64(), "p": pa.bool_(), "q": pa.bool_(), "s": pa.string(), "t": pa.string()}
TABLES = st.fixed_dictionaries({n: _values(f) for n, f in FIELDS.items()}).map(
    lambda d: pa.table({n: pa.array(v, ARROW[n]) for n, v in d.items()})
)


def _span(name, a, b):
    op = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}[name]
    corners = [op(u, v) for u in a["range"] for v in b["range"]]
    return [min(corners), max(corners)]


def _number(a, b):
    return "float" if "float" in (a["dtype"], b["dtype"]) else "int64"


@st.composite
def numbers(draw, depth=2):
    kind = draw(st.sampled_from(["col", "col", "lit", "op", "op", "neg", "where", "fill", "cast"])) if depth else "col"
    if kind == "col":
        return ref(FIELDS[draw(st.sampled_from("ijxy"))])
    if kind == "lit":
        return draw(st.sampled_from([lit(3, "int64"), lit(-2, "int64"), lit(0, "int64"), lit(0.25, "float"), lit(-1.5, "float")]))
    if kind == "cast":
        inner = draw(bools(depth - 1))
        return fn("cast", inner, dtype="int64", range=[0, 1])
    a = draw(numbers(depth - 1))
    if kind == "neg":
        return fn("neg", a, dtype=a["dtype"] if a["dtype"] != "int8" else "int64", range=[-a["range"][1], -a["range"][0]])
    b = draw(numbers(depth - 1))
    if kind == "op":
        name = draw(st.sampled_from(["add", "sub", "mul"]))
        return fn(name, a, b, dtype=_number(a, b), range=_span(name, a, b))
    union = [min(a["range"][0], b["range"][0]), max(a["range"][1], b["range"][1])]
    if kind == "fill":
        return fn("fill_null", a, b, dtype=_number(a, b), nullable=a["nullable"] and b["nullable"], range=union)
    c = draw(bools(depth - 1))
    return fn("where", c, a, b, dtype=_number(a, b), nullable=a["nullable"] or b["nullable"], range=union)


@st.composite
def strings(draw):
    kind = draw(st.sampled_from(["s", "t", "lit"]))
    return lit(draw(st.sampled_from(["", "a", "zAé", "aaaaaaaaaaa"])), "string[11]") if kind == "lit" else ref(FIELDS[kind])


@st.composite
def bools(draw, depth=2):
    kind = draw(st.sampled_from(["col", "compare", "compare", "text", "and", "or", "xor", "not", "null", "bits"])) if depth else "col"
    if kind == "col":
        return ref(FIELDS[draw(st.sampled_from("pq"))])
    relation = draw(st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]))
    if kind == "compare":
        return fn(relation, draw(numbers(depth - 1)), draw(numbers(depth - 1)), dtype="bool")
    if kind == "text":
        return fn(relation, draw(strings()), draw(strings()), dtype="bool")
    if kind == "bits":
        return fn(relation, draw(bools(depth - 1)), draw(bools(depth - 1)), dtype="bool")
    if kind == "not":
        return fn("not", draw(bools(depth - 1)), dtype="bool")
    if kind == "null":
        return fn("is_null", draw(numbers(depth - 1) | bools(depth - 1)), dtype="bool", nullable=False)
    return fn(kind, draw(bools(depth - 1)), draw(bools(depth - 1)), dtype="bool")


def field_of(name, e):
    bounds = None if e["range"] is None else tuple(e["range"])
    return Field(name, parse_dtype(e["dtype"]), e["nullable"], range=bounds)


def secret(expressions, table, fields, protocol):
    """The expressions over shares."""
    n = table.num_rows
    out = [field_of(f"e{k}", e) for k, e in enumerate(expressions)]
    steps = [
        scan(fields, n),
        step("project", [0], {"columns": [[f.name, e] for f, e in zip(out, expressions)]}, out, n),
        reveal(1, out, n),
    ]
    (found,) = run_plan(plan_of(steps), {("alice", "t"): table}, protocol)
    return [found.column(f.name).to_pylist() for f in out]


@pytest.mark.every_protocol
@given(table=TABLES, e=st.lists(numbers() | bools(), min_size=1, max_size=3))
def test_equal_to_the_plaintext_evaluator(protocol, table, e):
    found = secret(e, table, list(FIELDS.values()), protocol)
    for one, values in zip(e, found):
        assert values == evaluate(flat(one), table).to_pylist(), one


# ---- the plaintext evaluator against pandas ----------------------------------------------------
PANDAS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul,
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


@pytest.mark.parametrize("name", list(PANDAS))
@pytest.mark.parametrize("dtype", ["int64", "float"])
def test_plaintext_is_pandas(name, dtype):
    a, b = [1, 2, None, 4, -5], [2, 2, 3, None, -7]
    kind = {"int64": "Int64", "float": "Float64"}[dtype]
    left, right = pd.Series(a, dtype=kind), pd.Series(b, dtype=kind)
    table = pa.table({"a": pa.array(left, from_pandas=True), "b": pa.array(right, from_pandas=True)})
    nodes = [{"col": c, "dtype": dtype, "nullable": True, "range": None} for c in "ab"]
    out = fn(name, *nodes, dtype=dtype if name in ("add", "sub", "mul") else "bool")
    expected = PANDAS[name](left, right)
    assert evaluate(flat(out), table).to_pylist() == [None if v is pd.NA else v for v in expected.tolist()]


@pytest.mark.parametrize("name", ["and", "or", "xor"])
def test_logic_is_pandas_kleene(protocol, name):
    cases = [(u, v) for u in (True, False, None) for v in (True, False, None)]
    left, right = (pd.Series([c[k] for c in cases], dtype="boolean") for k in (0, 1))
    op = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}[name]
    expected = [None if v is pd.NA else v for v in op(left, right).tolist()]
    fields = [Field(c, Bool(), True) for c in "ab"]
    table = pa.table({"a": pa.array([c[0] for c in cases]), "b": pa.array([c[1] for c in cases])})
    e = fn(name, *map(ref, fields), dtype="bool")
    assert evaluate(flat(e), table).to_pylist() == expected
    assert secret([e], table, fields, protocol) == [expected]


EXTREMES = [-(2**63), -(2**63) + 1, -(2**62), -1, 0, 1, 2**62, 2**63 - 2, 2**63 - 1]


def test_the_whole_range_of_int64(protocol):
    fields = [Field("a", Int(64)), Field("b", Int(64))]
    pairs = [(u, v) for u in EXTREMES for v in EXTREMES]
    table = pa.table({"a": [p[0] for p in pairs], "b": [p[1] for p in pairs]})
    names = ["eq", "ne", "lt", "le", "gt", "ge"]
    e = [fn(name, *map(ref, fields), dtype="bool") for name in names]
    e += [fn(name, ref(fields[0]), lit(c, "int64"), dtype="bool") for name in names for c in (-(2**63), -3, 2**62, 2**63 - 1)]
    found = secret(e, table, fields, protocol)
    assert found[:6] == [[PANDAS[name](u, v) for u, v in pairs] for name in names]
    rest = [[PANDAS[name](u, c) for u, _ in pairs] for name in names for c in (-(2**63), -3, 2**62, 2**63 - 1)]
    assert found[6:] == rest


def test_the_whole_range_of_uint64(protocol):
    values = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    pairs = [(u, v) for u in values for v in values]
    fields = [Field("a", Int(64, False)), Field("b", Int(64, False))]
    table = pa.table({c: pa.array([p[k] for p in pairs], pa.uint64()) for k, c in enumerate("ab")})
    names = ["eq", "lt", "le", "gt", "ge"]
    e = [fn(name, *map(ref, fields), dtype="bool") for name in names]
    e += [fn("lt", ref(fields[0]), lit(2**63, "uint64"), dtype="bool"), ref(fields[0])]
    found = secret(e, table, fields, protocol)
    assert found[:5] == [[PANDAS[name](u, v) for u, v in pairs] for name in names]
    assert found[5] == [u < 2**63 for u, _ in pairs]
    assert found[6] == [u for u, _ in pairs]


@given(
    pairs=st.lists(st.tuples(st.integers(-(2**61), 2**61), st.integers(-(2**61), 2**61)), min_size=3, max_size=3),
    c=st.integers(-(2**61), 2**61),
)
def test_sums_of_large_integers_are_exact(protocol, pairs, c):
    top = 2**61
    fields = [Field(n, Int(64), range=(-top, top)) for n in "ab"]
    table = pa.table({"a": [p[0] for p in pairs], "b": [p[1] for p in pairs]})
    bounds = [-2 * top, 2 * top]
    a, b = map(ref, fields)
    e = [
        fn("add", a, b, dtype="int64", range=bounds),
        fn("sub", a, b, dtype="int64", range=bounds),
        fn("add", a, lit(c, "int64"), dtype="int64", range=bounds),
        fn("lt", a, b, dtype="bool"),
        fn("eq", a, b, dtype="bool"),
    ]
    u, v = [p[0] for p in pairs], [p[1] for p in pairs]
    expected = [
        [x + y for x, y in pairs], [x - y for x, y in pairs], [x + c for x in u], [x < y for x, y in pairs], [x == y for x, y in pairs],
    ]  # fmt: skip
    assert secret(e, table, fields, protocol) == expected
    assert v is not None


def test_products_of_fixed_point_beyond_one_word(protocol):
    """1e5 * 1e4 is 2^30: with 36 fraction bits it would not fit; bits are taken off the factors."""
    fields = [Field("a", Fixed(), range=(0.0, 1e5)), Field("b", Fixed(), range=(0.0, 1e4))]
    a, b = [1e5, 99999.5, 0.5, 12345.678], [1e4, 1e4, 0.25, 9876.54321]
    e = fn("mul", *map(ref, fields), dtype="float", range=[0.0, 1e9])
    (found,) = secret([e], pa.table({"a": a, "b": b}), fields, protocol)
    np.testing.assert_allclose(found, np.multiply(a, b), rtol=1e-6, atol=1)


def test_public_factors_are_precise(protocol):
    x = Field("x", Fixed(), range=(-1e6, 1e6))
    n = Field("n", Int(64), range=(-(10**6), 10**6))
    values, whole = [1e6, -1e6, 123456.789, 0.001, 1.0], [10**6, -(10**6), 7, 0, 1]
    e = [
        fn("mul", ref(x), lit(1.1, "float"), dtype="float", range=[-1.1e6, 1.1e6]),
        fn("div", ref(x), lit(3, "int64"), dtype="float", range=[-4e5, 4e5]),
        fn("mul", ref(n), lit(0.1, "float"), dtype="float", range=[-1e5, 1e5]),
        fn("div", ref(n), lit(7, "int64"), dtype="float", range=[-2e5, 2e5]),
        fn("div", ref(n), lit(0, "int64"), dtype="float", nullable=True, range=[-2e5, 2e5]),
    ]
    found = secret(e, pa.table({"x": values, "n": whole}), [x, n], protocol)
    unit = 2.0**-18
    for got, expected in zip(found, [np.multiply(values, 1.1), np.divide(values, 3), np.multiply(whole, 0.1), np.divide(whole, 7)]):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=3 * unit)
    assert found[4] == [None] * 5


def test_public_factors_where_no_range_is_known(protocol):
    x = Field("x", Fixed())
    values = [1e12, -1e12, 123456.789, 0.001, 1.0]
    factors = [0.1, -1.1, 3.7, 1e-5]
    e = [fn("mul", ref(x), lit(c, "float"), dtype="float") for c in factors]
    found = secret(e, pa.table({"x": values}), [x], protocol)
    for got, c in zip(found, factors):
        np.testing.assert_allclose(got, np.multiply(values, c), rtol=2**-28, atol=4 * 2**-18)


def test_ranges_that_do_not_fit_the_fraction_bits_are_refused():
    n, x = Field("n", Int(64)), Field("x", Fixed(), range=(0.0, 1.0))
    for e in (fn("lt", ref(n), ref(x), dtype="bool"), fn("add", ref(n), ref(x), dtype="float")):
        with pytest.raises(RangeOverflowError, match="range"):
            secret([e], pa.table({"n": [1], "x": [0.5]}), [n, x], "plaintext")


def test_division_and_division_by_zero(protocol):
    fields = [Field("a", Int(64), True, range=(-1000, 1000)), Field("b", Int(64), range=(-50, 50)), Field("x", Fixed(), range=(-8.0, 8.0))]
    a, b, x = [1000, -7, 0, None, 5, 3], [3, 2, 0, 1, 0, -50], [0.5, -0.125, 0.0, 1.0, 8.0, 2.0**-10]
    nodes = [ref(f) for f in fields]
    e = [
        fn("div", nodes[0], nodes[1], dtype="float", nullable=True, range=[-1000.0, 1000.0]),
        fn("div", nodes[0], nodes[2], dtype="float", nullable=True, range=[-(2.0**28), 2.0**28]),
        fn("div", lit(1, "int64"), nodes[2], dtype="float", nullable=True, range=[-(2.0**18), 2.0**18]),
    ]
    table = pa.table({"a": a, "b": b, "x": x})
    found = secret(e, table, fields, protocol)
    for one, got in zip(e, found):
        expected = evaluate(flat(one), table).to_pylist()
        assert [v is None for v in got] == [v is None for v in expected]
        np.testing.assert_allclose([v for v in got if v is not None], [v for v in expected if v is not None], rtol=2**-27, atol=8 * 2**-18)


def test_quotients_out_of_range_are_clipped(protocol):
    x, n = Field("x", Fixed()), Field("n", Int(64), range=(-9, 9))
    top = Fixed().limit - 1
    values, whole = [1e13, -1e13, 8e12, 1.5, -3e12], [1, -1, 9, 0, -1]
    bounds = [-top, top]
    e = [
        fn("div", ref(x), lit(0.125, "float"), dtype="float", range=bounds),
        fn("div", ref(x), lit(-0.5, "float"), dtype="float", range=bounds),
        fn("div", ref(x), ref(x), dtype="float", nullable=True, range=bounds),
        fn("div", lit(1.0, "float"), ref(n), dtype="float", nullable=True, range=[-1.0, 1.0]),
        fn("div", ref(x), fn("mul", ref(n), lit(0.125, "float"), dtype="float", range=[-2.0, 2.0]), dtype="float", nullable=True, range=bounds),
    ]
    table = pa.table({"x": values, "n": whole})
    found = secret(e, table, [x, n], protocol)
    for one, got in zip(e, found):
        expected = evaluate(flat(one), table).to_pylist()
        assert [v is None for v in got] == [v is None for v in expected]
        there = [(g, v) for g, v in zip(got, expected) if v is not None]
        np.testing.assert_allclose([g for g, _ in there], [v for _, v in there], rtol=2**-24, atol=8 * 2**-18)
    assert max(evaluate(flat(e[0]), table).to_pylist()) == top


def test_casts(protocol):
    x = Field("x", Fixed(), True, range=(-100.0, 100.0))
    n = Field("n", Int(64), range=(-5, 5))
    table = pa.table({"x": [1.75, -1.75, 0.0, None, 99.999, -2.0**-18, -3.0], "n": [0, 1, -1, 5, -5, 2, 3]})
    e = [
        fn("cast", ref(x), dtype="int64", range=[-100, 100]),
        fn("cast", ref(n), dtype="float", range=[-5.0, 5.0]),
        fn("cast", ref(x), dtype="float[f=4]", range=[-100.0, 100.0]),
        fn("cast", ref(n), dtype="int8", range=[-5, 5]),
    ]
    found = secret(e, table, [x, n], protocol)
    for k in (0, 1, 3):
        assert found[k] == evaluate(flat(e[k]), table).to_pylist()
    assert found[0] == [1, -1, 0, None, 99, 0, -3]
    np.testing.assert_allclose([v for v in found[2] if v is not None], [1.75, -1.75, 0, 99.999, 0, -3.0], atol=2**-4)


def test_common_parts_are_computed_once(protocol):
    f = Field("a", Int(64), range=(-1000, 1000))
    square = fn("mul", ref(f), ref(f), dtype="int64", range=[0, 10**6])
    table = pa.table({"a": [1, 2, 3]})

    def cost(expressions):
        out = [field_of(f"e{k}", e) for k, e in enumerate(expressions)]
        project = step("project", [0], {"columns": [[g.name, e] for g, e in zip(out, expressions)]}, out, 3)
        return run_full(plan_of([scan([f], 3), project]), {("alice", "t"): table}, protocol).estimate.steps[1].cost

    assert cost([square]) == cost([square, fn("add", square, square, dtype="int64", range=[0, 2 * 10**6])])


def test_comparison_costs_what_the_bits_of_the_range_cost():
    table = pa.table({"a": [1, 2, 3]})

    def cost(top):
        f = Field("a", Int(64), range=(0, top))
        e = fn("lt", ref(f), lit(2, "int64"), dtype="bool")
        project = step("project", [0], {"columns": [["e", e]]}, [field_of("e", e)], 3)
        return run_full(plan_of([scan([f], 3), project]), {("alice", "t"): table}, "aby3").estimate.steps[1].cost

    assert cost(30).total < cost(2**40).total
    assert cost(30).rounds < cost(2**40).rounds


def test_unknown_function_is_a_typed_error():
    f = Field("a", Int(64))
    e = fn("frobnicate", ref(f), dtype="int64")
    with pytest.raises(PlanError, match="frobnicate"):
        secret([e], pa.table({"a": [1]}), [f], "plaintext")
