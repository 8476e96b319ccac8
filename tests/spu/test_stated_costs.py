"""What docstrings and docs/design/aby3.md state as the cost of algorithms is what they cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spuframe import plugins
from spuframe.ir.cost import Cost
from spuframe.spu.algorithms.random import candidates, random_below
from spuframe.spu.algorithms.shift import round_shift, shift_right
from spuframe.spu.algorithms.waves import ERF, LOGISTIC, SIGMOID, TANH, Saturating, harmonics, saturating, sine
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Arithmetic, Share

PAGE = Path(__file__).resolve().parents[2] / "docs" / "design" / "aby3.md"
ROWS = 1 << 16
PROTOCOL = plugins.protocol("aby3")


def cost(run: Callable[[BlackBox, Share], Any]) -> Cost:
    box = BlackBox(PROTOCOL, 3, None, ROWS * 64)
    run(box, Share(Arithmetic(64), (ROWS,), ()))
    return box.declared


def stated(algorithm: str) -> tuple[list[int], list[list[float]]]:
    """Rounds and bytes a row of a line of the page's table; alternatives are separated by slashes or commas."""
    (line,) = [text for text in PAGE.read_text().splitlines() if text.startswith(f"| {algorithm} |")]
    _, _, rounds, sent, *_ = (cell.strip() for cell in line.split("|"))
    return [int(r) for r in rounds.split("/")], [[float(v) for v in sent.removesuffix("(P0)").split("/")]]


@pytest.mark.parametrize(
    ("algorithm", "run"),
    [
        ("exact shift right by 18 (floor)", lambda box, x: shift_right(box, x, 18)),
        ("integer below 100", lambda box, x: random_below(box, ROWS, 100)),
    ],
)
def test_the_page(algorithm: str, run: Callable[[BlackBox, Share], Any]) -> None:
    (rounds,), (sent,) = stated(algorithm)
    real = cost(run)
    assert real.rounds == rounds
    assert [s / ROWS for s in real.sent] == pytest.approx(sent, abs=0.051)


def test_the_page_on_rounding() -> None:
    rounds, (sent,) = stated("rounding to the nearest, halves up / to even / away from zero")
    for ties, r, s in zip(("up", "even", "away"), rounds, sent, strict=True):
        real = cost(lambda box, x, ties=ties: round_shift(box, x, 18, ties))
        assert (real.rounds, real.sent[0] / ROWS) == (r, pytest.approx(s, abs=0.051))


@pytest.mark.parametrize("bound", [6, 100, 1000, 10**6, 10**9 + 7, (1 << 63) + 1])
def test_random_below(bound: int) -> None:
    real, bits = cost(lambda box, x: random_below(box, ROWS, bound)), (bound - 1).bit_length()
    assert real.rounds == 1 + (bits - 1).bit_length()
    for sent in real.sent:
        assert 8 * sent / candidates(ROWS, bound) <= 4 * bits


def test_sine() -> None:
    for most, rounds in ((1 << 37, 4), (1 << 38, 6)):
        assert cost(lambda box, x, most=most: sine(box, x, 18, (-most, most), 18)).rounds == rounds


@pytest.mark.parametrize("what", [SIGMOID, LOGISTIC, TANH, ERF], ids=lambda w: w.name)
def test_saturating(what: Saturating) -> None:
    def rounds(most: int, f: int = 18) -> int:
        return cost(lambda box, x: saturating(box, x, f, (-(most << f), most << f), 18, what)).rounds

    assert [rounds(most) for most in (1, 30, 1 << 30)] == [4, 7, 9]
    assert rounds(1, 60) == 6
    assert 8 <= len(harmonics(what)) <= 22
