"""Every function of expressions has one entry that says how it runs, in the family of its name; what has none, or is none, is refused at the start."""

from __future__ import annotations

import pytest

from spuframe.errors import PlanError
from spuframe.spu import functions
from spuframe.spu.functions import arithmetic, maths


@pytest.fixture(autouse=True)
def anew():
    """What is looked up once is looked up again."""
    functions._runs.cache_clear()
    yield
    functions._runs.cache_clear()


def test_every_function_runs():
    functions.load()


def test_a_function_that_nothing_runs_is_refused_at_the_start(monkeypatch):
    monkeypatch.delitem(maths.RUNS, "erf")
    with pytest.raises(PlanError, match=r"nothing says how the function 'erf' runs: write its entry of RUNS in spuframe/spu/functions/maths\.py"):
        functions.load()
    with pytest.raises(PlanError, match="nothing says how the function 'erf' runs"):
        functions.secret("erf")


def test_what_runs_no_function_is_refused_at_the_start(monkeypatch):
    monkeypatch.setitem(maths.RUNS, "cubic", maths.RUNS["exp"])
    with pytest.raises(PlanError, match=r"functions\.maths runs 'cubic', which is no function of spuframe\.expr\.functions\.maths: take it out"):
        functions.load()


def test_an_entry_in_another_family_does_not_count(monkeypatch):
    monkeypatch.setitem(arithmetic.RUNS, "exp", maths.RUNS["exp"])
    with pytest.raises(PlanError, match=r"functions\.arithmetic runs 'exp', which is no function"):
        functions.load()


def test_an_unknown_function_is_refused():
    for ask in (functions.secret, functions.plain, functions.takes_exact):
        with pytest.raises(PlanError, match="this SPU has no function 'gamma': install the same spuframe everywhere"):
            ask("gamma")
