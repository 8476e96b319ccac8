"""Public chances of estimators, by which they choose among secret rows: never masks nor keys."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field


@dataclass
class Chances:
    """Numbers that a seed decides, uniform as far as anybody can tell; without a seed nobody knows them before.

    >>> one, other = Chances(7), Chances(7)
    >>> [one.draw(20) for _ in range(3)] == [other.draw(20) for _ in range(3)]
    True
    """

    seed: int | None
    _key: bytes = field(init=False, repr=False)
    _count: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        self._key = secrets.token_bytes(16) if self.seed is None else str(self.seed).encode()

    def draw(self, bits: int) -> int:
        """The next number of so many bits, 64 at most."""
        self._count += 1
        digest = hashlib.blake2b(self._count.to_bytes(8, "little") + self._key, digest_size=8, person=b"spuframe").digest()
        return int.from_bytes(digest, "little") >> 64 - bits
