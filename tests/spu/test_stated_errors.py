"""The errors that functions and aggregates state of themselves, against exact fractions: products, quotients, powers, rounding; and hard points."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed, Int
from spuframe.expr.expr import Function
from spuframe.expr.stated import EXACT, Stated
from tests.spu.both import by_parties

pytestmark = pytest.mark.filterwarnings("ignore::spuframe.errors.PrecisionWarning")  # of quotients by what may be tiny
LARGEST = Fixed().largest


def computed(protocol, expressions, columns):
    """The expressions over shares of ``columns`` (fields and values), as lists."""
    values = {f.name: list(map(float, v)) if isinstance(f.dtype, Fixed) else list(v) for f, v in columns}
    return by_parties(expressions, [f for f, _ in columns], pa.table(values), protocol)


def close(got, exact, f, relative, units, what=""):
    for k, (g, e) in enumerate(zip(got, exact, strict=True)):
        error = abs(Fraction(g) - e) * 2**f
        assert error <= abs(e) * 2**f * Fraction(relative) + units, (str(what), k, g, float(e), float(error))


def holds(e, got, exact, f, stated=None):
    """Whether results are as close as the function at the top states, and a float64 holds."""
    stated = stated or (e.stated if isinstance(e, Function) else EXACT)
    for k, (g, x) in enumerate(zip(got, exact, strict=True)):
        assert abs(Fraction(g) - x) <= stated.allowed(x, f) + abs(x) / 2**53, (str(e), str(stated), k, g, float(x), float(abs(Fraction(g) - x) * 2**f))


def spread(low, high, f, n=200, seed=0):
    """Values of every size within the bounds, on the grid, with the bounds."""
    rng = np.random.default_rng(seed)
    sizes = np.exp2(rng.uniform(-f, math.log2(max(abs(low), abs(high))), n)) * rng.choice([-1, 1], n)
    u = np.rint(np.clip(sizes, low, high) * 2.0**f)
    return [*(u * 2.0**-f).tolist(), low, high, low, high]


# ---- products ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("f", "x", "y"),
    [(18, 8.0, 8.0), (18, 1e5, 1e4), (18, 2.0**21, 2.0**22), (18, 2.0**40, 4.0), (30, 8.0, 8.0), (30, 2.0**15, 2.0**16), (30, 2.0**30, 2.0),
     (40, 2.0**9, 2.0**11), (46, 2.0**7, 2.0**8), (61, 0.5, 0.5), (0, 2.0**30, 2.0**30), (8, 2.0**26, 2.0**26)],
)  # fmt: skip
def test_products_are_right_to_three_units(protocol, f, x, y):
    a, b = Field("a", Fixed(f), range=(-x, x)), Field("b", Fixed(f), range=(-y, y))
    e = ex.mul(ex.col(a), ex.cast(ex.col(b), a.dtype))
    assert isinstance(e.dtype, Fixed)
    u, v = spread(-x, x, f, seed=1), spread(-y, y, f, seed=2)
    v = v[:-4] + [-y, y, y, -y]
    (got,) = computed(protocol, [e], [(a, u), (b, v)])
    holds(e, got, [Fraction(p) * Fraction(q) for p, q in zip(u, v)], e.dtype.f)


FACTORS = [0.1, -1 / 3, 1e-6, 1e-9, 1e-12, -1e-15, 1e-30, 5e-324, 3.7, 1.0, -0.0, 0.5, 7.0]


@pytest.mark.parametrize(("f", "top"), [(18, 100.0), (18, LARGEST / 8), (30, 1000.0), (0, 2.0**50), (45, 2.0)])
def test_public_factors_and_divisors(protocol, f, top):
    a = Field("a", Fixed(f), range=(-top, top))
    u = spread(-top, top, f)
    products = [ex.mul(ex.col(a), ex.lit(c, a.dtype)) for c in FACTORS]
    divisors = [c for c in (0.7, 3.0, 1e3, 1e6, 1e9, -1e12, 64.0, 1.0) if abs(c) < a.dtype.limit]
    quotients = [ex.div(ex.col(a), ex.lit(c, a.dtype)) for c in divisors]
    found = computed(protocol, [*products, *quotients], [(a, u)])
    for e, c, got in zip(products, FACTORS, found):
        holds(e, got, [Fraction(x) * Fraction(c) for x in u], e.dtype.f)
    for e, c, got in zip(quotients, divisors, found[len(products) :]):
        holds(e, got, [Fraction(x) / Fraction(c) for x in u], e.dtype.f)


def test_divisors_below_a_unit(protocol):
    a = Field("a", Fixed(), range=(1.0, 100.0))
    b = Field("b", Fixed(0), range=(1.0, 100.0))
    u = [1.0, 50.0, 100.0]
    e = [ex.div(ex.col(a), c) for c in (1e-6, 1e-9, -2.0**-30)] + [ex.div(ex.col(b), 0.1)]
    found = computed(protocol, e, [(a, u), (b, u)])
    for one, c, got in zip(e, (1e-6, 1e-9, -2.0**-30, 0.1), found):
        holds(one, got, [Fraction(x) / Fraction(c) for x in u], one.dtype.f)


@pytest.mark.parametrize(("f", "x", "y"), [(18, 100.0, 100.0), (18, 1e9, 1.0), (30, 1.0, 8.0), (10, 2.0**40, 2.0**40)])
def test_quotients(protocol, f, x, y):
    a, b = Field("a", Fixed(f), range=(-x, x)), Field("b", Fixed(f), range=(-y, y))
    u, v = spread(-x, x, f, seed=3), [w or 2.0**-f for w in spread(-y, y, f, seed=4)]
    numerators = [n for n in (0.3, 9.2, 1e-3, 1.0 / 3, -2.0) if abs(n) <= x]
    e = [ex.div(ex.col(a), ex.col(b)), *[ex.div(n, ex.col(b)) for n in numerators]]
    found = computed(protocol, e, [(a, u), (b, v)])
    for one, got, above in zip(e, found, [u, *[[n] * len(u) for n in numerators]]):
        top = Fraction(one.dtype.largest)
        holds(one, got, [min(max(Fraction(p) / Fraction(q), -top), top) for p, q in zip(above, v)], one.dtype.f)


def test_integer_powers(protocol):
    a = Field("a", Fixed(), range=(-12.0, 12.0))
    u = spread(-12.0, 12.0, 18)
    e = [ex.pow_(ex.col(a), n) for n in (2, 3, 5, 8)]
    for n, one, got in zip((2, 3, 5, 8), e, computed(protocol, e, [(a, u)])):
        close([0] * len(u), [(Fraction(g) - Fraction(x) ** n) / (3 * n * max(1, abs(Fraction(x))) ** (n - 2)) for g, x in zip(got, u)], 18, 0, 1, one)


@pytest.mark.parametrize(("f", "top"), [(18, 10.0), (18, LARGEST), (31, 1e4), (40, 1000.0), (46, 30.0), (2, 2.0**58), (61, 1.0)])
def test_rounding_to_decimals_is_exact(protocol, f, top):
    a = Field("a", Fixed(f), range=(-top, top))
    halves = [h for h in (0.125, 0.375, -0.625, 2.5, 0.5, 1.5, 0.0, -0.0) if abs(h) <= top]
    u = [Fixed(f).nearest(x) for x in (*spread(-top, top, f), *halves)]
    decimals = [d for d in range(9) if 10**d < 2**f]
    e = [ex.round_(ex.col(a), d) for d in decimals]
    for d, one, got in zip(decimals, e, computed(protocol, e, [(a, u)])):
        assert got == [float(Fraction(round(round(Fraction(x), d) * 2**f), 2**f)) for x in u], (d, str(one))
        assert one.range[0] <= min(got) and max(got) <= one.range[1]


# ---- hard points ---------------------------------------------------------------------------------------
HARD = [4.0, 10.0, 1e-5, 1e4, 5e-324, -5e-324, LARGEST, -LARGEST, -0.0, 0.0, 2.0**40 + 1, -(2.0**40) - 1, 2.0**-18, 0.5, 1.0]


def _nothing(ok, fn):
    return lambda x: fn(x) if ok(x) else None


FUNCTIONS = {
    "log": (ex.log, _nothing(lambda x: x > 0, math.log)),
    "log2": (ex.log2, _nothing(lambda x: x > 0, math.log2)),
    "log10": (ex.log10, _nothing(lambda x: x > 0, math.log10)),
    "sqrt": (ex.sqrt, _nothing(lambda x: x >= 0, math.sqrt)),
    "rsqrt": (ex.rsqrt, _nothing(lambda x: x > 0, lambda x: 1 / math.sqrt(x))),
    "reciprocal": (ex.reciprocal, _nothing(bool, lambda x: 1 / x)),
    "two by": (lambda e: ex.div(2, e), _nothing(bool, lambda x: 2 / x)),
    "sin": (ex.sin, math.sin),
    "cos": (ex.cos, math.cos),
    "sigmoid": (ex.sigmoid, lambda x: 0.5 + 0.5 * math.tanh(x / 2)),
    "tanh": (ex.tanh, math.tanh),
    "erf": (ex.erf, math.erf),
    "floor": (ex.floor, math.floor),
    "ceil": (ex.ceil, math.ceil),
    "round": (ex.round_, round),
    "neg": (ex.neg, lambda x: -x),
    "abs": (ex.abs_, abs),
    "sign": (ex.sign, lambda x: (x > 0) - (x < 0)),
    "//": (lambda e: ex.floordiv(e, 1.0), math.floor),
    "%": (lambda e: ex.mod(e, 7.0), lambda x: Fraction(x) % 7),
    "exp": (lambda e: ex.exp(ex.clip(e, -10, 10)), lambda x: math.exp(min(max(x, -10), 10))),
    "exp2": (lambda e: ex.exp2(ex.clip(e, -10, 10)), lambda x: 2.0 ** min(max(x, -10), 10)),
    "power": (lambda e: ex.pow_(3, ex.clip(e, -10, 10)), lambda x: 3.0 ** min(max(x, -10), 10)),
    "x ** 0.7": (lambda e: ex.pow_(e, 0.7), _nothing(lambda x: x >= 0, lambda x: x**0.7), Stated(1e-6, 0, 3, True)),
    "times": (lambda e: ex.mul(e, 0.1), lambda x: Fraction(x) * Fraction(0.1)),
    "over": (lambda e: ex.div(e, 3), lambda x: Fraction(x) / 3),
}


@pytest.mark.parametrize("kind", ["float", "int64"])
def test_hard_points(protocol, kind):
    a = Field("a", Fixed() if kind == "float" else Int(64), range=(-LARGEST, LARGEST) if kind == "float" else (-int(LARGEST), int(LARGEST)))
    values = HARD if kind == "float" else sorted({int(x) for x in HARD})
    stored = [Fixed().nearest(x) for x in HARD] if kind == "float" else values
    found = computed(protocol, [build(ex.col(a)) for build, *_ in FUNCTIONS.values()], [(a, values)])
    for (name, (build, true, *stated)), got in zip(FUNCTIONS.items(), found):
        e = build(ex.col(a))
        exact = [true(x) for x in stored]
        assert [v is None for v in got] == [v is None for v in exact], name
        f = e.dtype.f if isinstance(e.dtype, Fixed) else 0
        pairs = [(g, Fraction(x)) for g, x in zip(got, exact) if x is not None]
        holds(e, [g for g, _ in pairs], [x for _, x in pairs], f, *stated)


def test_products_and_exponentials_of_the_hard_points(protocol):
    a, b, x = Field("a", Fixed(), range=(0.0, 1e4)), Field("b", Fixed(), range=(0.0, 1e5)), Field("x", Fixed(), range=(-20.0, 10.0))
    big = Field("big", Int(64), range=(-(2**41), 2**41))
    columns = [(a, [1e4, 5e-324, -0.0]), (b, [1e5, 1e5, 1e5]), (x, [4.0, 10.0, -20.0]), (big, [2**40 + 1, -(2**40) - 1, 0])]
    product, exp, square, back = computed(
        protocol, [ex.mul(ex.col(a), ex.col(b)), ex.exp(ex.col(x)), ex.mul(ex.col(big), 2**19 + 1), ex.floordiv(ex.mul(ex.col(big), 3), 3)], columns
    )
    assert product == [1e9, 0.0, 0.0]
    e = ex.exp(ex.col(x))
    holds(e, exp, [Fraction(math.exp(v)) for v in (4.0, 10.0, -20.0)], e.dtype.f)
    assert square == [v * (2**19 + 1) for v in columns[3][1]] and back == columns[3][1]
