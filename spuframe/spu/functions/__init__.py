"""The primitives of expressions, a module per family, each with two tables by name: ``SECRET`` over shares, ``PLAIN`` over Arrow.

``SECRET[name](call, *values) -> Value`` (see `spuframe.spu.value`), ``PLAIN[name](node, *arrays) -> array``, where an array may be a scalar,
fixed point is in int64 words (``node.args`` says of how many fraction bits), and the result is cast to the node's type by the caller. A new family is one
new file here: modules are found by listing this package. A module may name in ``EXACT`` the primitives that take a constant number as it is, a Fraction,
where the others have it rounded to the grid of its type.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from spuframe.errors import PlanError

SecretFunction = Callable[..., Any]
PlainFunction = Callable[..., Any]


@cache
def _table(which: str) -> Mapping[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for module in _modules():
        found.update(getattr(module, which, {}))
    return found


def _modules() -> list[ModuleType]:
    return [import_module(f"{__name__}.{m.name}") for m in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name)]


def load() -> None:
    """Import all families, so that no plan waits for that."""
    _modules()


def _find(which: str, name: str) -> Callable[..., Any]:
    table = _table(which)
    if name not in table:
        raise PlanError(f"this SPU has no function {name!r}: install the same spuframe everywhere (it knows {', '.join(sorted(table))})")
    return table[name]


def secret(name: str) -> SecretFunction:
    """The primitive ``name`` over shares."""
    return _find("SECRET", name)


def plain(name: str) -> PlainFunction:
    """The primitive ``name`` over Arrow arrays."""
    return _find("PLAIN", name)


@cache
def _exact() -> frozenset[str]:
    return frozenset(name for module in _modules() for name in getattr(module, "EXACT", ()))


def takes_exact(name: str) -> bool:
    """Whether the primitive ``name`` takes public numbers as they are, between the values of their type."""
    return name in _exact()
