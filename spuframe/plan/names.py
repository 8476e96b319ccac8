"""Names that are free: columns that a plan makes for itself stand beside those that it was given."""

from __future__ import annotations

from collections.abc import Container


def free(name: str, taken: Container[str]) -> str:
    """``name``, or one like it that is not taken.

    >>> free("x", ["x", "x'"])
    "x''"
    """
    while name in taken:
        name = f"{name}'"
    return name
