"""The specification of an operator: what a step of a plan says of itself, to whoever reads it.

One module of `spuframe.ir.operators` per ``op``, with a class ``Specification``. Nothing has a default: an operator that does not say
what flows through it and what it opens cannot be made, let alone shipped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from spuframe.dtypes import Schema
from spuframe.ir.flows import Flow
from spuframe.ir.rings import Origins, Use
from spuframe.ir.step import Step
from spuframe.shapes import Record


class Operator(ABC):
    """What an operator is, beside how it is planned and run."""

    arity: ClassVar[int | None]
    """The number of its inputs; None: any."""
    params: ClassVar[Record]
    """What the params of a step may be."""
    expressions: ClassVar[tuple[str, ...]]
    """The params that name expressions; ``columns`` are pairs of a name and an expression."""

    def __init_subclass__(cls) -> None:
        for name in ("arity", "params", "expressions"):
            if not hasattr(cls, name):
                raise TypeError(f"{cls.__module__} does not say its {name}")

    @abstractmethod
    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        """What flows into its result."""

    @abstractmethod
    def opens(self, step: Step, flow: Flow) -> list[str]:
        """What becomes known to whom, a line each; the values of revealed columns apart. ``flow`` is that of its result."""

    @abstractmethod
    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        """Tell ``use`` how wide it wants the columns of its inputs, which ``tables`` made; which scanned columns its own are."""

    @abstractmethod
    def detail(self, step: Step) -> str:
        """What a step does, in a few words, beside its name."""


def passed_on(schema: Schema, columns: Origins) -> Origins:
    """The scanned columns that a result still has."""
    return {f.name: columns[f.name] for f in schema if f.name in columns}
