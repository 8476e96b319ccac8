"""Run a tensor program (`spuframe.plan.tensor`): the instructions of estimators, over fixed-point matrices in Z_2^64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.errors import PlanError
from spuframe.spu.algorithms.rsqrt import SCALE, rsqrt
from spuframe.spu.algorithms.sigmoid import sigmoid
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Arithmetic, Share, columns, concat
from spuframe.spu.table import Column, Table

RING = Arithmetic(64)
RATE_BITS = 20
"""Fraction bits of a learning rate that is folded into a matrix product."""


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
        if matrix.is_bit:
            made = {c: Column(Field(c, Bool()), matrix) for c in out["columns"]}
        else:
            made = {c: Column(Field(c, Fixed(machine.f)), matrix.column(j)) for j, c in enumerate(out["columns"])}
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
        words, ups = zip(*(self._word(c) for c in found), strict=True)
        moves = [self.f - up - shift for up, shift in zip(ups, i["shifts"], strict=True)]
        ready: list[Share | None] = [w.scale(1 << m) if m >= 0 else None for w, m in zip(words, moves, strict=True)]
        for amount in sorted({-m for m in moves if m < 0}):  # one truncation per distinct amount: 2 rounds each
            chosen = [j for j, m in enumerate(moves) if m == -amount]
            cut = self.box.trunc(concat([words[j] for j in chosen]), amount)
            for k, j in enumerate(chosen):
                ready[j] = cut.slice(k * table.rows, (k + 1) * table.rows)
        done = [r for r in ready if r is not None]
        if i["masked"]:
            keep = self._keep(table, i["columns"])
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
        keep = table.valid
        for name in names:
            valid = table.columns[name].valid
            if valid is not None:
                keep = valid if keep is None else self.box.and_(keep, valid)
        return keep

    def do_mask(self, i: Mapping[str, Any]) -> Share:
        table = self.tables[i["table"]]
        keep = self._keep(table, i["columns"])
        one = 1 << self.f
        if keep is None:
            return self.box.constant(one, RING, (table.rows, 1))
        return self.box.b2a(keep, 64).scale(one).reshape(-1, 1)

    def do_zeros(self, i: Mapping[str, Any]) -> Share:
        return self.box.constant(0, RING, tuple(i["shape"]))

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
        return sigmoid(self.box, a.reshape(a.size), self.f).reshape(*a.shape)

    def do_positive(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self.box.msb(-a.reshape(a.size))  # a > 0: the sign of -a

    def do_number(self, i: Mapping[str, Any]) -> Share:
        (a,) = self._of(i, "a")
        return self.box.b2a(a, 64).scale(1 << self.f).reshape(-1, 1)

    def do_moments(self, i: Mapping[str, Any]) -> None:
        """Mean and inverse standard deviation of every column, over the rows whose mask is one.

        ``a`` must be zero where the mask is, and ``|a| <= 1``. With m = mean(mask): mean = mean(a)/m and
        var = mean(a^2)/m - mean^2, where 1/m = rsqrt(m)^2. The variance has 30 fraction bits; 2^-26 is added to it, so that a constant
        column gets a finite scale.
        """
        (a,) = self._of(i, "a")
        f, n = self.f, a.rows
        mean = self._divide_rows(a.sum(0), f, n)
        square = self._divide_rows(self.box.dot([a], [a], 0).sum(0), 2 * f, n)
        if i["mask"] is not None:
            (mask,) = self._of(i, "mask")
            share_of_rows = self._divide_rows(mask.sum(0), f, n)
            root = rsqrt(self.box, share_of_rows, f)
            inverse = self.box.mul(root, root, f).broadcast(mean.shape)
            mean, square = self.box.mul(mean, inverse, f), self.box.mul(square, inverse, f)
        variance = square - self.box.mul(mean, mean, SCALE)
        variance = box_clip(self.box, self.box.add_public(variance, 1 << (SCALE - 26)))
        self.values[i["rstd"]] = rsqrt(self.box, variance, f).reshape(1, -1)
        self.values[i["mean"]] = self.box.trunc(mean, SCALE - f).reshape(1, -1)

    def _divide_rows(self, total: Share, fraction: int, n: int) -> Share:
        """A sum over n rows to a mean with 30 fraction bits; ``|mean| <= 1``."""
        # |total| <= n 2^fraction: bring it below 2^31, then multiply by 2^by / n < 2^30.
        spare = max(0, fraction + n.bit_length() - 31)
        by = 29 + n.bit_length()
        total = self.box.trunc(total, spare).scale(round(2**by / n))
        return self.box.trunc(total, fraction - spare + by - SCALE)

    def do_affine(self, i: Mapping[str, Any]) -> Share:
        """``(a - mask * mean) * rstd``, with one rounding an element."""
        a, mean, rstd = self._of(i, "a", "mean", "rstd")
        offset = self.box.mul(mean, rstd, self.f)
        if i["mask"] is None:
            return self.box.mul(a, rstd, self.f) - offset
        (mask,) = self._of(i, "mask")
        return self.box.dot([a, -mask.broadcast(a.shape)], [rstd.broadcast(a.shape), offset.broadcast(a.shape)], self.f)

    # ---- whole matrices ----------------------------------------------------------------------------
    def do_matmul(self, i: Mapping[str, Any]) -> Share:
        a, b = self._of(i, "a", "b")
        return self.box.matmul(a, b, self.f)

    def do_matmul_mean(self, i: Mapping[str, Any]) -> Share:
        """``rate/rows a^T b + sum_j diag(rates_j) add_j``: 2 rounds. The sums join the product before it is rounded, as rows more."""
        a, b = self._of(i, "a", "b")
        n, d, f = a.rows, a.shape[1], self.f
        left, right = [a], [b.scale(round(i["rate"] * 2.0**RATE_BITS / n))]
        if n > 1 << (RATE_BITS - 8):  # rate/n would lose its digits: round the sum first
            summed = self.box.trunc(self.box.matmul(a.transpose(), b, f), max(0, n.bit_length() - 12))
            by = round(i["rate"] * 2.0 ** (2 * RATE_BITS) / n * 2.0 ** max(0, n.bit_length() - 12))
            extra = self.box.trunc(summed.scale(by), 2 * RATE_BITS)
            left, right = [], []
        else:
            extra = None
        for name, rates in zip(i["adds"], i["add_rates"], strict=True):
            weights = np.rint(np.array(rates, np.float64) * 2.0 ** (f + RATE_BITS)).astype(np.int64).view(np.uint64)
            left.append(self.box.constant(np.diag(weights), RING, (d, d)))
            right.append(self.values[name])
        if not left:
            assert extra is not None
            return extra
        update = self.box.matmul(concat(left).transpose(), concat(right), f + RATE_BITS)
        return update if extra is None else update + extra

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
        return a.slice(start, start + size)


def box_clip(box: BlackBox, x: Share) -> Share:
    """At least one unit in the last place: what rounding made negative or zero would have no root."""
    below = box.msb(box.add_public(x, -1))
    return x + box.inject(below, box.add_public(-x, 1))
