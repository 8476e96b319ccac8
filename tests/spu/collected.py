"""The builders of all families by how many operands they take: what sweeps run over, so that a new function is in them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable

from spuframe.errors import PrecisionWarning, SpuframeError
from spuframe.expr.expr import Expr
from spuframe.expr.functions import builders


def of_operands(count: int) -> list[Callable[..., Expr]]:
    """The builders that need so many operands, and nothing else."""
    found = []
    for build in builders().values():
        needed = [p for p in inspect.signature(build).parameters.values() if p.default is p.empty]
        if len(needed) == count and all(p.annotation == "object" for p in needed):
            found.append(build)
    return found


def built(build: Callable[..., Expr], *args: object) -> Expr | None:
    """What a builder makes of operands; None where they are refused, which must be by a typed error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrecisionWarning)
            return build(*args)
    except SpuframeError:
        return None
