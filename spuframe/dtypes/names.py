"""Types by their names, and of Python's values: asked of the types, of which there is no list.

>>> from spuframe.dtypes import Date
>>> class Weeks(Date):
...     '''Another type: what is known of it is here.'''
>>> parse_dtype("weeks"), Weeks in known()
(Weeks(), True)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from spuframe.dtypes.base import DType
from spuframe.errors import PlanError, SchemaError


def known(of: type[DType] = DType) -> list[type[DType]]:
    """All types that can be shown, those of one base together."""
    return [*([of] if of.arrow is not DType.arrow else []), *(k for below in of.__subclasses__() for k in known(below))]


@lru_cache(4096)
def parse_dtype(name: str) -> DType:
    """Make a type from its name, the inverse of ``str(dtype)``.

    >>> parse_dtype("int32"), parse_dtype("string[12]"), parse_dtype("timestamp[Europe/Berlin]"), parse_dtype("decimal[12,2]")
    (Int(bits=32, signed=True), String(width=12), Timestamp(zone='Europe/Berlin'), Decimal(precision=12, scale=2))
    """
    parts = re.fullmatch(r"(\w+)(?:\[(.*)\])?", name)
    for kind in known() if parts else ():
        found = kind.named(parts[1], parts[2])  # type: ignore[index]
        if found is not None:
            return found
    raise SchemaError(f"unknown type {name!r}: use {written()}")


def written() -> str:
    """How the names of all types are written, for messages."""
    *most, last = (kind.HOW or kind.__name__.lower() for kind in known())
    return f"{', '.join(most)} or {last}"


def alias(name: str) -> str:
    """Our name of a type that pandas, NumPy or Python calls ``name``; other names as they are.

    >>> alias("Int64"), alias("float64"), alias("date")
    ('int64', 'float', 'date')
    """
    return next((ours for kind in known() if (ours := kind.nicknamed(name)) is not None), name)


def constants() -> tuple[type, ...]:
    """The types of Python whose values are constants."""
    return tuple(of for kind in known() for of in kind.CONSTANTS)


def literal(value: Any) -> tuple[DType, Any]:
    """A value of Python as a constant: the type that it has, and its form.

    >>> literal(3), literal(True), literal("north")
    ((Int(bits=64, signed=True), 3), (Bool(), True), (String(width=5), 'north'))
    """
    return _kind(value).literal(value)


def plain(value: Any) -> bool | int | float | str:
    """A value of Python as plain data, which its type reads again.

    >>> import datetime
    >>> plain(datetime.date(2020, 2, 29)), plain(0.5)
    ('2020-02-29', 0.5)
    """
    return _kind(value).plain(value)


def _kind(value: object) -> type[DType]:
    for of in type(value).__mro__:
        for kind in known():
            if of in kind.CONSTANTS:
                return kind
    names = ", ".join(of.__name__ for of in constants())
    raise PlanError(f"a constant is of type {names} or None, got {type(value).__name__}: convert it first")
