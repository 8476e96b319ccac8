"""Run a tensor program (`spuframe.plan.tensor`): the instructions of estimators, over fixed-point matrices in Z_2^64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil, gcd, log2
from typing import Any

import numpy as np

from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.errors import PlanError
from spuframe.spu.algorithms.roots import rsqrt
from spuframe.spu.algorithms.waves import LOGISTIC, saturating
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Arithmetic, Array, Share, columns, concat
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
CONSTANT = 16
"""A quarter of a variance below 2^-34, so a deviation below four units in the last place of [-1, 1]: a column that is constant but for rounding."""
SCALE = 38
"""Fraction bits of a mean or a variance, which are at most 1."""
ANY = (-(1 << 62), 1 << 62)
"""The range of a value of which nothing is known."""
STD_BITS = 12
"""As `spuframe.plan.tensor.STD_BITS`."""


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
        valid = machine.complete(inputs[like], out["complete"]) if out["complete"] else None
        dtype = Bool() if matrix.is_bit else Fixed(machine.f)
        made = {
            c: Column(Field(c, dtype, nullable=valid is not None), matrix if matrix.is_bit else matrix.column(j), valid)
            for j, c in enumerate(out["columns"])
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

    def do_mask(self, i: Mapping[str, Any]) -> Share:
        table = self.tables[i["table"]]
        keep = self._keep(table, i["columns"])
        one = 1 << self.f
        if keep is None:
            return self.box.constant(one, RING, (table.rows, 1))
        return self.box.b2a(keep, 64).scale(one).reshape(-1, 1)

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

    def do_logistic(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        score = self.box.matmul(a, b)  # 2f fraction bits
        return self._sigmoid(score, 2 * self.f)

    def _sigmoid(self, x: Share, f: int) -> Share:
        return saturating(self.box, x.reshape(x.size), f, ANY, self.f, LOGISTIC).reshape(*x.shape)

    # ---- over the rows -----------------------------------------------------------------------------
    def do_mean(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self.box.trunc(self._mean(a.sum(0), self.f, a.rows, i["mask"]), SCALE - self.f).reshape(1, -1)

    def do_deviation(self, i: Mapping[str, Any]) -> None:
        """All from a quarter of the variance, which lies in [0, 1]. Constant columns get zeros, so that they have no effect."""
        (a,) = self._of(i, "a")
        f, box = self.f, self.box
        quarter = self._mean(box.dot([a], [a]).sum(0), 2 * f + 2, a.rows, i["mask"])
        half = self._rsqrt(quarter)  # 2 / deviation
        varies = box.not_(box.msb(box.add_public(quarter, -CONSTANT)))
        kept = box.inject(concat([varies, varies]), concat([half, quarter]))
        half, quarter = kept.slice(0, half.rows), kept.slice(half.rows, 2 * half.rows)
        self.values[i["rstd"]] = box.trunc(half, 1).reshape(1, -1)
        # deviation 2^12 = variance/4 * (2 / deviation) * 2 * 2^12
        self.values[i["std"]] = box.mul(quarter, half, SCALE - STD_BITS - 1).reshape(1, -1)

    def _mean(self, total: Share, fraction: int, n: int, mask: str | None) -> Share:
        """A sum over the rows to a mean with `SCALE` fraction bits; ``|mean| <= 1``."""
        mean = self._divide_rows(total, fraction, n)
        if mask is None:
            return mean
        return self.box.mul(mean, self._inverse_share(mask).broadcast(mean.shape), self.f)

    def _inverse_share(self, mask: str) -> Share:
        """All rows over the rows of the mask, to a unit in the last place; 0 if there are none."""
        key = f"1/{mask}"
        if key not in self.values:
            rows = self.values[mask]
            share = self._divide_rows(rows.sum(0), self.f, rows.rows)
            root = self._rsqrt(share)
            inverse = self.box.mul(root, root, self.f)
            # Newton: y (2 - x y)
            rest = self.box.add_public(-self.box.mul(share, inverse, SCALE + self.f - RATE_BITS), 2 << RATE_BITS)
            self.values[key] = self.box.mul(inverse, rest, RATE_BITS)
        return self.values[key]

    def _rsqrt(self, x: Share) -> Share:
        """``1 / sqrt(x)`` of a mean; zero for zero."""
        return rsqrt(self.box, x, SCALE, (0, 1 << SCALE), self.f)[0]

    def _divide_rows(self, total: Share, fraction: int, n: int) -> Share:
        """A sum over n rows to a mean with `SCALE` fraction bits; ``|mean| <= 1``; relative error below 2^-21."""
        # |total| <= n 2^fraction: bring it below 2^39, then multiply by 2^by / n <= 2^22.
        spare = max(0, fraction + n.bit_length() - SCALE - 1)
        by = 21 + n.bit_length()
        total = self.box.trunc(total, spare).scale(round(2**by / n))
        return self.box.trunc(total, fraction - spare + by - SCALE)

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
        parts = [self.values[p] for p in i["parts"]]
        shape = (parts[0].rows, sum(p.shape[1] for p in parts))
        return Share(RING, shape, tuple(np.concatenate(c, axis=1) for c in zip(*(p.parts for p in parts), strict=True)))

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
