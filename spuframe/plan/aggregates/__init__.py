"""Aggregates that are computed from others, for frames, columns and groups alike: one module each, found by listing this package.

>>> [str(how) for _, how in composite("var").parts(ex.lit(1))], "any" in names()
(['std'], True)
"""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import ClassVar

import spuframe.expr as ex
from spuframe.errors import PlanError
from spuframe.expr.stated import Cases
from spuframe.ir import aggregates as primitive


class Composite(ABC):
    """An aggregate that is an expression over aggregates of expressions.

    ``states`` says how far a result may be from the exact one; there is no default. ``moves`` says whether it moves with the values if all move
    alike, or stays: durations and points in time are aggregated as so many units then. None if it does neither.
    """

    states: ClassVar[Cases]
    moves: ClassVar[bool | None] = None

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "states"):
            raise TypeError(f"the aggregate {cls.__name__!r} does not say how far results may be from the exact ones: give it `states`")

    @abstractmethod
    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        """What is aggregated, and how, of a column."""

    @abstractmethod
    def finish(self, *parts: ex.Expr) -> ex.Expr:
        """The result, of the aggregates of `parts`."""


@cache
def names() -> tuple[str, ...]:
    """All that are computed from others."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__)))


def known() -> tuple[str, ...]:
    """All aggregates that there are."""
    return tuple(sorted((*primitive.names(), *names())))


@cache
def composite(text: str) -> Composite | None:
    """The composite that is written so; None for a primitive.

    Raises
    ------
    PlanError
        There is no such aggregate.
    """
    name, options = primitive.parsed(text)
    if name not in known():
        raise PlanError(f"no aggregate {text[:40]!r}: there are {', '.join(known())}")
    if name not in names():
        return None
    kind: type[Composite] = import_module(f"{__name__}.{name}").COMPOSITE
    try:
        return kind(**options)
    except TypeError:
        raise PlanError(f"the aggregate {name!r} does not take {', '.join(options)}") from None
