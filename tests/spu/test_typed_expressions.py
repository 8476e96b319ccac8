"""Whether an owner or the parties compute an expression must not show, and both are right: expressions that Hypothesis draws, against exact rows."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed, Int
from spuframe.errors import PrecisionWarning, RangeOverflowError
from tests.spu.both import both, by_owner, by_parties
from tests.spu.typed import ANY, COLUMNS, close, comparable, expected, expression, inexact, table


def _both(expressions, rows, protocol):
    """Each expression as the parties compute it, and as the owner does."""
    return both(expressions, [f for f, _ in COLUMNS.values()], table(rows), protocol)


def _inside(e, rows):
    """Whether results are within the bounds that were inferred: a root is never negative, a sine never beyond one."""
    if e.dtype.has_range and not e.dtype.is_numeric:
        rows = e.dtype.numbers(pa.array(rows, e.dtype.arrow)).to_pylist()
    return e.range is None or all(e.range[0] <= v <= e.range[1] for v in rows if v is not None)


@given(expressions=st.lists(ANY.flatmap(lambda kind: expression(kind, 2)), min_size=1, max_size=8), rows=st.sampled_from([29, 29, 29, 1, 0]))
def test_owner_parties_and_exact_rows_agree(expressions, rows, protocol):
    for e, (shares, owner) in zip(expressions, _both(expressions, rows, protocol)):
        if not comparable(e):
            continue
        want = expected(e, rows)
        assert close(e, owner, want) and _inside(e, owner), f"owner: {e}\n{e.info}\n{owner}\n{want}"
        assert close(e, shares, want) and _inside(e, shares), f"parties: {e}\n{e.info}\n{shares}\n{want}"
        assert inexact(e) or shares == owner, str(e)


def _col(name):
    return ex.col(COLUMNS[name][0])


def _coarse(dividend, *divisors):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        return [ex.div(dividend, d) for d in divisors]


FOUND = [  # by the generator, before they were mended
    *[ex.clip(_col(name), 0, 1) for name in "uvo"], ex.fill_null(_col("j"), _col("u")), ex.fill_null(_col("u"), 9), ex.maximum(_col("k"), _col("u")),
    ex.minimum(_col("k"), _col("u")), ex.mul(_col("u"), 0), ex.sub(_col("o"), 2**63 - 3), ex.sub(2**63 - 3, _col("o")), ex.sin(_col("l")),
    ex.cos(_col("l")), ex.where(_col("c"), _col("u"), _col("k")), ex.add(_col("l"), 3.0), ex.gt(ex.mul(_col("l"), 1.0), 2**61 - 2),
    ex.div(2**53 + 1, _col("x")), *_coarse(2**53 + 1, _col("u"), _col("m")), ex.sub(_col("z"), 2**53 + 1), ex.eq(ex.add(_col("z"), 2**53 + 1), 2**53 + 4),
    ex.floordiv(_col("l"), 1.0), ex.mod(_col("l"), 1000.0), ex.cast(ex.neg(ex.cast(_col("l"), "float")), "int64"), ex.div(_col("l"), 7),
]  # fmt: skip


def test_what_was_found_stays_mended(protocol):
    for e, (shares, owner) in zip(FOUND, _both(FOUND, 29, protocol)):
        assert close(e, owner, expected(e, 29)) and close(e, shares, expected(e, 29)), f"{e}\n{shares}\n{owner}\n{expected(e, 29)}"


def test_quotients_that_are_not_the_nearest_are_warned_of():
    for dividend, divisor in (("l", _col("u")), ("l", _col("m")), ("i", 2**61 + 1), ("x", 2**62 + 3)):
        with pytest.warns(PrecisionWarning, match=r"may not be rounded to the nearest.*61 bits.*clip\(low, high\)"):
            ex.div(_col(dividend), divisor)
    with pytest.raises(RangeOverflowError, match="the dividend must stay below"):
        ex.div(_col("m"), 7)


@pytest.mark.parametrize("name", "muvo")
def test_products_of_integers_too_large_to_be_cut_are_refused(name):
    for other in (0.0174, 1e-12, -0.3, ex.mul(_col("g"), 1e-9), _col("z")):
        for pair in ((_col(name), other), (other, _col(name))):
            with pytest.raises(RangeOverflowError, match="may reach .* must stay below"):
                ex.mul(*pair)
    assert ex.mul(_col(name), 0.0).range == (0.0, 0.0)


def test_bounded_functions_never_leave_their_range(protocol):
    """At every step of an even grid around where they become flat, for few and many fraction bits."""
    for f in (8, 18, 30):
        field = Field("x", Fixed(f), range=(-20.0, 20.0))
        values = pa.table({"x": np.linspace(-20.0, 20.0, 40001)})
        x = ex.col(field)
        made = [ex.sigmoid(x), ex.tanh(x), ex.erf(x), ex.sin(x), ex.cos(x), ex.log(ex.sub(1, ex.sigmoid(x))), ex.log(ex.sigmoid(x))]
        found = by_parties(made, [field], values, protocol)
        for e, column, least in zip(made[:5], found, [0.0, -1.0, -1.0, -1.0, -1.0]):
            inner = 2.0**-e.dtype.f if e.fn not in ("sin", "cos") else 0.0
            assert least + inner <= min(column) and max(column) <= 1.0 - inner, str(e)
        assert None not in found[5] and None not in found[6]


DECIMALS = [0.01, 0.1, -0.3, 1e-5, 3.7, -0.01, 7, -7, 2.5, 64.0, 0.0625, 1 / 3, 1e6 + 0.1]


def test_quotients_by_constants_are_exact(protocol):
    """The constant is the float64 of its name: 100000.0 // 0.01 is 9,999,999, as in Python and pandas; ``/`` is rounded to the nearest."""
    made = []
    for name in "xygwzijl":
        for by in DECIMALS:
            for build in (ex.floordiv, ex.mod, ex.div):
                try:
                    made.append(build(_col(name), by))
                except RangeOverflowError:
                    pass
    for name in "xygzijk":
        for dividend in (0.3, -0.7, 5, 1e-5, 2**20, -0.1):
            made += [ex.floordiv(dividend, _col(name)), ex.mod(dividend, _col(name))]
    made = [e for e in made if comparable(e)]
    assert len(made) > 300
    for e, (shares, owner) in zip(made, _both(made, 29, protocol)):
        want = expected(e, 29)
        assert close(e, shares, want) and close(e, owner, want), f"{e} {e.info}\n{shares}\n{owner}\n{want}"


def test_what_pandas_gives_for_decimal_divisors(protocol):
    values = [100000.0, 1.0, 0.75, -100000.0, 0.0, 99.25]
    x = ex.col(Field("x", Fixed(), range=(-1e5, 1e5)))
    i = ex.col(Field("i", Int(64), range=(-(10**6), 10**6)))
    table = pa.table({"x": values, "i": [100, 1, -100, 7, 0, 10**6]})
    made = [ex.floordiv(e, c) for e in (x, i) for c in (0.01, 0.1, -0.01, 0.3)]
    want = [[v // c for v in table[name].to_pylist()] for name in "xi" for c in (0.01, 0.1, -0.01, 0.3)]
    assert by_parties(made, [x.field, i.field], table, protocol) == by_owner(made, table, protocol) == want
