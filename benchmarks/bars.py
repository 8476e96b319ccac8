"""The bars: how much faster than whom each operation must be, and whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.recorded import P20, M, at_size


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    case : str
    n : int
        The size it is set for; a tenth more or less counts, with the peer's time scaled.
    times : float
        How many times faster than ``than``.
    than : str
        A peer (``"SPU"``, ``"ORQ"``), ``"our CASE"`` for another case of the same run, or ``"s"``: then ``times`` are the seconds allowed.
    """

    case: str
    n: int
    times: float
    than: str

    def __str__(self) -> str:
        return f"{self.times:g} s" if self.than == "s" else f"{self.times:g}x {self.than}"


BARS = (
    Bar("int multiply", P20, 2.5, "ORQ"),
    Bar("fixed multiply", M, 3, "SPU"),
    Bar("less", M, 12, "SPU"),
    Bar("less", M, 4, "ORQ"),
    Bar("less, 16 bits", M, 3, "our less"),
    Bar("matmul", 1000, 3, "SPU"),
    Bar("sigmoid", 100_000, 8, "SPU"),  # error <= 1e-4: the case's own check
    Bar("reciprocal", 100_000, 8, "SPU"),  # relative error <= 1e-4 on [1e-4, 1e4]
    Bar("exp", 100_000, 1, "SPU"),  # relative error <= 1e-4 on [-10, 10]
    Bar("shuffle", P20, 5, "ORQ"),
    Bar("logistic regression", 10_000, 4, "SPU"),
    Bar("import spuframe", 1, 0.5, "s"),
)


@dataclass(frozen=True)
class Verdict:
    """A bar and what was reached.

    Parameters
    ----------
    bar : Bar
    reached : float
        In the bar's unit.
    measured : bool
        Whether the other side was measured in the same run, else it is a recorded figure.
    """

    bar: Bar
    reached: float
    measured: bool

    @property
    def good(self) -> bool:
        return self.reached <= self.bar.times if self.bar.than == "s" else self.reached >= self.bar.times

    def __str__(self) -> str:
        got = f"{self.reached:.2f} s" if self.bar.than == "s" else f"{self.reached:.1f}x"
        return f"{self.bar}: {'reached' if self.good else 'NOT reached'} ({got})"

    def to_plain(self) -> dict[str, object]:
        return {"bar": str(self.bar), "reached": self.good, "got": self.reached, "measured": self.measured}


def verdicts(case: str, n: int, seconds: float, ours: Mapping[tuple[str, int], float], peers: Mapping[str, float] | None = None) -> list[Verdict]:
    """What a figure says about its bars.

    Parameters
    ----------
    case : str
    n : int
    seconds : float
    ours : mapping
        Seconds of the cases of this run, by (case, n).
    peers : mapping, optional
        Seconds of peers that were measured in this run; else their recorded figures are taken.

    Examples
    --------
    >>> [str(v) for v in verdicts("int multiply", 1 << 20, 0.019, {})]
    ['2.5x ORQ: reached (3.0x)']
    >>> [str(v) for v in verdicts("less", 1_000_000, 0.2, {}, {"SPU": 1.8})]
    ['12x SPU: NOT reached (9.0x)', '4x ORQ: NOT reached (2.3x)']
    """
    measured = {**(peers or {}), **{f"our {name}": s for (name, size), s in ours.items() if size == n}}
    others = {**{r.peer: r.seconds for r in at_size(case, n)}, **measured}
    found = []
    for bar in BARS:
        if bar.case != case or not 0.9 <= bar.n / n <= 1.1:
            continue
        if bar.than == "s":
            found.append(Verdict(bar, seconds, True))
        elif bar.than in others:
            found.append(Verdict(bar, others[bar.than] / seconds, bar.than in measured))
    return found
