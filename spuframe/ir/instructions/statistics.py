"""Moments of columns, and what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.instructions import AB, OUT, A, Computed
from spuframe.ir.instructions.inputs import Inputs
from spuframe.ir.matrices import Moments as Found
from spuframe.ir.matrices import Ref
from spuframe.ir.shapes import INT, INTS, NAME
from spuframe.ir.words import SCALING_ROWS, WIDE
from spuframe.shapes import Flag, Maybe, Named, Record


class Moments(Computed):
    """Means, deviations, and columns scaled by them."""

    op = "moments"
    params = Record(A | {
        "bits": INT, "mask": Maybe(NAME), "outputs": Named(NAME), "ddof": INT, "mean": INTS, "std": INTS, "rows": INT, "units": INTS, "room": INTS,
        "centred": Flag(), "keep": NAME, "lifts": INTS,
    })  # fmt: skip


class Less(Computed):
    """Words less a mean."""

    op = "less"
    params = Record(OUT | AB | {"fractions": INTS, "more": INTS, "to": INTS})


class Statistics(Inputs):
    """How they are written."""

    def moments(
        self,
        a: Ref,
        bits: int,
        mask: Ref | None = None,
        *,
        mean: Sequence[int] | None = None,
        std: Sequence[int] | None = None,
        ddof: int = 0,
        scaled: bool = False,
        scaling: tuple[Sequence[int], Sequence[int]] | None = None,
        centre: bool = False,
        count: bool = False,
        centred: bool = True,
        lifts: Sequence[int] = (),
    ) -> Found:
        """Of the columns of `words`: means, deviations, the columns scaled, and what scales other rows; what is asked for.

        Parameters
        ----------
        bits : int
            The words of rows that take part are below ``2**(bits - 1)`` in magnitude, or equal to it.
        mask : Ref, optional
            From `mask`: rows that take part.
        mean, std : sequence of int, optional
            Give them, as words with so many fraction bits more than each column's.
        ddof : int
            Of the deviation; where no more rows take part it is arbitrary.
        count : bool
            Give the number of rows that take part.
        scaled : bool
            Give the columns with mean 0 and deviation 1, zero in rows that take no part.
        scaling : pair of sequences of int, optional
            Give the rows of `scale_rows`; the fraction bits of the columns' words, and how many more a deviation may have.
        centre : bool
            Give the mean to the nearest word.
        centred : bool
            False: take zero for the mean.
        lifts : sequence of int, optional
            Of each column a public number, at most ``2**(bits - 1)``. Deviations are those of one row more, with these numbers above the mean, in
            which columns go together in nothing; the numbers are given divided by the deviations, as the columns are.
        """
        out = Found()
        asked: dict[str, str] = {}

        def give(what: str, rows: int) -> Ref:
            ref = Ref(self.name("m"), rows, a.columns)
            asked[what] = ref.name
            return ref

        out.mean = give("mean", 1) if mean is not None else None
        out.std = give("std", 1) if std is not None else None
        out.scaled = give("scaled", a.rows) if scaled else None
        out.lifted = give("lifted", 1) if any(lifts) else None
        out.scaling = give("scaling", 4 if bits <= WIDE else SCALING_ROWS) if scaling is not None else None
        out.centre = give("centre", 1) if centre else None
        if count:
            out.count = Ref(self.name("m"), 1, 1)
            asked["count"] = out.count.name
        out.name = self.name("k")
        self.body.append({
            "op": "moments", "a": a.name, "bits": int(bits), "mask": None if mask is None else mask.name, "outputs": asked, "ddof": int(ddof),
            "mean": list(mean or ()), "std": list(std or ()), "rows": 0 if out.scaling is None else out.scaling.rows, "centred": bool(centred),
            "keep": out.name, "lifts": list(lifts), "units": list(scaling[0]) if scaling else [],
            "room": list(scaling[1]) if scaling else [],
        })  # fmt: skip
        return out

    def less(self, a: Ref, mean: Ref, fractions: Sequence[int], more: Sequence[int], out: Sequence[int]) -> Ref:
        """`words` of so many fraction bits less the mean that `moments` gave with ``more``; column j has ``out[j]`` fraction bits."""
        return self.emit("less", a.rows, a.columns, a=a.name, b=mean.name, fractions=list(fractions), more=list(more), to=list(out))
