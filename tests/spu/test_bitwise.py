"""Operations on bits, and signs: over shares and at the owner against Python's integers, for ranges of every ring; what they infer, cost and refuse."""

from __future__ import annotations

import operator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError
from spuframe.expr.expr import evaluate as evaluate_row
from spuframe.spu.plaintext import evaluate
from tests.spu.both import revealed, run_of

OPERATORS = {"&": (ex.bit_and, operator.and_), "|": (ex.bit_or, operator.or_), "^": (ex.bit_xor, operator.xor)}
TOP = 2**61 - 1
RANGES = [(0, 1), (0, 0), (-1, -1), (-1, 0), (0, 63), (-64, 63), (-100, -3), (200, 900), (-20000, 5), (0, 2**31), (-(2**40), 2**33), (0, TOP), (-TOP, TOP)]


def column(name: str, low: int, high: int, nullable: bool = True) -> Field:
    return Field(name, Int(64), nullable, range=(low, high))


def values(low: int, high: int, rng: np.random.Generator, rows: int = 12) -> list[int]:
    return [low, high, (low + high) // 2, *(int(v) for v in rng.integers(low, high, rows - 3, endpoint=True))]


def checked(protocol: str, expressions: list[ex.Expr], fields: list[Field], table: pa.Table) -> tuple[list[list[object]], int, int]:
    """Each expression over shares, checked against the owner's plaintext and Python; rounds and bytes of their step."""
    run = run_of(expressions, fields, table, protocol)
    found = revealed(run)
    for e, got in zip(expressions, found):
        assert got == evaluate(e.to_plain(), table).to_pylist() == [evaluate_row(e, row) for row in table.to_pylist()], str(e)
        known = [v for v in got if v is not None]
        assert not known or (e.range[0] <= min(known) and max(known) <= e.range[1]), (str(e), e.range)
    return found, run.estimate.steps[1].cost.rounds, sum(run.estimate.steps[1].cost.sent)


@pytest.mark.parametrize("left", RANGES, ids=str)
def test_two_columns(protocol: str, left: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    names = [f"y{k}" for k in range(len(RANGES))]
    data = {"x": [None, *values(*left, rng)], **{n: [*values(*r, rng), None] for n, r in zip(names, RANGES)}}
    fields = [column("x", *left), *(column(n, *r) for n, r in zip(names, RANGES))]
    x, *ys = map(ex.col, fields)
    made = {(symbol, y.field.name): build(x, y) for y in ys for symbol, (build, _) in OPERATORS.items()}
    found, _, _ = checked(protocol, list(made.values()), fields, pa.table({n: pa.array(v, pa.int64()) for n, v in data.items()}))
    for (symbol, name), got in zip(made, found):
        op = OPERATORS[symbol][1]
        assert got == [None if a is None or b is None else op(a, b) for a, b in zip(data["x"], data[name])], (symbol, name)


@pytest.mark.parametrize("bounds", RANGES, ids=str)
def test_constants_shifts_and_signs(protocol: str, bounds: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    data = [*values(*bounds, rng), None]
    field = column("x", *bounds)
    x = ex.col(field)
    made: dict[str, ex.Expr] = {}
    for c in (0, 1, 7, 0xF0, 255, 2**40 + 5, TOP, -1, -2, -8, -(2**33), -TOP):
        made |= {f"{s} {c}": build(x, c) for s, (build, _) in OPERATORS.items()}
        made |= {f"{c} {s}": build(c, x) for s, (build, _) in OPERATORS.items()}
    made |= {f">> {k}": ex.shift_right(x, k) for k in (0, 1, 5, 6, 7, 13, 31, 62, 63, 200)}
    made |= {f"<< {k}": ex.shift_left(x, k) for k in (0, 1, 7) if max(map(abs, bounds)) << k < 2**62}
    made |= {"~": ex.bit_not(x), "sign": ex.sign(x)}
    found, _, _ = checked(protocol, list(made.values()), [field], pa.table({"x": pa.array(data, pa.int64())}))
    by_name = dict(zip(made, found))
    for text, got in by_name.items():
        a, _, b = text.partition(" ")
        for v, g in zip(data, got):
            if v is None:
                want = None
            elif text == "~":
                want = ~v
            elif text == "sign":
                want = (v > 0) - (v < 0)
            elif a in (">>", "<<"):
                want = v >> int(b) if a == ">>" else v << int(b)
            else:
                want = OPERATORS[a][1](v, int(b)) if a in OPERATORS else OPERATORS[b][1](int(a), v)
            assert g == want, (text, v)


@given(data=st.data())
def test_any_widths(protocol: str, data: st.DataObject) -> None:
    """Whatever the bits of two columns and their signs: the ranges hold, and the values are Python's."""
    fields, table = [], {}
    for name in "xy":
        low, high = sorted(data.draw(st.tuples(*[st.integers(-(2 ** data.draw(st.integers(0, 60))), 2 ** data.draw(st.integers(0, 60)))] * 2)))
        fields.append(column(name, low, high))
        table[name] = data.draw(st.lists(st.none() | st.integers(low, high), min_size=3, max_size=3))
    x, y = map(ex.col, fields)
    by, mask = data.draw(st.integers(0, 63)), data.draw(st.integers(-TOP, TOP))
    made = [build(x, other) for build, _ in OPERATORS.values() for other in (y, mask)]
    checked(protocol, [*made, ex.shift_right(x, by), ex.sign(y)], fields, pa.table({n: pa.array(v, pa.int64()) for n, v in table.items()}))


def test_the_whole_range_of_the_types(protocol: str) -> None:
    """Columns of which nothing is known but their type: what fits 62 bits is exact, what may not is refused."""
    signed, unsigned = Field("s", Int(64), True), Field("u", Int(64, False), True)
    least, most, top = -(2**63), 2**63 - 1, 2**64 - 1
    table = pa.table({"s": pa.array([least, most, -1, 0, None, 5], pa.int64()), "u": pa.array([0, top, 2**63, None, 1, top - 4], pa.uint64())})
    s, u = ex.col(signed), ex.col(unsigned)
    shifts = [ex.shift_right(s, 2), ex.shift_right(u, 3), ex.shift_right(s, 63), ex.shift_right(u, 63)]
    made = [ex.bit_and(s, 0xFFFF), ex.bit_and(u, 0xFFFF), *shifts, ex.sign(s), ex.sign(u)]
    checked(protocol, made, [signed, unsigned], table)
    for build in (lambda: ex.bit_or(s, 1), lambda: ex.bit_xor(s, u), lambda: ex.shift_right(u, 1), lambda: ex.shift_left(s, 1), lambda: ex.bit_not(u)):
        with pytest.raises(RangeOverflowError):
            build()


def test_no_rows_and_only_nulls(protocol: str) -> None:
    field = column("x", -5, 300)
    x = ex.col(field)
    nothing = ex.lit(None, Int(64))
    made = [ex.bit_and(x, 12), ex.bit_or(x, x), ex.bit_xor(x, x), ex.bit_and(x, nothing), ex.bit_xor(nothing, x)]
    made += [ex.shift_right(x, 2), ex.sign(x), ex.bit_not(x)]
    for data in ([], [None, None, None], [7]):
        found, _, _ = checked(protocol, made, [field], pa.table({"x": pa.array(data, pa.int64())}))
        assert [len(f) for f in found] == [len(data)] * len(made)


def test_signs_of_fixed_point(protocol: str) -> None:
    data = [0.5, -0.25, 0.0, -0.0, 2.0**-18, -(2.0**-18), 1000.0, -1000.0, None]
    for bounds in ((-1000.0, 1000.0), None):
        field = Field("x", Fixed(), True, range=bounds)
        (got,), _, _ = checked(protocol, [ex.sign(ex.col(field))], [field], pa.table({"x": pa.array(data, pa.float64())}))
        assert got == [None if v is None else float(np.sign(v)) for v in data]
    positive = ex.sign(ex.col(Field("x", Fixed(), range=(2.0, 9.0))))
    assert positive.range == (0.0, 1.0) and positive.dtype == Fixed(30)


def test_what_is_narrow_costs_little() -> None:
    """A mask of one bit looks at one bit; two columns cost what the narrower one that is never negative has."""
    rows = pa.table({"x": pa.array([1, 2], pa.int64()), "y": pa.array([1, 2], pa.int64())})
    wide, narrow = column("x", -(2**40), 2**40, False), column("y", 0, 15, False)
    x, y = ex.col(wide), ex.col(narrow)
    costs = [checked("aby3", [e], [wide, narrow], rows)[1:] for e in (ex.bit_and(x, 1), ex.bit_and(x, y), ex.bit_and(x, 2**39 - 2))]
    assert costs[0][0] < costs[1][0] < costs[2][0] and costs[0][1] < costs[1][1] < costs[2][1]
    assert checked("aby3", [ex.bit_not(x)], [wide], rows.select(["x"]))[1:] == (0, 0)  # local
    assert checked("aby3", [ex.bit_and(y, 15)], [narrow], rows.select(["y"]))[1:] == (0, 0)  # the column as it is


def test_inference() -> None:
    a, b, never = (ex.col(column(n, *r, nullable=n == "a")) for n, r in (("a", (-5, 9)), ("b", (0, 12)), ("n", (-9, -2))))
    assert [e.range for e in (ex.bit_and(a, b), ex.bit_or(a, b), ex.bit_xor(a, b))] == [(0, 12), (-5, 15), (-16, 15)]
    below = ex.bit_and(never, never), ex.bit_or(b, never), ex.bit_xor(never, never), ex.bit_xor(b, never)
    assert [e.range for e in below] == [(-16, -2), (-9, -1), (0, 15), (-16, -1)]
    assert ex.bit_and(a, b).nullable and not ex.bit_and(b, never).nullable and str(ex.bit_xor(a, b).dtype) == "int64"
    assert ex.bit_not(ex.col(Field("u", Int(8, False), range=(3, 250)))).range == (5, 252)
    assert [str(e) for e in (ex.shift_right(a, 2), ex.bit_or(ex.bit_and(a, b), 1), ex.sign(a))] == ["a >> 2", "(a & b) | 1", "sign(a)"]
    flag = ex.col(Field("f", Bool(), True))
    assert str(ex.bit_and(flag, flag)) == "f & f" and str(ex.bit_and(flag, flag).dtype) == "bool" and str(ex.bit_not(flag).dtype) == "bool"
    assert ex.shift_left(flag, 3).range == (0, 8)


def test_refusals() -> None:
    n, x, s, f = ex.col(column("n", 0, 9)), ex.col(Field("x", Fixed())), ex.lit("a"), ex.col(Field("f", Bool()))
    for left, right in ((n, x), (x, 1), (n, s), (n, f), (f, 1), (n, 1.0)):
        for build, _ in OPERATORS.values():
            with pytest.raises(TypeMismatchError, match="two booleans or two integers.*parentheses"):
                build(left, right)
    for wrong in (x, s):
        with pytest.raises(TypeMismatchError, match="compare"):
            ex.bit_not(wrong)
        with pytest.raises(TypeMismatchError, match="shift.*integers"):
            ex.shift_right(wrong, 1)
        if wrong is s:
            with pytest.raises(TypeMismatchError):
                ex.sign(wrong)
    with pytest.raises(TypeMismatchError, match="must be a public integer.*map"):
        ex.shift_left(n, n)
    for amount in (True, 1.0):
        with pytest.raises(TypeMismatchError, match="public integer"):
            ex.shift_right(n, amount)
    with pytest.raises(PlanError, match=r"-1 bits: give a number from 0"):
        ex.shift_right(n, -1)
    with pytest.raises(PlanError, match=r"62 bits: give a number from 0 to 61"):
        ex.shift_left(n, 62)
    with pytest.raises(RangeOverflowError, match="'n'"):
        ex.shift_left(n, 61)
