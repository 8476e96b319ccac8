"""Tables of shares: what flows between the steps of a physical plan inside an SPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spuframe.dtypes import Field
from spuframe.spu.share import Share


@dataclass(frozen=True)
class Column:
    """One column.

    The values' kind follows from the field: Bool: ``Boolean(1)``; Int: ``Arithmetic`` of the narrowest ring that holds the field's
    range (or wider), two's complement; Fixed: ``Arithmetic(64)``, ``x * 2**f``; String of width w: ``Boolean(8*w)`` if
    w <= 8, else a matrix (rows, words) of ``Boolean(64)``, most significant word first, bytes big-endian.

    Parameters
    ----------
    field : Field
    values : Share
        Values of null rows, and of rows that do not exist, are arbitrary: who sums, compares or reveals them masks them by validity first.
    valid : Share or None
        One bit a row, set where the value is not null; None: no value is null.
    """

    field: Field
    values: Share
    valid: Share | None = None


@dataclass(frozen=True)
class Table:
    """Columns of equal length, and which of their rows exist.

    Parameters
    ----------
    columns : mapping of str to Column
    rows : int
        Physical rows.
    valid : Share or None
        One bit a row; None: every row exists.
    sorted_by : tuple of str
        Columns by which the rows are in ascending order, nulls last, if known. Invalid rows stand at the end, or anywhere if their
        values keep the order: a filter keeps it.
    """

    columns: Mapping[str, Column]
    rows: int
    valid: Share | None = None
    sorted_by: tuple[str, ...] = ()
