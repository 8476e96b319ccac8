"""Which rows messages name, of columns whose values are not fit: never a value."""

from __future__ import annotations

from typing import Any

from spuframe.errors import EncodingError, NotFiniteError, TypeMismatchError


def rows_text(bad: Any) -> str:
    """Which rows a message names: the first and the last of a mask's.

    >>> import numpy as np
    >>> rows_text(np.array([False, True, False])), rows_text(np.array([True, True, True]))
    ('row 1', 'rows 0 to 2 (3 in all)')
    """
    (where,) = bad.nonzero()
    first, last = int(where[0]), int(where[-1])
    return f"row {first}" if first == last else f"rows {first} to {last} ({len(where)} in all)"


def refuse(name: str, bad: Any, what: str, remedy: str, error: type[EncodingError | NotFiniteError | TypeMismatchError] = EncodingError) -> None:
    """Raise if any row is bad: its column, how many, between which rows; never a value."""
    import pyarrow.compute as pc

    if not pc.any(bad).as_py():
        return
    rows = pc.indices_nonzero(bad.combine_chunks())
    first, last = rows[0].as_py(), rows[-1].as_py()
    where = f"row {first}" if first == last else f"{len(rows)} rows between {first} and {last}"
    raise error(f"column {name!r} holds values that are {what}, in {where} (counted from 0). {remedy}.")
