"""Columns made ready to be summed, and counts of rows, over groups and whole tables."""

from __future__ import annotations

from dataclasses import replace

from spuframe.ir.rings import summing
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import fit
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.table import Column


def summable(box: BlackBox, column: Column, rows: int) -> Column:
    """The column with as many fraction bits as the sum of so many rows leaves room for, as the plan says too."""
    field = column.field
    if field.dtype.exact:
        return column
    dtype, _ = summing(field.dtype, field.range, rows)
    if dtype == field.dtype:
        return column
    return Column(replace(field, dtype=dtype), box.trunc(column.values, field.dtype.frac - dtype.frac), column.valid)


def numbers(box: BlackBox, column: Column, counted: Share | None, ring: int) -> Share:
    """The column in the ring of the sum, zero where it does not count."""
    values = column.values
    if values.is_bit:
        return box.b2a(values if counted is None else box.and_(values, counted), ring)
    values = fit(box, values, ring)
    return values if counted is None else box.inject(counted, values)


def how_many(box: BlackBox, rows: int, bits: Share | None, ring: int) -> Share:
    """How many bits are set, as one row; of so many rows all, where there are none."""
    return box.constant(rows, Arithmetic(ring), (1,)) if bits is None else box.b2a(bits, ring).sum()
