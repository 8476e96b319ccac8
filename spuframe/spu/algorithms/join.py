"""Oblivious equi-join against a side whose keys are unique.

Both sides' keys are sorted together once; the sort is stable and the unique side stands first, so that its row heads the rows of its
key. Its columns reach them without a log-depth scan: the differences of neighbouring unique rows are placed at their positions in the
joint order and summed from the top (local). Only whether a row's key occurs on the unique side takes a scan, of packed bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from spuframe.spu.algorithms.group import nearest, shift_up
from spuframe.spu.algorithms.keys import Layout, equal_above, key_words
from spuframe.spu.algorithms.permute import Move, open_move, regroup
from spuframe.spu.algorithms.sort import Order, index_bits, partition, sort_order
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import BIT, Share, concat
from spuframe.spu.table import Table


@dataclass(frozen=True, repr=False)
class Matching:
    """Two tables sorted together by their keys.

    Parameters
    ----------
    unique_rows : int
    unique_order : Order
        The unique side in key order.
    other_order : Order
        The other side in key order.
    matched : Share
        For each row of the other side, in key order: whether it is valid and its key occurs on the unique side.
    alone : Share or None
        For each row of the unique side, in key order: whether it is valid and its key does not occur on the other side; if asked for.
    duplicate : Share or None
        One bit: whether the unique side has a key twice; if asked for.
    apart : Move
        From the joint order to: the unique side in key order, then the other.
    """

    unique_rows: int
    unique_order: Order
    other_order: Order
    matched: Share
    alone: Share | None
    duplicate: Share | None
    apart: Move

    def copy_down(self, box: BlackBox, ordered: Sequence[Share]) -> list[Share]:
        """Columns of the unique side (in key order) for each row of the other side (in key order)."""
        if not ordered:
            return []
        others = self.other_order.index.rows
        if not self.unique_rows or not others:
            return [blank(box, c, others) for c in ordered]
        return copy_down(box, self.apart, ordered, others)


def copy_down(box: BlackBox, apart: Move, columns: Sequence[Share], rows: int) -> list[Share]:
    """The nearest value above each of so many rows, of columns of the rows that they stand among.

    ``apart`` goes from the joint order to: the rows that have columns, then the others. The differences of neighbours are placed, and summed from
    the top.
    """
    steps = [concat([c.differences(), blank(box, c, rows)]) for c in columns]
    spread = [c.prefix() for c in apart.gather(steps)]
    return [c.slice(c.rows - rows, c.rows) for c in apart.scatter(spread)]


def match(
    box: BlackBox, unique: Table, unique_on: Sequence[str], other: Table, other_on: Sequence[str], *, check: bool = True, alone: bool = False
) -> Matching:
    """Sort the keys of both tables together, and find which rows of ``other`` have a partner in ``unique``.

    Parameters
    ----------
    box : BlackBox
    unique, other : Table
    unique_on, other_on : sequence of str
        Their keys.
    check : bool
        Find whether a key of ``unique`` is there twice.
    alone : bool
        Find which rows of ``unique``, whose keys are then unique, have no partner.
    """
    nu, no = unique.rows, other.rows
    rows = nu + no
    words = _joint_words(box, unique, unique_on, other, other_on)
    # A row's label has the side as its top bit: the label tells the side without another shared bit.
    side = index_bits(max(nu, no, 1))
    labels = np.concatenate([np.arange(nu), np.arange(no) + (1 << side)])
    order = sort_order(box, words, rows, labels, side + 1)
    masked = unique.valid is not None or other.valid is not None
    *sorted_words, index = [*order.apply(words), order.index]
    from_other = index.bit(side)
    from_unique = box.not_(from_other)
    valid = box.not_(sorted_words[0].bit(sorted_words[0].bits - 1)) if masked and rows else None
    same = equal_above(box, sorted_words) if words else _all_but_first(box, rows)

    def has_partner() -> Share:
        found = box.and_(from_other, nearest(box, same, from_unique))
        return found if valid is None else box.and_(found, valid)

    def is_alone() -> Share:  # the row below is not of the same key: of unique keys, that would be of the other side
        last = box.and_(from_unique, box.not_(shift_up(box, same)))
        return last if valid is None else box.and_(last, valid)

    asked = [lambda: _any(box, _duplicates(box, same, from_unique, valid))] * check + [is_alone] * alone
    matched, places, *found = box.together([has_partner, lambda: partition(box, from_unique), *asked])
    duplicate = found[0] if check else None
    if alone:  # one bit tells both: rows of the other side have partners, rows of the unique side are alone
        matched = matched ^ found[-1]
    apart, (index, matched) = open_move(box, places, [index, matched])
    own = index.slice_bits(0, side)
    return Matching(
        nu,
        Order(box, own.slice(0, nu)),
        Order(box, own.slice(nu, rows)),
        matched.slice(nu, rows),
        matched.slice(0, nu) if alone else None,
        duplicate,
        apart,
    )


def _joint_words(box: BlackBox, unique: Table, unique_on: Sequence[str], other: Table, other_on: Sequence[str]) -> list[Share]:
    """The keys of both sides, the unique side's rows first, in as few words as hold them; a bit for invalid rows on top."""
    words: list[Share] = []
    if unique.valid is not None or other.valid is not None:
        words.append(concat([_invalid(box, unique), _invalid(box, other)]))
    sides: list[Callable[[], list[Share]]] = []
    for left, right in zip(unique_on, other_on, strict=True):
        mine, theirs = unique.columns[left], other.columns[right]
        layout = Layout.of(mine, theirs)
        sides += [partial(key_words, box, c, layout) for c in (mine, theirs)]
    found = box.together(sides)
    for pair in zip(found[::2], found[1::2], strict=True):
        words += [concat(both) for both in zip(*pair, strict=True)]
    width = sum(w.bits for w in words)
    return regroup(words, [width % 64] * (width % 64 > 0) + [64] * (width // 64)) if words else []


def _invalid(box: BlackBox, table: Table) -> Share:
    return box.constant(0, BIT, (table.rows,)) if table.valid is None else box.not_(table.valid)


def _all_but_first(box: BlackBox, rows: int) -> Share:
    return box.constant((np.arange(rows) > 0).astype(np.uint8), BIT, (rows,))


def _duplicates(box: BlackBox, same: Share, from_unique: Share, valid: Share | None) -> Share:
    """Valid rows of the unique side whose key stands above them, on the same side: equal keys stand unique side first."""
    twice = box.and_(same, from_unique)  # the row above is of the same key, hence of the unique side
    return twice if valid is None else box.and_(twice, valid)


def _any(box: BlackBox, bits: Share) -> Share:
    """Whether any bit is set: one bit, by words of 64 bits at a time."""
    while bits.rows > 1:
        n = -(-bits.rows // 64)
        full = concat([bits, box.constant(0, BIT, (64 * n - bits.rows,))]) if bits.rows % 64 else bits
        bits = box.not_(box.eqz(full.fold()))
    return bits


def blank(box: BlackBox, like: Share, rows: int) -> Share:
    """Zeros of the kind of ``like``."""
    return box.constant(0, like.kind, (rows, *like.shape[1:]))
