"""Columns of every magnitude as owners publish them, and what functions of them are in float64: what tests of magnitudes compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from spuframe import expr as ex
from spuframe import plugins
from spuframe.dtypes import Field, Fixed
from spuframe.errors import SpuframeError
from spuframe.expr.expr import Expr, Function, bounds_of
from spuframe.expr.stated import EXACT
from spuframe.frame.scalar import deviation
from spuframe.plan import build
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize
from spuframe.runtime.fields import fit, publish
from tests.spu.harness import run_full

ROWS = 24
SIGNS = ("positive", "negative", "mixed")
SIZES = (0.1, 1.0, 0.37, 0.9, 0.25, 0.62)


def values(decade: int, sign: str, offset: int | None, seed: int) -> np.ndarray:
    """Numbers up to ``10**decade``, two of them zero, of both signs or one; or at most so far from ``10**offset``."""
    rng = np.random.default_rng(seed)
    found = rng.choice(SIZES, ROWS) * rng.uniform(0.5, 1.0, ROWS) * 10.0**decade
    found *= {"positive": 1.0, "negative": -1.0, "mixed": rng.choice([-1.0, 1.0], ROWS)}[sign]
    found[:2] = 0.0
    return found if offset is None else found + 10.0**offset


def read(columns: Mapping[str, np.ndarray], policy: str) -> tuple[pa.Table, list[Field]]:
    """What an owner of that policy reads and publishes; and a column ``g`` of groups."""
    table, fields = {}, []
    for name, array in {**columns, "g": np.arange(ROWS) % 3}.items():
        column, dtype = fit(name, pa.chunked_array([pa.array(array)]))
        table[name] = column
        fields.append(publish(name, column, dtype, "alice", policy))  # type: ignore[arg-type]
    return pa.table(table), fields


def as_stored(column: pa.ChunkedArray, field: Field) -> np.ndarray:
    words = field.dtype.numbers(column.combine_chunks(), field.name)
    return np.asarray(words) * 2.0**-field.dtype.f


# ---- row by row: how it is built, and what it is in float64; beside the error of the bound it has the one that it states ---------
Build = Callable[..., Expr]
FUNCTIONS: dict[str, tuple[Build, Callable[..., object]]] = {
    "+": (ex.add, np.add),
    "-": (ex.sub, np.subtract),
    "*": (ex.mul, np.multiply),
    "square": (lambda a, b: ex.mul(a, a), lambda a, b: a * a),
    "* 3.7": (lambda a, b: ex.mul(a, 3.7), lambda a, b: a * 3.7),
    "* 1e4": (lambda a, b: ex.mul(a, 1e4), lambda a, b: a * 1e4),
    "* 1e-6": (lambda a, b: ex.mul(a, 1e-6), lambda a, b: a * 1e-6),
    "* 1e-6 * 1e6": (lambda a, b: ex.mul(ex.mul(a, 1e-6), 1e6), lambda a, b: a),
    "neg": (lambda a, b: ex.neg(a), lambda a, b: -a),
    "abs": (lambda a, b: ex.abs_(a), lambda a, b: abs(a)),
    "sign": (lambda a, b: ex.sign(a), lambda a, b: np.sign(a)),
    "sign *": (lambda a, b: ex.mul(ex.sign(a), b), lambda a, b: np.sign(a) * b),
    "floor": (lambda a, b: ex.floor(a), lambda a, b: np.floor(a)),
    "ceil": (lambda a, b: ex.ceil(a), lambda a, b: np.ceil(a)),
    "round": (lambda a, b: ex.round_(a), lambda a, b: np.round(a)),
    "maximum": (ex.maximum, np.maximum),
    "minimum": (ex.minimum, np.minimum),
    "clip": (lambda a, b: ex.clip(a, b, None), lambda a, b: np.maximum(a, b)),
    "+ 1e-9": (lambda a, b: ex.add(a, 1e-9), lambda a, b: a + 1e-9),
    "where": (lambda a, b: ex.where(ex.gt(a, 0.0), a, b), lambda a, b: np.where(a > 0, a, b)),
    "bool": (lambda a, b: ex.cast(a, bool), lambda a, b: a != 0),
    "< 0": (lambda a, b: ex.lt(a, 0.0), lambda a, b: a < 0),
    "== self": (lambda a, b: ex.eq(a, ex.add(a, 0.0)), lambda a, b: a == a),
    "sqrt": (lambda a, b: ex.sqrt(ex.abs_(a)), lambda a, b: np.sqrt(abs(a))),
    "log": (lambda a, b: ex.log(a), lambda a, b: np.log(np.where(a > 0, a, np.nan))),
    "exp": (lambda a, b: ex.exp(a), lambda a, b: np.exp(a)),
    "sin": (lambda a, b: ex.sin(a), lambda a, b: np.sin(a)),
    "cos": (lambda a, b: ex.cos(a), lambda a, b: np.cos(a)),
    "sigmoid": (lambda a, b: ex.sigmoid(a), lambda a, b: 1 / (1 + np.exp(-np.clip(a, -700, 700)))),
    "tanh": (lambda a, b: ex.tanh(a), lambda a, b: np.tanh(a)),
    "erf": (lambda a, b: ex.erf(a), lambda a, b: np.array([math.erf(v) for v in a])),
}
SIGNIFICANT = 2.0**-27
"""Error of a result against its bound: its operands keep 30 bits, and it is rounded once or twice."""


def tolerance(e: Expr, name: str, want: np.ndarray) -> np.ndarray:
    if not isinstance(e.dtype, Fixed):
        return np.zeros_like(want)
    stated = e.stated if isinstance(e, Function) else EXACT
    units = stated.units + 2 * (name in ("minimum", "maximum", "clip")) + 3 * (e.dtype.f == Fixed.MOST)
    return stated.relative * abs(want) + stated.absolute + units * 2.0**-e.dtype.f + SIGNIFICANT * max(map(abs, bounds_of(e)))


def run(nodes: Sequence[LogicalNode], table: pa.Table, protocol: str, owner: bool) -> list[pa.Table]:
    """What is revealed of each; what the owner alone can compute, it computes, or the parties do all."""
    root = build.roots([build.reveal(n, True) for n in nodes])
    parties = plugins.protocol(protocol).parties[0]
    plan = lower(optimize(root) if owner else root, protocol=protocol, parties=parties).to_plain()
    return run_full(plan, {("alice", "t"): table}, protocol).tables


def functions(table: pa.Table, fields: list[Field], protocol: str, owner: bool, names: Sequence[str] = tuple(FUNCTIONS)) -> list[str]:
    """What is wrong with functions of the columns a and b: one line each."""
    base = build.scan("s", "alice", "t", fields, ROWS)
    a, b = (ex.col(base.schema[n]) for n in "ab")
    made: dict[str, Expr] = {}
    for name in names:
        try:
            made[name] = FUNCTIONS[name][0](a, b)
        except SpuframeError:
            continue
    (found,) = run([build.project(base, made)], table, protocol, owner)
    x, y = (as_stored(table[f.name], f) for f in fields[:2])
    wrong = []
    for name, e in made.items():
        want = np.asarray(FUNCTIONS[name][1](x, y), float)
        got = found[name].to_numpy(zero_copy_only=False).astype(float)
        bad = ~((abs(got - want) <= tolerance(e, name, want)) | (np.isnan(got) & np.isnan(want)))
        if bad.any():
            k = int(np.argmax(bad))
            wrong.append(f"{name} ({e.dtype} of {a.dtype}, {b.dtype}): {got[k]!r} for {want[k]!r}, a={x[k]!r}, b={y[k]!r}, bounds {bounds_of(e)}")
    return wrong


def aggregates(table: pa.Table, fields: list[Field], protocol: str) -> list[str]:
    """What is wrong with sums, means, extremes, prefix sums, deviations, sorts and groups of the column a."""
    base = build.scan("s", "alice", "t", fields, ROWS)
    a, x = ex.col(base.schema["a"]), as_stored(table["a"], fields[0])
    both = [(f, f, "a") for f in ("sum", "mean", "min", "max")]
    ways: dict[str, Callable[[], LogicalNode]] = {
        "whole": lambda: build.aggregate(base, [], both),
        "groups": lambda: build.aggregate(base, ["g"], both),
        "cumsum": lambda: build.select(cumulate(base, "c", a), ["c"]),
        "sort": lambda: build.select(build.sort(base, "a"), ["a"]),
        "std": lambda: deviation(base, "std", a, 1),
    }
    nodes, refused = {}, []
    for name, way in ways.items():
        try:
            nodes[name] = way()
        except SpuframeError as error:
            refused.append(f"{name} refused: {error}")
    found = dict(zip(nodes, run(list(nodes.values()), table, protocol, True), strict=True))
    bound = max(map(abs, bounds_of(a)))
    groups = [x[k::3] for k in range(3)]
    want = {f: [getattr(np, f)(v) for v in groups] for f in ("sum", "mean", "min", "max")}
    expected = {
        **{("whole", f): [getattr(np, f)(x)] for f in ("sum", "mean", "min", "max")},
        **{("groups", f): v for f, v in want.items()},
        ("cumsum", "c"): np.cumsum(x), ("sort", "a"): np.sort(x), ("std", "std"): [np.std(x - x[0], ddof=1)],  # far from zero float64 rounds means
    }  # fmt: skip
    wrong = []
    for (name, column), right in expected.items():
        if name in found:
            got = np.array(found[name][column].to_pylist(), float)
            scale = bound * (ROWS if column in ("sum", "c") else 1) * 2.0**-29
            if name == "std":
                scale = 1e-5 * right[0] + 2.0 ** -nodes[name].schema[column].dtype.f  # a wide range leaves it few bits
            if not (abs(got - right) <= scale + 1e-15 * abs(np.asarray(right))).all():
                wrong.append(f"{name} {column} of {a.dtype} in {bounds_of(a)}: {got} for {np.asarray(right)}")
    return wrong + refused
