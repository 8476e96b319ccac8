"""The peers' figures as recorded in the project's notes of 2026-11-23, on a machine of this kind (2 cores): not measured in a run.

SPU 0.9.5: FM64, aby3, parties as threads over in-memory links; where it can be had, `benchmarks.peers` measures it instead.
ORQ: C++, replicated sharing, one thread a party, shared memory.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """One figure: ``seconds`` at size ``n``; bytes a row that one party sends, and messages one after another, if known."""

    peer: str
    n: int
    seconds: float
    bytes_per_row: float | None = None
    messages: int | None = None

    @property
    def traffic(self) -> str:
        """Bytes a row and messages, for the tables."""
        parts = [] if self.bytes_per_row is None else [f"{self.bytes_per_row:,.0f} B/row"]
        return ", ".join(parts + ([] if self.messages is None else [f"{self.messages:,} messages"]))


M, P20 = 1_000_000, 1 << 20
RECORDED: dict[str, tuple[Recorded, ...]] = {
    "int multiply": (Recorded("ORQ", P20, 0.057, 8),),
    "fixed multiply": (Recorded("SPU", M, 0.133, 20, 3),),
    "less": (Recorded("SPU", M, 1.42, 36, 8), Recorded("ORQ", P20, 0.48, 56)),
    "equal": (Recorded("ORQ", P20, 0.37, 48),),
    "a2b": (Recorded("ORQ", P20, 1.81, 40),),
    "b2a": (Recorded("ORQ", P20, 13.3, 2040),),
    "matmul": (Recorded("SPU", 1000, 1.22, 20, 3),),
    "shuffle": (Recorded("ORQ", P20, 0.66, 16),),
    "sort": (Recorded("SPU", 100_000, 8.9, 4250, 1400),),
    "sort, 2^20": (Recorded("ORQ", P20, 18.2, 1712),),
    "group sum": (Recorded("SPU", 10_000, 1.01, 4900, 1550),),
    "sigmoid": (Recorded("SPU", 100_000, 0.79, 590, 73),),
    "reciprocal": (Recorded("SPU", 100_000, 0.70, 440, 50),),
    "exp": (Recorded("SPU", 100_000, 0.114, 170, 22),),
    "logistic regression": (Recorded("SPU", 10_000, 1.60, 6100, 8050),),
}
"""By case, the nearest peer first."""


def at_size(case: str, n: int) -> list[Recorded]:
    """The figures of a case, scaled to ``n`` where the sizes are within a tenth of each other; none for other sizes."""
    found = []
    for r in RECORDED.get(case, ()):
        if 0.9 <= r.n / n <= 1.1:
            found.append(Recorded(r.peer, n, r.seconds * n / r.n, r.bytes_per_row, r.messages))
    return found
