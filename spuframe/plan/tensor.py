"""Programs over matrices: what an estimator's `fit` and `predict` are written in, shipped to the parties as one step.

A `Program` is built by calling its methods, which check shapes at once and append plain instructions; a `loop` has a public trip
count. Matrices are fixed point in Z_2^64 with ``f`` fraction bits. Rows are those of an input table; nothing steers the program but public shapes.

Examples
--------
>>> p = Program(f=18)
>>> x = p.input(table=0, columns=["a", "b"], rows=100)
>>> w = p.zeros(2, 1)
>>> with p.loop(10) as i:
...     batch = p.batch(x, size=32, index=i)
...     p.assign(w, p.sub(w, p.matmul_mean(batch, p.sigmoid(p.matmul(batch, w)), rate=0.5)))
>>> p.output("coef", w, columns=["coef"])
>>> [i["op"] for i in p.body]
['input', 'full', 'loop']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spuframe.dtypes import Bool, Fixed, Range
from spuframe.ir.instructions.clusters import Clusters
from spuframe.ir.instructions.control import Control
from spuframe.ir.instructions.elements import Elements
from spuframe.ir.instructions.matrices import Matrices
from spuframe.ir.instructions.regression import Regression
from spuframe.ir.instructions.scores import Scores
from spuframe.ir.instructions.statistics import Statistics
from spuframe.ir.matrices import Ref, inner

__all__ = ["Program", "Ref"]


class Program(Statistics, Elements, Matrices, Scores, Regression, Clusters, Control):
    """Instructions over matrices, of all families, and outputs.

    Parameters
    ----------
    f : int
        Fraction bits of every matrix.
    """

    def output(
        self,
        name: str,
        a: Ref,
        columns: Sequence[str],
        like: int | None = None,
        range: Range | None = None,
        complete: Sequence[str] = (),
        fractions: Sequence[int] | None = None,
        inside: Ref | None = None,
    ) -> None:
        """Make ``a`` an output table.

        Parameters
        ----------
        columns : sequence of str
        like : int, optional
            The input table whose row validity it takes.
        range : (low, high), optional
            Public bounds of all its values, rounding errors included.
        complete : sequence of str
            Nullable columns of that input table; a row in which one is null is null.
        fractions : sequence of int, optional
            Fraction bits of each column; the program's unless given.
        inside : Ref, optional
            Bits: what is null where they are 0, a bit for each row or for each value, a column below the other.
        """
        inner(a.columns, len(columns), a, a)
        kinds = [self.f] * len(columns) if fractions is None else fractions
        dtypes = [str(Bool() if a.bits else Fixed(f)) for f in kinds]
        bounds = None if range is None else list(range)
        self.outputs[name] = {
            "a": a.name, "columns": list(columns), "rows": a.rows, "like": like, "dtypes": dtypes, "range": bounds, "complete": list(complete),
            "inside": None if inside is None else inside.name,
        }  # fmt: skip

    def to_plain(self) -> dict[str, Any]:
        return {"f": self.f, "body": self.body, "outputs": self.outputs}
