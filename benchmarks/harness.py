"""Three real processes on loopback TCP that stay up and run named cases; time, traffic and memory of each."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class BenchmarkError(RuntimeError):
    """A process of a benchmark failed; its own words are in the message."""


class Process:
    """A child that answers JSON lines with JSON lines.

    Parameters
    ----------
    name : str
    command : sequence of str
    """

    def __init__(self, name: str, command: Sequence[str], *, quiet: bool = False) -> None:
        self.name = name
        errors = subprocess.DEVNULL if quiet else None
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)

    def send(self, request: Mapping[str, Any]) -> None:
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
        except OSError:
            raise BenchmarkError(f"{self.name} is gone (exit status {self.child.poll()})") from None

    def receive(self, deadline: float) -> dict[str, Any]:
        assert self.child.stdout is not None
        timer = threading.Timer(deadline, self.child.kill)
        timer.start()
        try:
            line = self.child.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise BenchmarkError(f"{self.name} ended or was silent for {deadline:g} s (exit status {self.child.poll()})")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, request: Mapping[str, Any], deadline: float = 900.0) -> dict[str, Any]:
        self.send(request)
        reply = self.receive(deadline)
        if "failed" in reply:
            raise BenchmarkError(f"{self.name}: {reply['failed']}")
        return reply

    def close(self) -> None:
        if self.child.stdin is not None:
            with contextlib.suppress(OSError):  # it is gone already
                self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        if self.child.stdout is not None:
            self.child.stdout.close()


@dataclass(frozen=True)
class Run:
    """One execution of a case.

    Parameters
    ----------
    seconds : float
        From the first party's start to the last one's end.
    cpu : float
        Processor seconds of all parties together: what stays comparable on a machine that is busy otherwise.
    rounds : int
    sent : list of int
        Bytes, by party.
    peak, extra : int
        Bytes of the largest resident set of a party, and what of it was added by the run.
    """

    seconds: float
    cpu: float
    rounds: int
    sent: list[int]
    peak: int
    extra: int


class Cluster:
    """The computing parties; use with ``with``.

    Parameters
    ----------
    protocol : str
    parties : int
    batch_rows : int
    """

    def __init__(self, protocol: str = "aby3", parties: int = 3, batch_rows: int = 1 << 15) -> None:
        self.protocol = protocol
        self.parties = parties
        self.batch_rows = batch_rows
        self.processes: list[Process] = []

    def __enter__(self) -> Cluster:
        try:
            for rank in range(self.parties):
                self.processes.append(Process(f"party {rank}", [sys.executable, "-m", "benchmarks.party"]))
            addresses = [reply["address"] for reply in self._all([{"do": "listen"}] * self.parties)]
            common = {
                "do": "open",
                "addresses": addresses,
                "secret": secrets.token_hex(32),
                "session": secrets.token_hex(8),
                "protocol": self.protocol,
                "batch_rows": self.batch_rows,
            }
            self._all([{**common, "rank": rank} for rank in range(self.parties)])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for process in self.processes:
            process.close()
        self.processes = []

    def prepare(self, module: str, case: str, n: int) -> None:
        """Deal the inputs of a case."""
        self._all([{"do": "prepare", "module": module, "case": case, "n": n}] * self.parties)

    def run(self) -> Run:
        """Run what is prepared, once; declared and measured cost are compared at every party."""
        return self._runs({"do": "run"})[0]

    def profile(self) -> tuple[Run, list[dict[str, dict[str, float]]]]:
        """A run with the time per kernel, by party."""
        run, replies = self._runs({"do": "run", "profile": True})
        return run, [r["profile"] for r in replies]

    def check(self) -> None:
        """Compare the last result with the plain one; a difference is an error."""
        self._all([{"do": "check"}] * self.parties)

    def _runs(self, request: dict[str, Any]) -> tuple[Run, list[dict[str, Any]]]:
        replies = self._all([request] * self.parties)
        seconds = max(r["end"] for r in replies) - min(r["start"] for r in replies)
        if len({r["rounds"] for r in replies}) != 1:
            raise BenchmarkError(f"the parties count {[r['rounds'] for r in replies]} rounds")
        peak, extra = max(r["peak"] for r in replies), max(r["extra"] for r in replies)
        run = Run(seconds, sum(r["cpu"] for r in replies), replies[0]["rounds"], [r["sent"] for r in replies], peak, extra)
        return run, replies

    def _all(self, requests: Sequence[Mapping[str, Any]], deadline: float = 900.0) -> list[dict[str, Any]]:
        for process, request in zip(self.processes, requests, strict=True):
            process.send(request)
        replies = [process.receive(deadline) for process in self.processes]
        failed = [(p.name, r) for p, r in zip(self.processes, replies, strict=True) if "failed" in r]
        if failed:
            # the first cause is not the peers' echo of it
            own = [f for f in failed if not f[1]["failed"].startswith(("Peer", "Link"))] or failed
            raise BenchmarkError("; ".join(f"{name}: {reply['failed']}" for name, reply in own) + f"\n{own[0][1]['where']}")
        return replies


@dataclass(frozen=True)
class Result:
    """What is known of a case at one size."""

    case: str
    n: int
    rows: int
    seconds: float
    cold: float
    runs: list[float]
    cpu: float | None
    rounds: int
    sent: list[int]
    peak: int
    extra: int | None

    @property
    def bytes_per_row(self) -> float:
        return max(self.sent) / self.rows

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)


def measure(cluster: Cluster, module: str, case: Any, n: int, repeat: int = 3, budget: float = 2.0) -> Result:
    """Cold run, check, then warm runs: at least ``repeat``, more while they take less than ``budget`` seconds in all."""
    cluster.prepare(module, case.name, n)
    cold = cluster.run()
    cluster.check()
    warm: list[Run] = []
    while len(warm) < repeat or (len(warm) < 5 * repeat and sum(r.seconds for r in warm) < budget):
        warm.append(cluster.run())
    cluster.check()
    last = warm[-1]
    if (last.rounds, last.sent) != (cold.rounds, cold.sent):
        raise BenchmarkError(f"{case.name}: the cost changes between runs")
    times = [r.seconds for r in warm]
    peak, extra = max(r.peak for r in warm), max(r.extra for r in warm)
    return Result(case.name, n, case.rows(n), median(times), cold.seconds, times, median(r.cpu for r in warm), last.rounds, last.sent, peak, extra)
