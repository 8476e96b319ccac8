"""What a program begins with: columns of its tables, and public numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spuframe.errors import SchemaError
from spuframe.ir.instructions import OUT, TABLE, Computed, Instruction
from spuframe.ir.matrices import Builder, Ref
from spuframe.ir.shapes import INT, INTS, NAME, NAMES
from spuframe.ir.words import Edges, signed
from spuframe.shapes import Many, Maybe, Number, Record, Row, Whole

MOST_CONSTANTS = 1 << 16
"""Numbers of one constant matrix."""


class Input(Instruction):
    """Columns of a table as a matrix."""

    op = "input"
    params = Record(OUT | TABLE | {"shifts": INTS, "complete": Maybe(NAMES)})

    def numbers(self, i: Mapping[str, Any]) -> int:
        return 0

    def reads(self, i: Mapping[str, Any]) -> tuple[int, Sequence[str]] | None:
        return i["table"], i["columns"]


class Mask(Computed):
    """The rows that take part."""

    op = "mask"
    params = Record(OUT | TABLE)


class Words(Instruction):
    """Columns of a table as the words that they are."""

    op = "words"
    params = Record(OUT | TABLE | {"fractions": INTS, "centres": INTS, "edges": Maybe(Many(Maybe(Row((INT, INT, INT, INT))))), "inside": Maybe(NAME)})

    def numbers(self, i: Mapping[str, Any]) -> int:
        return 0

    def reads(self, i: Mapping[str, Any]) -> tuple[int, Sequence[str]] | None:
        return i["table"], i["columns"]


class Full(Instruction):
    """One number everywhere."""

    op = "full"
    params = Record(OUT | {"shape": Row((Whole(), Whole())), "value": Number()})

    def numbers(self, i: Mapping[str, Any]) -> int:
        rows, columns = i["shape"]
        return int(rows * columns)

    def reads(self, i: Mapping[str, Any]) -> tuple[int, Sequence[str]] | None:
        return None


class Constant(Computed):
    """Public numbers."""

    op = "constant"
    params = Record(OUT | {"values": Many(Many(Number()))})


class Inputs(Builder):
    """How they are written."""

    def input(
        self, table: int, columns: Sequence[str], rows: int, shifts: Sequence[int] | None = None, complete: Sequence[str] | None = None
    ) -> Ref:
        """Columns of an input table as a matrix (rows, columns).

        Parameters
        ----------
        shifts : sequence of int, optional
            Column j is divided by ``2**shifts[j]``.
        complete : sequence of str, optional
            Rows that do not exist, or have a null in one of these columns, become zero (for sums over the rows).
        """
        shifts = [0] * len(columns) if shifts is None else list(shifts)
        return self.emit(
            "input", rows, len(columns), table=table, columns=list(columns), shifts=shifts, complete=None if complete is None else list(complete)
        )

    def mask(self, table: int, complete: Sequence[str], rows: int) -> Ref:
        """The word 1 for rows that exist and have no null in the columns ``complete``, else 0: (rows, 1); `scale` by ``2**f`` makes it a number."""
        return self.emit("mask", rows, 1, table=table, columns=list(complete))

    def words(
        self,
        table: int,
        columns: Sequence[str],
        rows: int,
        fractions: Sequence[int],
        centres: Sequence[int],
        edges: Sequence[Edges | None] = (),
    ) -> tuple[Ref, Ref | None]:
        """Columns of an input table as they are: words with ``fractions[j]`` fraction bits, less ``centres[j]``; for `moments` and `scale_rows`.

        Rows that do not exist may hold anything. And the bits of the values between ``edges``, a column below the other, where there are any; the
        others may be anything.
        """
        some = any(e is not None for e in edges)
        inside = Ref(self.name("m"), rows * len(columns), 1, bits=True) if some else None
        out = self.emit(
            "words", rows, len(columns), table=table, columns=list(columns), fractions=list(fractions), centres=[signed(c) for c in centres],
            edges=[None if e is None else [e.low, e.high, e.lowest, e.highest] for e in edges] if some else None,
            inside=None if inside is None else inside.name,
        )  # fmt: skip
        return out, inside

    def zeros(self, rows: int, columns: int) -> Ref:
        return self.full(rows, columns, 0.0)

    def full(self, rows: int, columns: int, value: float) -> Ref:
        """One number everywhere: the plan does not grow with the rows."""
        return self.emit("full", rows, columns, shape=[rows, columns], value=float(value))

    def constant(self, values: Sequence[Sequence[float]]) -> Ref:
        """A small matrix of public numbers, which travel with the plan."""
        if len(values) * len(values[0]) > MOST_CONSTANTS:
            raise SchemaError(f"a constant of shape {(len(values), len(values[0]))} is too large for a plan: at most {MOST_CONSTANTS} numbers; use full")
        return self.emit("constant", len(values), len(values[0]), values=[[float(v) for v in row] for row in values])
