"""Stable oblivious radix sort of boolean key words, several bits a pass.

Per pass of d bits: products of the digit's bits, conversion of its 2^d - 1 indicators to the narrowest ring that counts the rows, prefix
sums (local), and for the destinations one `dot`, or products with the bits themselves where those are cheaper. Then one shuffle hides the rows,
the destinations are opened (a random permutation) and applied. Only the key bits still to come and the running index are dragged along, in one
word where they fit; tables are moved once, after the sort (Chida, Hamada, Ikarashi, Kikuchi, Kiribuchi, Pinkas 2019; Asharov et al. CCS 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spuframe.spu.algorithms.onehot import one_hot
from spuframe.spu.algorithms.permute import Move, join_bits, open_move, regroup
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Arithmetic, Array, Boolean, Share, concat, places
from spuframe.spu.ways import cheapest, given

FEW_ROWS = 4096
"""Up to here a pass is all latency: more bits a pass."""


def ring_of_places(count: int) -> int:
    """The bits of the narrowest ring that tells the numbers 0 .. count-1 apart.

    >>> ring_of_places(256), ring_of_places(257), ring_of_places(100_000)
    (8, 16, 32)
    """
    return Arithmetic.least(index_bits(count)).bits


def index_bits(count: int) -> int:
    """The bits of a word that holds 0 .. count-1, at least one."""
    return max(1, (count - 1).bit_length())


@dataclass(repr=False)
class Order:
    """The result of a sort: which original row stands at each position, and how to bring columns into that order.

    Parameters
    ----------
    box : BlackBox
    index : Share
        Boolean words: the label of the original row at each sorted position.
    labels : ndarray or None
        The original row of each label; None: a label is its row.
    """

    box: BlackBox
    index: Share
    labels: Array | None = None
    _move: Move | None = field(default=None, init=False)

    @property
    def move(self) -> Move:
        """Opened once, at its first use."""
        if self._move is None:
            self._move = open_move(self.box, self.index, labels=self.labels)[0]
        return self._move

    def apply(self, columns: Sequence[Share]) -> list[Share]:
        """Columns in the original order, brought into sorted order, in one shuffle."""
        return self.move.gather(columns)

    def undo(self, columns: Sequence[Share]) -> list[Share]:
        """Columns in sorted order, brought back into the original order; in the shuffle that opens it, if it was not opened before."""
        if self._move is not None:
            return self._move.scatter(columns)
        self._move, moved = open_move(self.box, self.index, columns, self.labels)
        return moved


def sort_order(box: BlackBox, words: Sequence[Share], rows: int, names: Array | None = None, name_bits: int = 0) -> Order:
    """Sort rows by ``words`` (boolean, most significant first, unsigned, ascending); stable.

    Parameters
    ----------
    box : BlackBox
    words : sequence of Share
        May be empty: the order is then that of the rows.
    rows : int
    names : ndarray, optional
        Public labels of the rows for the index, distinct, of ``name_bits`` bits; without, the rows' positions.
    name_bits : int
    """
    positions = np.arange(rows) if names is None else names
    labels, tag = None, index_bits(rows)
    if names is not None:
        tag = name_bits
        labels = np.zeros(1 << tag, np.intp)
        labels[names] = np.arange(rows)
    index = box.constant(positions, Boolean(tag), (rows,))
    if rows <= 1 or not words:
        return Order(box, index, labels)
    width = sum(w.bits for w in words)
    top = min(width, 64 - tag)
    sizes = [top] + [64] * ((width - top) // 64) + ([(width - top) % 64] if (width - top) % 64 else [])
    high, *lanes = regroup(words, sizes)
    lanes = [join_bits(high, index), *lanes]
    while lanes:
        lane = lanes.pop()
        bits = lane.bits - (0 if lanes else tag)
        for digit in _digits(bits, rows):
            goal = destinations(box, lane.slice_bits(0, digit))
            left = [lane.slice_bits(digit, lane.bits - digit)] if lane.bits > digit else []
            moved = open_move(box, goal, [*lanes, *left])[1]
            lanes, lane = (moved[:-1], moved[-1]) if left else (moved, index)
        index = lane
    return Order(box, index, labels)


def partition(box: BlackBox, first: Share) -> Share:
    """Destinations of a stable partition: rows whose bit is set come first."""
    return destinations(box, box.not_(first))


def destinations(box: BlackBox, digit: Share) -> Share:
    """Where each row goes in a stable sort by ``digit``, boolean words, in the ring of `ring_of_places`."""
    n = digit.rows
    ring = ring_of_places(n)
    if n == 0:
        return box.b2a(digit.bit(0), ring)
    flags = one_hot(box, digit, 1 << digit.bits)[:-1]  # of the last value: what the others leave
    m = len(flags)
    ones = box.b2a(concat(flags), ring)
    counted = places(ones.reshape(m, n), box.constant(1, ones.kind, (1,)))
    pieces = []
    for start in range(0, n, box.batch_rows):  # so that the places stay in the cache until they are multiplied
        stop = min(start + box.batch_rows, n)
        steps, last = counted(start, stop)

        def by_numbers(b: BlackBox, start: int = start, stop: int = stop, steps: Sequence[Share] = steps) -> Share:
            return b.dot(given(b, *(ones.slice(v * n + start, v * n + stop) for v in range(m))), given(b, *steps))

        def by_bits(b: BlackBox, start: int = start, stop: int = stop, steps: Sequence[Share] = steps) -> Share:
            taken = b.inject(concat(given(b, *(flag.slice(start, stop) for flag in flags))), concat(given(b, *steps)))
            return taken.reshape(m, stop - start).sum(axis=0)

        pieces.append(last + cheapest(box, [by_numbers, by_bits]))
    return concat(pieces) if len(pieces) > 1 else pieces[0]


def _digits(bits: int, rows: int) -> list[int]:
    """Cut ``bits`` into as few digits as the row count suggests, of nearly equal width."""
    widest = 4 if rows <= FEW_ROWS else 3
    count = -(-bits // widest)
    return [bits // count + (i < bits % count) for i in range(count)] if count else []
