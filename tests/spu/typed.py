"""Expressions of every function over every type, drawn by Hypothesis, and what their rows are: exactly, then rounded to the grid of each result."""

from __future__ import annotations

import datetime
import decimal
import math
import warnings
from fractions import Fraction

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import Bool, Date, Decimal, Duration, Field, Fixed, Int, String, Timestamp
from spuframe.errors import PrecisionWarning, SpuframeError
from spuframe.expr.expr import Col, Expr, Function, Lit
from spuframe.spu.functions import takes_exact
from tests.spu.collected import built, of_operands

EDGE = Fixed().largest
COLUMNS = {  # the field, and values that its rows take in turn; nullable ones begin with a null
    "x": (Field("x", Fixed(), True, range=(-10.0, 10.0)), [0.1, -0.1, 0.0, 1e-5, 10.0, -10.0, 2.5, 1 / 3, -7.75, 1e-7, 0.5]),
    "y": (Field("y", Fixed(), False, range=(-10.0, 10.0)), [0.3, -2.0, 1.0, 0.0, 5.0, 1e-5, -0.5, 10.0, -10.0]),
    "g": (Field("g", Fixed(30), True, range=(0.01, 2.0)), [0.01, 2.0, 1 / 3, 1.0, 0.7]),
    "w": (Field("w", Fixed(), False, range=(-EDGE, EDGE)), [EDGE, -EDGE, 0.5, -1e-5, 1e9, 0.0, -3.0]),
    "z": (Field("z", Fixed(4), False, range=(-100.0, 100.0)), [0.0625, -100.0, 100.0, 3.0, 0.0, -0.5]),
    "i": (Field("i", Int(64), True, range=(-1000, 1000)), [1000, -1000, 0, 7, -7, 3, -3, 15, 25, -25]),
    "j": (Field("j", Int(8), False, range=(-128, 127)), [-128, 127, 0, 1, -1, 7, 2]),
    "k": (Field("k", Int(8, False), True, range=(0, 255)), [255, 0, 1, 128, 127]),
    "m": (Field("m", Int(64), True), [2**63 - 1, -(2**63), 0, -1, 1, 2**62, -(2**62), 2**53 + 1]),
    "l": (Field("l", Int(64), False, range=(-(2**61) + 1, 2**61 - 1)), [2**61 - 1, -(2**61) + 1, 2**53 + 1, 0, -7, 7]),
    "u": (Field("u", Int(64, False), True), [2**64 - 1, 2**63, 2**63 - 1, 0, 1, 7, 2**63 + 1]),
    "v": (Field("v", Int(64, False), False, range=(2**63, 2**64 - 1)), [2**63, 2**64 - 1, 2**63 + 7]),
    "o": (Field("o", Int(64, False), True, range=(2**63 - 5, 2**63 + 5)), [2**63, 2**63 - 5, 2**63 + 5, 2**63 - 1]),
    "b": (Field("b", Bool(), True), [True, False, False, True]),
    "c": (Field("c", Bool(), False), [True, True, False]),
    "s": (Field("s", String(4), True), ["", "a", "zé", "zzzz", "aa"]),
    "t": (Field("t", String(12), False), ["aa", "aaaaaaaabcde", "", "é", "zzzzzzzzzzzz"]),
    "d": (Field("d", Date(), True, range=(-20, 20000)), [0, 18321, -9, 11000, 20000]),
    "e": (Field("e", Date(), False), [Date().bounds[0], Date().bounds[1], 0, 18321]),
    "p": (Field("p", Decimal(6, 2), True, range=(-99999, 999999)), [1234, -5, 0, 999999, -99999, 50, 150, 250]),
    "q": (Field("q", Decimal(9, 4), False), [10**9 - 1, 1 - 10**9, 0, 5, -12345, 25000]),
    "n": (Field("n", Decimal(18, 1), False), [10**18 - 1, 1 - 10**18, 0, 15, -5]),
    "r": (Field("r", Timestamp(), True, range=(-(10**15), 10**15)), [0, 10**15, -(10**15), 86_400_000_000, -1, 946_684_800_000_001]),
    "a": (Field("a", Timestamp(), False), [*Timestamp().bounds, 0, 86_399_999_999]),
    "h": (Field("h", Duration(), True, range=(-(10**12), 10**12)), [10**12, -(10**12), 0, 1, -1, 3_600_000_000]),
    "f": (Field("f", Duration(), False), [*Duration().bounds, 0, -7, 86_400_000_000]),
}
NUMBERS, DATES, TEXTS = "xygwzijkmluvo", "de", "st"


