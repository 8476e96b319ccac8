"""Run a tensor program (`spuframe.plan.tensor`): the instructions of estimators, over fixed-point matrices in Z_2^64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil, gcd, log2
from typing import Any

import numpy as np

from spuframe.dtypes import Bool, Field, Fixed, Int, parse_dtype
from spuframe.errors import PlanError
from spuframe.spu.algorithms.compare import less
from spuframe.spu.algorithms.moments import Moments, moments, shifted
from spuframe.spu.algorithms.moments import limbs as limbs_of
from spuframe.spu.algorithms.scaling import apply, read, scaling, slopes, standardised
from spuframe.spu.algorithms.score import digits, score
from spuframe.spu.algorithms.waves import LOGISTIC, saturating
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import stacked
from spuframe.spu.share import BIT, Arithmetic, Array, Share, columns, concat
from spuframe.spu.table import Column, Table

RING = Arithmetic(64)
RATE_BITS = 20
"""Fraction bits of a public factor."""
LEAST_FACTOR = 50
"""A factor that is rounded to a whole number keeps 1 %."""
ROOM = 61
"""A word before rounding: `trunc` takes what is below 2^62, and a bound may be met to the rounding error."""
GUARD = 4
"""Fraction bits of a mean beyond f."""
ANY = (-(1 << 62), 1 << 62)
"""The range of a value of which nothing is known."""


@dataclass(frozen=True)
class Outputs(Table):
    """What a tensor step leaves: tables, read by ``output`` steps."""

    outputs: Mapping[str, Table] = field(default_factory=dict)


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Interpret the program of ``step``."""
    program = step.params["program"]
    machine = Machine(env.box, list(inputs), int(program["f"]))
    machine.run(program["body"])
    outputs = {}
    for name, out in program["outputs"].items():
        matrix, like = machine.values[out["a"]], out["like"]
        valids: list[Share | None] = [None] * len(out["columns"])
        if like is not None:
            valids = machine.valid(inputs[like], out["complete"], out["inside"], out["columns"])
        made = {
            c: Column(Field(c, parse_dtype(dtype), nullable=valid is not None), matrix if matrix.is_bit else matrix.column(j), valid)
            for j, (c, dtype, valid) in enumerate(zip(out["columns"], out["dtypes"], valids, strict=True))
        }
        outputs[name] = Table(made, matrix.rows, None if like is None else inputs[like].valid)
    return Outputs({}, 0, outputs=outputs)


