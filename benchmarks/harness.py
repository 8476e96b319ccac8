"""Three real processes on loopback TCP that stay up and run named cases; time, traffic and memory of each."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.limits import Limits, combine
from benchmarks.shaped import Network
from spuframe.plan.batches import choose_batch_rows

ROOT = Path(__file__).resolve().parent.parent


class BenchmarkError(RuntimeError):
    """A process of a benchmark failed; its own words are in the message."""


class Process:
    """A child that answers JSON lines with JSON lines.

    Parameters
    ----------
    name : str
    command : sequence of str
    quiet : bool
        Whether its standard error is thrown away.
    cache : str, optional
        A folder for Numba's machine code instead of the usual one.
    chunk_rows : int, optional
        Rows that a kernel takes at a time; without it, the black box's own.
    """

    def __init__(self, name: str, command: Sequence[str], *, quiet: bool = False, cache: str | None = None) -> None:
        self.name = name
        errors = subprocess.DEVNULL if quiet else None
        env = None if cache is None else {**os.environ, "NUMBA_CACHE_DIR": cache}
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=env)

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
    drawn : list of int
        Keystream bytes, by party.
    peak, extra : int
        Bytes of the largest resident set of a party, and what of it was added by the run.
    before, told : float, int
        Seconds that making its material took before, and the bytes that the party that sends most sent for it.
    """

    seconds: float
    cpu: float
    rounds: int
    sent: list[int]
    drawn: list[int]
    peak: int
    extra: int
    before: float = 0.0
    told: int = 0


class Cluster:
    """The computing parties; use with ``with``.

    Parameters
    ----------
    protocol : str
    parties : int
    batch_rows : int, optional
        Without it, what the planner's cost model chooses for the size and the network.
    network : Network, optional
        Messages take as long as there; without it, as long as the loopback takes.
    cache : str, optional
        A folder for Numba's machine code instead of the usual one.
    chunk_rows : int, optional
        Rows that a kernel takes at a time; without it, the black box's own.
    """

    def __init__(
        self,
        protocol: str = "aby3",
        parties: int = 3,
        batch_rows: int | None = None,
        network: Network | None = None,
        cache: str | None = None,
        chunk_rows: int | None = None,
    ) -> None:
        self.chunk_rows = chunk_rows
        self.protocol = protocol
        self.parties = parties
        self.batch_rows = batch_rows
        self.network = network
        self.cache = cache
        self.processes: list[Process] = []

    def __enter__(self) -> Cluster:
        try:
            for rank in range(self.parties):
                self.processes.append(Process(f"party {rank}", [sys.executable, "-m", "benchmarks.party"], cache=self.cache))
            addresses = [reply["address"] for reply in self._all([{"do": "listen"}] * self.parties)]
            common = {
                "do": "open",
                "addresses": addresses,
                "secret": secrets.token_hex(32),
                "session": secrets.token_hex(8),
                "protocol": self.protocol,
                "network": None if self.network is None else asdict(self.network),
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

    def probe(self) -> Limits:
        """Measure what the link and the cipher can do."""
        slow = self.network
        rounds, messages = (200, 64) if slow is None else (1, 1)
        replies = self._all([{"do": "probe", "rounds": rounds, "messages": messages}] * self.parties)
        found = combine([r["found"] for r in replies])
        return found if slow is None else Limits(slow.latency, slow.bandwidth, found.aes)  # sleeping is less exact than the network is meant to be

    def batch(self, rows: int) -> int:
        """Rows a batch for a case of so many rows."""
        if self.batch_rows is not None:
            return self.batch_rows
        if self.network is None:
            return choose_batch_rows(rows)
        return choose_batch_rows(rows, self.network.latency, self.network.bandwidth)

    def prepare(self, module: str, case: Any, n: int) -> None:
        """Deal the inputs of a case."""
        request = {"do": "prepare", "module": module, "case": case.name, "n": n, "batch_rows": self.batch(case.rows(n)), "chunk_rows": self.chunk_rows}
        self._all([request] * self.parties)

    def run(self, *, trim: bool = False) -> Run:
        """Run what is prepared, once; declared and measured cost are compared at every party.

        ``trim``: freed memory is given back before, so that the peak is this run's own; the run then takes the time of getting it again.
        """
        return self._runs({"do": "run", "trim": trim})[0]

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
        cpu, rounds = sum(r["cpu"] for r in replies), replies[0]["rounds"]
        before, told = (max(r["prepared"][figure] for r in replies) for figure in ("seconds", "sent"))
        return Run(seconds, cpu, rounds, [r["sent"] for r in replies], [r["drawn"] for r in replies], peak, extra, before, told), replies

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
    """What is known of a case at one size; None where it has no meaning.

    Parameters
    ----------
    seconds, cold : float
        The median of the warm runs, and the first run in new processes.
    peak, extra : int
        Bytes of the largest resident set of a party, and what of it was added by a run.
    limit : float
        Seconds that the machine needs for the bytes, rounds and keystream at least.
    batch_rows : int
    before, told : float, int
        Seconds and bytes of making the material of a run, where the protocol uses any.
    """

    case: str
    n: int
    rows: int
    seconds: float
    cold: float
    runs: list[float]
    cpu: float | None = None
    rounds: int | None = None
    sent: list[int] | None = None
    drawn: list[int] | None = None
    peak: int | None = None
    extra: int | None = None
    limit: float | None = None
    batch_rows: int | None = None
    before: float | None = None
    told: int | None = None

    @property
    def bytes_per_row(self) -> float | None:
        return max(self.sent) / self.rows if self.sent else None

    @property
    def of_limit(self) -> float | None:
        """The part of the time that the machine needs anyway."""
        return None if self.limit is None else self.limit / self.seconds

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "bytes_per_row": self.bytes_per_row, "of_limit": self.of_limit}


def measure(
    cluster: Cluster, module: str, case: Any, n: int, repeat: int = 3, budget: float = 2.0, limits: Limits | None = None
) -> Result:
    """Cold run, check, then warm runs: at least ``repeat``, more while they take less than ``budget`` seconds in all."""
    cluster.prepare(module, case, n)
    cold = cluster.run()
    cluster.check()
    warm: list[Run] = []
    while len(warm) < repeat or (len(warm) < 5 * repeat and sum(r.seconds for r in warm) < budget):
        warm.append(cluster.run())
    cluster.check()
    last, memory = warm[-1], cluster.run(trim=True)
    if (last.rounds, last.sent) != (cold.rounds, cold.sent):
        raise BenchmarkError(f"{case.name}: the cost changes between runs")
    times = [r.seconds for r in warm]
    return Result(
        case.name,
        n,
        case.rows(n),
        median(times),
        cold.seconds,
        times,
        cpu=median(r.cpu for r in warm),
        rounds=last.rounds,
        sent=last.sent,
        drawn=last.drawn,
        peak=memory.peak,
        extra=memory.extra,
        limit=None if limits is None else limits.seconds(last.rounds, last.sent, last.drawn),
        batch_rows=cluster.batch(case.rows(n)),
        before=median(r.before for r in warm) or None,
        told=last.told or None,
    )
