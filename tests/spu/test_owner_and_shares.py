"""Whether an owner or the parties compute an expression must not show: chosen values, in a scan and in a projection after it, on the same rows."""

from __future__ import annotations

import datetime
import decimal
from fractions import Fraction

import pyarrow as pa

from spuframe import expr as ex
from spuframe.dtypes import Bool, Date, Decimal, Duration, Field, Fixed, Int, String, Timestamp
from spuframe.expr.stated import Stated
from tests.spu.both import both

TINY = 2.0**-18
EDGE = Fixed().largest
OFF = [1e-5, 1e-7, -1e-7, 0.1, 0.3, 5e-324, -5e-324, -0.0, 0.0, 1.9e-6, 2.0e-6, -1.9e-6, 4.0, 10.0, -10.0, 0.5, 2.5, -2.5, 7.999999, 1 / 3, -1 / 3]
FIELDS = {
    "x": Field("x", Fixed(), True, range=(-10.0, 10.0)),
    "y": Field("y", Fixed(), False, range=(-10.0, 10.0)),
    "p": Field("p", Fixed(), True, range=(1e-6, 100.0)),
    "q": Field("q", Fixed(), False, range=(0.01, 100.0)),
    "w": Field("w", Fixed(), False, range=(-EDGE, EDGE)),
    "i": Field("i", Int(64), True, range=(-1000, 1000)),
    "j": Field("j", Int(8), False, range=(-9, 9)),
    "big": Field("big", Int(64), False),
    "far": Field("far", Int(64), False, range=(-(2**60), 2**60)),
    "u": Field("u", Int(64, False), False),
    "b": Field("b", Bool(), True),
    "c": Field("c", Bool(), False),
    "s": Field("s", String(4), True),
    "d": Field("d", Date(), True, range=(-20, 20000)),
    "m": Field("m", Decimal(6, 2), True),
    "t": Field("t", Timestamp("Europe/Berlin"), True, range=(-(10**16), 10**16)),
    "h": Field("h", Duration(), False, range=(-(10**13), 10**13)),
}
N = len(OFF)


def _some(values, nullable):
    """A column of N rows that begins with ``values``; every seventh is missing, if that may be."""
    values = [values[k % len(values)] for k in range(N)]
    return [None if nullable and k % 7 == 6 else v for k, v in enumerate(values)]


VALUES = {
    "x": OFF,
    "y": [OFF[-1 - k] for k in range(N)],
    "p": [1e-6, 3e-6, 1e-5, 0.1, 0.3, 1.0, 100.0, 99.9999999, 1 / 3, 2.0**-17],
    "q": [0.01, 0.3, 1.0, 100.0, 99.9999999, 1 / 3, 0.5, 64.0],
    "w": [EDGE, -EDGE, 2.0**43, 1e4, -1e4, 1e-7, 2.5, -0.0, 5e-324, 1e9 + 0.1],
    "i": [1000, -1000, 0, 7, -7, 3, -3, 15, 25, -25],
    "j": [0, 9, -9, 1, -1, 7, -7, 2],
    "big": [2**63 - 1, -(2**63), 0, -1, 2**62, -(2**62), 2**40 + 1],
    "far": [2**60, -(2**60), 2**40 + 1, -(2**40) - 1, 0, 7, -7],
    "u": [2**64 - 1, 2**63, 2**63 - 1, 0, 7],
    "b": [True, False, False, True, True],
    "c": [True, True, False],
    "s": ["", "a", "zé", "zzzz", "aa"],
    "d": [0, 18321, -9, 11000],
    "m": [999999, -999999, 0, 5, -1234, 50, 150],
    "t": [0, -1, 10**16, -(10**16), 1_600_000_000_123_456],
    "h": [10**13, -(10**13), 0, 1, -86_400_000_000],
}


def _column(values, dtype):
    return pa.array(values, dtype.arrow) if isinstance(dtype, Fixed) else dtype.valued(pa.array(values, dtype.held))


TABLE = pa.table({n: _column(_some(VALUES[n], f.nullable), f.dtype) for n, f in FIELDS.items()})
X, Y, P, Q, W, K, J, BIG, FAR, U, B, C, S, D, M, T, H = (ex.col(f) for f in FIELDS.values())