def rows(name: str, n: int) -> list:
    field, values = COLUMNS[name]
    values = [None, *values] if field.nullable else values
    shift = sum(map(ord, name)) if n > 1 else 0  # so that the extremes of two columns meet in several ways
    return [values[(k * (1 + (shift & 1)) + shift) % len(values)] for k in range(n)]


def table(n: int) -> pa.Table:
    made = {}
    for name, (field, _) in COLUMNS.items():
        floats = isinstance(field.dtype, Fixed)
        array = pa.array(rows(name, n), field.dtype.arrow if floats else field.dtype.held)
        made[name] = array if floats else field.dtype.valued(array)
    return pa.table(made)


# ---- what a row is --------------------------------------------------------------------------------------
def grid(value, dtype):
    """A value as its type stores it; numbers of fixed point as fractions."""
    if value is None or not isinstance(dtype, Fixed):
        return value
    return Fraction(round(Fraction(value) * 2**dtype.f), 2**dtype.f)


def expected(e: Expr, n: int) -> list:
    """Every row by `Function.row`, without floats: each result at its nearest stored value."""
    given = {name: [grid(v, f.dtype) for v in rows(name, n)] for name, (f, _) in COLUMNS.items()}
    out = []
    for k in range(n):
        values = {}
        for node in e.walk():
            if isinstance(node, Col):
                values[node] = given[node.field.name][k]
            elif isinstance(node, Lit):
                values[node] = node.value if not isinstance(node.dtype, Fixed) or node.value is None else Fraction(node.value)
            elif isinstance(node, Function):
                exact = takes_exact(node.fn)
                args = [grid(values[a], a.dtype) if isinstance(a, Lit) and not exact else values[a] for a in node.args]
                args = [Fraction(v) if isinstance(v, int) and node.fn == "div" else v for v in args]
                found = node.row(*args)
                if found is not None and node.fn == "div":  # half goes up
                    found = Fraction(math.floor(Fraction(found) * 2**node.dtype.f + Fraction(1, 2)), 2**node.dtype.f)
                values[node] = grid(found, node.dtype)
        out.append(grid(values[e], e.dtype))
    return out if isinstance(e.dtype, Fixed) else e.dtype.valued(pa.array(out, e.dtype.held)).to_pylist()


# ---- errors ---------------------------------------------------------------------------------------------
def inexact(node) -> bool:
    """Whether a node's result is stated only up to the coins of truncations."""
    return isinstance(node, Function) and node.stated.chance


def comparable(e: Expr) -> bool:
    """Whether what the function at the top is given is exact."""
    return not any(inexact(node) for node in e.walk() if node is not e)


def exact(e: Expr) -> bool:
    return not any(inexact(node) for node in e.walk())


# ---- expressions ----------------------------------------------------------------------------------------
INTEGERS = [0, 1, -1, 2, 3, -7, 9, 127, 128, 255, 2**31, 2**53 + 1, 2**61, 2**62, 2**63 - 1, 2**63, 2**63 - 3, 2**64 - 1, -(2**63), -(2**63) + 1]
FLOATS = [0.0, -0.0, 0.1, -0.3, 0.5, 1.0, 2.5, 1e-5, 1e-7, -1e-9, 0.01, 3.7, 1e6, 2.0**43, -EDGE]
CONSTANTS = {
    "number": [*INTEGERS, *FLOATS],
    "bool": [True, False],
    "text": ["", "a", "zz", "é", "aaaaaaaabcde"],
    "date": ["2000-01-01", datetime.date(1955, 3, 1)],
    "decimal": [decimal.Decimal("0.01"), decimal.Decimal("-12.50"), 3, 0.25, 1.5, -0.005, decimal.Decimal("99.999"), decimal.Decimal("1E-18"), 10**17, 0],
    "time": ["2000-01-01 12:00:00.000001", datetime.datetime(1955, 3, 1, 23), datetime.date(2020, 1, 1)],
    "span": [datetime.timedelta(days=7), datetime.timedelta(microseconds=-1), datetime.timedelta(0)],
}
TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint64", "float", "float[f=4]", "float[f=30]", "decimal[18,2]"]
NAMES = {"number": NUMBERS, "bool": "bc", "text": TEXTS, "date": DATES, "decimal": "pqn", "time": "ra", "span": "hf"}
ANY = st.sampled_from(["number", "number", "number", "bool", "text", "date", "decimal", "decimal", "time", "span"])


