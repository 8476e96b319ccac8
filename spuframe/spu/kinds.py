"""What a shared value is: a number of a ring, or bits; and how NumPy holds its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.dtypes import RINGS

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Arithmetic:
    """Additive over the ring Z_2^bits; bits is 8, 16, 32 or 64."""

    bits: int
    LETTER: ClassVar[str] = "A"

    @classmethod
    def least(cls, bits: int) -> Arithmetic:
        """The smallest ring of at least ``bits`` bits.

        >>> Arithmetic.least(9), Arithmetic.least(64)
        (Arithmetic(bits=16), Arithmetic(bits=64))
        """
        return cls(next(ring for ring in RINGS if ring >= bits))

    @property
    def word(self) -> np.dtype[Any]:
        return np.dtype(f"u{self.bits // 8}")


@dataclass(frozen=True)
class Boolean:
    """XOR-shared words of 1 to 64 bits.

    One bit a row is held packed, as an Arrow validity bitmap (uint8, least significant bit first, unused bits at
    the end arbitrary). More bits are held in the low bits of the narrowest unsigned word; the bits above are zero.
    """

    bits: int
    LETTER: ClassVar[str] = "B"

    @property
    def word(self) -> np.dtype[Any]:
        return np.dtype("u1" if self.bits <= 8 else "u2" if self.bits <= 16 else "u4" if self.bits <= 32 else "u8")

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1


Kind: TypeAlias = Arithmetic | Boolean
BIT = Boolean(1)
KINDS: dict[str, type[Arithmetic] | type[Boolean]] = {kind.LETTER: kind for kind in (Arithmetic, Boolean)}
"""By their letters, which stand for them in plain data."""


def stored_shape(kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an array of words: packed bits take an eighth."""
    return (-(-shape[0] // 8),) if kind == BIT else shape


def pack(bits: Array) -> Array:
    """Zeros and ones to a bitmap, least significant bit first (Arrow's order)."""
    return np.packbits(bits.astype(np.uint8, copy=False), bitorder="little")


def unpack(packed: Array, n: int) -> Array:
    """A bitmap to ``n`` zeros and ones of uint8."""
    return np.unpackbits(packed, count=n, bitorder="little")
