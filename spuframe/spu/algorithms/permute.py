"""Secret permutations: opened only after a random permutation has hidden them, then applied to all columns at once.

A secret vector ``places`` (row j belongs at ``places[j]``) is shuffled by a permutation that nobody knows and opened: what is
seen is a uniformly random permutation, whatever the data. The shuffle and the opened positions together are a `Move`, which can be
applied forward and backward as often as needed (Chida et al. 2019, "An efficient secure three-party sorting protocol").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.kernels.permute import is_permutation
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Array, Share, word_of


@dataclass(frozen=True, repr=False)
class Move:
    """A secret permutation that is ready to be applied.

    Parameters
    ----------
    box : BlackBox
    perm : object
        What `BlackBox.draw` gave.
    places : ndarray
        Opened: where the rows go after the shuffle.
    """

    box: BlackBox
    perm: Any
    places: Array

    def scatter(self, columns: Sequence[Share]) -> list[Share]:
        """Row j of every column goes to ``places[j]`` (the secret, unshuffled ones)."""
        if not columns or columns[0].rows <= 1:
            return list(columns)
        packed = Bundle.of(columns)
        return packed.open([c.put(self.places) for c in self.box.shuffle(self.perm, packed.shares)])

    def gather(self, columns: Sequence[Share]) -> list[Share]:
        """The inverse: row j of the result is row ``places[j]`` of every column."""
        if not columns or columns[0].rows <= 1:
            return list(columns)
        packed = Bundle.of(columns)
        return packed.open(self.box.unshuffle(self.perm, [c.take(self.places) for c in packed.shares]))


def open_move(box: BlackBox, places: Share, columns: Sequence[Share] = (), labels: Array | None = None) -> tuple[Move, list[Share]]:
    """Make the `Move` of a secret permutation and scatter ``columns`` with it, in the same shuffle.

    Parameters
    ----------
    box : BlackBox
    places : Share
        A permutation of the rows' positions, or of public ``labels``.
    columns : sequence of Share
    labels : ndarray, optional
        ``labels[value]`` is the position that a value of ``places`` stands for.
    """
    n = places.rows
    if n <= 1:
        return Move(box, None, np.zeros(n, np.uint32)), list(columns)
    packed = Bundle.of(columns)
    perm = box.draw(n)
    hidden, *moved = box.shuffle(perm, [places, *packed.shares])
    opened = box.open(hidden)
    if not box.dry:
        opened = _positions(opened, labels)
    return Move(box, perm, opened), packed.open([c.put(opened) for c in moved])


def _positions(opened: Array, labels: Array | None) -> Array:
    """Opened words as positions. A peer that sends other words than it should must not make them point anywhere else.

    Raises
    ------
    ProtocolError
        They are no permutation of the rows' positions.
    """
    if labels is not None:
        if opened.size and int(opened.max()) >= labels.size:
            raise _no_permutation()
        opened = labels[opened]
    if not is_permutation(np.ascontiguousarray(opened)):
        raise _no_permutation()
    return opened.astype(np.uint32, copy=False)


def _no_permutation() -> ProtocolError:
    return ProtocolError("the opened positions are no permutation: a party sent wrong words. Look at the parties' logs, and run the plan again.")


@dataclass(frozen=True, repr=False)
class Bundle:
    """Columns made ready for a shuffle: all single bits travel as one word.

    Parameters
    ----------
    shares : list of Share
        What to shuffle.
    bits : list of int
        Which columns the bits of the last words are, lowest first.
    """

    shares: list[Share]
    bits: list[int]

    @classmethod
    def of(cls, columns: Sequence[Share]) -> Bundle:
        bits = [i for i, c in enumerate(columns) if c.is_bit]
        words = [word_of([columns[i] for i in bits[j : j + 64]]) for j in range(0, len(bits), 64)]
        return cls([c for c in columns if not c.is_bit] + words, bits)

    def open(self, moved: Sequence[Share]) -> list[Share]:
        """The columns again, in their order."""
        words = -(-len(self.bits) // 64)
        rest = list(moved[: len(moved) - words])
        for position, i in enumerate(self.bits):  # ascending, so that every insertion finds its place
            rest.insert(i, moved[len(moved) - words + position // 64].bit(position % 64))
        return rest


# ---- words of bits, side by side ------------------------------------------------------------------------
def join_bits(low: Share, high: Share) -> Share:
    """One word of the bits of both, at most 64."""
    total = low.bits + high.bits
    return low.widen(total) ^ high.widen(total).shift_left(low.bits)


def regroup(words: Sequence[Share], sizes: Sequence[int]) -> list[Share]:
    """Cut the bits of ``words`` (most significant first) anew into words of ``sizes`` bits (most significant first).

    >>> from spuframe.spu.share import Boolean
    >>> [w.bits for w in regroup([Share(Boolean(40), (5,), ()), Share(Boolean(60), (5,), ())], [36, 64])]
    [36, 64]
    """
    stack = list(words)
    result: list[Share] = []
    for size in reversed(sizes):
        lane: Share | None = None
        while lane is None or lane.bits < size:
            word = stack.pop()
            free = size - (0 if lane is None else lane.bits)
            if word.bits > free:
                stack.append(word.slice_bits(free, word.bits - free))
                word = word.slice_bits(0, free)
            lane = word if lane is None else join_bits(lane, word)
        result.append(lane)
    return result[::-1]
