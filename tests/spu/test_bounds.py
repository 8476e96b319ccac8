"""Results lie within the range that is inferred of them, of every function at the very ends of its arguments: what is computed of them relies on it."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from spuframe import expr as ex
from spuframe.dtypes import Field, Fixed, Int
from spuframe.expr.expr import Function
from spuframe.spu.value import MARGIN
from tests.spu.both import both
from tests.spu.collected import built, of_operands

CONSTANTS = [0.1, -0.1, 1 / 3, 3.7, 1e-5, 1e5 + 0.1, 3, -7, 0.5, 1e-12, 2.0**31 + 0.3]
UNARY = [*of_operands(1), lambda e: ex.pow_(e, 3), lambda e: ex.pow_(e, 0.7), lambda e: ex.pow_(3, e), lambda e: ex.round_(e, 2)]
UNARY += [lambda e, t=t: ex.cast(e, t) for t in ("int64", "float[f=4]", "float[f=18]", "float[f=40]", "bool")]
UNARY += [lambda e: ex.shift_right(e, 3), lambda e: ex.bit_and(e, 12), lambda e: ex.bit_or(e, 12), lambda e: ex.bit_xor(e, 12), lambda e: ex.mul(e, e)]
UNARY += [lambda e: ex.map_(e, {0: 0.1, 1: -3.7}), lambda e: ex.fill_null(ex.where(ex.gt(e, 0), e, None), 0.3), lambda e: ex.clip(e, -0.3, 0.7)]
UNARY += [lambda e, c=c, op=op: op(e, c) for op in (ex.mul, ex.div, ex.add, ex.floordiv, ex.mod, ex.minimum) for c in CONSTANTS]
UNARY += [lambda e, c=c, op=op: op(c, e) for op in (ex.div, ex.sub, ex.floordiv, ex.mod, ex.maximum) for c in CONSTANTS]
BINARY = of_operands(2)
BINARY += [lambda a, b: ex.where(ex.lt(a, b), a, b)]


@st.composite
def columns(draw: st.DrawFn, name: str) -> tuple[Field, list]:
    """A column with the rows that may show a bound that is too narrow: its ends, their neighbours, and what is nearest to zero."""
    f = draw(st.sampled_from([None, 0, 4, 18, 18, 30, 47, 61]))
    top = draw(st.integers(1, 61).flatmap(lambda bits: st.sampled_from([1 << bits, (1 << bits) - 1, (2 << bits) // 3])))
    low = draw(st.sampled_from([-top, 0, 1, top // 2, -top // 3, top - 1]))
    low, top = draw(st.sampled_from([(low, top), (-top, -low)]))
    if f is not None and top - low > 1 << 53:  # rows are given as floats
        low, top = low >> 8 << 8, top >> 8 << 8
    near = [v for v in (low, low + 1, low + 2, top - 2, top - 1, top, 0, 1, -1, (low + top) // 2) if low <= v <= top]
    if f is None:
        return Field(name, Int(64), range=(low, top)), near
    return Field(name, Fixed(f), range=(low * 2.0**-f, top * 2.0**-f)), [v for v in (u * 2.0**-f for u in near) if low <= v * 2.0**f <= top]


WIDE = (Field("a", Int(64), range=(-(2**61) + 1, 2**61 - 1)), [2**61 - 1, 1 - 2**61]), (Field("b", Fixed(), range=(0.0, 2.0)), [0.0, 2.0])


@given(left=columns("a"), right=columns("b"), unary=st.lists(st.sampled_from(UNARY), max_size=8), binary=st.lists(st.sampled_from(BINARY), max_size=4))
@example(left=WIDE[0], right=WIDE[1], unary=UNARY[::7], binary=BINARY)
def test_results_at_the_very_ends(left, right, unary, binary, protocol):
    (field, ends), (other, others) = left, right
    a, b = ex.col(field), ex.col(other)
    made = [e for e in [built(build, a) for build in unary] + [built(build, a, b) for build in binary] if isinstance(e, Function)]
    made = [e for e in made if e.range is not None]
    rows = [(u, v) for u in ends for v in others] * 2  # a coin may fall the other way
    table = pa.table({n: pa.array([r[k] for r in rows], f.dtype.arrow) for k, (n, f) in enumerate((("a", field), ("b", other)))})
    for e, found in zip(made, both(made, [field, other], table, protocol)):
        (low, high), beyond = e.range, MARGIN * 2.0**-e.dtype.frac
        low, high = low or -beyond, high or beyond
        for who, got in zip(("parties", "owner"), found):
            outside = [v for v in got if v is not None and not low <= v <= high]
            assert not outside, f"{who}: {e} of {e.info} gives {outside[:3]}"
