"""Opening an owner's table: reading it, fitting it to the logical types, and inferring what is published of it.

Everything here runs at the owner. What leaves it: names, types, nullability, number of rows, and bounds as its policy allows.
Errors name columns, never values, and rows to those alone who hold the table; so the texts of Arrow's own errors, which may quote a line, are
not passed on.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from spuframe.config import Policy
from spuframe.dtypes import Field
from spuframe.errors import ColumnNotFoundError, DataError, DataFileError, PolicyError, SchemaError, SpuframeError, TypeMismatchError
from spuframe.runtime import csvfile
from spuframe.runtime.fields import coarse, fit, publish

log = logging.getLogger(__name__)
MOST_COLUMNS = 4096
MOST_ROWS = 50_000_000
LONGEST_HEADER = 1 << 20
"""Bytes of the first line of a CSV file."""


def open_table(owner: str, source: Mapping[str, Any], policy: Policy) -> tuple[pa.Table, list[Field]]:
    """Read and check a table.

    Parameters
    ----------
    owner : str
    source : mapping
        ``kind``: "csv", "parquet" (with ``path``) or "arrow" (with ``data``, the bytes of an Arrow IPC stream). Optional: ``columns`` (only these),
        those of a CSV file (`spuframe.runtime.csvfile`), ``ranges`` (column to (low, high), believed by all and checked here),
        ``nan_as_null`` (NaN means missing), ``fraction_bits`` (float column to the fraction bits that it keeps, or one number for all; by
        default they follow from the bounds. The finer, the smaller is what it can hold).
    policy : Policy

    Raises
    ------
    DataFileError, ColumnNotFoundError, SchemaError, DataError, TypeMismatchError, EncodingError, NotFiniteError, PolicyError
    """
    try:
        return _opened(owner, source, policy)
    except SpuframeError as error:
        if error.detail is None:
            raise
        if source.get("kind") == "arrow":  # who handed it over holds it
            raise type(error)(error.detail) from None
        log.warning("%s is refused: %s", _what(source), error.detail)
        raise type(error)(f"{error} The owner's log names the rows.") from None


def _opened(owner: str, source: Mapping[str, Any], policy: Policy) -> tuple[pa.Table, list[Field]]:
    table = _read(source, policy)
    names = table.column_names
    _bounded(source, table.num_rows, len(names))
    twice = sorted(n for n, times in Counter(names).items() if times > 1)
    if twice:
        raise SchemaError(f"column {twice[0]!r} occurs twice in {_what(source)}: rename one of them.")
    wanted = source.get("columns")
    if wanted is not None:
        _require(wanted, names)
        table = table.select(list(dict.fromkeys(wanted)))
    ranges, bits = dict(source.get("ranges") or {}), _bits(source.get("fraction_bits"), table)
    _require([*ranges, *bits], table.column_names)
    if ranges and policy.ranges == "none":
        raise PolicyError(f"owner {owner!r} publishes no ranges, and takes none: whether one holds would tell. Leave out ranges=, or ask the owner.")
    if not table.num_columns:
        raise DataError(f"{_what(source)} has no columns. Name at least one.")
    arrays, fields = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        fitted, dtype = fit(name, column, nan_as_null=bool(source.get("nan_as_null", False)), fraction_bits=bits.get(name))
        arrays.append(fitted)
        fields.append(publish(name, fitted, dtype, owner, policy.ranges, ranges.get(name), keep_bits=name in bits))
    return pa.table(arrays, names=table.column_names), fields


def rounded_away(table: pa.Table, fields: Sequence[Field]) -> list[str]:
    """Columns that hold values too small, or too close to each other, for their fraction bits; under each policy, since they would be wrong silently."""
    return [f.name for f in fields if coarse(table[f.name], f)]


def _bits(asked: Any, table: pa.Table) -> dict[str, Any]:
    """Column to fraction bits; one number stands for all float columns."""
    if isinstance(asked, int):
        return {f.name: asked for f in table.schema if pa.types.is_floating(f.type)}
    if asked is not None and not isinstance(asked, Mapping):
        raise TypeMismatchError(f"fraction_bits must be a number of bits, or map float columns to one each, got {type(asked).__name__}.")
    return dict(asked or {})


def _read(source: Mapping[str, Any], policy: Policy) -> pa.Table:
    kind = source.get("kind")
    path = _path(source, policy) if kind in {"csv", "parquet"} else ""
    try:
        if kind == "arrow":
            table = pa.ipc.open_stream(source["data"]).read_all()
            _bounded(source, table.num_rows, table.num_columns)
            table.validate(full=True)  # offsets and lengths come from elsewhere, and would point anywhere
            return table
        if kind == "csv":
            _header(path)
            _lines(path)
            return csvfile.read_csv(path, source)
        if kind == "parquet":
            wanted, about = source.get("columns"), pa.parquet.read_metadata(path)
            if wanted is not None:
                _require(wanted, about.schema.to_arrow_schema().names)
            _bounded(source, about.num_rows, about.num_columns if wanted is None else len(wanted))  # before anything is unpacked
            return pa.parquet.ParquetFile(path).read(columns=None if wanted is None else list(wanted))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError) as error:
        row = re.search(r"Row #(\d+)", str(error))
        empty = " (it is empty)" if "Empty CSV" in str(error) else ""
        advice = "Check its format and encoding (UTF-8, unless encoding= says otherwise)"
        made = DataError(f"{_what(source)} cannot be read as {kind}{empty}. {advice}.")
        made.detail = f"{made.message} It fails near row {row[1]}." if row else None
        raise made from None
    except OSError as error:
        raise DataFileError(f"{_what(source)} cannot be read: {error.strerror or 'not a readable file'}. Check the path at the owner.") from None
    raise DataError(f"a table comes from csv, parquet or arrow, got {kind!r}.")


def _path(source: Mapping[str, Any], policy: Policy) -> str:
    path = Path(source["path"])
    real = path.resolve()
    if not any(real.is_relative_to(Path(f).resolve()) for f in policy.folders or ()):
        raise PolicyError(
            f"this owner's policy does not let files be read from {str(path.parent)!r}. A session of sf.local reads from its current folder alone, "
            "unless Policy(folders=...) names others; elsewhere ask the owner to add the folder."
        )
    if not real.is_file():
        reason = "is not a file" if real.exists() else "does not exist"
        raise DataFileError(f"{str(path)!r} {reason} at the owner. Check the path and the owner's current folder.")
    return str(real)  # what was looked at, not what it may have become


def _bounded(source: Mapping[str, Any], rows: int, columns: int) -> None:
    """Refuse what is larger than a table may be."""
    if columns > MOST_COLUMNS:
        raise DataError(f"{_what(source)} has {columns} columns; at most {MOST_COLUMNS} are read. Leave some out.")
    if rows > MOST_ROWS:
        raise DataError(f"{_what(source)} has {rows} rows; at most {MOST_ROWS} are read. Split it.")


def _header(path: str) -> None:
    """Refuse a CSV file of too many columns by its first line: Arrow would take minutes over them."""
    with open(path, "rb") as file:
        line = file.readline(LONGEST_HEADER)
    if len(line) == LONGEST_HEADER or max(line.count(mark) for mark in (b",", b";", b"\t", b"|")) >= 4 * MOST_COLUMNS:
        raise DataError(f"{path!r} has too long a first line: at most {MOST_COLUMNS} columns are read. Leave some out.")


def _lines(path: str) -> None:
    """Refuse a CSV file of too many lines, of which a row takes one at least, before Arrow unpacks it.

    Arrow's own reader by pieces guesses the types from the first piece alone, so that a late fraction would be an error.
    """
    lines = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 22):
            lines += max(piece.count(b"\n"), piece.count(b"\r"))
            if lines > MOST_ROWS + 1:
                raise DataError(f"{path!r} has more than {MOST_ROWS} lines, and at most so many rows are read. Split it.")


def _require(wanted: Sequence[str], names: list[str]) -> None:
    for name in wanted:
        if name not in names:
            raise ColumnNotFoundError.of(name, names)


def _what(source: Mapping[str, Any]) -> str:
    return repr(str(source["path"])) if "path" in source else "the table"
