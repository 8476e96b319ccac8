"""What is collected of functions comes from where they stand: classes, builders, and the functions of NumPy that these are."""

from __future__ import annotations

import numpy as np
import pytest

from spuframe import expr as ex
from spuframe.expr import functions
from spuframe.expr.named import Names, named, names_of


def test_every_builder_that_has_a_name_is_given_to_all() -> None:
    for family in functions.families().values():
        told = {n for n, f in vars(family).items() if names_of(f) != Names() and getattr(f, "__module__", "") == family.__name__}
        assert told <= set(getattr(family, "__all__", ())), family.__name__


def test_builders_are_of_the_family_that_gives_them() -> None:
    for name, build in functions.builders().items():
        assert callable(build) and build.__module__.startswith("spuframe.expr.functions."), name
        assert build.__doc__, name


def test_no_function_of_numpy_is_two_builders() -> None:
    told = [ufunc for build in functions.builders().values() for ufunc in names_of(build).ufuncs]
    assert len(told) == len(set(told)) == len(functions.by_ufunc())


def test_a_name_belongs_to_one_builder_and_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    families = {k: v for k, v in functions.families().items()}
    monkeypatch.setattr(families["sign"], "__all__", ["sign", "exp"])
    monkeypatch.setattr(families["sign"], "exp", ex.exp, raising=False)
    functions.builders.cache_clear()
    try:
        with pytest.raises(TypeError, match=r"two builders are called 'exp': one in spuframe\.expr\.functions\.maths, one in .*\.sign; rename one"):
            functions.builders()
    finally:
        functions.builders.cache_clear()


def test_what_builders_say_is_theirs() -> None:
    @named(np.arctan, scipy="arc", bare=True)
    def arctan(operand: object) -> ex.Expr:
        return ex.as_expr(operand)

    assert names_of(arctan) == Names((np.arctan,), "arc", True)
    assert names_of(lambda e: e) == Names()
    assert {n for n, b in functions.builders().items() if names_of(b).bare} == {"eq", "ne", "lt", "le", "gt", "ge", "minimum", "maximum"}
