"""`Adds`: the base of the nodes that add columns to rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from spuframe.expr.expr import Expr
from spuframe.plan.logical import LogicalNode


@dataclass(frozen=True, eq=False, repr=False)
class Adds(LogicalNode):
    """Base of the nodes that give their input's rows and columns, and more columns."""

    input: LogicalNode

    @property
    @abstractmethod
    def added(self) -> tuple[str, ...]:
        """The new columns' names."""

    @property
    @abstractmethod
    def what(self) -> object:
        """What is added, whatever its names: the same rows and an equal value give equal columns."""

    @abstractmethod
    def onto(self, table: LogicalNode, names: Mapping[str, Expr]) -> Self:
        """The same columns on another node with the same rows, under free names; ``names`` are the input's columns that have others there."""
