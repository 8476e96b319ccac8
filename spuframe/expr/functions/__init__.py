"""Functions of expressions, a family each. What speaks of functions elsewhere collects it from their classes, so that a new one is written here alone.

A family is a module of this package; families are found by listing it. It holds the classes of its functions, which say all that there is to say of
them (`spuframe.expr.expr.Function`), and the builders in its ``__all__``, which callers use: each gives types and casts as pandas does, and says which of
NumPy's functions it is (`spuframe.expr.named`). How a function runs is one entry in ``spuframe/spu/functions``, in the family of the same name.

>>> classes()["exp"].__name__, builders()["exp"].__name__, by_ufunc()[np.exp].__name__
('Exp', 'exp', 'exp')
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType

import numpy as np

from spuframe.expr.expr import Expr, Function
from spuframe.expr.named import names_of


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


@cache
def builders() -> Mapping[str, Callable[..., Expr]]:
    """What callers build expressions with, by name: what families say in ``__all__``."""
    found: dict[str, Callable[..., Expr]] = {}
    for module in families().values():
        for name in getattr(module, "__all__", ()):
            if name in found:
                raise TypeError(f"two builders are called {name!r}: one in {found[name].__module__}, one in {module.__name__}; rename one")
            found[name] = getattr(module, name)
    return MappingProxyType(found)


@cache
def by_ufunc() -> Mapping[np.ufunc, Callable[..., Expr]]:
    """By NumPy's function, what builds its expression."""
    return MappingProxyType({ufunc: build for build in builders().values() for ufunc in names_of(build).ufuncs})


@cache
def by_scipy() -> Mapping[str, Callable[..., Expr]]:
    """By the name of SciPy's function, what builds its expression."""
    return MappingProxyType({names_of(build).scipy: build for build in builders().values() if names_of(build).scipy})
