from __future__ import annotations

import pytest

from spuframe import expr as ex
from spuframe.dtypes import Bool, Decimal, Duration, Field, Fixed, Int, String, Timestamp
from spuframe.errors import ColumnNotFoundError, PlanError
from spuframe.expr.expr import plain_nodes
from spuframe.ir.expressions import arity, from_plain, functions

FIELDS = {
    f.name: f
    for f in (
        Field("i", Int(64), True, range=(1, 9)), Field("x", Fixed(), range=(0.5, 4.0)), Field("b", Bool(), True), Field("s", String(3)),
        Field("d", Decimal(6, 2), True), Field("t", Timestamp("UTC"), range=(0, 10**15)), Field("h", Duration(), range=(-5, 5)),
    )
}  # fmt: skip
N, X, B, S, D, T, H = (ex.col(f) for f in FIELDS.values())

EXAMPLES = [
    ex.add(N, 1), ex.sub(N, 1), ex.mul(N, X), ex.div(X, N), ex.neg(N), ex.eq(S, "a"), ex.ne(N, 1), ex.lt(N, 5), ex.le(X, 1), ex.gt(N, 5), ex.ge(X, 1),
    ex.and_(B, True), ex.or_(B, ex.not_(B)), ex.xor(B, B), ex.where(B, N, 0), ex.is_null(N), ex.fill_null(N, 0), ex.isin(N, [1, 5, 7]),
    ex.cast(N, Fixed()), ex.exp(X), ex.exp2(X), ex.pow_(1.5, X), ex.log(X), ex.log2(X), ex.log10(X), ex.sqrt(X), ex.rsqrt(X), ex.reciprocal(X),
    ex.sin(X), ex.cos(X), ex.sigmoid(X), ex.tanh(X), ex.erf(X), ex.floor(X), ex.ceil(X), ex.round_(X, 1), ex.floordiv(N, 2), ex.mod(N, 2), ex.sign(X),
    ex.add(D, N), ex.mul(D, D), ex.sub(D, 0.125), ex.cast(D, "int64"), ex.cast(D, float), ex.add(T, H), ex.sub(T, "2020-01-01"), ex.mul(H, N),
    ex.bit_and(N, 1), ex.bit_or(N, 1), ex.bit_xor(N, 1), ex.shift_right(N, 1), ex.bit_count(N), ex.map_(N, {1: 0.5, 2: 1.5, 3: 2.5}),
]  # fmt: skip


def test_every_function_is_read_again() -> None:
    nodes, places = plain_nodes(EXAMPLES)
    assert {n["fn"] for n in nodes if "fn" in n} >= functions().keys()
    made = from_plain(nodes, FIELDS)
    for e, place in zip(EXAMPLES, places, strict=True):
        assert made[place] == e and made[place].info == e.info
    for n in nodes:
        if "fn" in n:
            assert arity(n["fn"]) in (None, len(n["args"]))


def test_what_is_known_of_columns_decides() -> None:
    nodes = ex.add(N, 1).to_plain()
    wider = from_plain(nodes, {"i": Field("i", Int(64), range=(0, 99))})[-1]
    assert wider.range == (1, 100) and not wider.nullable and nodes[-1]["range"] == [2, 10]
    with pytest.raises(ColumnNotFoundError):
        from_plain(nodes, {})
    with pytest.raises(PlanError, match="not known"):
        from_plain([{"fn": "system", "args": [], "dtype": "bool"}], {})
    with pytest.raises(PlanError, match="does not take 4"):
        from_plain([*nodes[:1], {"fn": "map", "args": [0, 0, 0, 0], "dtype": "float"}], FIELDS)


def test_equal_fields_read_alike() -> None:
    """Of equal nodes one stands for all: what it prints may not depend on which was there first."""
    for dtype in (Int(64), Fixed(4), Bool()):
        one, other = (ex.col(Field("twin", dtype, range=bounds)) for bounds in ((0, 1), (0.0, 1.0)))
        assert one == other and repr(one.field) == repr(other.field), dtype
