"""Other rows by the moments of a fit: scaled, and weighted sums of them."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.ir.instructions import AB, OUT, A, Computed
from spuframe.ir.matrices import Builder, Moments, Ref
from spuframe.ir.shapes import INT, INTS, NAME, NAMES
from spuframe.ir.words import COARSE, HELD, limbs_of
from spuframe.shapes import Flag, Many, Maybe, Record, Whole


class ScaleRows(Computed):
    """Other rows, scaled."""

    op = "scale_rows"
    params = Record(OUT | A | {"width": INT, "scaling": NAME, "fitted": INT, "rows": INT, "inside": NAME})


class Digits(Computed):
    """Slopes as limbs, from the coefficients of columns scaled."""

    op = "digits"
    params = Record(OUT | {"a": Maybe(NAME), "keep": NAME, "limb": Whole(1, 62), "count": Whole(1, 62), "offset": NAME})


class Origin(Computed):
    """Slopes times means."""

    op = "origin"
    params = Record(AB | {"public": Many(INTS), "width": INT, "limb": Whole(1, 62), "drops": INTS, "summed": Flag(), "outs": NAMES})


class Limbs(Computed):
    """Words as limbs."""

    op = "limbs"
    params = Record(OUT | A | {"limb": Whole(1, 62), "count": Whole(1, 62)})


class Score(Computed):
    """Weighted sums, right for any row."""

    op = "score"
    params = Record(OUT | AB | {"offset": NAME, "width": INT, "limb": Whole(1, 62), "fraction": INT, "most": INT, "inside": NAME})


class Scores(Builder):
    """How they are written."""

    def scale_rows(self, a: Ref, bits: int, scaling: Ref, fitted: int, rows: int) -> tuple[Ref, Ref | None]:
        """The columns of `words`, whose distance from their mean is below ``2**bits``, by the ``scaling`` of `moments` of so many rows and bits.

        And for `output` the bits of the values that are held; None where all are.
        """
        inside = Ref(self.name("m"), a.rows * a.columns, 1, bits=True)
        out = self.emit(
            "scale_rows", a.rows, a.columns, a=a.name, width=int(bits), scaling=scaling.name, fitted=int(fitted), rows=int(rows), inside=inside.name
        )
        return out, inside if bits + (rows.bit_length() + 1) // 2 > HELD else None

    def digits(self, moments: Moments, w: Ref | None, d: int, limb: int, count: int) -> tuple[Ref, Ref]:
        """What `score` takes of coefficients of the columns scaled, (d, 1) or (d + 1, 1): the slopes' limbs (count, d), and the offset.

        None stands for ones; what is given beside their limbs is of each column how much its mean is above the nearest word, in deviations.
        """
        offset, a = Ref(self.name("m"), 1, d if w is None else 1), None if w is None else w.name
        return self.emit("digits", count, d, a=a, keep=moments.name, limb=int(limb), count=int(count), offset=offset.name), offset

    def origin(
        self, slopes: Ref, centre: Ref, centres: Sequence[int], bits: int, limb: int, drops: Sequence[int], summed: bool = False
    ) -> list[Ref]:
        """Of each column the slope of `digits` times ``centres[j] + centre``, ``/ 2**drop`` for each drop: (1, d); or (1, 1), their sum.

        Right modulo 2^64. The ``centre`` is the one of `moments`, of words of so many bits.
        """
        outs = [Ref(self.name("m"), 1, 1 if summed else centre.columns) for _ in drops]
        self.body.append({
            "op": "origin", "a": slopes.name, "b": centre.name, "public": limbs_of(centres, limb), "width": int(bits), "limb": int(limb),
            "drops": list(drops), "summed": bool(summed), "outs": [out.name for out in outs],
        })  # fmt: skip
        return outs

    def limbs(self, a: Ref, limb: int, count: int) -> Ref:
        """The words of one row as limbs, (count, columns)."""
        return self.emit("limbs", count, a.columns, a=a.name, limb=int(limb), count=int(count))

    def score(self, a: Ref, slopes: Ref, offset: Ref, bits: int, limb: int, fraction: int, most: int) -> tuple[Ref, Ref | None]:
        """Words below ``2**bits`` (rows, d) times slopes with ``fraction`` fraction bits in all, and the offset: below ``2**most``.

        Sums stop at ``2**HELD``; the bits, for `output`, of the rows where they do not; None where none can.
        """
        inside = Ref(self.name("m"), a.rows, 1, bits=True)
        out = self.emit(
            "score", a.rows, 1, a=a.name, b=slopes.name, offset=offset.name, inside=inside.name,
            width=int(bits), limb=int(limb), fraction=int(fraction), most=int(most),
        )  # fmt: skip
        return out, inside if most + self.f > COARSE else None
