"""Sort keys: columns as unsigned boolean words whose order is the order of the values, in as few bits as the public range needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from spuframe.dtypes import Field, String
from spuframe.errors import TypeMismatchError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import and_pairs, string_width
from spuframe.spu.share import BIT, Boolean, Share, concat
from spuframe.spu.table import Column, Table


@dataclass(frozen=True)
class Layout:
    """How a key column is laid out in bits; columns that are compared share one.

    Parameters
    ----------
    low : int
        What value zero stands for, in the units of the column's ring.
    bits : int
        Of the value.
    nullable : bool
        One bit more, above the value: set for null.
    """

    low: int
    bits: int
    nullable: bool

    @property
    def width(self) -> int:
        return self.bits + self.nullable

    @classmethod
    def of(cls, *columns: Column) -> Layout:
        """The layout that holds every value of all ``columns``."""
        fields = [c.field for c in columns]
        first = fields[0].dtype
        for field in fields[1:]:
            if not first.like(field.dtype) and not isinstance(first, String):
                raise TypeMismatchError(
                    f"keys {fields[0].name!r} ({first}) and {field.name!r} ({field.dtype}) have different types: cast one of them"
                )
        nullable = any(c.valid is not None for c in columns)
        if not first.has_range:
            return cls(0, max(f.dtype.bits for f in fields), nullable)
        bounds = [key_bounds(f) for f in fields]
        low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
        return cls(low, (high - low).bit_length(), nullable)


def key_bounds(field: Field) -> tuple[int, int]:
    """Bounds of the words of a column, with room for the errors of computed ones."""
    low, high = field.dtype.units(field.range)
    if not field.dtype.exact:  # computed values may leave their inferred range by their error
        margin = 16 + ((high - low) >> 8)
        return max(low - margin, -(1 << 63)), min(high + margin, (1 << 63) - 1)
    return low, high


def key_words(box: BlackBox, column: Column, layout: Layout, descending: bool = False) -> list[Share]:
    """The column as boolean words, most significant first, in the bits of ``layout``; null values are all alike, and last."""
    words = _value_words(box, column, layout)
    if descending:
        words = [box.not_(w) for w in words]
    if not layout.nullable:
        return words
    rows = column.values.rows
    if column.valid is None:
        return [box.constant(0, BIT, (rows,)), *words]
    valid = column.valid
    return [box.not_(valid), *(box.and_(box.spread(valid, w), w) for w in words)]


def _value_words(box: BlackBox, column: Column, layout: Layout) -> list[Share]:
    values, dtype = column.values, column.field.dtype
    if layout.bits == 0:
        return []
    if values.is_bit:
        return [values]
    if isinstance(dtype, String):
        width = layout.bits // 8  # of the widest column of the layout
        values = string_width(values, dtype.width, width)
        if width <= 8:
            return [values]
        words, tail = [values.column(j) for j in range(-(-width // 8))], 8 * (width % 8)
        return [*words[:-1], words[-1].slice_bits(64 - tail, tail)] if tail else words
    if layout.bits > values.bits:  # another column of the layout has the wider range
        values = box.extend(values, 8 * Boolean(layout.bits).word.itemsize)
    return [box.a2b(values if layout.low == 0 else _minus(box, values, layout.low), layout.bits)]


def _minus(box: BlackBox, values: Share, low: int) -> Share:
    return values + box.constant(-low, values.kind, (1,))


def table_words(box: BlackBox, table: Table, by: Sequence[str], ascending: Sequence[bool] | None = None) -> list[Share]:
    """The words to sort a table by: invalid rows last, then the columns ``by`` in turn."""
    words = [] if table.valid is None else [box.not_(table.valid)]
    columns = [table.columns[name] for name in by]
    return words + all_words(box, columns, [not up for up in ascending or [True] * len(by)])


def all_words(box: BlackBox, columns: Sequence[Column], descending: Sequence[bool] | None = None) -> list[Share]:
    """The `key_words` of all columns, each in a layout of its own, in common rounds."""
    down = descending or [False] * len(columns)
    found = box.together([partial(key_words, box, c, Layout.of(c), d) for c, d in zip(columns, down, strict=True)])
    return [word for words in found for word in words]


def equal_above(box: BlackBox, words: Sequence[Share]) -> Share:
    """Whether a row has the same words as the row above it; the first row does not."""
    rows = words[0].rows if words else 0
    if rows <= 1:
        return box.constant(0, BIT, (rows,))

    def unchanged(word: Share) -> Share:
        here, above = word.slice(1, rows), word.slice(0, rows - 1)
        changed = here ^ above if isinstance(word.kind, Boolean) else here - above
        return box.not_(changed) if word.is_bit else box.eqz(changed)

    same = box.together([partial(unchanged, word) for word in words])
    while len(same) > 1:
        same = [*and_pairs(box, list(zip(same[::2], same[1::2], strict=False))), *same[len(same) & ~1 :]]
    return below(box, same[0])


def below(box: BlackBox, bits: Share) -> Share:
    """The bits moved down by one row, below a zero."""
    return concat([box.constant(0, BIT, (1,)), bits])
