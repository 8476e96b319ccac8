"""The kinds of types that ``select_dtypes`` knows, by the names that pandas and NumPy have for them."""

from __future__ import annotations

from typing import Any

from spuframe.dtypes import DType
from spuframe.errors import TypeMismatchError


def types(value: Any, what: str) -> list[object]:
    """The types that an argument lists, each a name or a type of Python, NumPy or pandas."""
    listed = list(value) if isinstance(value, list | tuple | set | frozenset) else [] if value is None else [value]
    for t in listed:
        if not isinstance(t, str | type | DType) and type(t).__module__.split(".")[0] not in ("numpy", "pandas"):
            raise TypeMismatchError(f"`{what}` must be types or their names, such as 'number' or 'bool', got a {type(t).__name__}")
    return listed


def is_of(dtype: DType, asked: object) -> bool:
    """Whether a type is the one, or one of the kind, that is asked for."""
    name = asked.__name__ if isinstance(asked, type) else str(asked)
    return name in dtype.kinds or dtype == asked
