"""Makes a table that the analyst has ready for an owner's process. Every column is of a type that can be shared, or a typed error names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spuframe.errors import SchemaError, TypeMismatchError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CSV: Mapping[str, str | None] = MappingProxyType({"sep": ",", "encoding": "utf-8", "decimal": ".", "thousands": None})
"""How a CSV file is written unless the call says otherwise."""

_OBJECTS = "Make its values of one kind: .astype('int64'), 'float64', 'bool' or 'str', or leave it out"
_INTEGERS = "Integers have at most 64 bits: cut them, .astype('float64'), or .astype('str') for names and numbers of accounts"


def _kinds() -> list[tuple[Callable[[Any], bool], str]]:
    """Arrow types that cannot be shared, and what to do with a column of one."""
    import pyarrow as pa

    t = pa.types
    seconds = "Take its number of seconds, .dt.total_seconds() in pandas"
    return [
        (t.is_time, "Take its number of seconds since midnight"),
        (t.is_nested, "Give each part a column of its own, .explode() or one column a field"),
        (t.is_map, "Give each part a column of its own"),
        (lambda k: t.is_binary(k) or t.is_large_binary(k) or t.is_fixed_size_binary(k), "Decode it to strings, .str.decode('utf-8') in pandas"),
        (t.is_interval, seconds),
        (lambda k: isinstance(k, pa.ExtensionType), "Take its storage: start and end of an interval, the number or the first day of a period"),
    ]


def checked(table: object) -> pa.Table:
    """The table, if its columns are of types that can be shared."""
    import pyarrow as pa

    if not isinstance(table, pa.Table):
        raise TypeMismatchError(f"`table` must be a pyarrow.Table, got {type(table).__name__}: use from_pandas for a DataFrame")
    kinds = _kinds()
    for field in table.schema:
        for unfit, told in kinds:
            kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            if unfit(kind):
                raise TypeMismatchError(f"column {field.name!r} has the Arrow type {field.type}, which cannot be shared. {told}, or leave it out.")
    return table


def serialized(table: pa.Table) -> bytes:
    """The table as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    out: bytes = sink.getvalue().to_pybytes()
    return out


def from_pandas(frame: pd.DataFrame) -> pa.Table:
    """A DataFrame's columns in Arrow's types; the index is dropped."""
    import pandas as pd
    import pyarrow as pa

    if not isinstance(frame, pd.DataFrame):
        raise TypeMismatchError(f"`frame` must be a pandas.DataFrame, got {type(frame).__name__}")
    if isinstance(frame.columns, pd.MultiIndex):
        raise SchemaError("the columns have several levels. Name them with one string each: frame.columns = ['_'.join(c) for c in frame.columns]")
    for name in frame.columns:
        if not isinstance(name, str):
            raise SchemaError(
                f"a column is called {str(name)!r}, a {type(name).__name__}, and names are strings here: frame.columns = frame.columns.astype(str)"
            )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise SchemaError(f"column {twice[0]!r} occurs twice: rename one of them")
    return pa.table({name: _column(name, frame[name]) for name in frame.columns})


def _column(name: str, column: pd.Series[Any]) -> pa.Array | pa.ChunkedArray:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    kind: Any = column.dtype
    if isinstance(kind, pd.SparseDtype):
        kind = kind.subtype
        column = column.astype(kind)
    told = None
    if isinstance(kind, pd.PeriodDtype):
        told = "Take the first day of each, .dt.start_time, or its number, .astype('int64')"
    elif isinstance(kind, pd.IntervalDtype):
        told = "Take the ends of each, pandas.arrays.IntervalArray(column).left and .right"
    elif isinstance(kind, np.dtype) and kind.kind == "c":
        told = "Give real and imaginary part a column each, .real and .imag of its array"
    elif isinstance(kind, pd.CategoricalDtype):
        return _column(name, column.astype(kind.categories.dtype)) if not column.isna().any() else _column(name, column.astype(object))
    elif kind.kind == "O" and pd.api.types.infer_dtype(column, skipna=True) == "mixed-integer":
        told = f"Its values are of several kinds. {_OBJECTS.removesuffix(', or leave it out')}"  # Arrow takes 5 among dates for 1970-01-06
    if told is not None:
        raise TypeMismatchError(f"column {name!r} is {kind}, which cannot be shared. {told}, or leave it out.")
    try:
        return pa.Array.from_pandas(column)
    except OverflowError:
        raise TypeMismatchError(f"column {name!r} holds numbers that no 64-bit integer holds. {_INTEGERS}.") from None
    except (pa.ArrowException, TypeError, ValueError) as error:  # their texts quote values
        big = "too large" in str(error) or "overflow" in str(error) or "out of bounds" in str(error)
        several = f"values that are of several kinds, or of none that can be shared. {_OBJECTS}"
        told = f"numbers that no 64-bit integer holds. {_INTEGERS}" if big else several
        raise TypeMismatchError(f"column {name!r} holds {told}.") from None
