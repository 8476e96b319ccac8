"""The instructions of programs over matrices: what each takes. One module a family here, and one of the same name in `spuframe.spu.instructions`.

A module holds a class below `Instruction` for each, with what plans may say of it, and a `Builder` with the methods that write them
(`spuframe.plan.tensor.Program` has those of all families; others call `Builder.emit`). How it runs is a function called as its ``op``
in the module of the same name at the SPU. Both are found by listing this package: there is no other list.

>>> sorted(i.op for i in instructions().values() if i.family == "scores")
['digits', 'limbs', 'origin', 'scale_rows', 'score']
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, ClassVar

from spuframe.ir.shapes import NAME, NAMES, RANGE
from spuframe.shapes import Anything, Many, Maybe, Named, Record, Shape, Tagged, Text, Whole

DEEPEST = 16
"""Loops inside loops."""

A: dict[str, Shape] = {"a": NAME}
AB: dict[str, Shape] = {"a": NAME, "b": NAME}
OUT: dict[str, Shape] = {"out": NAME}
TABLE: dict[str, Shape] = {"table": Whole(0, 1 << 16), "columns": NAMES}


class Instruction(ABC):
    """What an instruction is, beside how it is written and run."""

    op: ClassVar[str]
    """What programs call it."""
    params: ClassVar[Record]
    """What else they may say."""

    @abstractmethod
    def numbers(self, i: Mapping[str, Any]) -> int:
        """How many numbers it makes of nothing but what ``i`` says: an owner or a party limits them."""

    @abstractmethod
    def reads(self, i: Mapping[str, Any]) -> tuple[int, Sequence[str]] | None:
        """The input table and the columns whose values it takes, in the ring of matrices; None: of no table."""

    @property
    def family(self) -> str:
        """The module that it is in."""
        return type(self).__module__.rpartition(".")[2]


class Computed(Instruction):
    """An instruction over matrices that are there, or of what is small."""

    def numbers(self, i: Mapping[str, Any]) -> int:
        return 0

    def reads(self, i: Mapping[str, Any]) -> tuple[int, Sequence[str]] | None:
        return None


@cache
def instructions() -> Mapping[str, Instruction]:
    """All of them by name; loops, which hold others, are none."""
    found: dict[str, Instruction] = {}
    for module in iter_modules(__path__):
        for value in vars(import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Instruction) and "op" in vars(value):
                found[value.op] = value()
    return MappingProxyType(found)


@dataclass(frozen=True)
class _Body:
    """Instructions; a loop's own body is one, to a limited depth."""

    depth: int = DEEPEST

    def read(self, value: object, where: str) -> list[dict[str, Any]]:
        loop = Record({"trips": Whole(), "index": NAME, "body": _Body(self.depth - 1) if self.depth else Many(Anything(), 0)})
        kinds = {op: i.params for op, i in instructions().items()}
        return Many(Tagged("op", {**kinds, "loop": loop})).read(value, where)


PROGRAM = Record({
    "f": Whole(0, 62),
    "body": _Body(),
    "outputs": Named(Record({
        "a": NAME, "columns": NAMES, "rows": Whole(), "like": Maybe(Whole()), "dtypes": Many(Text(64)), "range": RANGE, "complete": NAMES,
        "inside": Maybe(NAME),
    })),
})  # fmt: skip