class Machine:
    """The values of a running program and its instructions, one method each."""

    def __init__(self, box: BlackBox, tables: list[Table], f: int) -> None:
        self.box = box
        self.tables = tables
        self.f = f
        self.values: dict[str, Share] = {}
        self.moments: dict[str, Moments] = {}
        self.counters: dict[str, int] = {}
        self.batches: dict[tuple[str, int, int], tuple[Share, Share]] = {}
        self.stacked: dict[tuple[int, bytes], tuple[Share, Share]] = {}

    def run(self, body: Sequence[Mapping[str, Any]]) -> None:
        for instruction in body:
            method: Callable[..., Share | None] | None = getattr(self, f"do_{instruction['op']}", None)
            if method is None:
                raise PlanError(f"this SPU has no tensor instruction {instruction['op']!r}: install the same spuframe everywhere")
            result = method(instruction)
            if result is not None:
                self.values[instruction["out"]] = result

    def _of(self, i: Mapping[str, Any], *names: str) -> list[Share]:
        return [self.values[i[name]] for name in names]

    # ---- control ---------------------------------------------------------------------------------
    def do_loop(self, i: Mapping[str, Any]) -> None:
        for trip in range(i["trips"]):
            self.counters[i["index"]] = trip
            self.run(i["body"])

    def do_assign(self, i: Mapping[str, Any]) -> Share:
        return self.values[i["a"]]

    # ---- inputs ------------------------------------------------------------------------------------
    def do_input(self, i: Mapping[str, Any]) -> Share:
        table = self.tables[i["table"]]
        found = [table.columns[name] for name in i["columns"]]
        words, ups = zip(*self.box.together([partial(self._word, c) for c in found]), strict=True)
        moves = [self.f - up - shift for up, shift in zip(ups, i["shifts"], strict=True)]
        ready: list[Share | None] = [w.scale(1 << m) if m >= 0 else None for w, m in zip(words, moves, strict=True)]
        amounts = {-m: [j for j, n in enumerate(moves) if n == m] for m in sorted(moves) if m < 0}  # one truncation each, in common rounds
        tasks = [partial(self.box.trunc, concat([words[j] for j in chosen]), amount) for amount, chosen in amounts.items()]
        for chosen, cut in zip(amounts.values(), self.box.together(tasks), strict=True):
            for k, j in enumerate(chosen):
                ready[j] = cut.slice(k * table.rows, (k + 1) * table.rows)
        done = [r for r in ready if r is not None]
        if i["complete"] is not None:
            keep = self._keep(table, i["complete"])
            if keep is not None:
                masked = self.box.inject(concat([keep] * len(done)), concat(done))
                done = [masked.slice(j * table.rows, (j + 1) * table.rows) for j in range(len(done))]
        return columns(done)

    def do_words(self, i: Mapping[str, Any]) -> Share:
        table = self.tables[i["table"]]
        found = [table.columns[name] for name in i["columns"]]

        def word(column: Column, fraction: int, centre: int, edges: Sequence[int] | None) -> tuple[Share, Share | None]:
            share, has = self._word(column)
            if edges is None:
                return self.box.add_public(shifted(self.box, share, has - fraction), -centre), None
            moved, there = self.box.both(lambda: shifted(self.box, share, has - fraction), lambda: self._between(share, *edges))
            return self.box.add_public(moved, -centre), there

        limits = i["edges"] or [None] * len(found)
        made = self.box.together([partial(word, *of) for of in zip(found, i["fractions"], i["centres"], limits, strict=True)])
        if i["inside"] is not None:
            one = self.box.constant(1, BIT, (table.rows,))
            self.values[i["inside"]] = concat([one if there is None else there for _, there in made])
        return columns([moved for moved, _ in made])

    def _between(self, x: Share, low: int, high: int, lowest: int, highest: int) -> Share:
        """Whether ``low <= x <= high``, of words in ``lowest..highest``."""
        box, all_of = self.box, (lowest, highest)

        def of(v: Share, ring: int) -> Share:
            return v.narrow(ring)

        below = partial(less, box, x, low, all_of, (low, low), of, x.rows)
        above = partial(less, box, high, x, (high, high), all_of, of, x.rows)
        sides = [side for side, some in ((below, lowest < low), (above, highest > high)) if some]
        out = box.together(sides)
        return box.not_(out[0] ^ out[1] if len(out) > 1 else out[0])

    def _word(self, column: Column) -> tuple[Share, int]:
        """The column in Z_2^64, and the fraction bits that it has."""
        dtype = column.field.dtype
        if isinstance(dtype, Bool):
            return self.box.b2a(column.values, 64), 0
        if isinstance(dtype, Int):
            return self.box.extend(column.values, 64), 0
        if isinstance(dtype, Fixed):
            return column.values, dtype.f
        raise PlanError(f"column {column.field.name!r} is {dtype}: a matrix takes numbers and booleans")

    def _keep(self, table: Table, names: Sequence[str]) -> Share | None:
        """Rows that exist and have no null; None: all of them."""
        complete = self.complete(table, names)
        if table.valid is None or complete is None:
            return table.valid if complete is None else complete
        return self.box.and_(table.valid, complete)

    def complete(self, table: Table, names: Sequence[str]) -> Share | None:
        """Rows that have no null in some columns; None: all of them."""
        all_there: Share | None = None
        for name in names:
            valid = table.columns[name].valid
            if valid is not None:
                all_there = valid if all_there is None else self.box.and_(all_there, valid)
        return all_there

    def valid(self, table: Table, names: Sequence[str], inside: str | None, columns: Sequence[str]) -> list[Share | None]:
        """Of each column of an output the rows that are not null: complete in some columns of a table, and inside of what can be held."""
        there = self.complete(table, names)
        if inside is None:
            return [there] * len(columns)
        held, n = self.values[inside], table.rows
        parts = [held if held.rows == n else held.slice(j * n, (j + 1) * n) for j in range(len(columns))]
        return list(parts) if there is None else list(stacked(lambda s: self.box.and_(s[0], s[1]), [[part, there] for part in parts]))

    def do_mask(self, i: Mapping[str, Any]) -> Share:
        table = self.tables[i["table"]]
        keep = self._keep(table, i["columns"])
        return self.box.constant(1, RING, (table.rows, 1)) if keep is None else self.box.b2a(keep, 64).reshape(-1, 1)

    def do_full(self, i: Mapping[str, Any]) -> Share:
        return self.box.constant(round(i["value"] * 2.0**self.f), RING, tuple(i["shape"]))

    def do_constant(self, i: Mapping[str, Any]) -> Share:
        words = np.rint(np.array(i["values"], np.float64) * 2.0**self.f).astype(np.int64).view(np.uint64)
        return self.box.constant(words, RING, words.shape)

    # ---- element by element ------------------------------------------------------------------------
    def do_add(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return a + b

    def do_sub(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return a - b

    def do_mul(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return self.box.mul(a, b, self.f)

    def do_scale(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        by = float(i["by"])
        if by == int(by):
            return a.scale(int(by))
        return self.box.trunc(a.scale(round(by * 2**RATE_BITS)), RATE_BITS)

    def do_sigmoid(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self._sigmoid(a, self.f)

    def do_positive(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self.box.msb(-a.reshape(a.size))  # a > 0: the sign of -a

    def do_number(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self.box.b2a(a, 64).scale(1 << self.f).reshape(-1, 1)

    def do_both(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return self.box.and_(a, b)

    def do_every(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        n: int = i["rows"]
        parts = [a.slice(j * n, (j + 1) * n) for j in i["columns"]]
        while len(parts) > 1:
            half = len(parts) // 2
            joined = stacked(lambda s: self.box.and_(s[0], s[1]), list(zip(parts[:half], parts[half : 2 * half], strict=True)))
            parts = [*joined, *parts[2 * half :]]
        return parts[0]

    def do_logistic(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        score = self.box.matmul(a, b)  # 2f fraction bits
        return self._sigmoid(score, 2 * self.f)

    def _sigmoid(self, x: Share, f: int) -> Share:
        return saturating(self.box, x.reshape(x.size), f, ANY, self.f, LOGISTIC).reshape(*x.shape)

    # ---- over the rows -----------------------------------------------------------------------------
    def do_moments(self, i: Mapping[str, Any]) -> None:
        (a,) = self._of(i, "a")
        box, wanted = self.box, i["outputs"]
        mask = None if i["mask"] is None else self.values[i["mask"]]
        m = moments(box, a, i["bits"], mask, i["centred"])
        make: dict[str, Callable[[], Share]] = {
            "mean": lambda: m.mean(box, i["mean"]).reshape(1, -1),
            "std": lambda: m.deviation(box, i["std"], i["ddof"]).reshape(1, -1),
            "scaled": lambda: standardised(box, m, self.f, mask),
            "scaling": lambda: scaling(box, m, self.f, i["units"]).matrix(box, i["rows"]),
            "centre": lambda: m.centre.reshape(1, -1),
            "count": lambda: box.constant(a.rows, RING, (1, 1)) if m.count.share is None else m.count.share.reshape(1, 1),
        }
        found = box.together([make[what] for what in wanted])
        self.values.update(zip(wanted.values(), found, strict=True))
        self.moments[i["keep"]] = m

    def do_slopes(self, i: Mapping[str, Any]) -> None:
        (w,) = self._of(i, "a")
        found = slopes(self.box, self.moments[i["keep"]], w.reshape(w.size), self.f, i["ups"], i["middles"], i["reach"], i["fraction"])
        self.values[i["coef"]] = found[0].reshape(1, -1)
        if i["intercept"] is not None:
            self.values[i["intercept"]] = found[1].reshape(1, 1)
        if i["levels"] is not None:
            self.values[i["levels"]] = found[2].reshape(1, -1)

    def do_less(self, i: Mapping[str, Any]) -> Share:
        a, mean = self._of(i, "a", "b")
        tasks = [partial(shifted, self.box, a.column(j), f - to) for j, (f, to) in enumerate(zip(i["fractions"], i["to"], strict=True))]
        cuts = [f + i["more"] - to for f, to in zip(i["fractions"], i["to"], strict=True)]
        moved, means = self.box.both(lambda: columns(self.box.together(tasks)), lambda: shifted(self.box, mean.reshape(mean.size), cuts))
        return moved - means.reshape(1, -1)

    def do_scale_rows(self, i: Mapping[str, Any]) -> Share:
        a, how = self._of(i, "a", "scaling")
        scaled, inside = apply(self.box, read(how, i["rows"], i["fitted"]), a, i["width"], self.f)
        if inside is not None:
            self.values[i["inside"]] = inside
        return scaled

    def do_digits(self, i: Mapping[str, Any]) -> None:
        (w,) = self._of(i, "a")
        found = digits(self.box, self.moments[i["keep"]], w.reshape(w.size), self.f, i["limb"], i["count"])
        self.values[i["out"]], self.values[i["offset"]] = found[0], found[1].reshape(1, 1)

    def do_limbs(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return concat(limbs_of(self.box, a, i["limb"] * i["count"] - 1, i["limb"]))

    def do_score(self, i: Mapping[str, Any]) -> Share:
        x, slopes, offset = self._of(i, "a", "b", "offset")
        found, inside = score(self.box, x, slopes, offset.reshape(1), i["width"], i["limb"], i["fraction"], i["most"], self.f)
        if inside is not None:
            self.values[i["inside"]] = inside
        return found.reshape(-1, 1)

    def do_spread(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return a.take(even_order(a.rows))

    # ---- whole matrices ----------------------------------------------------------------------------
    def do_matmul(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return self.box.matmul(a, b, self.f)

    def do_matmul_mean(self, i: Mapping[str, Any]) -> Share:
        """``rate/rows a^T b + sum_j diag(rates_j) add_j``: 2 rounds. The sums join the product before it is rounded, as rows more.

        The bound on the result takes h bits of the word, the sign and the room of `trunc` three, and the factor ``rate/rows`` what 2f leaves: if
        that is too little for 1 %, the product is rounded on its own first.
        """
        a, b = self._of(i, "a", "b")
        n, d, f = a.rows, a.shape[1], self.f
        total = ROOM - max(1, ceil(log2(i["bound"])))  # fraction bits before the rounding
        weights = [np.rint(np.array(r, np.float64) * 2.0 ** (total - f)).astype(np.int64).view(np.uint64) for r in i["add_rates"]]
        adds = [self.values[name] for name in i["adds"]]
        factor = round(i["rate"] / n * 2.0 ** (total - 2 * f))
        if abs(factor) >= LEAST_FACTOR:
            return self.box.matmul(self._stack(a, weights), concat([b.scale(factor), *adds]), total - f)
        cut = max(0, n.bit_length() - 1)
        mean = self.box.matmul(a.transpose(), b, cut)  # times n / 2^cut, 2f fraction bits
        mean = self.box.trunc(mean, f - GUARD)
        summed = mean.scale(round(i["rate"] / n * 2.0 ** (cut + total - f - GUARD)))
        for weight, add in zip(weights, adds, strict=True):
            summed = summed + add.scale(weight.reshape(d, 1))
        return self.box.trunc(summed, total - f)

    def _stack(self, a: Share, weights: list[Array]) -> Share:
        """The transpose of a with diagonal matrices beside it; kept, since a batch comes again in every epoch (one more copy of the features)."""
        key = id(a), b"".join(w.tobytes() for w in weights)
        if key not in self.stacked or self.stacked[key][0] is not a:
            square = (a.shape[1], a.shape[1])
            self.stacked[key] = a, concat([a, *(self.box.constant(np.diag(w), RING, square) for w in weights)]).transpose()
        return self.stacked[key][1]

    def do_transpose(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return a.transpose()

    def do_hstack(self, i: Mapping[str, Any]) -> Share:
        return concat([self.values[p] for p in i["parts"]], axis=1)

    def do_vstack(self, i: Mapping[str, Any]) -> Share:
        return concat([self.values[p] for p in i["parts"]])

    def do_rows(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return a.slice(i["start"], i["stop"])

    def do_batch(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        size: int = i["size"]
        batches = -(-a.rows // size)
        start = min(self.counters[i["index"]] % batches * size, a.rows - size)
        key = i["a"], start, size
        if key not in self.batches or self.batches[key][0] is not a:  # one share per batch, by which what is made of it is found again
            self.batches[key] = a, a.slice(start, start + size)
        return self.batches[key][1]


def even_order(n: int) -> Array:
    """The multiples of a number near ``n / golden ratio`` modulo n, which visit every row once and every stretch of rows evenly."""
    step = max(1, round(n * 0.6180339887498949))
    while gcd(step, n) > 1:
        step += 1
    return np.arange(n, dtype=np.int64) * step % n
