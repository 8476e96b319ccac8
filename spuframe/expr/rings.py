"""In rings of how many bits a function wants the columns that are its arguments: one of these is said by its class (`Function.rings`).

A column is shared in one ring. Whoever reads it in a wider one widens it, which costs rounds; to share it wider from the start costs bytes, but no round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from spuframe.dtypes import RINGS, DType, Range


class Stored(NamedTuple):
    """A value's type and public range."""

    dtype: DType
    range: Range | None


Rings: TypeAlias = Callable[[Stored, Sequence[Stored]], Sequence[int]]
"""By the result and the arguments, the bits of the ring that each argument is wanted in; 0: as narrow as it is."""


def as_they_are(result: Stored, args: Sequence[Stored]) -> Sequence[int]:
    """What is compared with constants, moved, or brought into a ring of its own."""
    return [0] * len(args)


def of_result(result: Stored, args: Sequence[Stored]) -> Sequence[int]:
    """What is computed in the ring of the result."""
    return [result.dtype.ring(result.range)] * len(args)


def of_difference(result: Stored, args: Sequence[Stored]) -> Sequence[int]:
    """What is subtracted to compare it."""
    ends: list[int] = []
    for a in args:
        if not a.dtype.has_range or not a.dtype.exact:
            return [a.dtype.ring(None)] * len(args)
        ends += [int(b) for b in (a.dtype.limits if a.range is None else a.range)]
    need = (max(ends) - min(ends)).bit_length() + 1
    return [next((bits for bits in RINGS if bits >= need), 64)] * len(args)


def of_dividend(result: Stored, args: Sequence[Stored]) -> Sequence[int]:
    """A dividend is shifted to the left before it is divided."""
    return [64, *[0] * (len(args) - 1)]
