"""How long ``import spuframe`` takes, in a new interpreter each time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from statistics import median

from benchmarks.harness import ROOT, BenchmarkError, Result

MODULE = "start"
_PROGRAM = "import time; t = time.perf_counter(); import spuframe; spuframe.{name}; print(time.perf_counter() - t)"


@dataclass(frozen=True)
class StartCase:
    """An import.

    Parameters
    ----------
    name : str
    first : str
        The name of spuframe that is used first, since names are loaded lazily.
    """

    name: str
    first: str
    n: int = 1
    quick: int = 1
    sweep: tuple[int, ...] = ()

    def rows(self, n: int) -> int:
        return n


CASES = (StartCase("import spuframe", "__version__"), StartCase("import, first session", "Session"))


def measure(case: StartCase, repeat: int) -> Result:
    """The first start (with compiling what is not cached as bytecode), then warm ones."""
    times = [_start(case) for _ in range(max(repeat, 5) + 1)]
    return Result(case.name, 1, 1, median(times[1:]), times[0], times[1:])


def _start(case: StartCase) -> float:
    command = [sys.executable, "-c", _PROGRAM.format(name=case.first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise BenchmarkError(f"{case.name}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return float(done.stdout)
