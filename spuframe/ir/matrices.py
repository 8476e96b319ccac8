"""Matrices of a program, by name and public shape, and what writes instructions over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spuframe.errors import SchemaError


@dataclass(frozen=True)
class Ref:
    """A matrix (or a vector of bits) of a program: its name and public shape."""

    name: str
    rows: int
    columns: int
    bits: bool = False


@dataclass(frozen=True)
class Index:
    """The counter of a loop, 0 .. trips-1; public."""

    name: str


@dataclass
class Moments:
    """What `Program.moments` gives: matrices of one row, but for ``scaled`` and ``scaling``."""

    mean: Ref | None = None
    std: Ref | None = None
    scaled: Ref | None = None
    lifted: Ref | None = None
    scaling: Ref | None = None
    count: Ref | None = None
    centre: Ref | None = None
    name: str = ""


@dataclass
class Builder:
    """Instructions over matrices, appended one by one; what writes those of a family extends it.

    Parameters
    ----------
    f : int
        Fraction bits of every matrix.
    """

    f: int = 18
    body: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _count: int = 0

    def name(self, stem: str) -> str:
        """A name that nothing has yet."""
        self._count += 1
        return f"{stem}{self._count}"

    def emit(self, op: str, out_rows: int, out_columns: int, bits: bool = False, **params: Any) -> Ref:
        """Append an instruction, and give the matrix that it makes."""
        ref = Ref(self.name("m"), out_rows, out_columns, bits)
        self.body.append({"op": op, "out": ref.name, **params})
        return ref


def broadcast(a: Ref, b: Ref) -> tuple[int, int]:
    """The shape of two matrices element by element; one row or one column is repeated."""
    out = []
    for x, y in ((a.rows, b.rows), (a.columns, b.columns)):
        if x != y and 1 not in (x, y):
            raise SchemaError(f"matrices of shapes {(a.rows, a.columns)} and {(b.rows, b.columns)} do not fit element by element")
        out.append(max(x, y) if 0 not in (x, y) else 0)
    return out[0], out[1]


def inner(x: int, y: int, a: Ref, b: Ref) -> None:
    """Refuse a product over x elements on one side and y on the other."""
    if x != y:
        raise SchemaError(f"matrices of shapes {(a.rows, a.columns)} and {(b.rows, b.columns)} cannot be multiplied: {x} is not {y}")
