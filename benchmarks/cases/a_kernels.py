"""Kernels: products, comparisons, conversions, matrix product, shuffle."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.cases import SWEEP, Case, Desk, Work, WrongResultError, near, same
from spuframe.spu.share import Arithmetic, Boolean

A64 = Arithmetic(64)


def int_multiply(desk: Desk, n: int) -> Work:
    def plain() -> tuple[Any, Any]:
        return data.integers("x", n, 64), data.integers("y", n, 64)

    x, y = (desk.share(v, A64) for v in plain())
    return Work(lambda box: box.mul(x, y), lambda out: same(desk.signed(out), np.multiply(*plain())))


def fixed_multiply(desk: Desk, n: int) -> Work:
    def plain() -> tuple[Any, Any]:
        return data.reals("x", n), data.reals("y", n)

    x, y = (desk.fixed(v) for v in plain())
    # the inputs' rounding, times 4 each, and one unit in the last place
    return Work(lambda box: box.mul(x, y, data.F), lambda out: near(desk.real(out), np.multiply(*plain()), 6 * 2.0**-data.F))


def less(desk: Desk, n: int, bits: int) -> Work:
    def plain() -> tuple[Any, Any]:
        return data.integers("a", n, bits), data.integers("b", n, bits)

    a, b = (desk.share(v, Arithmetic(bits)) for v in plain())
    return Work(lambda box: box.msb(a - b), lambda out: same(desk.words(out).astype(bool), np.less(*plain())))


def equal(desk: Desk, n: int) -> Work:
    def plain() -> tuple[Any, Any]:
        a = data.integers("a", n, 64)
        return a, np.where(data.rng("same").random(n) < 0.5, a, data.integers("b", n, 64))

    a, b = (desk.share(v, A64) for v in plain())
    return Work(lambda box: box.eqz(a - b), lambda out: same(desk.words(out).astype(bool), np.equal(*plain())))


def a2b(desk: Desk, n: int) -> Work:
    def plain() -> Any:
        return data.integers("x", n, 64)

    x = desk.share(plain(), A64)
    return Work(lambda box: box.a2b(x), lambda out: same(desk.signed(out), plain()))


def b2a(desk: Desk, n: int) -> Work:
    def plain() -> Any:
        return data.integers("x", n, 64)

    x = desk.share(plain(), Boolean(64))
    return Work(lambda box: box.b2a(x), lambda out: same(desk.signed(out), plain()))


def matmul(desk: Desk, n: int) -> Work:
    def plain() -> tuple[Any, Any]:
        return data.reals("a", n * n, 1.0).reshape(n, n), data.reals("b", n * n, 1.0).reshape(n, n)

    a, b = (desk.fixed(v) for v in plain())
    # n products of values below 1, each with the inputs' rounding: 8 standard deviations
    error = (2 * np.sqrt(n) + 1) * 2.0**-data.F
    return Work(lambda box: box.matmul(a, b, data.F), lambda out: near(desk.real(out), np.matmul(*plain()), error))


def shuffle(desk: Desk, n: int) -> Work:
    def plain() -> Any:
        return data.integers("x", n, 64)

    x = desk.share(plain(), A64)

    def check(out: Any) -> None:
        got, true = desk.signed(out[0]), plain()
        same(np.sort(got), np.sort(true))
        if (got == true).mean() > 0.5:
            raise WrongResultError("the rows stayed where they were")

    return Work(lambda box: box.shuffle(box.draw(n), [x]), check)


CASES = [
    Case("int multiply", 1 << 20, 1 << 12, int_multiply, SWEEP),
    Case("fixed multiply", 1_000_000, 4_000, fixed_multiply, SWEEP),
    Case("less", 1_000_000, 4_000, partial(less, bits=64), SWEEP),
    Case("less, 16 bits", 1_000_000, 4_000, partial(less, bits=16), SWEEP),
    Case("equal", 1_000_000, 4_000, equal, SWEEP),
    Case("a2b", 1_000_000, 4_000, a2b),
    Case("b2a", 1_000_000, 4_000, b2a),
    Case("matmul", 1_000, 50, matmul, rows=lambda n: n * n),
    Case("shuffle", 1 << 20, 1 << 12, shuffle, SWEEP),
]
