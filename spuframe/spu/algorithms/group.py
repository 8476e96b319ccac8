"""Groups of equal keys in a sorted table: sums are differences of prefix sums, taken where a group ends, moved together in one shuffle."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from spuframe.spu.algorithms.permute import Move, open_move
from spuframe.spu.algorithms.sort import partition
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Arithmetic, Share, concat


# ---- sums from the top, of numbers and of bits -----------------------------------------------------------
def shift_up(box: BlackBox, x: Share) -> Share:
    """Every row takes the value of the row below it; the last becomes zero."""
    n = x.rows
    if not n:
        return x
    return concat([x.slice(1, n), box.constant(0, x.kind, (1, *x.shape[1:]))])


def shift_down(box: BlackBox, x: Share, by: int = 1) -> Share:
    """Every row takes the value of the row ``by`` above it; the first become zero."""
    n = x.rows
    return concat([box.constant(0, x.kind, (by, *x.shape[1:])), x.slice(0, n - by)])


def keep(box: BlackBox, bit: Share, x: Share) -> Share:
    """``x`` where the bit is set, else zero."""
    if isinstance(x.kind, Arithmetic):
        return box.inject(bit, x)
    return box.and_(box.spread(bit, x), x)


def nearest(box: BlackBox, open_: Share, bit: Share) -> Share:
    """The bit of the nearest row at or above that is not open.

    A scan in log2 n rounds, of two bits a row each: at distance d, a row that is still open takes the answer of the row d above. The
    first row must not be open.
    """
    wanted, distance = bit.rows, 1
    rows = -(-wanted // 8) * 8  # whole bytes, so that nothing is unpacked below
    if rows > wanted:
        fill = box.constant(0, BIT, (rows - wanted,))
        open_, bit = concat([open_, fill]), concat([bit, fill])
    answer = box.and_(box.not_(open_), bit)
    while distance < wanted:
        above = shift_down(box, answer, distance)
        if 2 * distance >= wanted:
            answer = answer ^ box.and_(open_, above)
        else:
            both = box.and_(concat([open_, open_]), concat([above, shift_down(box, open_, distance)]))
            answer = answer ^ both.slice(0, rows)
            open_ = both.slice(rows, 2 * rows)
        distance *= 2
    return answer.slice(0, wanted)


# ---- groups ------------------------------------------------------------------------------------------------
@dataclass(repr=False)
class Groups:
    """Rows in which equal keys stand together; columns are named before `close`, made in its rounds and read, by group, after it.

    Parameters
    ----------
    box : BlackBox
    same : Share
        One bit a row: of the group of the row above.
    valid : Share or None
        One bit a row: rows that count.
    compact : bool
        Whether every group has only valid or only invalid rows; else invalid rows stand between the valid ones.
    most : int
        There are no more groups than this.

    Attributes
    ----------
    flag : Share
        After `close`: a bit for each of ``most`` rows, set for those that stand for a group; they come first.
    """

    box: BlackBox
    same: Share
    valid: Share | None
    compact: bool
    most: int
    flag: Share = field(init=False)
    _move: Move = field(init=False)
    _carried: dict[Hashable, Callable[[], Share]] = field(default_factory=dict, init=False)
    _moved: dict[Hashable, Share] = field(default_factory=dict, init=False)

    @property
    def rows(self) -> int:
        return self.same.rows

    @property
    def last(self) -> Share:
        """Whether a row is the last of its group."""
        return self.box.not_(shift_up(self.box, self.same))

    def carry(self, name: Hashable, make: Callable[[], Share]) -> None:
        """Carry a column to the groups, once per name; ``make()`` gives it when the groups are closed."""
        self._carried.setdefault(name, make)

    def close(self) -> None:
        """Find the groups' last rows and bring them to the front, with all that is carried, which is made meanwhile."""
        (flag, places), carried = self.box.both(self._ends, lambda: self.box.together(list(self._carried.values())))
        self._move, moved = open_move(self.box, places, [*carried, flag])
        *moved, self.flag = self._front(moved)
        self._moved = dict(zip(self._carried, moved, strict=True))

    def _front(self, columns: Sequence[Share]) -> list[Share]:
        return [c if c.rows == self.most else c.slice(0, self.most) for c in columns]

    def _ends(self) -> tuple[Share, Share]:
        """The flags of the rows that stand for their groups, and where every row goes so that they come first."""
        box, flag = self.box, self.last
        if self.valid is not None:
            if self.compact:
                counts = self.valid
            else:  # an invalid row that is not its group's first asks the row above
                counts = nearest(box, self.same ^ box.and_(self.same, self.valid), self.valid)
            flag = box.and_(flag, counts)
        return flag, partition(box, flag)

    # ---- what is read after close ---------------------------------------------------------------
    def at_last(self, name: Hashable) -> Share:
        """The value on the group's last row."""
        return self._moved[name]

    def total(self, name: Hashable) -> Share:
        """The sum over the group, of a column that was carried as its `prefix`."""
        return self._moved[name].differences()

    def at_first(self, name: Hashable, first: Share) -> Share:
        """The value on the group's first row, of a column that was carried with `shift_up`; ``first``: its first row before that."""
        moved = self._moved[name]
        return concat([first, moved.slice(0, moved.rows - 1)])

    def sums(self, columns: Sequence[Share]) -> list[Share]:
        """The sums over the groups, of columns that were made after `close`; one more shuffle."""
        return [c.differences() for c in self._front(self._move.scatter([c.prefix() for c in columns]))]

    def back(self, values: Share) -> Share:
        """The value of its group in every row; rows of no group may have any. One product a group and one shuffle.

        The group's last row gets its value less that of the next group, others zero: what is below and at a row adds up to its group's value.
        """
        kept = self.box.inject(self.flag, values)
        steps = kept - shift_up(self.box, kept)
        if self.most < self.rows:
            steps = concat([steps, self.box.constant(0, steps.kind, (self.rows - self.most,))])
        (there,) = self._move.gather([steps])
        return there.sum().broadcast((self.rows,)) - there.cumsum() + there


class OneGroup(Groups):
    """All rows are one group, as everybody knows: nothing is moved."""

    def __init__(self, box: BlackBox, rows: int) -> None:
        super().__init__(box, box.constant((np.arange(rows) > 0).astype(np.uint8), BIT, (rows,)), None, True, 1)

    def close(self) -> None:
        made = self.box.together(list(self._carried.values()))
        self.flag = self.box.constant(1, BIT, (1,))
        self._moved = {name: c.slice(c.rows - 1, c.rows) for name, c in zip(self._carried, made, strict=True)}

    def at_first(self, name: Hashable, first: Share) -> Share:
        return first

    def sums(self, columns: Sequence[Share]) -> list[Share]:
        return [c.prefix().slice(c.rows - 1, c.rows) for c in columns]

    def back(self, values: Share) -> Share:
        return values.broadcast((self.rows,))
