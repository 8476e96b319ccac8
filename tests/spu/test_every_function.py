"""Every builder over columns of every type: what is not refused is as its class says, row by row, at the owner and on shares."""

from __future__ import annotations

import pytest

from spuframe import expr as ex
from spuframe.expr.expr import Function
from spuframe.ir.expressions import functions
from tests.spu.both import both
from tests.spu.collected import built, of_operands
from tests.spu.typed import COLUMNS, NAMES, close, comparable, expected, inexact, table

ROWS = 29
C = {name: ex.col(field) for name, (field, _) in COLUMNS.items()}
PAIRS = [(C[a], C[b]) for names in NAMES.values() for a, b in zip(names, names[1:] + names[:1])]
MIXED = ["ip", "px", "bi", "xb", "di", "dh", "rh", "hi", "rd", "dr", "hr", "jj", "xx"]
PAIRS += [(C[a], C[b]) for a, b in MIXED] + [(C[a], c) for a, c in (("i", 12), ("x", 0.3), ("p", 0.05), ("m", 3), ("k", 2), ("b", True), ("s", "aa"))]
UNARY = {build.__name__: [e for c in C.values() if isinstance(e := built(build, c), Function)] for build in of_operands(1)}
BINARY = {build.__name__: [e for pair in PAIRS if isinstance(e := built(build, *pair), Function)] for build in of_operands(2)}
TERNARY = [e for build in of_operands(3) for a, b in PAIRS for first in (C["b"], C["c"], a) if isinstance(e := built(build, first, a, b), Function)]
OTHERS = [e for name in "xib" for e in (ex.isin(C[name], [0, 1, 2.5]), ex.map_(C[name], {0: 0.5, 1: 2}), ex.cast(C[name], "float[f=40]"))]
OTHERS += [ex.round_(C["x"], 2), ex.pow_(3, C["y"]), ex.cast(C["p"], "int64"), ex.cast(C["p"], "float")]


def agree(expressions, protocol) -> None:
    made = [e for e in expressions if comparable(e)]
    if not made:
        return  # of results of others that are not exact, which these are swept for
    for e, (shares, owner) in zip(made, both(made, [f for f, _ in COLUMNS.values()], table(ROWS), protocol)):
        want = expected(e, ROWS)
        assert close(e, owner, want), f"owner: {e} {e.info}\n{owner}\n{want}"
        assert close(e, shares, want), f"parties: {e} {e.info}\n{shares}\n{want}"
        assert inexact(e) or shares == owner, str(e)


SWEPT = pytest.mark.parametrize("protocol", ["plaintext", pytest.param("aby3", marks=pytest.mark.matrix)])
"""All of a function is run over shares elsewhere; this many expressions over aby3 take minutes."""


@SWEPT
@pytest.mark.parametrize("name", UNARY)
def test_of_one_operand(name, protocol):
    agree(UNARY[name], protocol)


@SWEPT
@pytest.mark.parametrize("name", BINARY)
def test_of_two_operands(name, protocol):
    agree(BINARY[name], protocol)


def test_of_three_operands_and_with_options(protocol):
    agree([*TERNARY[:: len(TERNARY) // 60 + 1], *OTHERS], protocol)


def test_every_function_is_among_them():
    made = [e for some in (*UNARY.values(), *BINARY.values()) for e in some] + TERNARY + OTHERS
    assert {n.fn for e in made for n in e.walk() if isinstance(n, Function)} == set(functions())
    refused = [build for build in of_operands(1) if not UNARY[build.__name__] and built(build, C["x"]) is not C["x"]]
    assert not refused and all(BINARY.values()), "refused for every type"
