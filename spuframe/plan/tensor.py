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

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from spuframe.dtypes import Bool, Fixed, Range
from spuframe.errors import SchemaError
from spuframe.ir.words import Edges, Words

SLOPE_BITS = 53
"""Fraction bits of a coefficient in a table of one row: half the bits of the number of rows less, since it may be as much larger."""
WIDE = 33
"""As `spuframe.spu.algorithms.scaling.WIDE`."""
SCALING_ROWS = 20
"""Rows of the matrix that says how to scale others: 4 numbers for each column, and what tells its level, in ranges of more than `WIDE` bits."""
HELD = 42
"""Values below ``2**HELD`` are held; as `spuframe.spu.algorithms.score.HELD`."""
BEYOND = 20
"""Fraction bits of slopes beyond the bits of words; as `spuframe.spu.algorithms.score.BEYOND`."""
COARSE = 60
"""As `spuframe.spu.algorithms.score.COARSE`."""
LIMB = 26
"""Bits of a limb, at most."""


def _signed(word: int) -> int:
    """The word as a signed integer of 64 bits."""
    return (int(word) + (1 << 63)) % (1 << 64) - (1 << 63)


MOST_CONSTANTS = 1 << 16
"""Numbers of one constant matrix."""


@dataclass(frozen=True)
class Ref:
    """A matrix (or a vector of bits) of a program: its name and public shape."""

    name: str
    rows: int
    columns: int
    bits: bool = False


@dataclass(frozen=True)
class Index:
    """The counter of a loop, 0 .. trips-1; public."""

    name: str


@dataclass
class Moments:
    """What `Program.moments` gives: matrices of one row, but for ``scaled`` and ``scaling``."""

    mean: Ref | None = None
    std: Ref | None = None
    scaled: Ref | None = None
    scaling: Ref | None = None
    count: Ref | None = None
    centre: Ref | None = None
    name: str = ""


