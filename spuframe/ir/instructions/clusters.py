"""Distances between rows and centres, which of them is least, and means of rows by cluster. Products have twice the fraction bits, and are not rounded."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.instructions import AB, OUT, A, Computed
from spuframe.ir.matrices import Builder, Ref, inner
from spuframe.ir.shapes import INTS, NAME, NAMES
from spuframe.shapes import Flag, Maybe, Record, Whole

CHANCES = 20
"""Bits of a public chance."""


class Moved(Computed):
    """Rows counted from another origin."""

    op = "moved"
    params = Record(OUT | A | {"by": INTS, "mask": Maybe(NAME)})


class Distances(Computed):
    """Squared distances between rows and centres."""

    op = "distances"
    params = Record(OUT | AB | {"whole": Flag()})


class ArgMin(Computed):
    """The place of the least value of each row."""

    op = "argmin"
    params = Record(OUT | A | {"least": NAME, "place": NAME})


class Choose(Computed):
    """Sums of rows by cluster."""

    op = "choose"
    params = Record(OUT | AB)


class Selected(Computed):
    """One of several matrices."""

    op = "selected"
    params = Record(OUT | A | {"parts": NAMES})


class Means(Computed):
    """Means of rows by cluster."""

    op = "means"
    params = Record(OUT | AB | {"old": NAME, "most": Whole(1)})


class Draw(Computed):
    """A row by chance."""

    op = "draw"
    params = Record(OUT | A | {"chance": Whole(0, (1 << CHANCES) - 1)})


class Total(Computed):
    """A weighted sum of rounded products."""

    op = "total"
    params = Record(OUT | AB | {"drop": Whole(0, 62)})


class Rounded(Computed):
    """Products by weights, with fewer bits."""

    op = "rounded"
    params = Record(OUT | AB | {"drop": Whole(0, 62)})


class Roots(Computed):
    """Square roots of products."""

    op = "roots"
    params = Record(OUT | A)


class Clusters(Builder):
    """How they are written."""

    def moved(self, a: Ref, by: Sequence[int], mask: Ref | None) -> Ref:
        """Columns less public words; rows of `mask` 0 are left as they are."""
        return self.emit("moved", a.rows, a.columns, a=a.name, by=list(by), mask=None if mask is None else mask.name)

    def distances(self, a: Ref, centres: Ref, whole: bool = False) -> Ref:
        """Of rows (n, d) and centres (d, k) the squares of distances (n, k), with 2f fraction bits; unless ``whole``, less those of the rows from 0."""
        inner(a.columns, centres.rows, a, centres)
        return self.emit("distances", a.rows, centres.columns, a=a.name, b=centres.name, whole=bool(whole))

    def argmin(self, a: Ref) -> tuple[Ref, Ref, Ref]:
        """Words 0 and 1 (n, k), which is the least value of each row; it (n, 1); and the word of its place (n, 1). Of equal ones the first."""
        least, place = Ref(self.name("m"), a.rows, 1), Ref(self.name("m"), a.rows, 1)
        return self.emit("argmin", a.rows, a.columns, a=a.name, least=least.name, place=place.name), least, place

    def choose(self, hot: Ref, a: Ref) -> Ref:
        """Words (n, k) and rows (n, d): the sums (k, d) of the rows times words."""
        inner(hot.rows, a.rows, hot, a)
        return self.emit("choose", hot.columns, a.columns, a=hot.name, b=a.name)

    def selected(self, hot: Ref, parts: Sequence[Ref]) -> Ref:
        """The matrix of which the word of ``hot`` (1, count) is 1."""
        inner(hot.columns, len(parts), hot, parts[0])
        return self.emit("selected", parts[0].rows, parts[0].columns, a=hot.name, parts=[p.name for p in parts])

    def means(self, sums: Ref, counts: Ref, old: Ref, most: int) -> Ref:
        """Sums (k, d) of up to ``most`` rows, below one each, by their counts (k, 1), which are words; where they are 0, what was there."""
        return self.emit("means", sums.rows, sums.columns, a=sums.name, b=counts.name, old=old.name, most=int(most))

    def draw(self, weights: Ref, chance: int) -> Ref:
        """The word 1 for one row (n, 1): of weights that sum below 2^40, the first whose sum is beyond ``chance / 2**CHANCES`` of all; else 0."""
        return self.emit("draw", weights.rows, 1, a=weights.name, chance=int(chance))

    def total(self, weights: Ref, a: Ref, drop: int) -> Ref:
        """The sum of ``a / 2**drop`` times words, (1, 1)."""
        return self.emit("total", 1, 1, a=weights.name, b=a.name, drop=int(drop))

    def rounded(self, weights: Ref, a: Ref, drop: int) -> Ref:
        """``a / 2**drop`` times words, (n, 1)."""
        return self.emit("rounded", a.rows, 1, a=weights.name, b=a.name, drop=int(drop))

    def roots(self, a: Ref) -> Ref:
        """Of products, which have 2f fraction bits."""
        return self.emit("roots", a.rows, a.columns, a=a.name)
