from __future__ import annotations

import pytest

from spuframe.dtypes import Field, Int
from spuframe.expr import Lit, add, col, lit, mul
from spuframe.expr.expr import Expr, rebind, substitute

A = col(Field("a", Int(64), range=(0, 9)))
B = col(Field("b", Int(64), range=(0, 9)))


def test_equality_is_structural() -> None:
    assert add(A, 1) == add(A, 1)
    assert hash(add(A, 1)) == hash(add(A, 1))
    assert add(A, 1) != add(A, 2)
    assert add(A, 1) != mul(A, 1)
    assert lit(1) != lit(True) and lit(1) != lit(1.0)
    assert len({add(A, B), add(A, B), add(B, A)}) == 2


def test_nodes_are_immutable() -> None:
    with pytest.raises(AttributeError):
        lit(1).value = 2  # type: ignore[misc]


def test_deep_and_shared_expressions_need_no_recursion_and_no_time() -> None:
    def doubled() -> Expr:
        e: Expr = lit(0)
        for _ in range(60):
            e = add(e, e)  # 2^60 leaves, 61 nodes
        return e

    e = doubled()
    assert sum(1 for _ in e.walk()) == 61
    assert e == doubled()
    assert e.rewrite(lambda n: lit(0) if isinstance(n, Lit) else None) == e
    chain: Expr = A
    for _ in range(3000):
        chain = add(chain, 1)
    assert chain.range == (3000, 3009)
    assert len(str(chain)) < 200


def test_substitute_and_rebind() -> None:
    e = add(A, B)
    assert substitute(e, {"a": mul(B, 2)}) == add(mul(B, 2), B)
    from spuframe.dtypes import Schema

    wide = Schema((Field("x", Int(64), range=(0, 99)), B.field))
    assert rebind(e, wide, {"a": "x"}).range == (0, 108)
    assert e.with_children(e.children) is e


def test_plain_form() -> None:
    assert add(A, 1).to_plain() == [
        {"col": "a", "dtype": "int64", "nullable": False, "range": [0, 9]},
        {"lit": 1, "dtype": "int64", "nullable": False, "range": [1, 1]},
        {"fn": "add", "args": [0, 1], "dtype": "int64", "nullable": False, "range": [1, 10]},
    ]
