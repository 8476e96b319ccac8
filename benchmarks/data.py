"""The inputs of the benchmarks, from a seed: NumPy alone, for our processes and the peers' (NumPy 1 and 2 give the same)."""

from __future__ import annotations

from typing import Any

import numpy as np

SEED = 20261123
F = 18  # fraction bits of fixed point: what SPU uses in FM64
LR_EPOCHS, LR_BATCH, LR_RATE = 10, 1024, 1.0


def rng(name: str) -> np.random.Generator:
    """A generator of its own for every input."""
    return np.random.default_rng([SEED, *name.encode()])


def reals(name: str, n: int, scale: float = 4.0) -> Any:
    """Uniform in [-scale, scale)."""
    return rng(name).uniform(-scale, scale, n)


def positive(name: str, n: int, low: float, high: float) -> Any:
    """Between low and high, all magnitudes alike."""
    return np.exp(rng(name).uniform(np.log(low), np.log(high), n))


def integers(name: str, n: int, bits: int) -> Any:
    """Uniform signed integers with ``|x| < 2**(bits-2)``, the range in which kernels work."""
    top = 1 << (bits - 2)
    return rng(name).integers(-top + 1, top, n, dtype=np.int64)


def int32(name: str, n: int) -> Any:
    """Any signed integers of 32 bits."""
    return rng(name).integers(-(1 << 31), 1 << 31, n, dtype=np.int32)


def groups(name: str, n: int, count: int) -> tuple[Any, Any]:
    """Keys ``0 .. count-1`` and values."""
    r = rng(name)
    return r.integers(0, count, n, dtype=np.int32), r.integers(0, 1000, n, dtype=np.int32)


def classes(n: int, d: int) -> tuple[Any, Any]:
    """Features in [-1, 1] and labels drawn from a logistic model of them."""
    r = rng(f"classes {d}")
    x = r.uniform(-1, 1, (n, d))
    w = r.normal(size=d)
    w *= 6 / np.linalg.norm(w)
    y = r.random(n) < 1 / (1 + np.exp(-x @ w))
    return x, y.astype(np.float64)


def batches(n: int, size: int = LR_BATCH) -> list[tuple[int, int]]:
    """The minibatches of an epoch, all of one size but the last."""
    return [(at, min(at + size, n)) for at in range(0, n, size)]


def plain_lr(x: Any, y: Any, epochs: int = LR_EPOCHS, size: int = LR_BATCH, rate: float = LR_RATE) -> Any:
    """The same minibatch descent in float64."""
    w = np.zeros(x.shape[1])
    for _ in range(epochs):
        for low, high in batches(len(x), size):
            a, b = x[low:high], y[low:high]
            w -= rate / (high - low) * (a.T @ (1 / (1 + np.exp(-a @ w)) - b))
    return w


def auc(score: Any, y: Any) -> float:
    """Area under the ROC curve, by ranks (scores without ties)."""
    rank = np.empty(len(y))
    rank[np.argsort(score)] = np.arange(1, len(y) + 1)
    ones = float(y.sum())
    return float((rank[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))
