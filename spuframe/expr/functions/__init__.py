"""Functions of expressions, a family each. What speaks of functions elsewhere collects it from their classes, so that a new one is written here alone.

A family is a module of this package; families are found by listing it. It holds the classes of its functions, which say all that there is to say of
them (`spuframe.expr.expr.Function`), and their builders. How a function runs is one entry in ``spuframe/spu/functions``, in the family of the same name.

>>> classes()["exp"].__name__, "maths" in families()
('Exp', True)
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType

from spuframe.expr.expr import Function


@cache
def families() -> Mapping[str, ModuleType]:
    """The modules of this package, by name."""
    return MappingProxyType({name: import_module(f"{__name__}.{name}") for name in sorted(m.name for m in pkgutil.iter_modules(__path__))})


@cache
def classes() -> Mapping[str, type[Function]]:
    """The classes of functions by the name that plans know them by; family by family, as they stand there."""
    found: dict[str, type[Function]] = {}
    for module in families().values():
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Function) and kind.__module__ == module.__name__ and "fn" in vars(kind):
                if kind.fn in found:
                    raise TypeError(f"two functions are called {kind.fn!r}: {found[kind.fn].__qualname__} and {kind.__qualname__}; rename one")
                found[kind.fn] = kind
    return MappingProxyType(found)
