"""What was revealed, as pandas has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LABELS = 10**9
"""Rows that the labels of one random order leave room for."""


def to_pandas(table: pa.Table, order: int | None = None) -> pd.DataFrame:
    """Arrow to pandas, with nullable types where there are nulls; the labels of a random order are that order's alone."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.bool_(): pd.BooleanDtype()}
    for bits in (8, 16, 32, 64):
        nullable[getattr(pa, f"int{bits}")()] = getattr(pd, f"Int{bits}Dtype")()
        nullable[getattr(pa, f"uint{bits}")()] = getattr(pd, f"UInt{bits}Dtype")()
    out = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        out[name] = column.to_pandas(types_mapper=nullable.get) if column.null_count else column.to_pandas()
    start = 0 if order is None else order * LABELS
    index = pd.RangeIndex(start, start + table.num_rows, name=None if order is None else "unordered")
    return pd.DataFrame({name: column.set_axis(index) for name, column in out.items()}, index=index, columns=table.column_names)
