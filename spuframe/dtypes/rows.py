"""Which rows messages name, of columns whose values are not fit: never a value."""

from __future__ import annotations

from typing import Any

from spuframe.errors import DataError, EncodingError, TypeMismatchError


def rows_text(bad: Any) -> str:
    """Which rows a message names: the first and the last of a mask's.

    >>> import numpy as np
    >>> rows_text(np.array([False, True, False])), rows_text(np.array([True, True, True]))
    ('row 1', 'rows 0 to 2 (3 in all)')
    """
    (where,) = bad.nonzero()
    first, last = int(where[0]), int(where[-1])
    return f"row {first}" if first == last else f"rows {first} to {last} ({len(where)} in all)"


def refuse(name: str, bad: Any, what: str, remedy: str, error: type[DataError | TypeMismatchError] = EncodingError) -> None:
    """Raise if any row is bad: its column, never a value. How many rows and between which is the error's ``detail``, for those who hold the table."""
    import pyarrow.compute as pc

    if not pc.any(bad).as_py():
        return
    rows = pc.indices_nonzero(bad.combine_chunks() if hasattr(bad, "combine_chunks") else bad)
    first, last = rows[0].as_py(), rows[-1].as_py()
    where = f"row {first}" if first == last else f"{len(rows)} rows between {first} and {last}"
    made = error(f"column {name!r} holds values that are {what}. {remedy}.")
    made.detail = f"column {name!r} holds values that are {what}, in {where} (counted from 0). {remedy}."
    raise made
