"""Products of whole matrices, and their rows and columns in other places."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import SchemaError
from spuframe.ir.instructions import AB, OUT, A, Computed
from spuframe.ir.matrices import Builder, Index, Ref, inner
from spuframe.ir.shapes import NAME, NAMES
from spuframe.shapes import Many, Number, Record, Whole


class Matmul(Computed):
    """A product of matrices."""

    op = "matmul"
    params = Record(OUT | AB)


class Logistic(Computed):
    """The logistic function of a product."""

    op = "logistic"
    params = Record(OUT | AB)


class MatmulMean(Computed):
    """A mean of products over the rows, with sums beside it."""

    op = "matmul_mean"
    params = Record(OUT | AB | {"rate": Number(), "adds": NAMES, "add_rates": Many(Many(Number())), "bound": Number()})


class Spread(Computed):
    """The rows in a fixed even order."""

    op = "spread"
    params = Record(OUT | A)


class Transpose(Computed):
    """Rows as columns."""

    op = "transpose"
    params = Record(OUT | A)


class Hstack(Computed):
    """Matrices side by side."""

    op = "hstack"
    params = Record(OUT | {"parts": Many(NAME, least=1)})


class Vstack(Computed):
    """Matrices one below the other."""

    op = "vstack"
    params = Record(OUT | {"parts": Many(NAME, least=1)})


class Rows(Computed):
    """Some rows."""

    op = "rows"
    params = Record(OUT | A | {"start": Whole(), "stop": Whole()})


class Batch(Computed):
    """The rows of a minibatch."""

    op = "batch"
    params = Record(OUT | A | {"size": Whole(1), "index": NAME})


class Matrices(Builder):
    """How they are written."""

    def matmul(self, a: Ref, b: Ref) -> Ref:
        inner(a.columns, b.rows, a, b)
        return self.emit("matmul", a.rows, b.columns, a=a.name, b=b.name)

    def logistic(self, a: Ref, b: Ref) -> Ref:
        """``sigmoid(a b)``, without a rounding in between."""
        inner(a.columns, b.rows, a, b)
        return self.emit("logistic", a.rows, b.columns, a=a.name, b=b.name)

    def matmul_mean(self, a: Ref, b: Ref, rate: float = 1.0, add: Sequence[tuple[Ref, Sequence[float]]] = (), bound: float = 64.0) -> Ref:
        """``rate / rows * a^T b + sum diag(rates_j) add_j``: one multiplication and one rounding in all.

        The factor ``rate / rows`` is kept to 1 %, or better. Many rows, a wide bound and a small rate need two roundings.

        Parameters
        ----------
        add : sequence of (Ref, rates)
            Matrices of the result's shape, and a public factor for each of their rows.
        bound : float
            The magnitude that the result cannot exceed: the caller vouches for it.
        """
        inner(a.rows, b.rows, a, b)
        for extra, rates in add:
            if (extra.rows, extra.columns, len(rates)) != (a.columns, b.columns, a.columns):
                raise SchemaError(f"a sum of shape {(extra.rows, extra.columns)} with {len(rates)} rates does not fit {(a.columns, b.columns)}")
        adds, rates_ = [r.name for r, _ in add], [[float(x) for x in rates] for _, rates in add]
        return self.emit(
            "matmul_mean", a.columns, b.columns, a=a.name, b=b.name, rate=float(rate), adds=adds, add_rates=rates_, bound=float(bound)
        )

    def spread(self, a: Ref) -> Ref:
        """The rows in a fixed public order that makes every run of rows an even sample of all; local."""
        return self.emit("spread", a.rows, a.columns, a=a.name)

    def transpose(self, a: Ref) -> Ref:
        return self.emit("transpose", a.columns, a.rows, a=a.name)

    def hstack(self, parts: Sequence[Ref]) -> Ref:
        return self.emit("hstack", parts[0].rows, sum(p.columns for p in parts), parts=[p.name for p in parts])

    def vstack(self, parts: Sequence[Ref]) -> Ref:
        return self.emit("vstack", sum(p.rows for p in parts), parts[0].columns, parts=[p.name for p in parts])

    def rows(self, a: Ref, start: int, stop: int) -> Ref:
        """Rows ``start .. stop-1``."""
        if not 0 <= start < stop <= a.rows:
            raise SchemaError(f"rows {start}..{stop} are not within a matrix of {a.rows} rows")
        return self.emit("rows", stop - start, a.columns, a=a.name, start=start, stop=stop)

    def batch(self, a: Ref, size: int, index: Index) -> Ref:
        """The rows of minibatch ``index``, counted round and round; every batch has ``size`` rows: the last one ends with the table."""
        return self.emit("batch", min(size, a.rows), a.columns, a=a.name, size=min(size, a.rows), index=index.name)