@st.composite
def leaf(draw, kind):
    return ex.col(COLUMNS[draw(st.sampled_from(NAMES[kind]))][0])


@st.composite
def operand(draw, kind, depth, constants=True):
    """A column, a constant, or an exact expression; a constant may be what no builder takes."""
    way = draw(st.integers(0, 5))
    if way == 0 and constants:
        return draw(st.sampled_from(CONSTANTS[kind]))
    if way <= 3 or depth <= 0:
        return draw(leaf(kind))
    made = draw(expression(kind, depth - 1))
    return made if exact(made) else draw(leaf(kind))


@st.composite
def expression(draw, kind, depth=1):
    """An expression of the kind; a column where the one that was tried is refused, which must be by a typed error."""

    def get(k=kind, constants=True):
        return draw(operand(k, depth, constants))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrecisionWarning)  # quotients by what may be tiny
            return ex.as_expr(draw(st.sampled_from(_WAYS[kind]))(draw, get))
    except SpuframeError:
        return draw(leaf(kind))


def _one(build):
    return lambda draw, get: build(get(constants=False))


def _two(build):
    def make(draw, get):
        a, b = get(), get()
        return build(a, b) if isinstance(a, Expr) or isinstance(b, Expr) else build(get(constants=False), b)

    return make


def _integer(build):
    return lambda draw, get: build(ex.col(COLUMNS[draw(st.sampled_from("ijklmuv"))][0]), draw(st.sampled_from([0, 1, 3, 12, -5, 61, 62, 63, 2**63 - 1])))


def _where(draw, get):
    return ex.where(get("bool"), get(), draw(st.sampled_from([None, get()])))


def _clip(draw, get):
    low, high = get(), get()
    return ex.clip(get(constants=False), draw(st.sampled_from([None, low])), draw(st.sampled_from([None, high])))


def _compare(draw, get):
    kind, build = draw(ANY), draw(st.sampled_from([ex.eq, ex.ne, ex.lt, ex.le, ex.gt, ex.ge]))
    return build(get(kind, False), get(kind))


def _isin(draw, get):
    kind = draw(ANY)
    return ex.isin(get(kind, False), draw(st.lists(st.sampled_from(CONSTANTS[kind]), max_size=5)))


def _map(draw, get):
    kind = draw(ANY)
    keys = draw(st.lists(st.sampled_from(CONSTANTS[kind]), min_size=1, max_size=4))
    return ex.map_(get(kind, False), {key: draw(st.sampled_from(CONSTANTS["number"])) for key in keys})


def _any(build):
    return lambda draw, get: build(get(draw(ANY), False))


def _cast(draw, get):
    return ex.cast(get(draw(st.sampled_from(["number", "bool", "date", "decimal", "time", "span"])), False), draw(st.sampled_from(TYPES)))


def _numbers_of(name):
    """The builders that make numbers of a column alone."""
    return [build for build in of_operands(1) if (e := built(build, ex.col(COLUMNS[name][0]))) is not None and e.dtype.is_numeric]


def _part(draw, get):
    return draw(st.sampled_from(PARTS))(get(draw(st.sampled_from(["date", "time"])), False))


