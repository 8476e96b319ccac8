"""The nodes of logical plans, one file each or for a small family; what they answer is said in `spuframe.plan.logical`.

>>> [kind.__name__ for kind in kinds()][:3]
['Aggregate', 'Attach', 'Concat']
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules

from spuframe.plan.logical import LogicalNode


@cache
def kinds() -> tuple[type[LogicalNode], ...]:
    """All kinds of nodes, found by listing this package."""
    modules = [import_module(f"{__name__}.{m.name}") for m in iter_modules(__path__)]
    own = {v for m in modules for v in vars(m).values() if isinstance(v, type) and issubclass(v, LogicalNode) and not isabstract(v)}
    return tuple(sorted(own, key=lambda kind: kind.__name__))
