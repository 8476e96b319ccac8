"""Rows put below each other as they are computed, and work cut into slices of rows so that intermediate results stay small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from spuframe.spu.share import Kind, Share, empty
from spuframe.spu.table import Table

SLICE_BATCHES = 2
"""Batches in a slice: enough for narrow columns to have several chunks in flight, few enough for a division's 20 intermediate columns in 150 MB."""
LEAST_SLICE = 1 << 16
"""Rows of a slice however many results are on their way at once: below, calls take longer than rows."""


class Rows:
    """A share whose rows come piece by piece; room for all of them is made once.

    Parameters
    ----------
    kind : Arithmetic or Boolean
    shape : tuple of int
    """

    def __init__(self, kind: Kind, shape: tuple[int, ...]) -> None:
        self._kind = kind
        self._shape = shape
        self._whole: Share | None = None

    def put(self, start: int, piece: Share) -> None:
        """Rows ``start ..`` (a multiple of 8 for single bits)."""
        if self._whole is None:
            self._whole = empty(piece.layout, self._kind, self._shape)
        self._whole.write(start, piece)

    def share(self) -> Share:
        assert self._whole is not None  # there are rows
        return self._whole


Work = Callable[[Table], Sequence[Share | None]]


def by_slices(table: Table, step: int, repeated: Callable[[int, Callable[[], None]], None] | None, work: Work) -> list[Share | None]:
    """Shares computed row by row from a table, slice by slice: what is made on the way needs memory for one slice alone.

    Parameters
    ----------
    table : Table
    step : int
        Rows of a slice, a multiple of 64.
    repeated : callable or None
        Where nothing is computed: ``repeated(count, run)`` declares ``count`` times what ``run()`` declares.
    work : callable
        From the rows of a slice to shares of as many rows (None where it has nothing to give); alike for every slice.
    """
    n = table.rows
    if n <= step:
        return list(work(table))
    found: list[Rows | None] = []
    shapes: list[Share | None] = []

    def one(start: int) -> None:
        made = work(_slice(table, start, min(start + step, n)))
        if not found:
            shapes.extend(s if s is None else Share(s.kind, (n, *s.shape[1:]), ()) for s in made)
            found.extend(s if s is None else Rows(s.kind, s.shape) for s in shapes)
        for rows, share in zip(found, made, strict=True):
            if rows is not None and share is not None:
                rows.put(start, share)

    if repeated is not None:
        repeated(n // step, lambda: one(0))
        if n % step:
            one(n // step * step)
        return shapes
    for start in range(0, n, step):
        one(start)
    return [None if rows is None else rows.share() for rows in found]


def _slice(table: Table, start: int, stop: int) -> Table:
    columns = {
        name: replace(c, values=c.values.slice(start, stop), valid=None if c.valid is None else c.valid.slice(start, stop))
        for name, c in table.columns.items()
    }
    return Table(columns, stop - start, None if table.valid is None else table.valid.slice(start, stop), table.sorted_by)
