"""Fields and schemas: what a column is called, who may see it, and within which range it lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from spuframe.dtypes.base import DType, Range
from spuframe.dtypes.names import parse_dtype
from spuframe.errors import ColumnNotFoundError, SchemaError


@dataclass(frozen=True)
class Visibility:
    """Who can see a column's values: everybody, one owner, or nobody.

    Parameters
    ----------
    kind : {"public", "private", "secret"}
    owner : str or None
        The owner of a private column.
    """

    kind: Literal["public", "private", "secret"]
    owner: str | None = None

    def __str__(self) -> str:
        return f"private({self.owner})" if self.kind == "private" else self.kind

    def join(self, other: Visibility) -> Visibility:
        """The visibility of a value computed from both."""
        if self == other or other.kind == "public":
            return self
        return other if self.kind == "public" else SECRET


PUBLIC = Visibility("public")
SECRET = Visibility("secret")


def private(owner: str) -> Visibility:
    """Visible to ``owner`` alone, in plaintext at its own process."""
    return Visibility("private", owner)


@dataclass(frozen=True)
class Field:
    """One column: its name, type, nullability, visibility, owners and public value range.

    Parameters
    ----------
    name : str
    dtype : DType
    nullable : bool
        Whether a value may be missing.
    visibility : Visibility
    range : tuple of two numbers, or None
        Inclusive public bounds of the values; None where the type has none (strings) or none is known. Those of a fixed-point column are rounded
        outward to its resolution.
    owners : frozenset of str
        Whose data the column is computed from.
    """

    name: str
    dtype: DType
    nullable: bool = False
    visibility: Visibility = SECRET
    range: Range | None = None
    owners: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.range is not None:
            object.__setattr__(self, "range", self.dtype.outward(self.range))

    def renamed(self, name: str) -> Field:
        return replace(self, name=name)

    def to_plain(self) -> dict[str, Any]:
        """Plain data for the wire."""
        return {
            "name": self.name,
            "dtype": str(self.dtype),
            "nullable": self.nullable,
            "visibility": self.visibility.kind,
            "owner": self.visibility.owner,
            "range": None if self.range is None else list(self.range),
            "owners": sorted(self.owners),
        }

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Field:
        """The inverse of :meth:`to_plain`."""
        bounds = data["range"]
        return cls(
            data["name"],
            parse_dtype(data["dtype"]),
            bool(data["nullable"]),
            Visibility(data["visibility"], data["owner"]),
            None if bounds is None else (bounds[0], bounds[1]),
            frozenset(data["owners"]),
        )


@dataclass(frozen=True)
class Schema:
    """Fields in order, with unique names."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for field in self.fields:
            if field.name in seen:
                raise SchemaError(f"column {field.name!r} occurs twice: rename one of them")
            seen.add(field.name)

    @classmethod
    def of(cls, fields: Sequence[Field]) -> Schema:
        return cls(tuple(fields))

    @property
    def names(self) -> list[str]:
        return [f.name for f in self.fields]

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise ColumnNotFoundError.of(name, self.names)

    def __contains__(self, name: object) -> bool:
        return any(f.name == name for f in self.fields)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)
