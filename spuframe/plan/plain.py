"""Plain data as a value that can be compared and hashed: programs inside the nodes of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgpack


@dataclass(frozen=True)
class Plain:
    """Plain data inside a node: kept as msgpack, so that it can be compared and hashed.

    >>> Plain.of({"op": "matmul", "inputs": [0, 1]}).value
    {'op': 'matmul', 'inputs': [0, 1]}
    """

    data: bytes

    @classmethod
    def of(cls, value: object) -> Plain:
        return cls(bytes(msgpack.packb(value)))

    @property
    def value(self) -> Any:
        return msgpack.unpackb(self.data)
