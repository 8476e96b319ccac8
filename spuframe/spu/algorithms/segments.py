"""Groups of rows that stand together: how far up a row's group reaches, sums from its top and over all of it, largest and smallest so far."""

from __future__ import annotations

from collections.abc import Collection

from spuframe.spu.algorithms.compare import less
from spuframe.spu.algorithms.extreme import Bounds
from spuframe.spu.algorithms.group import Groups, shift_down
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Share, concat


class Segments:
    """Rows in groups; or all of them in one, as everybody knows.

    Parameters
    ----------
    box : BlackBox
    rows : int
    same : Share or None
        One bit a row: of the group of the row above; None: one group.
    """

    def __init__(self, box: BlackBox, rows: int, same: Share | None) -> None:
        self.box, self.rows, self.same = box, rows, same
        self.groups = None if same is None else Groups(box, same, None, True, rows)
        self._reach: dict[int, Share] = {}

    # ---- how far groups reach --------------------------------------------------------------------------
    def look(self, distances: Collection[int]) -> None:
        """Find whether the rows so far above, none further than there are rows, are of the same group: log2 of them ANDs of a bit.

        A row reaches a + b up if it reaches a up, and the row there b.
        """
        if self.same is None or not distances:
            return
        power, found = 1, {1: self.same}
        while 2 * power <= max(distances):
            found[2 * power] = self._further(found[power], found[power], power)
            power *= 2
        for distance in sorted(distances):
            reach, done = None, 0
            for p in (1 << b for b in range(distance.bit_length()) if distance >> b & 1):
                reach = found[p] if reach is None else self._further(reach, found[p], done)
                done += p
            if reach is not None:
                self._reach[distance] = reach

    def _further(self, near: Share, far: Share, by: int) -> Share:
        return self.box.and_(near, shift_down(self.box, far, by))

    def reach(self, distance: int) -> Share | None:
        """Whether the row so far above, which there is, is of the same group; None: everybody knows it is."""
        return None if self.same is None else self._reach[distance]

    # ---- sums --------------------------------------------------------------------------------------------
    def carry(self, name: str, prefix: Share) -> None:
        """Name sums from the top of the table, before the groups are closed."""
        if self.groups is not None:
            self.groups.carry(name, lambda: prefix)

    def above(self, name: str, prefix: Share) -> Share:
        """The sums from the top of each row's group to the row."""
        return prefix if self.groups is None else prefix - self._before(name)

    def last(self, name: str, prefix: Share, span: int) -> Share:
        """The sums over so many rows of the group, the row itself the last; fewer where the group begins later."""
        if span >= self.rows:
            return self.above(name, prefix)
        earlier = shift_down(self.box, prefix, span)
        if self.groups is None:
            return prefix - earlier
        before = self._before(name)
        return prefix - before - self.box.inject(self._reach[span], earlier - before)

    def whole(self, name: str, prefix: Share) -> Share:
        """The sums over all rows of the group."""
        if self.groups is None:
            return prefix.slice(self.rows - 1, self.rows).broadcast((self.rows,))
        return self.groups.back(self.groups.total(name))

    def _before(self, name: str) -> Share:
        """The sum of what is above each row's group."""
        assert self.groups is not None
        return self.groups.back(shift_down(self.box, self.groups.at_last(name)))

    # ---- largest and smallest ----------------------------------------------------------------------------
    def extreme(self, x: Share, bounds: Bounds, span: int, largest: bool) -> Share:
        """The largest (smallest) of so many rows of the group, the row itself the last: at distances 1, 2, 4, ... a comparison and a choice each.

        What covers a rows, and what stands b <= a rows above it, together cover a + b.
        """
        for step in steps(span):
            here, above = x.slice(step, self.rows), x.slice(0, self.rows - step)
            first, second = (here, above) if largest else (above, here)
            better = less(self.box, first, second, bounds, bounds, lambda v, ring: v.narrow(ring), here.rows, widest=x.bits)
            reach = self.reach(step)
            if reach is not None:
                better = self.box.and_(better, reach.slice(step, self.rows))
            x = concat([x.slice(0, step), self.box.select(better, above, here)])
        return x

    # ---- rows above and below --------------------------------------------------------------------------
    def there(self, by: int) -> Share:
        """Whether there is such a row in the group."""
        ones = self.box.constant(1, BIT, (self.rows,))
        if self.same is None or by == 0:
            return move(self.box, ones, by)
        reach = self._reach[abs(by)]
        return reach if by > 0 else move(self.box, reach, by)


def move(box: BlackBox, x: Share, by: int) -> Share:
    """Every row takes what stands ``by`` rows above (below if negative), at most as many as there are; zeros enter."""
    if by >= 0:
        return shift_down(box, x, by) if by else x
    return concat([x.slice(-by, x.rows), box.constant(0, x.kind, (-by, *x.shape[1:]))])


def steps(span: int) -> list[int]:
    """At which distances a scan that covers ``span`` rows looks up.

    >>> steps(1), steps(8), steps(7)
    ([], [1, 2, 4], [1, 2, 3])
    """
    found, size = list[int](), 1
    while size < span:
        found.append(min(size, span - size))
        size += found[-1]
    return found


