"""Element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from spuframe.ir.instructions import AB, OUT, A, Computed
from spuframe.ir.matrices import Builder, Ref, broadcast, inner
from spuframe.ir.shapes import PLACES_OF
from spuframe.shapes import Number, Record, Whole


class Add(Computed):
    """A sum."""

    op = "add"
    params = Record(OUT | AB)


class Sub(Computed):
    """A difference."""

    op = "sub"
    params = Record(OUT | AB)


class Mul(Computed):
    """A product of elements."""

    op = "mul"
    params = Record(OUT | AB)


class Scale(Computed):
    """A multiple by a public number."""

    op = "scale"
    params = Record(OUT | A | {"by": Number()})


class Sigmoid(Computed):
    """The logistic function."""

    op = "sigmoid"
    params = Record(OUT | A)


class Positive(Computed):
    """Whether elements are above zero."""

    op = "positive"
    params = Record(OUT | A)


class AsNumber(Computed):
    """Bits as numbers."""

    op = "number"
    params = Record(OUT | A)


class Both(Computed):
    """Bits that are set in both."""

    op = "both"
    params = Record(OUT | AB)


class Each(Computed):
    """Bits repeated."""

    op = "each"
    params = Record(OUT | A | {"columns": Whole(), "rows": Whole()})

    def numbers(self, i: Mapping[str, Any]) -> int:
        return int(i["columns"] * i["rows"])


class Every(Computed):
    """Bits that are set in all of some columns."""

    op = "every"
    params = Record(OUT | A | {"columns": PLACES_OF, "rows": Whole()})


class Elements(Builder):
    """How they are written."""

    def add(self, a: Ref, b: Ref) -> Ref:
        """Sum; one row or one column is repeated as NumPy does."""
        return self.emit("add", *broadcast(a, b), a=a.name, b=b.name)

    def sub(self, a: Ref, b: Ref) -> Ref:
        return self.emit("sub", *broadcast(a, b), a=a.name, b=b.name)

    def mul(self, a: Ref, b: Ref) -> Ref:
        return self.emit("mul", *broadcast(a, b), a=a.name, b=b.name)

    def scale(self, a: Ref, by: float) -> Ref:
        """Multiply by a public number."""
        return self.emit("scale", a.rows, a.columns, a=a.name, by=float(by))

    def sigmoid(self, a: Ref) -> Ref:
        return self.emit("sigmoid", a.rows, a.columns, a=a.name)

    def positive(self, a: Ref) -> Ref:
        """Whether ``a > 0``, as bits: for `number` and `output` alone; ``a`` is (rows, 1)."""
        inner(a.columns, 1, a, a)
        return self.emit("positive", a.rows, 1, bits=True, a=a.name)

    def number(self, a: Ref) -> Ref:
        """Bits as the numbers 0 and 1."""
        return self.emit("number", a.rows, 1, a=a.name)

    @overload
    def both(self, a: Ref | None, b: Ref) -> Ref: ...
    @overload
    def both(self, a: Ref, b: Ref | None) -> Ref: ...
    @overload
    def both(self, a: Ref | None, b: Ref | None) -> Ref | None: ...
    def both(self, a: Ref | None, b: Ref | None) -> Ref | None:
        """Bits that are set in both; None stands for bits that all are."""
        if a is None or b is None:
            return b if a is None else a
        return self.emit("both", a.rows, 1, bits=True, a=a.name, b=b.name)

    def each(self, a: Ref, rows: int) -> Ref:
        """Of a bit for each column, bits for each value, a column below the other."""
        return self.emit("each", a.rows * rows, 1, bits=True, a=a.name, columns=a.rows, rows=rows)

    def every(self, a: Ref, rows: int, columns: Sequence[int]) -> Ref:
        """Of bits for each value, a column below the other: whether all of a row are set in some of the columns."""
        return self.emit("every", rows, 1, bits=True, a=a.name, columns=list(columns), rows=rows)
