"""The aggregates that parties compute: what each takes and gives. One module each here, and one of the same name in `spuframe.spu.aggregates`.

They are written as their names, with what differs from the defaults in brackets: ``mean``, ``std[ddof=0]``. Modules are found by listing this package.
What is computed from other aggregates (``var``, ``any``) is planning: `spuframe.plan.aggregates`. Names of functions here are none of modules.

>>> aggregation("std[ddof=0]"), str(aggregation("std[ddof=1]")), "median" in names()
(Std(ddof=0), 'std', True)
"""

from __future__ import annotations

import pkgutil
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from typing import ClassVar

from spuframe.dtypes import DType, Field, Int, Range
from spuframe.errors import PlanError
from spuframe.expr.stated import EXACT, Cases, Stated, always


@dataclass(frozen=True)
class Aggregation(ABC):
    """What one aggregate takes and gives."""

    of_rows: ClassVar[bool]
    """It counts rows and reads no column."""
    in_order: ClassVar[bool]
    """It depends on the order of the rows."""

    moves: ClassVar[bool | None] = None
    """Whether the result moves with the values if all move alike, or stays: what points in time have it by, too. None if it does neither."""

    states: ClassVar[Cases]
    """How far results may be from the exact ones of the stored values, by case."""

    @abstractmethod
    def stated(self, source: Field, rows: int) -> Stated:
        """How far results over at most so many rows may be from the exact ones: of ``states``, in units of the result."""

    @abstractmethod
    def accepts(self, dtype: DType) -> bool:
        """Whether columns of the type have it."""

    @abstractmethod
    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        """The type and the public range of the result over at most so many rows.

        Raises
        ------
        RangeOverflowError
            No type holds it.
        """

    @abstractmethod
    def nullable(self, least: int) -> bool:
        """Whether the result may be null, of at least so many values that are there."""

    @abstractmethod
    def ring(self, source: Field, rows: int) -> int | None:
        """The ring that the values of a whole table are wanted in; 0 if they are not read; None if they are moved or compared, as narrow as they are."""

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def __str__(self) -> str:
        told = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"{self.name}[{','.join(told)}]" if told else self.name


class Counting(Aggregation):
    """A number of rows or values."""

    in_order = False
    states = always(EXACT)

    def stated(self, source: Field, rows: int) -> Stated:
        return EXACT

    def accepts(self, dtype: DType) -> bool:
        return True

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        return Int(64), (0, rows)

    def nullable(self, least: int) -> bool:
        return False

    def ring(self, source: Field, rows: int) -> int | None:
        return 0


class Picking(Aggregation):
    """One of the values that are there."""

    of_rows = False
    states = always(EXACT)

    def stated(self, source: Field, rows: int) -> Stated:
        return EXACT

    def accepts(self, dtype: DType) -> bool:
        return True

    def result(self, source: Field, rows: int) -> tuple[DType, Range | None]:
        return source.dtype, source.range

    def nullable(self, least: int) -> bool:
        return least < 1

    def ring(self, source: Field, rows: int) -> int | None:
        return None


class Summing(Aggregation):
    """A number computed from numbers; booleans count as 0 and 1."""

    of_rows = False
    in_order = False

    def accepts(self, dtype: DType) -> bool:
        return dtype.as_number.is_numeric

    def nullable(self, least: int) -> bool:
        return least < 1


@cache
def names() -> tuple[str, ...]:
    """All aggregates."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__)))


@cache
def aggregation(text: str) -> Aggregation:
    """The aggregate that is written so.

    Raises
    ------
    PlanError
        There is none, or it does not take what stands in the brackets.
    """
    name, options = parsed(text)
    if name not in names():
        raise PlanError(f"no aggregate {text[:40]!r}: there are {', '.join(names())}")
    kind: type[Aggregation] = import_module(f"{__name__}.{name}").AGGREGATION
    for option in options:
        if option not in {f.name for f in fields(kind)}:
            raise PlanError(f"the aggregate {name!r} has no {option!r}")
    return kind(**options)


def parsed(text: str) -> tuple[str, dict[str, int]]:
    """The name of an aggregate, and what stands in the brackets.

    >>> parsed("std[ddof=0]"), parsed("mean")
    (('std', {'ddof': 0}), ('mean', {}))
    """
    found = re.fullmatch(r"([a-z]+)(?:\[([a-z]+)=(\d{1,9})\])?", text)
    if found is None:
        raise PlanError(f"no aggregate {text[:40]!r}: write its name, or as in 'std[ddof=0]'")
    return found[1], {} if found[2] is None else {found[2]: int(found[3])}
