"""Mathematics and estimators: the logistic function, reciprocals, exponentials, minibatch descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import SWEEP, Case, Desk, Work, WrongResultError, near, relative
from spuframe.plan.tensor import Program
from spuframe.spu.algorithms.divide import divide
from spuframe.spu.algorithms.exp import LOG2_E, exp2
from spuframe.spu.algorithms.waves import LOGISTIC, saturating
from spuframe.spu.machine import ANY, Machine

FEATURES = 100
FINE = 30  # fraction bits where small results need a relative error of 1e-4


def sigmoid_of(desk: Desk, n: int) -> Work:
    def plain() -> Any:
        return data.reals("x", n, 8.0)

    x = desk.fixed(plain())
    # 1e-4 is the bar; the peer stays below 1e-3
    return Work(lambda box: saturating(box, x, data.F, ANY, data.F, LOGISTIC), lambda out: near(desk.real(out), 1 / (1 + np.exp(-plain())), 1e-4))


def reciprocal_of(desk: Desk, n: int) -> Work:
    """[1e-4, 1e4], relative error 1e-4: what ``1 / x`` is, the nearest unit."""

    def plain() -> Any:
        return data.positive("x", n, 1e-4, 1e4)

    x = desk.fixed(plain(), FINE)
    bounds = int(1e-4 * 2**FINE), int(1e4 * 2**FINE) + 1

    def work(box: Any) -> Any:
        return divide(box, box.constant(1, x.kind, x.shape), x, numerator=(1, 1), denominator=bounds, shift=2 * FINE).quotient

    return Work(work, lambda out: relative(desk.real(out, FINE), 1 / plain(), 1e-4))


def exp_of(desk: Desk, n: int) -> Work:
    """[-10, 10], relative error 1e-4."""

    def plain() -> Any:
        return data.reals("x", n, 10.0)

    x = desk.fixed(plain())
    bounds = -10 << data.F, 10 << data.F

    def run(box: Any) -> Any:
        return exp2(box, x, data.F, bounds, FINE, LOG2_E)

    return Work(run, lambda out: relative(desk.real(out, FINE), np.exp(plain()), 1e-4))


def descent(n: int) -> Program:
    """10 epochs of plain minibatch descent over matrices x and y."""
    p = Program(f=data.F)
    x = p.input(table=0, columns=["x"] * FEATURES, rows=n)
    y = p.input(table=0, columns=["y"], rows=n)
    w = p.zeros(FEATURES, 1)
    size = min(data.LR_BATCH, n)
    with p.loop(data.LR_EPOCHS * len(data.batches(n, size))) as i:
        part, truth = p.batch(x, size, i), p.batch(y, size, i)
        error = p.sub(p.logistic(part, w), truth)
        p.assign(w, p.sub(w, p.matmul_mean(part, error, rate=data.LR_RATE)))
    p.output("coef", w, ["w"])
    return p


def regression(desk: Desk, n: int) -> Work:
    """10,000 x 100, 10 epochs, batches of 1024, no intercept: the program of the peer."""
    x, y = data.classes(n, FEATURES)
    shares = {"x": desk.fixed(x), "y": desk.fixed(y.reshape(-1, 1))}
    program = descent(n)
    inputs = [i for i in program.body if i["op"] == "input"]
    body = [i for i in program.body if i["op"] != "input"]
    coef = program.outputs["coef"]["a"]

    def run(box: Any) -> Any:
        machine = Machine(box, [], program.f)
        machine.values = {i["out"]: shares[i["columns"][0]] for i in inputs}
        machine.run(body)
        return machine.values[coef]

    def check(out: Any) -> None:
        x, y = data.classes(n, FEATURES)
        mine, plain = data.auc(x @ desk.real(out).ravel(), y), data.auc(x @ data.plain_lr(x, y), y)
        if not abs(plain - mine) <= 0.002:
            raise WrongResultError(f"AUC {mine:.4f}, in float64 {plain:.4f}")

    return Work(run, check)


CASES = [
    Case("sigmoid", 100_000, 2_000, sigmoid_of, SWEEP[:4]),
    Case("reciprocal", 100_000, 2_000, reciprocal_of, SWEEP[:4]),
    Case("exp", 100_000, 2_000, exp_of, SWEEP[:4]),
    Case("logistic regression", 10_000, 1_500, regression),
]
