"""How functions of expressions run: a family each, in the module of the name that it has in ``spuframe/expr/functions``.

A family has one table, ``RUNS``: by name, how each of its functions runs over shares and over Arrow (`Runs`). What is known of a function before it runs
is said by its class. A function without an entry, and an entry without a function, are refused when a party starts (`load`).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from spuframe.errors import PlanError
from spuframe.ir.expressions import functions
from spuframe.spu.value import Value


@dataclass(frozen=True)
class Runs:
    """How one function runs.

    Parameters
    ----------
    secret : callable
        ``secret(call, *values)`` gives the value over shares (see `spuframe.spu.value`).
    plain : callable
        ``plain(node, *arrays)`` gives the array over Arrow. An array may be a scalar, and fixed point is in int64 words, of which ``node.args`` says how
        many fraction bits they have; the caller casts the result to the node's type.
    """

    secret: Callable[..., Value]
    plain: Callable[..., Any]


def load() -> None:
    """Import all families, so that no plan waits for that; and refuse functions that cannot run.

    Raises
    ------
    PlanError
        A function has no entry, or an entry no function.
    """
    known = functions()
    for name in known:
        _runs(name)
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for name in _table(module):
            if name not in known or _family(name) != module:
                raise PlanError(f"spuframe.spu.functions.{module} runs {name!r}, which is no function of spuframe.expr.functions.{module}: take it out")


@cache
def _table(family: str) -> Mapping[str, Runs]:
    if family not in {m.name for m in pkgutil.iter_modules(__path__)}:
        return {}
    found: Mapping[str, Runs] = getattr(import_module(f"{__name__}.{family}"), "RUNS", {})
    return found


def _class(name: str) -> type[Any]:
    if name not in functions():
        raise PlanError(f"this SPU has no function {name!r}: install the same spuframe everywhere (it knows {', '.join(sorted(functions()))})")
    return functions()[name]


def _family(name: str) -> str:
    return _class(name).__module__.rpartition(".")[2]


@cache
def _runs(name: str) -> Runs:
    family = _family(name)
    found = _table(family).get(name)
    if found is None:
        raise PlanError(f"nothing says how the function {name!r} runs: write its entry of RUNS in spuframe/spu/functions/{family}.py")
    return found


def secret(name: str) -> Callable[..., Value]:
    """The function ``name`` over shares."""
    return _runs(name).secret


def plain(name: str) -> Callable[..., Any]:
    """The function ``name`` over Arrow arrays."""
    return _runs(name).plain


def takes_exact(name: str) -> bool:
    """Whether the function ``name`` takes public numbers as they are, between the values of their type."""
    taken: str = _class(name).constants
    return taken == "exact"
