"""Tensor programs against NumPy, on every protocol."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spuframe.dtypes import Bool, Field, Fixed, Int
from spuframe.errors import PlanError, SchemaError
from spuframe.ir import words as in_words
from spuframe.ir.instructions import instructions
from spuframe.ir.words import words
from spuframe.plan.tensor import Program
from spuframe.spu import instructions as families
from spuframe.spu.algorithms import moments
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.instructions.matrices import even_order
from spuframe.spu.machine import Machine, implementation
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.table import Column, Table
from spuframe.testing import simulate_blackbox

F = 18
FIXED = Arithmetic(64)


def fixed(x: Any) -> np.ndarray:
    return np.rint(np.asarray(x, np.float64) * 2.0**F).astype(np.int64).view(np.uint64)


def floating(words: np.ndarray) -> np.ndarray:
    return words.view(np.int64).astype(np.float64) / 2.0**F


def run(protocol: str, program: Program, results: list[str], make: Callable[..., list[Table]], *inputs: Any) -> list[np.ndarray]:
    """The named matrices after running ``program`` over the tables that ``make`` builds from the shared inputs."""

    def party(box: BlackBox, *shares: Share) -> list[Share]:
        machine = Machine(box, make(*shares), F)
        machine.run(program.body)
        return [machine.values[name] for name in results]

    return [floating(w) if w.dtype == np.uint64 else w for w in simulate_blackbox(protocol, party, *inputs)]


def table_of(*columns: tuple[str, Any, Share], valid: Share | None = None, nulls: Share | None = None) -> Table:
    made = {name: Column(Field(name, dtype), share, nulls) for name, dtype, share in columns}
    return Table(made, columns[0][2].rows, valid)


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=40) * 3, rng.integers(-100, 100, 40), rng.random(40) < 0.5


@pytest.mark.every_protocol
def test_inputs_of_all_types_scaled_and_masked(protocol: str, data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    a, b, c = data
    keep = np.arange(40) % 3 > 0
    p = Program()
    x = p.input(0, ["a", "b", "c"], 40, shifts=[2, 7, 0], complete=["a", "b", "c"])
    m = p.scale(p.mask(0, ["a", "b", "c"], 40), 2.0**F)

    def make(a: Share, b: Share, c: Share, keep: Share) -> list[Table]:
        return [table_of(("a", Fixed(F), a), ("b", Int(8), b), ("c", Bool(), c), valid=keep)]

    got, mask = run(protocol, p, [x.name, m.name], make, (fixed(a), FIXED), b.astype(np.int16), (c, BIT), (keep, BIT))
    want = np.stack([a / 4, b / 128, c], axis=1) * keep[:, None]
    np.testing.assert_allclose(got, want, atol=2.0**-F * 2)
    np.testing.assert_array_equal(mask[:, 0], keep)


@pytest.mark.parametrize("masked", [False, True])
def test_moments_and_scaled_columns(protocol: str, masked: bool) -> None:
    """Deviations from a half to 4e-4 and none at all, off centre; and their scaling put on the same rows as if they were others."""
    rng = np.random.default_rng(2)
    spread, centre = [0.5, 0.2, 0.01, 0.0, 0.0004], [0.0, 0.25, 0.9, 0.3, -0.98]
    a = np.clip(rng.normal(size=(500, 5)) * spread + centre, -1, 1)
    keep = rng.random(500) < 0.4 if masked else np.ones(500, bool)
    p = Program()
    fields = [Field(c, Fixed(F), range=(-1.0, 1.0)) for c in "abcde"]
    found = words(fields)
    x, _ = p.words(0, list("abcde"), 500, found.fractions, found.centres)
    mask = p.mask(0, list("abcde"), 500) if masked else None
    m = p.moments(x, found.bits, mask, mean=[20] * 5, std=[20] * 5, scaled=True, scaling=(found.fractions, found.room), count=True)
    assert m.mean and m.std and m.scaled and m.scaling and m.count
    other, _ = p.scale_rows(x, found.bits + 1, m.scaling, found.bits, 500)

    def make(a: Share, keep: Share) -> list[Table]:
        return [table_of(*((n, Fixed(F), a.column(j)) for j, n in enumerate("abcde")), valid=keep if masked else None)]

    names = [m.mean.name, m.std.name, m.scaled.name, other.name, m.count.name]
    mean, std, scaled, again, count = run(protocol, p, names, make, (fixed(a), FIXED), (keep, BIT))
    kept = floating(fixed(a))[keep]
    np.testing.assert_allclose(mean[0] * 2.0**-20, kept.mean(0), atol=1e-9)
    np.testing.assert_allclose(std[0] * 2.0**-20, kept.std(0) * (np.array(spread) > 0), rtol=1e-5)
    assert (std[0, 3], count.item() * 2**F) == (0, keep.sum())
    vary = [0, 1, 2, 4]
    want = (kept - kept.mean(0))[:, vary] / kept.std(0)[vary]
    for got in (scaled, again):
        np.testing.assert_allclose(got[keep][:, vary], want, atol=2e-3)
        np.testing.assert_allclose(got[keep, 3], 0, atol=1e-4)
    np.testing.assert_allclose(scaled[~keep], 0, atol=1e-4)


def test_moments_of_no_rows_at_all(protocol: str) -> None:
    p = Program()
    (x, _), mask = p.words(0, ["a"], 8, [F], [0]), p.mask(0, ["a"], 8)
    m = p.moments(x, F + 2, mask, std=[20], scaled=True, count=True)
    assert m.std and m.scaled and m.count

    def make(a: Share, keep: Share) -> list[Table]:
        return [table_of(("a", Fixed(F), a), valid=keep)]

    got = run(protocol, p, [m.std.name, m.scaled.name, m.count.name], make, (fixed(np.ones(8)), FIXED), (np.zeros(8, bool), BIT))
    assert all((g == 0).all() for g in got)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1024, 9973])
def test_every_stretch_of_the_even_order_is_a_sample_of_all(n: int) -> None:
    order = even_order(n)
    assert sorted(order) == list(range(n))
    if n > 1000:
        for start in range(0, n - 100, 100):
            assert abs(np.mean(order[start : start + 100] < n // 4) - 0.25) < 0.05


@pytest.mark.parametrize("rows", [64, 5000, 70_000])
@pytest.mark.parametrize("bound", [4.0, 1000.0])
def test_matmul_mean_with_sums(protocol: str, rows: int, bound: float) -> None:
    rng = np.random.default_rng(3)
    a, b, w = rng.normal(size=(rows, 3)), rng.uniform(-1, 1, (rows, 1)), rng.normal(size=(3, 1))
    b += 0.5 * a[:, :1]
    p = Program()
    ra, rb = p.input(0, list("xyz"), rows), p.input(0, ["b"], rows)
    rw = p.constant(w.tolist())
    out = p.matmul_mean(ra, rb, rate=-0.7, add=[(rw, [0.9, 0.9, 1.0]), (rw, [0.05, 0.0, 0.0])], bound=bound)

    def make(a: Share, b: Share) -> list[Table]:
        return [table_of(*((n, Fixed(F), a.column(j)) for j, n in enumerate("xyz")), ("b", Fixed(F), b))]

    (got,) = run(protocol, p, [out.name], make, (fixed(a), FIXED), (fixed(b[:, 0]), FIXED))
    step = -0.7 / rows * a.T @ b
    np.testing.assert_allclose(got, step + np.array([[0.95], [0.9], [1.0]]) * w, atol=np.abs(step).max() / 100 + 1e-5)


@pytest.mark.every_protocol
def test_loop_batches_and_logistic_descent(protocol: str) -> None:
    rng = np.random.default_rng(4)
    n, size, trips = 70, 32, 9
    x, y = rng.normal(size=(n, 2)), (rng.random(n) < 0.5).astype(np.int8)
    p = Program()
    rx, ry = p.input(0, ["a", "b"], n), p.input(0, ["y"], n)
    w = p.zeros(2, 1)
    with p.loop(trips) as i:
        bx, by = p.batch(rx, size, i), p.batch(ry, size, i)
        error = p.sub(p.logistic(bx, w), by)
        p.assign(w, p.matmul_mean(bx, error, -0.5, add=[(w, [1.0, 1.0])]))

    def make(x: Share, y: Share) -> list[Table]:
        return [table_of(("a", Fixed(F), x.column(0)), ("b", Fixed(F), x.column(1)), ("y", Int(8), y))]

    (got,) = run(protocol, p, [w.name], make, (fixed(x), FIXED), y)
    want = np.zeros((2, 1))
    for trip in range(trips):
        start = min(trip % 3 * size, n - size)
        bx, by = x[start : start + size], y[start : start + size, None]
        want -= 0.5 / size * bx.T @ (1 / (1 + np.exp(-bx @ want)) - by)
    np.testing.assert_allclose(got, want, atol=3e-3)  # the rate is kept to 1 %


def test_bits_and_numbers(protocol: str) -> None:
    a = np.array([-1.5, 0.0, 2.0**-F, 3.0, -(2.0**-F)])
    p = Program()
    bit = p.positive(p.input(0, ["a"], 5))
    number = p.scale(p.number(bit), 3.0)
    half = p.scale(p.number(bit), 0.5)
    got, tripled, halved = run(protocol, p, [bit.name, number.name, half.name], lambda s: [table_of(("a", Fixed(F), s))], (fixed(a), FIXED))
    assert got.tolist() == [0, 0, 1, 1, 0]
    assert tripled[:, 0].tolist() == [0, 0, 3, 3, 0]
    np.testing.assert_allclose(halved[:, 0], [0, 0, 0.5, 0.5, 0], atol=2.0**-F)


def test_constants_of_plan_and_spu_agree() -> None:
    assert in_words.MOST == moments.MOST
    for n in (1, 100, 2**20, 2**26):
        assert moments.places(n, moments.MOST)[1] + 5 <= in_words.SCALING_ROWS


def test_every_instruction_runs_and_nothing_else_is_one() -> None:
    """What is specified has a function of its name in the family's module; other functions there take something else."""
    own: dict[str, set[str]] = {}
    for op, known in instructions().items():
        assert inspect.signature(implementation(op)).parameters.keys() == {"machine", "i"}, op
        own.setdefault(known.family, set()).add(op)
    assert set(own) == {m.name for m in pkgutil.iter_modules(families.__path__)}
    for family, ops in own.items():
        module = importlib.import_module(f"{families.__name__}.{family}")
        made = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == module.__name__]
        assert {f.__name__ for f in made if [*inspect.signature(f).parameters] == ["machine", "i"]} == ops



def test_shapes_are_checked_when_a_program_is_built() -> None:
    p = Program()
    a, b = p.zeros(2, 3), p.zeros(2, 3)
    with pytest.raises(SchemaError, match=r"\(2, 3\) and \(2, 3\) cannot be multiplied"):
        p.matmul(a, b)
    with pytest.raises(SchemaError, match="do not fit element by element"):
        p.add(a, p.zeros(3, 2))
    with pytest.raises(SchemaError, match="cannot take a value"):
        p.assign(a, p.zeros(1, 1))
    with pytest.raises(SchemaError, match="rows 1..4"):
        p.rows(a, 1, 4)


def test_an_unknown_instruction_is_a_plan_error() -> None:
    with pytest.raises(PlanError, match="no tensor instruction 'fft'"):
        simulate_blackbox("plaintext", lambda box: Machine(box, [], F).run([{"op": "fft", "out": "m1"}]))
