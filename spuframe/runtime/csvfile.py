"""Reading a CSV file at its owner, with pandas' words for how it is written; what is written otherwise is an error, never a guess.

Errors name columns and rows, never what stands there.
"""

from __future__ import annotations

import codecs
import datetime
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from spuframe.dtypes import refuse
from spuframe.errors import ColumnNotFoundError, DataError, SchemaError

_CLOCK = ("%H", "%I", "%M", "%S", "%f", "%T", "%R", "%c", "%X")
"""What a format says of the time of day."""
_NULLS = pa.csv.ConvertOptions().null_values


def read_csv(path: str, source: Mapping[str, Any]) -> pa.Table:
    """The table of a file.

    Parameters
    ----------
    path : str
    source : mapping
        ``sep``, ``encoding``, ``thousands``, ``decimal``, ``na_values`` as `pandas.read_csv`; ``dates``: column to the format of its dates or
        points in time.
    """
    sep, decimal = (_one(source, word, given) for word, given in (("sep", ","), ("decimal", ".")))
    thousands = _one(source, "thousands", "") if source.get("thousands") else ""
    if decimal in (sep, thousands):  # numbers with a thousands separator may be quoted
        raise DataError("the decimal point of a CSV file must be different from sep and thousands.")
    dates = dict(source.get("dates") or {})
    convert = pa.csv.ConvertOptions(
        strings_can_be_null=True,  # empty fields are nulls, of strings too, as pandas reads them
        null_values=[*_NULLS, *source.get("na_values", ())],
        decimal_point=decimal,
        column_types=dict.fromkeys(dates, pa.string()),
    )
    table = pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(encoding=_codec(source.get("encoding", "utf-8"))),
        parse_options=pa.csv.ParseOptions(delimiter=sep),
        convert_options=convert,
    )
    _one_column(table, sep)
    for name in dates:
        if name not in table.column_names:
            raise ColumnNotFoundError.of(name, table.column_names)
    for i, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if pa.types.is_binary(column.type):
            raise DataError(f"column {name!r} of {path!r} holds text that is not UTF-8: say how it is written, such as encoding='latin-1'.")
        if name in dates:
            table = table.set_column(i, name, _dates(name, column, dates[name]))
        elif thousands and pa.types.is_string(column.type):
            table = table.set_column(i, name, _grouped(column, thousands, decimal))
    return table


def _one(source: Mapping[str, Any], word: str, given: str) -> str:
    value = source.get(word, given)
    if not isinstance(value, str) or len(value.encode()) != 1:
        raise DataError(f"`{word}` of a CSV file must be one character, got {value!r}.")
    return value


def _codec(name: Any) -> str:
    try:
        return codecs.lookup(name).name
    except (LookupError, TypeError, ValueError):
        raise DataError(f"there is no encoding {name!r}: use 'utf-8', 'latin-1', 'cp1252' or 'utf-16'.") from None


def _one_column(table: pa.Table, sep: str) -> None:
    """Refuse a table that only looks like one column."""
    if table.num_columns == 1:
        for other in ";\t|,":
            if other != sep and other in table.column_names[0]:
                raise SchemaError(f"the file has one column, whose name has {other!r} in it: say how columns are separated, sep={other!r}.")


def _dates(name: str, column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Text as dates, all in one format; as points in time, if that says the time of day, and of UTC, if it says the offset."""
    words = column.combine_chunks().dictionary_encode()
    times: list[datetime.datetime | None] = []
    for word in words.dictionary.to_pylist():
        try:
            times.append(datetime.datetime.strptime(word.strip(), pattern))
        except ValueError:
            times.append(None)
    kind = pa.timestamp("us", "UTC" if "%z" in pattern else None) if any(mark in pattern for mark in _CLOCK) else pa.date32()
    made = [t if t is None or pa.types.is_timestamp(kind) else t.date() for t in times]
    found = pa.array(made, kind).take(words.indices)
    bad = pc.and_(pc.is_null(found), pc.is_valid(column.combine_chunks()))
    refuse(name, bad, f"not written {pattern!r}", "Write all dates alike", DataError)
    return pa.chunked_array([found])


def _grouped(column: pa.ChunkedArray, thousands: str, decimal: str) -> pa.ChunkedArray:
    """Text as numbers, if all of it is numbers with digits in groups of three; else as it is."""
    mark, point = (f"[{c}]" if c not in "^\\]" else f"\\{c}" for c in (thousands, decimal))
    text = pc.utf8_trim_whitespace(column)
    good = pc.match_substring_regex(text, rf"^[+-]?([0-9]{{1,3}}({mark}[0-9]{{3}})*|[0-9]+)({point}[0-9]*)?$")
    if not pc.all(good).as_py():
        return column
    digits = pc.replace_substring(pc.replace_substring(text, thousands, ""), decimal, ".")
    digits = pc.replace_substring_regex(digits, r"^\+", "")
    whole = not pc.any(pc.match_substring(digits, ".")).as_py()
    return digits.cast(pa.int64() if whole else pa.float64())
