"""Loops of a public number of trips, and what they carry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spuframe.errors import SchemaError
from spuframe.ir.instructions import OUT, A, Computed
from spuframe.ir.matrices import Builder, Index, Ref
from spuframe.shapes import Record


class Assign(Computed):
    """A new value of a matrix."""

    op = "assign"
    params = Record(OUT | A)


class Control(Builder):
    """How they are written."""

    @contextmanager
    def loop(self, trips: int) -> Iterator[Index]:
        """Repeat what is called inside ``trips`` times; carry values with `assign`."""
        index = Index(self.name("i"))
        outer, self.body = self.body, []
        try:
            yield index
        finally:
            inner, self.body = self.body, outer
        self.body.append({"op": "loop", "trips": int(trips), "index": index.name, "body": inner})

    def assign(self, target: Ref, value: Ref) -> None:
        """Give ``target`` a new value of its shape."""
        if (target.rows, target.columns) != (value.rows, value.columns):
            raise SchemaError(f"a matrix of shape {(target.rows, target.columns)} cannot take a value of shape {(value.rows, value.columns)}")
        self.body.append({"op": "assign", "out": target.name, "a": value.name})
