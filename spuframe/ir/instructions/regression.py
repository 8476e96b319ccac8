"""Least squares: coefficients of standardised columns, and those of the columns themselves."""

from __future__ import annotations

from spuframe.dtypes import DEFAULT_FRACTION_BITS
from spuframe.ir.instructions import OUT, A, Computed
from spuframe.ir.matrices import Builder, Moments, Ref
from spuframe.ir.shapes import INT, INTS, NAME
from spuframe.ir.words import Words, limbs_of
from spuframe.shapes import Many, Maybe, Record, Whole


class LeastSquares(Computed):
    """Coefficients of standardised columns."""

    op = "least_squares"
    params = Record(OUT | A | {"keep": NAME, "lifted": Maybe(NAME), "determined": NAME})


class Line(Computed):
    """Slopes as limbs, in the units of the columns and of the target."""

    op = "line"
    params = Record(OUT | A | {
        "keep": NAME, "limb": Whole(1, 62), "count": Whole(1, 62), "up": INT, "fraction": INT, "largest": INT, "f": INT, "target": INT,
        "middle": INT, "centres": Many(INTS), "places": Whole(1, 1 << 10), "offset": NAME, "intercept": NAME,
    })  # fmt: skip


class Regression(Builder):
    """How they are written."""

    def least_squares(self, moments: Moments) -> tuple[Ref, Ref]:
        """Of the columns that `moments` scaled, the last of which is the target: the coefficients of the others, (d, 1).

        And the bit whether the columns determine them: no sum of some is nearly another, and there are rows.
        """
        scaled, lifted = moments.scaled, moments.lifted
        assert scaled is not None, "moments were not asked for the columns scaled"
        determined = Ref(self.name("m"), 1, 1, bits=True)
        w = self.emit(
            "least_squares", scaled.columns - 1, 1, a=scaled.name, keep=moments.name, lifted=None if lifted is None else lifted.name,
            determined=determined.name,
        )  # fmt: skip
        return w, determined

    def line(
        self, moments: Moments, w: Ref, words: Words, limb: int, count: int, up: int, fraction: int, largest: int
    ) -> tuple[Ref, Ref, Ref]:
        """What `score` takes of such coefficients: the slopes' limbs (count, d), and the offset; and the intercept's limbs, with as many fraction bits.

        Parameters
        ----------
        words : Words
            Of the columns and the target.
        up : int
            Slopes are of words of the target times ``2**up``, per word of the columns.
        fraction, largest : int
            As `score` takes them: slopes with so many fraction bits are below ``2**largest``, sums have `DEFAULT_FRACTION_BITS` then.
        """
        d, (*own, last) = w.rows, words.centres
        f = DEFAULT_FRACTION_BITS
        target = up - fraction + f
        size = max(words.bits, *(c.bit_length() for c in own)) + 1
        places = -(-(max(limb * count + size + d.bit_length(), fraction - f + 62) + 2) // limb)
        offset, intercept = Ref(self.name("m"), 1, 1), Ref(self.name("m"), 1, places)
        out = self.emit(
            "line", count, d, a=w.name, keep=moments.name, limb=limb, count=count, up=up, fraction=fraction, largest=largest, f=f, target=target,
            middle=last << target if target >= 0 else last >> -target, centres=limbs_of(own, limb), places=places, offset=offset.name,
            intercept=intercept.name,
        )  # fmt: skip
        return out, offset, intercept
