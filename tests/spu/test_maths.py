"""The logistic function of training against float64 over its whole range, on every protocol."""

from __future__ import annotations

import numpy as np
import pytest

from spuframe import plugins
from spuframe.spu.algorithms.waves import LOGISTIC, harmonics, saturating
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Arithmetic, Share
from spuframe.testing import simulate_blackbox

A64 = Arithmetic(64)
F = 18
HALF = float(LOGISTIC.half)
ANY = (-(1 << 62), 1 << 62)


def sigmoid(box: BlackBox, x: Share, f: int) -> Share:
    return saturating(box, x, f, ANY, F, LOGISTIC)


def fixed(x: np.ndarray, f: int = F) -> np.ndarray:
    return np.rint(np.asarray(x, np.float64) * 2.0**f).astype(np.int64).view(np.uint64)


def floating(words: np.ndarray, f: int = F) -> np.ndarray:
    return words.view(np.int64).astype(np.float64) / 2.0**f


def test_series_of_the_sigmoid_is_close_where_it_is_used() -> None:
    x = np.linspace(-HALF, HALF, 20001)
    series = 0.5 + sum(c * np.sin(np.pi * h * x / (2 * HALF)) for h, c in harmonics(LOGISTIC))
    assert np.abs(series - 1 / (1 + np.exp(-x))).max() < 2e-5


def test_sigmoid_over_the_whole_type(protocol: str) -> None:
    inside = np.linspace(-17, 17, 6001)
    edges = np.array([HALF - 1 / 32, HALF, HALF + 1 / 32, 10.75])
    wide = np.concatenate([2.0 ** np.arange(-18, 43), -(2.0 ** np.arange(-18, 43)), edges, -edges, [0.0, -0.0, 16.0, -16.0, 1e6, -1e12]])
    x = np.concatenate([inside, wide])
    got = floating(simulate_blackbox(protocol, lambda box, s: sigmoid(box, s, F), (fixed(x), A64)))
    want = 1 / (1 + np.exp(-np.clip(floating(fixed(x)), -700, 700)))
    assert np.abs(got - want).max() < 3e-5 + 2.0**-F


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_logistic_runs_in_the_rounds_of_its_comparison_and_a_choice(rows: int) -> None:
    box = BlackBox(plugins.protocol("aby3"), 3)
    sigmoid(box, Share(A64, (rows,), ()), 36)
    assert box.declared.rounds == 8  # 6 of 33 bits, beside the series; 2
    x = np.linspace(-12, 12, rows)
    got = floating(simulate_blackbox("aby3", lambda box, s: sigmoid(box, s, 36), (fixed(x, 36), A64)))  # holds the run to the declared cost
    assert np.abs(got - 1 / (1 + np.exp(-x))).max() < 4e-5


@pytest.mark.parametrize("f", [8, 30, 36])
def test_sigmoid_of_other_fraction_bits(protocol: str, f: int) -> None:
    x = np.concatenate([np.linspace(-12, 12, 2001), 2.0 ** np.arange(-f, 61 - f), -(2.0 ** np.arange(-f, 61 - f))])
    got = floating(simulate_blackbox(protocol, lambda box, s: sigmoid(box, s, f), (fixed(x, f), A64)))
    want = 1 / (1 + np.exp(-np.clip(floating(fixed(x, f), f), -700, 700)))
    assert np.abs(got - want).max() < 3e-5 + 2.0**-F
