"""One module per operator of the physical plan, with its `Specification`; see `spuframe.ir.operator`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from spuframe.ir.operator import Operator


@cache
def operators() -> Mapping[str, Operator]:
    """The specifications by the names that plans know the operators by."""
    return MappingProxyType({m.name: import_module(f"{__name__}.{m.name}").Specification() for m in iter_modules(__path__)})