_UNARY, PARTS = _numbers_of("x"), _numbers_of("r")
_SHARED = [_where, _where, _clip, _two(ex.fill_null), _two(ex.maximum), _two(ex.minimum)]
_WAYS = {
    "number": [
        *map(_one, _UNARY), *map(_two, [ex.add, ex.sub, ex.mul, ex.div, ex.floordiv, ex.mod] * 2), *_SHARED, _cast, _cast, _map,
        *map(_integer, [ex.bit_and, ex.bit_or, ex.bit_xor, ex.shift_left, ex.shift_right]), lambda draw, get: ex.bit_not(get(constants=False)),
        lambda draw, get: ex.bit_and(get(), get(constants=False)), lambda draw, get: ex.bit_xor(get(), get(constants=False)),
        lambda draw, get: ex.sub(get("date", False), get("date")), _part, _part,
        *(lambda draw, get, k=k, f=f: f(get(k, False), get(k)) for k in ("decimal", "span") for f in (ex.div, ex.floordiv)),
        lambda draw, get: ex.sign(get(draw(st.sampled_from(["decimal", "span"])), False)),
        lambda draw, get: ex.add(get("decimal", False), get("number", False)), lambda draw, get: ex.mul(get("number", False), get("decimal", False)),
        lambda draw, get: ex.round_(get(constants=False), draw(st.integers(-3, 5))),
        lambda draw, get: ex.pow_(get(constants=False), draw(st.sampled_from([0, 1, 2, 3]))),
        lambda draw, get: ex.pow_(draw(st.sampled_from([2, 0.3, 10])), get(constants=False)),
    ],
    "bool": [
        _compare, _compare, _isin, _any(ex.is_null), _any(ex.not_null), _two(ex.and_), _two(ex.or_), _two(ex.xor), _one(ex.not_), _where,
        lambda draw, get: ex.cast(get("number", False), bool), lambda draw, get: ex.between(get("number", False), get("number"), get("number")),
        _two(ex.fill_null),
    ],
    "text": [_where, _two(ex.fill_null), _one(lambda e: ex.cast(e, "string[16]"))],
    "date": [*_SHARED, lambda draw, get: ex.add(get(constants=False), get("number")), lambda draw, get: ex.sub(get(constants=False), get("number")),
             lambda draw, get: ex.cast(get("time", False), "date")],
    "decimal": [
        *_SHARED, *map(_two, [ex.add, ex.sub, ex.mul, ex.mod] * 2), *map(_one, [ex.neg, ex.abs_, ex.floor, ex.ceil]),
        lambda draw, get: ex.round_(get(constants=False), draw(st.integers(-2, 4))), lambda draw, get: ex.add(get(constants=False), get("number")),
        lambda draw, get: ex.mul(get("number", False), get(constants=False)), lambda draw, get: ex.sub(get("number"), get(constants=False)),
        lambda draw, get: ex.cast(get(constants=False), draw(st.sampled_from(["decimal[12,4]", "decimal[18,2]", "decimal[18,6]"]))),
    ],
    "time": [
        *_SHARED, *(lambda draw, get, f=f: f(get(constants=False), get("span")) for f in (ex.add, ex.sub)),
        lambda draw, get: ex.add(get("span"), get(constants=False)), lambda draw, get: ex.cast(get("date", False), "timestamp"),
        lambda draw, get: ex.add(get("date", False), get("span")),
    ],
    "span": [
        *_SHARED, *map(_two, [ex.add, ex.sub, ex.mod]), *map(_one, [ex.neg, ex.abs_]), lambda draw, get: ex.mul(get(constants=False), get("number")),
        lambda draw, get: ex.mul(get("number", False), get(constants=False)), lambda draw, get: ex.sub(get("time", False), get("time")),
        lambda draw, get: ex.sub(get("time", False), get("date")), lambda draw, get: ex.floordiv(get(constants=False), get("number")),
    ],
}  # fmt: skip


def allowed(e: Expr, want) -> Fraction:
    """How far a result may be from ``want``, which is on the grid."""
    return e.stated.allowed(want, e.dtype.frac) + Fraction(1, 2 << e.dtype.frac) if inexact(e) else Fraction(0)


def close(e: Expr, got: list, want: list) -> bool:
    """Whether rows are what they must be."""
    for a, b in zip(got, want, strict=True):
        if (a is None) != (b is None):
            return False
        if a is None:
            continue
        if isinstance(e.dtype, Fixed):
            if not math.isfinite(a) or abs(Fraction(a) - Fraction(b)) > allowed(e, b):
                return bool(np.float64(float(b)) == a)  # more digits than a float has
        elif a != b:
            return False
    return True