@dataclass
class Program:
    """Instructions over matrices.

    Parameters
    ----------
    f : int
        Fraction bits of every matrix.
    """

    f: int = 18
    body: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _count: int = 0

    # ---- inputs and constants --------------------------------------------------------------------
    def input(
        self, table: int, columns: Sequence[str], rows: int, shifts: Sequence[int] | None = None, complete: Sequence[str] | None = None
    ) -> Ref:
        """Columns of an input table as a matrix (rows, columns).

        Parameters
        ----------
        shifts : sequence of int, optional
            Column j is divided by ``2**shifts[j]``.
        complete : sequence of str, optional
            Rows that do not exist, or have a null in one of these columns, become zero (for sums over the rows).
        """
        shifts = [0] * len(columns) if shifts is None else list(shifts)
        return self._emit(
            "input", rows, len(columns), table=table, columns=list(columns), shifts=shifts, complete=None if complete is None else list(complete)
        )

    def mask(self, table: int, complete: Sequence[str], rows: int) -> Ref:
        """The word 1 for rows that exist and have no null in the columns ``complete``, else 0: (rows, 1); `scale` by ``2**f`` makes it a number."""
        return self._emit("mask", rows, 1, table=table, columns=list(complete))

    def words(
        self,
        table: int,
        columns: Sequence[str],
        rows: int,
        fractions: Sequence[int],
        centres: Sequence[int],
        edges: Sequence[Edges | None] = (),
    ) -> tuple[Ref, Ref | None]:
        """Columns of an input table as they are: words with ``fractions[j]`` fraction bits, less ``centres[j]``; for `moments` and `scale_rows`.

        Rows that do not exist may hold anything. And the bits of the values between ``edges``, a column below the other, where there are any; the
        others may be anything.
        """
        some = any(e is not None for e in edges)
        inside = Ref(self._name("m"), rows * len(columns), 1, bits=True) if some else None
        out = self._emit(
            "words", rows, len(columns), table=table, columns=list(columns), fractions=list(fractions), centres=[_signed(c) for c in centres],
            edges=[None if e is None else [e.low, e.high, e.lowest, e.highest] for e in edges] if some else None,
            inside=None if inside is None else inside.name,
        )  # fmt: skip
        return out, inside

    def zeros(self, rows: int, columns: int) -> Ref:
        return self.full(rows, columns, 0.0)

    def full(self, rows: int, columns: int, value: float) -> Ref:
        """One number everywhere: the plan does not grow with the rows."""
        return self._emit("full", rows, columns, shape=[rows, columns], value=float(value))

    def constant(self, values: Sequence[Sequence[float]]) -> Ref:
        """A small matrix of public numbers, which travel with the plan."""
        if len(values) * len(values[0]) > MOST_CONSTANTS:
            raise SchemaError(f"a constant of shape {(len(values), len(values[0]))} is too large for a plan: at most {MOST_CONSTANTS} numbers; use full")
        return self._emit("constant", len(values), len(values[0]), values=[[float(v) for v in row] for row in values])

    # ---- element by element ----------------------------------------------------------------------
    def add(self, a: Ref, b: Ref) -> Ref:
        """Sum; one row or one column is repeated as NumPy does."""
        return self._emit("add", *_broadcast(a, b), a=a.name, b=b.name)

    def sub(self, a: Ref, b: Ref) -> Ref:
        return self._emit("sub", *_broadcast(a, b), a=a.name, b=b.name)

    def mul(self, a: Ref, b: Ref) -> Ref:
        return self._emit("mul", *_broadcast(a, b), a=a.name, b=b.name)

    def scale(self, a: Ref, by: float) -> Ref:
        """Multiply by a public number."""
        return self._emit("scale", a.rows, a.columns, a=a.name, by=float(by))

    def sigmoid(self, a: Ref) -> Ref:
        return self._emit("sigmoid", a.rows, a.columns, a=a.name)

    def positive(self, a: Ref) -> Ref:
        """Whether ``a > 0``, as bits: for `number` and `output` alone; ``a`` is (rows, 1)."""
        _inner(a.columns, 1, a, a)
        return self._emit("positive", a.rows, 1, bits=True, a=a.name)

    def number(self, a: Ref) -> Ref:
        """Bits as the numbers 0 and 1."""
        return self._emit("number", a.rows, 1, a=a.name)

    def both(self, a: Ref | None, b: Ref | None) -> Ref | None:
        """Bits that are set in both; None stands for bits that all are."""
        if a is None or b is None:
            return b if a is None else a
        return self._emit("both", a.rows, 1, bits=True, a=a.name, b=b.name)

    def every(self, a: Ref, rows: int, columns: Sequence[int]) -> Ref:
        """Of bits for each value, a column below the other: whether all of a row are set in some of the columns."""
        return self._emit("every", rows, 1, bits=True, a=a.name, columns=list(columns), rows=rows)

    # ---- whole matrices --------------------------------------------------------------------------
    def matmul(self, a: Ref, b: Ref) -> Ref:
        _inner(a.columns, b.rows, a, b)
        return self._emit("matmul", a.rows, b.columns, a=a.name, b=b.name)

    def logistic(self, a: Ref, b: Ref) -> Ref:
        """``sigmoid(a b)``, without a rounding in between."""
        _inner(a.columns, b.rows, a, b)
        return self._emit("logistic", a.rows, b.columns, a=a.name, b=b.name)

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
        _inner(a.rows, b.rows, a, b)
        for extra, rates in add:
            if (extra.rows, extra.columns, len(rates)) != (a.columns, b.columns, a.columns):
                raise SchemaError(f"a sum of shape {(extra.rows, extra.columns)} with {len(rates)} rates does not fit {(a.columns, b.columns)}")
        adds, rates_ = [r.name for r, _ in add], [[float(x) for x in rates] for _, rates in add]
        return self._emit(
            "matmul_mean", a.columns, b.columns, a=a.name, b=b.name, rate=float(rate), adds=adds, add_rates=rates_, bound=float(bound)
        )

    def moments(
        self,
        a: Ref,
        bits: int,
        mask: Ref | None = None,
        *,
        mean: int | None = None,
        std: int | None = None,
        ddof: int = 0,
        scaled: bool = False,
        scaling: Sequence[int] | None = None,
        centre: bool = False,
        count: bool = False,
        centred: bool = True,
    ) -> Moments:
        """Of the columns of `words`: means, deviations, the columns scaled, and what scales other rows; what is asked for.

        Parameters
        ----------
        bits : int
            The words of rows that take part are below ``2**(bits - 1)`` in magnitude, or equal to it.
        mask : Ref, optional
            From `mask`: rows that take part.
        mean, std : int, optional
            Give them, as words with so many fraction bits more than the columns'.
        ddof : int
            Of the deviation; where no more rows take part it is arbitrary.
        count : bool
            Give the number of rows that take part.
        scaled : bool
            Give the columns with mean 0 and deviation 1, zero in rows that take no part.
        scaling : sequence of int, optional
            Give the rows of `scale_rows`; the fraction bits of the columns' words.
        centre : bool
            Give the mean to the nearest word.
        centred : bool
            False: take zero for the mean.
        """
        out = Moments()
        asked: dict[str, str] = {}

        def give(what: str, rows: int) -> Ref:
            ref = Ref(self._name("m"), rows, a.columns)
            asked[what] = ref.name
            return ref

        out.mean = give("mean", 1) if mean is not None else None
        out.std = give("std", 1) if std is not None else None
        out.scaled = give("scaled", a.rows) if scaled else None
        out.scaling = give("scaling", 4 if bits <= WIDE else SCALING_ROWS) if scaling is not None else None
        out.centre = give("centre", 1) if centre else None
        if count:
            out.count = Ref(self._name("m"), 1, 1)
            asked["count"] = out.count.name
        out.name = self._name("k")
        self.body.append({
            "op": "moments", "a": a.name, "bits": int(bits), "mask": None if mask is None else mask.name, "outputs": asked, "ddof": int(ddof),
            "mean": mean or 0, "std": std or 0, "rows": 0 if out.scaling is None else out.scaling.rows, "centred": bool(centred), "keep": out.name,
            "units": [] if scaling is None else list(scaling),
        })  # fmt: skip
        return out

    def slopes(self, moments: Moments, w: Ref, words: Words, fraction: int) -> tuple[Ref, Ref | None]:
        """Coefficients of the columns themselves, as words with ``fraction`` bits per unit of theirs, and the intercept if ``w`` has one more row.

        Parameters
        ----------
        moments : Moments
            Of the columns, from this program.
        w : Ref
            (columns, 1) or (columns + 1, 1): coefficients of the columns scaled.
        """
        d = len(words.fractions)
        coef = Ref(self._name("m"), 1, d)
        intercept = Ref(self._name("m"), 1, 1) if w.rows > d else None
        middles = [c >> up for c, up in zip(words.centres, words.ups, strict=True)]
        self.body.append({
            "op": "slopes", "keep": moments.name, "a": w.name, "ups": list(words.ups), "middles": middles, "reach": list(words.reach),
            "fraction": int(fraction), "coef": coef.name, "intercept": None if intercept is None else intercept.name, "levels": None,
        })  # fmt: skip
        return coef, intercept

    def means_scaled(self, moments: Moments, words: Words, rows: int) -> Ref:
        """Means in units of the deviations: what `moments` with ``scaled`` takes away; zero for constant columns."""
        self.slopes(moments, self.constant([[1.0]] * len(words.fractions)), words, SLOPE_BITS - rows.bit_length() // 2)
        out = Ref(self._name("m"), 1, len(words.fractions))
        self.body[-1]["levels"] = out.name
        return out

    def less(self, a: Ref, mean: Ref, fractions: Sequence[int], more: int, out: Sequence[int]) -> Ref:
        """`words` of so many fraction bits less the mean that `moments` gave with ``more``; column j has ``out[j]`` fraction bits."""
        return self._emit("less", a.rows, a.columns, a=a.name, b=mean.name, fractions=list(fractions), more=int(more), to=list(out))

    def scale_rows(self, a: Ref, bits: int, scaling: Ref, fitted: int, rows: int) -> tuple[Ref, Ref | None]:
        """The columns of `words`, whose distance from their mean is below ``2**bits``, by the ``scaling`` of `moments` of so many rows and bits.

        And for `output` the bits of the values that are held; None where all are.
        """
        inside = Ref(self._name("m"), a.rows * a.columns, 1, bits=True)
        out = self._emit(
            "scale_rows", a.rows, a.columns, a=a.name, width=int(bits), scaling=scaling.name, fitted=int(fitted), rows=int(rows), inside=inside.name
        )
        return out, inside if bits + (rows.bit_length() + 1) // 2 > HELD else None

    def digits(self, moments: Moments, w: Ref, d: int, limb: int, count: int) -> tuple[Ref, Ref]:
        """What `score` takes of coefficients of the columns scaled, (d, 1) or (d + 1, 1): the slopes' limbs (count, d), and the offset."""
        offset = Ref(self._name("m"), 1, 1)
        return self._emit("digits", count, d, a=w.name, keep=moments.name, limb=int(limb), count=int(count), offset=offset.name), offset

    def limbs(self, a: Ref, limb: int, count: int) -> Ref:
        """The words of one row as limbs, (count, columns)."""
        return self._emit("limbs", count, a.columns, a=a.name, limb=int(limb), count=int(count))

    def score(self, a: Ref, slopes: Ref, offset: Ref, bits: int, limb: int, fraction: int, most: int) -> tuple[Ref, Ref | None]:
        """Words below ``2**bits`` (rows, d) times slopes with ``fraction`` fraction bits in all, and the offset: below ``2**most``.

        Sums stop at ``2**HELD``; the bits, for `output`, of the rows where they do not; None where none can.
        """
        inside = Ref(self._name("m"), a.rows, 1, bits=True)
        out = self._emit(
            "score", a.rows, 1, a=a.name, b=slopes.name, offset=offset.name, inside=inside.name,
            width=int(bits), limb=int(limb), fraction=int(fraction), most=int(most),
        )  # fmt: skip
        return out, inside if most + self.f > COARSE else None

    def spread(self, a: Ref) -> Ref:
        """The rows in a fixed public order that makes every run of rows an even sample of all; local."""
        return self._emit("spread", a.rows, a.columns, a=a.name)

    def transpose(self, a: Ref) -> Ref:
        return self._emit("transpose", a.columns, a.rows, a=a.name)

    def hstack(self, parts: Sequence[Ref]) -> Ref:
        return self._emit("hstack", parts[0].rows, sum(p.columns for p in parts), parts=[p.name for p in parts])

    def vstack(self, parts: Sequence[Ref]) -> Ref:
        return self._emit("vstack", sum(p.rows for p in parts), parts[0].columns, parts=[p.name for p in parts])

    def rows(self, a: Ref, start: int, stop: int) -> Ref:
        """Rows ``start .. stop-1``."""
        if not 0 <= start < stop <= a.rows:
            raise SchemaError(f"rows {start}..{stop} are not within a matrix of {a.rows} rows")
        return self._emit("rows", stop - start, a.columns, a=a.name, start=start, stop=stop)

    def batch(self, a: Ref, size: int, index: Index) -> Ref:
        """The rows of minibatch ``index``, counted round and round; every batch has ``size`` rows: the last one ends with the table."""
        return self._emit("batch", min(size, a.rows), a.columns, a=a.name, size=min(size, a.rows), index=index.name)

    # ---- control ---------------------------------------------------------------------------------
    @contextmanager
    def loop(self, trips: int) -> Iterator[Index]:
        """Repeat what is called inside ``trips`` times; carry values with `assign`."""
        index = Index(self._name("i"))
        outer, self.body = self.body, []
        try:
            yield index
        finally:
            inner, self.body = self.body, outer
        self.body.append({"op": "loop", "trips": int(trips), "index": index.name, "body": inner})

    def assign(self, target: Ref, value: Ref) -> None:
        """Give ``target`` a new value of its shape."""
        if (target.rows, target.columns) != (value.rows, value.columns):
            raise SchemaError(f"a matrix of shape {(target.rows, target.columns)} cannot take a value of shape {(value.rows, value.columns)}")
        self.body.append({"op": "assign", "out": target.name, "a": value.name})

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
        _inner(a.columns, len(columns), a, a)
        kinds = [self.f] * len(columns) if fractions is None else fractions
        dtypes = [str(Bool() if a.bits else Fixed(f)) for f in kinds]
        bounds = None if range is None else list(range)
        self.outputs[name] = {
            "a": a.name, "columns": list(columns), "rows": a.rows, "like": like, "dtypes": dtypes, "range": bounds, "complete": list(complete),
            "inside": None if inside is None else inside.name,
        }  # fmt: skip

    def to_plain(self) -> dict[str, Any]:
        return {"f": self.f, "body": self.body, "outputs": self.outputs}

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _emit(self, op: str, out_rows: int, out_columns: int, bits: bool = False, **params: Any) -> Ref:
        ref = Ref(self._name("m"), out_rows, out_columns, bits)
        self.body.append({"op": op, "out": ref.name, **params})
        return ref


def _broadcast(a: Ref, b: Ref) -> tuple[int, int]:
    out = []
    for x, y in ((a.rows, b.rows), (a.columns, b.columns)):
        if x != y and 1 not in (x, y):
            raise SchemaError(f"matrices of shapes {(a.rows, a.columns)} and {(b.rows, b.columns)} do not fit element by element")
        out.append(max(x, y) if 0 not in (x, y) else 0)
    return out[0], out[1]


def _inner(x: int, y: int, a: Ref, b: Ref) -> None:
    if x != y:
        raise SchemaError(f"matrices of shapes {(a.rows, a.columns)} and {(b.rows, b.columns)} cannot be multiplied: {x} is not {y}")