EXACT = [
    ex.add(X, Y), ex.add(X, 0.1), ex.add(K, J), ex.sub(0.3, X), ex.sub(ex.clip(W, -1e9, 1e9), 1e-5), ex.neg(X), ex.neg(W), ex.mul(K, X),
    ex.mul(FAR, 3), ex.mul(B, X), ex.add(D, 5), ex.sub(D, "2020-02-29"),
    *[op(a, b) for op in (ex.eq, ex.ne, ex.lt, ex.le, ex.gt, ex.ge) for a, b in (
        (X, 0), (X, 0.1), (X, Y), (X, 1e-7), (W, X), (K, 2.5), (BIG, 1e-7), (K, J), (BIG, 2**63 - 1), (BIG, -(2**63)), (U, 2**63),
        (U, 2**64 - 1), (W, EDGE), (D, "2000-01-01"))],
    ex.eq(S, "a"), ex.lt(S, "aa"), ex.eq(BIG, 2**64 - 1), ex.lt(BIG, 2**63),
    ex.and_(B, C), ex.or_(B, ex.gt(X, 0)), ex.xor(B, C), ex.not_(B), ex.is_null(X), ex.fill_null(X, 0.1), ex.fill_null(K, 4),
    ex.where(B, X, 0.3), ex.where(C, U, 2**63), ex.where(C, U, 3), ex.where(C, K, None),
    ex.clip(X, 1e-6, 0.3), ex.maximum(X, Y), ex.abs_(X), ex.abs_(W), ex.sign(X), ex.sign(W), ex.sign(K),
    ex.isin(X, [0.1, 0, 1e-5]), ex.isin(BIG, [2**63 - 1, -(2**63), 5]), ex.isin(U, [2**64 - 1, 7]), ex.isin(S, ["a", "zé"]),
    ex.map_(X, {0.3: 1.5, 0.1: 0.1, 0.1000001: 7.5}), ex.map_(K, {7: "a", -7: "b"}),
    ex.cast(X, "int64"), ex.cast(X, bool), ex.cast(X, "float[f=30]"), ex.cast(K, float), ex.cast(C, float), ex.cast(W, "int64"),
    ex.floor(X), ex.ceil(X), ex.floor(W), ex.ceil(W), ex.round_(W), ex.round_(X), *[ex.round_(e, k) for e in (X, P, W) for k in (1, 2, 3, 4, 5)],
    *[op(a, b) for op in (ex.floordiv, ex.mod) for a, b in (
        (X, 0.1), (X, 0.3), (X, Y), (0.3, X), (X, -0.7), (P, Q), (W, 1.0), (W, 3e-1 * 4), (K, 7), (K, -7), (K, J), (FAR, 10**9 + 7), (FAR, J), (P, P))],
    ex.floordiv(X, ex.mul(X, 0)), ex.mod(J, ex.mul(K, 0)), ex.floordiv(K, ex.sub(K, K)),
    *[ex.div(a, b) for a, b in (
        (X, Y), (0.3, X), (X, 1e-6), (X, -1e-7), (X, 1e12), (X, 0.1), (X, 3), (K, 3), (K, J), (2, X), (9.2, P), (X, P), (K, 0.1), (P, 5e-5))],
    *[ex.reciprocal(e) for e in (P, Q, X, J, K, ex.clip(W, 1.0, 1e12))],
    ex.add(M, K), ex.sub(M, decimal.Decimal("1.005")), ex.mul(M, M), ex.mul(M, 0.25), ex.mul(K, M), ex.neg(M), ex.abs_(M), ex.round_(M, 1),
    ex.round_(M, -1), ex.cast(M, float), ex.cast(M, "float[f=4]"), ex.cast(M, "int64"), ex.cast(M, "decimal[12,6]"),
    ex.cast(M, bool), ex.floor(M), ex.ceil(M), ex.sign(M),
    ex.div(M, 3), ex.div(M, M), ex.floordiv(M, decimal.Decimal("0.07")), ex.mod(M, 0.3), ex.fill_null(M, 2), ex.clip(M, -10, 9.5),
    ex.isin(M, [0.05, 99.999, 0]),
    ex.gt(M, 0.049), ex.le(0.051, M), ex.eq(M, decimal.Decimal("0.050")), ex.lt(M, K), ex.map_(M, {0.05: datetime.timedelta(1), 0: datetime.timedelta(2)}),
    ex.add(T, H), ex.sub(T, datetime.timedelta(hours=1)), ex.sub(T, "2020-02-29 12:00"), ex.mul(H, J), ex.add(H, H), ex.neg(H), ex.abs_(H),
    ex.div(H, datetime.timedelta(hours=1)),
    ex.floordiv(H, datetime.timedelta(seconds=7)), ex.mod(H, datetime.timedelta(seconds=7)), ex.cast(T, "int64"), ex.cast(H, "int64"),
    ex.cast(D, "timestamp"),
    ex.cast(ex.cast(D, "timestamp"), "date"), ex.sub(ex.cast(D, "timestamp"), D), ex.lt(T, "1970-01-01 00:59:59.999999"), ex.fill_null(T, "2020-01-01"),
    ex.clip(H, None, datetime.timedelta(1)), ex.maximum(T, "1971-01-01"), ex.isin(T, ["1970-01-01 01:00"]), ex.where(B, H, None), ex.eq(H, H),
    ex.bit_and(K, 12), ex.bit_or(K, J), ex.bit_xor(K, J), ex.shift_right(K, 2), ex.round_(K, -1), ex.pow_(K, 3),
]  # fmt: skip
CLOSE = [  # as close as they state
    *[ex.mul(a, b) for a, b in ((X, Y), (X, 0.1), (X, 1e-12), (X, -1e-7), (K, 0.1), (K, 1e-12), (P, 1e5), (W, 1e-12), (W, 0.1), (K, 1 / 3))],
    ex.div(X, ex.mul(X, 0)), ex.div(1, ex.mul(X, 0)), ex.div(1, ex.mul(K, 0)), ex.log(ex.mul(X, 0)), ex.log2(ex.mul(X, 0)), ex.rsqrt(ex.mul(K, 0)),
    *[ex.exp(e) for e in (X, J, ex.cast(X, "float[f=30]"))], ex.exp2(X), ex.pow_(3, J), ex.pow_(0.3, X), ex.pow_(P, -0.5),
    *[f(e) for f in (ex.log, ex.log2, ex.log10) for e in (P, Q, X, W, K)], *[f(e) for f in (ex.sqrt, ex.rsqrt) for e in (P, Q, X, J)],
    *[f(e) for f in (ex.sin, ex.cos, ex.sigmoid, ex.tanh, ex.erf) for e in (X, W, K)], ex.cast(X, "float[f=4]"), ex.cast(P, "float[f=0]"),
]  # fmt: skip
POWERS = [(e, Stated(relative, 0, 8, True)) for e, relative in ((ex.pow_(P, 1.7), 2e-6), (ex.pow_(Q, ex.mul(X, 0.25)), 2e-5), (ex.pow_(X, 0.3), 2e-6))]


def _both(expressions, protocol):
    """Each expression as the parties compute it, and as the owner does."""
    return both(expressions, list(FIELDS.values()), TABLE, protocol)


def test_exact_functions_agree_to_the_bit(protocol):
    for e, (shares, owner) in zip(EXACT, _both(EXACT, protocol)):
        assert shares == owner, str(e)


def test_approximate_functions_agree_up_to_their_error(protocol):
    made = [*((e, e.stated) for e in CLOSE), *POWERS]
    for (e, stated), (shares, owner) in zip(made, _both([e for e, _ in made], protocol), strict=True):
        assert [v is None for v in shares] == [v is None for v in owner], str(e)
        for a, b in zip(shares, owner, strict=True):
            assert a is None or abs(Fraction(a) - Fraction(b)) <= stated.allowed(b, e.dtype.f) + Fraction(1, 1 << e.dtype.f), (str(e), a, b)


def test_what_is_exact_has_no_chance():
    assert not any(e.stated.chance for e in EXACT)
