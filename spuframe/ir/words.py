"""How the columns of a table become words for moments: none of their bits is lost, and the widest decides how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spuframe.dtypes import Field
from spuframe.errors import RangeOverflowError

MOST = 61
"""Bits of a word's width, at most; as `spuframe.spu.algorithms.moments.MOST`."""
LEAST = 8
"""Bits that it has at least: narrow columns get more fraction bits."""
AMPLE = 40
"""Bits up to which narrow columns beside wide ones get more fraction bits: the rest of a word is room for rows far from those of a fit."""
FARTHEST = 62
"""Words less a mean are below ``2**FARTHEST``; as what `spuframe.spu.blackbox.BlackBox.trunc` takes."""
WIDE = 33
"""Bits of a range, beyond which low bits are left out where the deviation is large."""
SCALING_ROWS = 20
"""Rows of the matrix that says how to scale others: 4 numbers for each column, and what tells its level, in ranges of more than `WIDE` bits."""
HELD = 42
"""Scaled values and weighted sums below ``2**HELD`` are held."""
BEYOND = 20
"""Fraction bits of slopes beyond the bits of words."""
COARSE = 60
"""Bits of the sum that tells how large a sum is."""
LIMB = 26
"""Bits of a limb, at most."""
SLACK = 1 << 8
"""Units by which rounding may take a computed number beyond its range."""


def signed(word: int) -> int:
    """The word as a signed integer of 64 bits."""
    return (int(word) + (1 << 63)) % (1 << 64) - (1 << 63)


def limbs_of(numbers: Sequence[int], limb: int) -> list[list[int]]:
    """The limbs of whole numbers of any size, the lowest first; only the last are negative.

    >>> limbs_of([1000, -1], 4)
    [[8, 15], [14, 15], [3, -1]]
    """
    count = max(1, -(-max(n.bit_length() for n in numbers) // limb))
    return [[n >> limb * i if i == count - 1 else (n >> limb * i) % (1 << limb) for n in numbers] for i in range(count)]


@dataclass(frozen=True)
class Words:
    """Words ``round(x 2**fractions[j]) - centres[j]`` of column j, at most ``2**(bits - 1)`` in magnitude.

    Parameters
    ----------
    bits : int
    fractions : tuple of int
    centres : tuple of int
        The middles of the ranges, in the units of the words.
    ups : tuple of int
        How many fraction bits the words have that the columns have not.
    reach : tuple of int
        Bits of the largest magnitude of a column in its own units.
    sizes : tuple of int
        As ``bits``, of each column.
    """

    bits: int
    fractions: tuple[int, ...]
    centres: tuple[int, ...]
    ups: tuple[int, ...]
    reach: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def room(self) -> tuple[int, ...]:
        """Fraction bits that a number of each column may have beyond those of its words, to stay below 2^59."""
        return tuple(MOST - 1 - size for size in self.sizes)


def bounds(field: Field) -> tuple[int, int, int]:
    """The lowest and the highest word of a column, and its fraction bits."""
    return *field.dtype.units(field.range), field.dtype.frac


def words(fields: Sequence[Field], centred: bool = True) -> Words:
    """The words of some columns; those of columns that are not ``centred`` count from zero.

    >>> from spuframe.dtypes import Bool, Int
    >>> words([Field("year", Int(64), range=(1990, 2021)), Field("flag", Bool())])
    Words(bits=8, fractions=(3, 7), centres=(16040, 0), ups=(3, 7), reach=(11, 1), sizes=(8, 8))
    """
    found = []
    for field in fields:
        low, high, f = bounds(field)
        middle = (low + high) // 2 if centred else 0
        bits = (max(high - middle, middle - low, 1) - 1).bit_length() + 1
        if bits > MOST and not field.dtype.exact:  # the lowest bits do not show beside such a range
            spare = bits - MOST
            low, high, middle, f, bits = low >> spare, (high >> spare) + 1, middle >> spare, f - spare, MOST
        if bits > MOST or max(-low, high) >= 1 << 62:
            raise RangeOverflowError(
                f"column {field.name!r} has the public range {field.range or (low, high)}, wider than 2^{MOST - 1}, which leaves no room for sums: "
                f"declare it when reading (ranges={{{field.name!r}: (low, high)}}), or bound it with .clip(low, high)"
            )
        found.append((bits, f, middle, max(-low, high, 1).bit_length()))
    most = max(LEAST, *(bits for bits, *_ in found))
    ups = tuple(max(0, min(most, AMPLE) - bits) for bits, *_ in found)
    fractions = tuple(f + up for (_, f, _, _), up in zip(found, ups, strict=True))
    centres = tuple(m << up for (_, _, m, _), up in zip(found, ups, strict=True))
    sizes = tuple(bits + up for (bits, *_), up in zip(found, ups, strict=True))
    return Words(most, fractions, centres, ups, tuple(reach for *_, reach in found), sizes)


@dataclass(frozen=True)
class Edges:
    """Between which of its own words a column is held, and between which all of them lie."""

    low: int
    high: int
    lowest: int
    highest: int


def distance(field: Field, fraction: int, centre: int, bits: int) -> tuple[int, Edges | None]:
    """Bits of what is farthest from a mean within ``2**(bits - 1)`` of the centre, of words of given fraction bits; and what of them can be held.

    The edges are None where the public range says that all values are; ``bits=0``: the mean is zero, as the centre is.

    >>> from spuframe.dtypes import Int
    >>> distance(Field("age", Int(64), range=(0, 1000)), 0, 50, 7)
    (10, None)
    >>> distance(Field("age", Int(64)), 40, 0, 8)[1]
    Edges(low=-4194303, high=4194303, lowest=-9223372036854775808, highest=9223372036854775807)
    """
    low, high, f = bounds(field)
    if not field.dtype.exact:
        inside = (1 << FARTHEST) - 1  # what the type promises
        low, high = max(low, -inside), min(high, inside)
    up, mean = fraction - f, (1 << bits) >> 1
    largest = max(abs((b << up if up >= 0 else (b >> -up) + 1) - centre) for b in (low, high))
    most = (1 << FARTHEST) - 1 - (mean + 2 if mean else 0)  # means are rounded
    if largest <= most:
        return (largest + mean).bit_length(), None
    start, stop = centre - most, centre + most
    start, stop = (-(-start >> up), stop >> up) if up >= 0 else (start << -up, (stop << -up) - 1)
    slack = 0 if field.dtype.exact else SLACK
    return FARTHEST, Edges(max(low, start), min(high, stop), low - slack, high + slack)
