"""Shapes of plain data that came from another process: one declaration, by which it is decoded or refused with its place.

>>> request = Record({"name": Text(), "rows": Whole(0, 10)}, {"tags": Many(Text())})
>>> request.read({"name": "t", "rows": 3}, "the request")
{'name': 't', 'rows': 3}
>>> request.read({"name": b"t", "rows": 3}, "the request")
Traceback (most recent call last):
spuframe.errors.RequestError: the request: `name` must be a text, got bytes. Install the same spuframe everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from spuframe.errors import RequestError

LONGEST_TEXT = 1 << 12
MOST_ITEMS = 1 << 20


class Shape(Protocol):
    """Something that tells what data may be."""

    def read(self, value: object, where: str) -> Any:
        """Give the value if it has the shape.

        Raises
        ------
        RequestError
            It has not; the message tells where and which type came, never the value.
        """


@dataclass(frozen=True)
class Anything:
    """Plain data that somebody else reads."""

    def read(self, value: object, where: str) -> Any:
        return value


@dataclass(frozen=True)
class Text:
    """A string without zero characters, of at most ``most`` characters."""

    most: int = LONGEST_TEXT
    least: int = 0

    def read(self, value: object, where: str) -> str:
        if type(value) is not str:
            raise _wrong(where, "a text", value)
        if not self.least <= len(value) <= self.most or "\0" in value:
            raise _refused(where, f"must be a text of {self.least} to {self.most} characters without zero characters")
        return value


@dataclass(frozen=True)
class Octets:
    """Bytes."""

    most: int = 1 << 31
    least: int = 0

    def read(self, value: object, where: str) -> bytes:
        if type(value) is not bytes:
            raise _wrong(where, "bytes", value)
        if not self.least <= len(value) <= self.most:
            raise _refused(where, f"must have {self.least} to {self.most} bytes, got {len(value)}")
        return value


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, value: object, where: str) -> bool:
        if type(value) is not bool:
            raise _wrong(where, "true or false", value)
        return value


@dataclass(frozen=True)
class Whole:
    """An integer between two bounds."""

    low: int = 0
    high: int = (1 << 63) - 1

    def read(self, value: object, where: str) -> int:
        if type(value) is not int:
            raise _wrong(where, "an integer", value)
        if not self.low <= value <= self.high:
            raise _refused(where, f"must be an integer between {self.low} and {self.high}")
        return value


@dataclass(frozen=True)
class Positive:
    """A finite number above zero."""

    def read(self, value: object, where: str) -> float:
        if type(value) not in (int, float):
            raise _wrong(where, "a number", value)
        if not (math.isfinite(value) and value > 0):  # type: ignore[arg-type, operator]
            raise _refused(where, "must be a finite number above 0")
        return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Number:
    """An integer or a float, of any size."""

    def read(self, value: object, where: str) -> int | float:
        if type(value) not in (int, float):
            raise _wrong(where, "a number", value)
        return value  # type: ignore[return-value]


@dataclass(frozen=True)
class Word:
    """One of some texts."""

    words: tuple[str, ...]

    def read(self, value: object, where: str) -> str:
        if type(value) is not str:
            raise _wrong(where, "a text", value)
        if value not in self.words:
            raise _refused(where, f"must be one of {', '.join(map(repr, self.words))}")
        return value


@dataclass(frozen=True)
class Either:
    """What one of two shapes takes, tried in order; the refusal is the last one's."""

    first: Shape
    second: Shape

    def read(self, value: object, where: str) -> Any:
        try:
            return self.first.read(value, where)
        except RequestError:
            return self.second.read(value, where)


@dataclass(frozen=True)
class Maybe:
    """Nothing, or a shape."""

    inner: Shape

    def read(self, value: object, where: str) -> Any:
        return None if value is None else self.inner.read(value, where)


@dataclass(frozen=True)
class Many:
    """A list of one shape, whose items may have to differ."""

    item: Shape
    most: int = MOST_ITEMS
    least: int = 0
    distinct: bool = False

    def read(self, value: object, where: str) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise _wrong(where, "a list", value)
        if not self.least <= len(value) <= self.most:
            raise _refused(where, f"must have {self.least} to {self.most} items, got {len(value)}")
        items = [self.item.read(v, where) for v in value]
        if self.distinct and len(set(items)) < len(items):
            raise _refused(where, "must not name anything twice")
        return items


@dataclass(frozen=True)
class Row:
    """A list of one value of each shape."""

    items: tuple[Shape, ...]

    def read(self, value: object, where: str) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise _wrong(where, f"a list of {len(self.items)}", value)
        if len(value) != len(self.items):
            raise _refused(where, f"must be a list of {len(self.items)}, got {len(value)}")
        return [item.read(v, where) for item, v in zip(self.items, value, strict=True)]


@dataclass(frozen=True)
class Named:
    """A mapping from texts to one shape."""

    item: Shape
    most: int = MOST_ITEMS

    def read(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _wrong(where, "a mapping", value)
        if len(value) > self.most:
            raise _refused(where, f"must have at most {self.most} entries, got {len(value)}")
        return {_NAME.read(k, where): self.item.read(v, f"{where}: {str(k)[:40]!r}") for k, v in value.items()}


@dataclass(frozen=True)
class Record:
    """A mapping with these fields, and with those of ``optional`` if they are given; no others."""

    fields: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)

    def read(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _wrong(where, "a mapping", value)
        for name in self.fields:
            if name not in value:
                raise _refused(where, f"lacks `{name}`")
        made: dict[str, Any] = {}
        for key, item in value.items():
            name = _KEY.read(key, where)
            shape = self.fields.get(name) or self.optional.get(name)
            if shape is None:
                raise _refused(where, f"has an unknown field {name[:40]!r}; known are {', '.join([*self.fields, *self.optional])}")
            made[name] = shape.read(item, f"{where}: `{name}`")
        return made


@dataclass(frozen=True)
class Tagged:
    """A record of the kind that its field ``tag`` names."""

    tag: str
    kinds: Mapping[str, Record]

    def read(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _wrong(where, "a mapping", value)
        if self.tag not in value:
            raise _refused(where, f"lacks `{self.tag}`")
        kind = Word(tuple(self.kinds)).read(value[self.tag], f"{where}: `{self.tag}`")
        rest = {key: item for key, item in value.items() if key != self.tag}
        return {self.tag: kind, **self.kinds[kind].read(rest, f"{where} ({kind})")}


_KEY = Text(256)
_NAME = Text(LONGEST_TEXT)


def _wrong(where: str, wanted: str, value: object) -> RequestError:
    return _refused(where, f"must be {wanted}, got {type(value).__name__}")


def _refused(where: str, what: str) -> RequestError:
    return RequestError(f"{where} {what}. Install the same spuframe everywhere.")
