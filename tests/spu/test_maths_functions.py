"""The functions over shares: swept over their ranges against float64, at the hard points, on every protocol; and the owner's version of them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed, Int
from spuframe.spu.algorithms import coefficients, waves
from spuframe.spu.algorithms.exp import LOG2_E, exp2
from spuframe.spu.algorithms.log import log
from spuframe.spu.algorithms.roots import rsqrt, sqrt
from spuframe.spu.algorithms.rounding import floor, round_even
from spuframe.spu.plaintext import evaluate
from spuframe.spu.share import Arithmetic
from spuframe.testing import simulate_blackbox
from tests.spu.both import run_of
from tools import minimax

A64 = Arithmetic(64)
TINY = 2.0**-18


def units(x, f):
    return np.rint(np.asarray(x, np.float64) * 2.0**f).astype(np.int64)


def run(protocol, fn, u, out):
    """``fn(box, share, bounds)`` on words, as floats with ``out`` fraction bits; and the bit, if there is one."""
    bounds = int(u.min()), int(u.max())

    def work(box, s):
        found = fn(box, s, bounds)
        return [v for v in found if v is not None] if isinstance(found, tuple) else [found]

    words, *flag = simulate_blackbox(protocol, work, (u, A64))
    return words.view(np.int64) * 2.0**-out, (flag[0].astype(bool) if flag else None)


def check(got, want, relative, absolute):
    error = np.abs(got - want) - relative * np.abs(want) - absolute
    worst = int(np.argmax(error))
    assert error[worst] <= 0, (got[worst], want[worst])


def test_committed_coefficients_are_what_the_script_derives():
    for name, (found, error) in minimax.table().items():
        np.testing.assert_allclose(getattr(coefficients, name), found, rtol=1e-7, atol=1e-10)
        assert error < {"EXP2": 1.2e-7, "LOG2": 5e-8, "RSQRT": 7e-4, "INVERSE_LINE": 0.06}[name]


# ---- exponentials -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "f", "out"),
    [(-10, 10, 18, 31), (-10, 10, 30, 31), (-100, 100, 18, 18), (-(2.0**43), 2.0**43, 18, 18), (0, 1, 18, 20), (20, 30, 18, 18),
     (-40, -35, 18, 46), (-200, -100, 18, 18), (-3, 5, 0, 30), (2, 2, 18, 30), (-1, 1, 45, 40)],
)  # fmt: skip
def test_exp_over_its_range(protocol, low, high, f, out):
    hard = np.clip([0.0, -0.0, 4.0, 10.0, TINY, -TINY], low, high)
    x = np.concatenate([np.linspace(low, high, 1501), np.clip(np.linspace(-14, 31, 500), low, high), hard])
    u = units(x, f)
    got, _ = run(protocol, lambda box, s, b: exp2(box, s, f, b, out, LOG2_E), u, out)
    want = np.exp(np.minimum(u * 2.0**-f, (61 - out) * math.log(2)))
    check(got, want, 2.0**-21, 2 * 2.0**-out)
    assert got.min() >= 0


def test_the_bar_of_exp(protocol):
    u = units(np.concatenate([np.linspace(-10, 10, 4001), [4.0, 10.0, -10.0]]), 18)
    got, _ = run(protocol, lambda box, s, b: exp2(box, s, 18, b, 31, LOG2_E), u, 31)
    check(got, np.exp(u * 2.0**-18), 1e-4, 0)


def test_powers_of_two_are_exact(protocol):
    u = np.arange(-20, 21)
    got, _ = run(protocol, lambda box, s, b: exp2(box, s, 0, b, 30), u, 30)
    np.testing.assert_array_equal(got, 2.0**u)
    got, _ = run(protocol, lambda box, s, b: exp2(box, s, 18, b, 20, Fraction(math.log2(1.01))), units(np.linspace(-900, 900, 501), 18), 20)
    check(got, 1.01 ** (units(np.linspace(-900, 900, 501), 18) * TINY), 2.0**-21, 2.0**-19)


# ---- logarithms, roots ------------------------------------------------------------------------------
RANGES = [(TINY, 2.0**43, 18), (1.0, 1000.0, 18), (1e-4, 1e4, 30), (1.0, 1e6, 0), (3.0, 1e6, 17), (2.0**-17, 2.0**44, 17), (5.0, 5.0, 18)]


def positives(low, high, f, zero=False):
    u = units(np.concatenate([np.geomspace(low, high, 2001), np.clip(2.0 ** np.arange(-18, 44), low, high)]), f)
    return np.concatenate([u, [0, -1, -5]]) if zero else u


@pytest.mark.parametrize(("low", "high", "f"), RANGES)
@pytest.mark.parametrize(("unit", "out"), [(math.log(2), 18), (1.0, 30), (math.log10(2), 24)])
def test_logarithms(protocol, low, high, f, unit, out):
    u = positives(low, high, f)
    got, flag = run(protocol, lambda box, s, b: log(box, s, f, b, out, unit), u, out)
    check(got, unit * np.log2(u * 2.0**-f), 0, 3e-7 + 2.0**-out)
    assert flag is None or flag.all()


@pytest.mark.parametrize(("low", "high", "f"), RANGES)
@pytest.mark.parametrize("which", ["sqrt", "rsqrt"])
def test_roots(protocol, low, high, f, which):
    out = {"sqrt": min(30, 60 - math.ceil(math.log2(high) / 2)), "rsqrt": 30}[which]
    fn = {"sqrt": sqrt, "rsqrt": rsqrt}[which]
    u = positives(low, high, f)
    got, flag = run(protocol, lambda box, s, b: fn(box, s, f, b, out), u, out)
    x = u * 2.0**-f
    want = {"sqrt": np.sqrt(x), "rsqrt": 1 / np.sqrt(x)}[which]
    check(got, want, 2.0**-19, 3 * 2.0**-out)
    assert flag is None or flag.all()


def test_signs_and_zeros(protocol):
    u = np.concatenate([positives(TINY, 2.0**43, 18), -positives(TINY, 2.0**43, 18), [0]])
    for fn in (lambda box, s, b: log(box, s, 18, b, 18)[1], lambda box, s, b: rsqrt(box, s, 18, b, 18)[1]):
        words = simulate_blackbox(protocol, lambda box, s, fn=fn: fn(box, s, (int(u.min()), int(u.max()))), (u, A64))
        np.testing.assert_array_equal(words.astype(bool), u > 0)
    got, _ = run(protocol, lambda box, s, b: sqrt(box, s, 18, b, 24), u, 24)
    assert (got[u <= 0] == 0).all()


def test_a_rounding_below_zero_is_zero(protocol):
    """A product of range [0, 4] may be computed as -1 unit."""
    u = np.array([-1, -3, 0, 1, 1 << 20])

    def fn(box, s, _):
        return [sqrt(box, s, 18, (0, 1 << 20), 24), log(box, s, 18, (0, 1 << 20), 24)[1]]

    root, *flags = simulate_blackbox(protocol, lambda box, s: fn(box, s, None), (u, A64))
    assert root[:3].tolist() == [0, 0, 0]
    for flag in flags:
        assert flag.tolist() == [0, 0, 0, 1, 1]


# ---- waves ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("quarters", [0, 1])
@pytest.mark.parametrize("reach", [0.1, 7.0, 2.0**19, 2.0**43])
def test_sin_and_cos(protocol, quarters, reach):
    u = units(np.concatenate([np.linspace(-reach, reach, 2001), [0.0, reach]]), 18)
    got, _ = run(protocol, lambda box, s, b: waves.sine(box, s, 18, b, 30, quarters), u, 30)
    check(got, (np.cos if quarters else np.sin)(u * TINY), 0, 2.0**-21 + 2.0**-30)


@pytest.mark.parametrize(
    ("what", "true"), [(waves.SIGMOID, lambda x: 0.5 + 0.5 * np.tanh(x / 2)), (waves.TANH, np.tanh), (waves.ERF, np.vectorize(math.erf))]
)
@pytest.mark.parametrize(("low", "high", "f"), [(-3, 3, 18), (-1e6, 1e6, 18), (-2, 1e3, 18), (-1e3, 2, 18), (-(2.0**42), 2.0**42, 18), (-2, 2, 58)])
def test_saturating(protocol, what, true, low, high, f):
    x = np.concatenate([np.linspace(low, high, 501), np.clip(np.linspace(-20, 20, 2001), low, high), [0.0]])
    u = units(x, f)
    out = min(f, 24)
    got, _ = run(protocol, lambda box, s, b: waves.saturating(box, s, f, b, out, what), u, out)
    check(got, true(u * 2.0**-f), 0, 5e-6 + 2 * 2.0**-out)


# ---- whole numbers ----------------------------------------------------------------------------------
def test_floor_and_rounding_are_exact(protocol):
    rng = np.random.default_rng(7)
    u = np.concatenate([rng.integers(-(1 << 61), 1 << 61, 500), np.arange(-40, 41), (np.arange(-9, 10) << 17), (np.arange(-9, 10) << 18), [(1 << 61) + 1]])
    got, _ = run(protocol, lambda box, s, b: floor(box, s, 18), u, 0)
    np.testing.assert_array_equal(got, ((u >> 18) << 18).astype(float))
    for f in (1, 3, 18):
        got, _ = run(protocol, lambda box, s, b, f=f: round_even(box, s, f), u, 0)
        want = [round(Fraction(int(v), 1 << f)) << f for v in u]
        assert got.tolist() == [float(w) for w in want]


# ---- as expressions, over shares and at the owner -----------------------------------------------------
F18 = Fixed()
FIELDS = {
    "i": Field("i", Int(64), True, range=(-1000, 1000)),
    "j": Field("j", Int(8), False, range=(-9, 9)),
    "big": Field("big", Int(64), False, range=(-(2**60), 2**60)),
    "x": Field("x", F18, True, range=(-10.0, 10.0)),
    "p": Field("p", F18, False, range=(0.01, 100.0)),
    "w": Field("w", F18, False),
    "fine": Field("fine", Fixed(30), False, range=(1e-5, 1e4)),
}
ROWS = 40


def table():
    rng = np.random.default_rng(3)
    big = rng.integers(-(2**60), 2**60, ROWS)
    big[:6] = [2**40 + 1, -(2**40) - 1, 2**60, -(2**60), 0, 1]
    x = np.rint(rng.uniform(-10, 10, ROWS) * 2**18) / 2**18
    x[:8] = [4.0, 10.0, -10.0, 0.0, -0.0, 0.5, 2.5, TINY]
    w = np.rint(rng.normal(0, 1e3, ROWS) * 2**18) / 2**18
    w[:6] = [2.0**43, -(2.0**43), 0.0, -TINY, 1e4, 2.5]
    j = rng.integers(-9, 10, ROWS)
    j[:3] = [0, 7, -7]
    fine = np.rint(np.geomspace(1.1e-5, 1e4, ROWS) * 2**30) / 2**30
    i = [None if k == 9 else int(v) for k, v in enumerate(rng.integers(-1000, 1001, ROWS))]
    return pa.table(
        {
            "i": pa.array(i, pa.int64()),
            "j": pa.array(j, pa.int8()),
            "big": big,
            "x": pa.array([None if k == 11 else float(v) for k, v in enumerate(x)]),
            "p": np.rint(np.geomspace(0.0101, 99.9, ROWS) * 2**18) / 2**18,
            "w": w,
            "fine": fine,
        }
    )


C = {name: ex.col(field) for name, field in FIELDS.items()}
EXACT = [
    ex.floordiv(C["i"], 7), ex.mod(C["i"], 7), ex.floordiv(C["i"], -7), ex.mod(C["i"], -7), ex.mod(C["i"], 8), ex.floordiv(C["i"], -8),
    ex.floordiv(C["big"], 3), ex.mod(C["big"], 3), ex.mod(C["big"], 10**9 + 7), ex.floordiv(C["big"], 10**9 + 7), ex.floordiv(C["big"], 1),
    ex.floordiv(C["big"], 2**59 + 1), ex.mod(C["big"], 2**40),
    ex.floordiv(C["i"], C["j"]), ex.mod(C["i"], C["j"]), ex.floordiv(C["big"], C["j"]), ex.mod(C["big"], C["j"]), ex.mod(C["j"], C["big"]),
    ex.pow_(C["i"], 3), ex.pow_(C["i"], 0), ex.round_(C["i"], -1), ex.round_(C["i"], 2), ex.round_(C["big"], -3),
    ex.floor(C["x"]), ex.ceil(C["x"]), ex.round_(C["x"]), ex.floor(C["w"]), ex.ceil(C["w"]), ex.round_(C["w"]),
    ex.mod(C["w"], 1.0), ex.mod(C["x"], 0.5), ex.floordiv(C["x"], 0.75), ex.mod(C["x"], -0.75), ex.floordiv(C["x"], C["p"]), ex.mod(C["x"], C["p"]),
]  # fmt: skip
CLOSE = [
    (ex.exp(C["x"]), 1e-5),
    (ex.exp2(C["x"]), 1e-5),
    (ex.pow_(0.5, C["x"]), 1e-5),
    (ex.pow_(1, C["i"]), 1e-9),
    (ex.exp(C["j"]), 1e-5),
    (ex.pow_(3, C["j"]), 1e-5),
    (ex.log(C["p"]), 1e-5),
    (ex.log2(C["w"]), 1e-5),
    (ex.log10(C["i"]), 1e-5),
    (ex.sqrt(C["p"]), 1e-5),
    (ex.sqrt(C["x"]), 1e-5),
    (ex.rsqrt(C["p"]), 1e-5),
    (ex.sqrt(C["j"]), 1e-5),
    (ex.reciprocal(C["fine"]), 3e-6),
    (ex.div(1, C["x"]), 1e-5),
    (ex.reciprocal(C["j"]), 3e-6),
    (ex.pow_(C["p"], -2), 1e-4),
    (ex.sin(C["x"]), 1e-5),
    (ex.cos(C["i"]), 1e-5),
    (ex.sigmoid(C["x"]), 1e-4),
    (ex.tanh(C["w"]), 2e-5),
    (ex.erf(C["x"]), 2e-5),
    (ex.sigmoid(C["w"]), 1e-4),
    (ex.pow_(C["p"], 1.7), 1e-5),
    (ex.pow_(C["p"], 0.5), 1e-5),
    (ex.pow_(C["x"], 3), 1e-5),
    (ex.pow_(C["x"], 0.3), 1e-5),
    (ex.pow_(C["p"], ex.mul(C["x"], 0.25)), 1e-4),
    (ex.round_(C["x"], 2), 1e-5),
    (ex.round_(C["w"], 3), 1e-5),
    (ex.add(ex.exp(C["x"]), C["p"]), 1e-5),
    (ex.mul(ex.sub(ex.mod(C["p"], 1.0), 0.0625), C["w"]), 2e-5),
    (ex.mul(ex.exp(C["x"]), C["p"]), 1e-5),
]  # fmt: skip


def secret(expressions, protocol):
    return run_of(expressions, list(FIELDS.values()), table(), protocol).tables[0]


def test_exact_functions_of_columns(protocol):
    source, found = table(), secret(EXACT, protocol)
    for e, got in zip(EXACT, found.columns):
        want = evaluate(e.to_plain(), source)
        rows = [ex.evaluate(e, row) for row in source.to_pylist()]
        assert got.to_pylist() == want.to_pylist() == rows, str(e)


def test_approximate_functions_of_columns(protocol):
    source, found = table(), secret([e for e, _ in CLOSE], protocol)
    for (e, tolerance), got in zip(CLOSE, found.columns):
        want = evaluate(e.to_plain(), source)
        rows = [ex.evaluate(e, row) for row in source.to_pylist()]
        assert [v is None for v in got.to_pylist()] == [v is None for v in want.to_pylist()] == [v is None for v in rows], str(e)
        a, b, c = (np.array([v for v in column if v is not None]) for column in (got.to_pylist(), want.to_pylist(), rows))
        nested = any(a.args for a in e.args if hasattr(a, "args"))  # the owner rounds to the grid, and no more: but also what is in between
        relative, most = (tolerance, tolerance) if nested else (1e-9, 0.51 * 2.0**-e.dtype.f)
        np.testing.assert_allclose(b, c, rtol=relative, atol=most, err_msg=str(e))
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=str(e))
        low, high = e.range if e.range is not None else (-math.inf, math.inf)
        assert low <= a.min() and a.max() <= high, str(e)
        assert low <= b.min() and b.max() <= high, str(e)
