"""The table of stated errors in ``docs/design/numbers.md`` is what the classes state; who states nothing cannot be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from spuframe import expr as ex
from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.expr.expr import Expr, Function
from spuframe.expr.stated import EXACT, NEAREST, Stated
from spuframe.ir.aggregates import aggregation, names
from spuframe.plan.aggregates import Composite
from tools import stated_errors


def test_the_document_has_the_table_of_today() -> None:
    text = stated_errors.DOCUMENT.read_text()
    assert text == stated_errors.written(text), "run python -m tools.stated_errors"
    assert len(stated_errors.table().splitlines()) > 30


def test_what_states_nothing_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="'silent' does not say how far"):

        @dataclass(frozen=True, eq=False, repr=False)
        class Silent(Function):
            operand: Expr
            fn = "silent"

    with pytest.raises(TypeError, match="'Silent' does not say how far"):
        type("Silent", (Composite,), {})


def test_what_is_no_chance_is_exact_or_the_nearest() -> None:
    for bad in (Stated, lambda **k: Stated(**{**k, "chance": False})):
        with pytest.raises(AssertionError):
            bad(relative=1e-9)
    assert str(Stated(absolute=3e-7, units=1, chance=True)) == "3e-7 and a unit"


A = ex.col(Field("a", Fixed(18), range=(-8.0, 8.0)))
B = ex.col(Field("b", Fixed(30), range=(1.0, 8.0)))
I = ex.col(Field("i", Int(64), range=(-9, 9)))  # noqa: E741
C = ex.col(Field("c", Bool()))


@pytest.mark.parametrize(
    ("e", "stated"),
    [
        (ex.mul(I, I), EXACT), (ex.mul(I, A), EXACT), (ex.mul(A, 3), EXACT), (ex.mul(C, A), EXACT), (ex.mul(A, 0.1), Stated(2.0**-29, 0, 2.5, True)),
        (ex.mul(A, B), Stated(0, 0, 3, True)), (ex.cast(I, "float[f=10]"), EXACT), (ex.cast(B, "float[f=10]"), Stated(0, 0, 1, True)),
        (ex.cast(B, "int64"), EXACT), (ex.div(A, 3), NEAREST), (ex.div(A, B), NEAREST), (ex.div(I, I), NEAREST), (ex.round_(B), EXACT),
        (ex.round_(B, 2), NEAREST), (ex.mod(A, 0.3), NEAREST), (ex.mod(I, 7), EXACT), (ex.floordiv(A, 0.3), EXACT), (ex.add(A, B), EXACT),
    ],
    ids=str,
)  # fmt: skip
def test_the_case_is_that_of_the_operands(e: Any, stated: Stated) -> None:
    assert e.stated == stated


def test_aggregates_state_in_units_of_their_results() -> None:
    wide, narrow = (Field("x", Fixed(18), range=(0.0, top)) for top in (2.0**41, 1.0))
    for name in names():
        assert aggregation(name).stated(narrow, 1000) in aggregation(name).states.values()
    assert aggregation("sum").stated(wide, 1000) == Stated(0, 0, 1000, True)
    assert aggregation("mean").stated(narrow, 1000) == NEAREST
    assert aggregation("mean").stated(wide, 1000).chance
