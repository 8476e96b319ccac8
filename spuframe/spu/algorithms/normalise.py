"""The leading bit of a positive shared number: what brings it into [1/2, 1), and its position.

Only the bits between the shortest and the longest number of the range are looked at: a range of [1, 2^10] in fixed point with 30 fraction bits
costs the conversion of 41 bits, but prefixes, powers and their conversion of 11.
"""

from __future__ import annotations

from dataclasses import dataclass

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.divide import prefix_or
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Boolean, Share

ROOM = 62
GUARD = 64
"""Units within which a computed number may lie below the lower bound of its range."""


@dataclass(frozen=True)
class Leading:
    """The highest set bit of a number, alone in a boolean word.

    Parameters
    ----------
    word : Share
        Boolean; bit j stands for position ``lowest + j``. Zero where the number is not positive.
    lowest : int
    positive : Share or None
        Whether the number is positive; None where the range says so.
    """

    word: Share
    lowest: int
    positive: Share | None

    @property
    def top(self) -> int:
        """One more than the highest position."""
        return self.lowest + self.word.bits

    def reversed(self) -> Share:
        """The word whose value is ``2**(top - 1 - position)``: times that, every number has ``top`` bits. Local."""
        return self.word.reverse()

    def index(self) -> Share:
        """The position above ``lowest`` as a boolean word: its bits are parities of the one-hot word, so local."""
        count = max(2, (self.word.bits - 1).bit_length())
        return self.word.parities([sum(1 << j for j in range(self.word.bits) if j >> k & 1) for k in range(count)])


def leading(box: BlackBox, x: Share, bounds: tuple[int, int], align: int | None = None) -> Leading:
    """Find the leading bit of ``x``.

    Parameters
    ----------
    box : BlackBox
    x : Share
        ``Arithmetic``.
    bounds : tuple of int
        Of x; the upper one positive. If the lower one is below `GUARD`, numbers that are not positive are told apart.
    align : int, optional
        0 or 1: ``lowest`` and ``top`` are even or odd; ``lowest`` may then be -1.
    """
    low, high = bounds
    guard = low < GUARD
    top = min(max((high + min(high >> 4, GUARD)).bit_length(), 2), ROOM)
    lowest = 0 if guard else max(0, low.bit_length() - 2)  # a position lower: bounds of computed values are not exact
    if align is not None:
        lowest -= (lowest ^ align) & 1
        top += (top ^ align) & 1
    bits = min(x.bits, max(signed_bits(low, high), signed_bits(0, (1 << top) - 1)) if guard else top)
    word = box.a2b(x, bits)
    cut = max(lowest, 0)
    body = word.slice_bits(cut, min(top, bits) - cut)
    prefix = prefix_or(box, body)
    if guard and bits > top:
        prefix = box.and_(prefix, box.spread(box.not_(word.bit(bits - 1)), prefix))
    alone = prefix ^ prefix.shift_right(1)
    if lowest < 0 or min(top, bits) < top:
        kind = Boolean(top - lowest)
        alone = alone.widen(kind.bits)
        alone = alone.shift_left(1) if lowest < 0 else alone
    return Leading(alone, lowest, prefix.bit(0) if guard else None)


def pairs(word: Share) -> Share:
    """Bits 2j and 2j + 1 joined to bit j, for a word with at most one bit set; local."""
    even, odd = word.halves()
    return even ^ odd
