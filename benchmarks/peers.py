"""Ours beside SPU's, measured in one run, in turn: ours, theirs, ours, theirs, ... ``python -m benchmarks.peers --help``.

SPU lives in a virtual environment of its own (``.venv-peers``), made when it is missing. It runs as it is fastest (threads over in-memory
links); we run as we are used (three processes over loopback TCP). Memory and traffic of both are measured too, in runs that are not timed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import report, start
from benchmarks.bars import Verdict, verdicts
from benchmarks.cases import by_name, find, modules
from benchmarks.harness import ROOT, BenchmarkError, Cluster, Process
from benchmarks.recorded import at_size

REQUIREMENTS = ("spu==0.9.5", "jax==0.4.34", "jaxlib==0.4.34", "numpy<2")
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PARTIES = {"aby3": 3, "semi2k": 2}


@dataclass(frozen=True)
class Pair:
    """One operation at both.

    Parameters
    ----------
    name : str
        The case, under the same name at both.
    repeat : int
        Pairs of runs.
    two : bool
        Whether SPU's semi2k with two parties is measured too.
    spu : bool
        Whether SPU is measured; without it ours alone, for a bar that is another peer's or our own.
    """

    name: str
    repeat: int
    two: bool = False
    spu: bool = True


PAIRS = (
    Pair("int multiply", 7, spu=False),
    Pair("fixed multiply", 7, True),
    Pair("less", 5, True),
    Pair("less, 16 bits", 7, spu=False),
    Pair("matmul", 5),
    Pair("sigmoid", 5, True),
    Pair("reciprocal", 5, True),
    Pair("exp", 5, True),
    Pair("shuffle", 5, spu=False),
    Pair("sort", 2),
    Pair("group sum", 5, True),
    Pair("logistic regression", 3),
)
HEAD = [
    "operation", "n", "ours s", "SPU aby3 s", "ratio", "of best", "SPU semi2k s", "ratio", "of best", "load", "our B/row/party", "SPU B/row/party",
    "our rounds", "SPU messages", "our peak MiB", "SPU peak MiB, all parties", "SPU's error", "recorded, not measured in this run", "bar",
]  # fmt: skip
LEGEND = """
ratio: SPU's median / ours, and the same of the best runs; load: of the machine before the pair (idle: 0).
B/row/party: sent by the party that sends most; SPU's is of aby3, from its own profiler in one more run. Where SPU truncates it draws the parties'
roles anew: what its busiest party sends changes from run to run, what all send together (in the JSON) does not.
rounds: messages one after another. SPU does not count them, but messages: all that its busiest party sends, also at the same time.
peak MiB: ours of a party's process, the largest; SPU's of the one process whose threads its parties are, with jax, so a total.
bars: against SPU as measured here, else against the recorded figure.
'recorded' figures are of 2026-11-23 on 2 cores: MP-SPDZ and ORQ have no packages to install here. SPU's are there only if it was not measured."""
LINK = re.compile(r"Link details: total send bytes (\d+), recv bytes \d+, send actions (\d+), recv actions \d+")


@dataclass(frozen=True)
class Traffic:
    """What each party of a peer sent in one run; the parties are in no order.

    Parameters
    ----------
    sent : list of int
        Bytes.
    messages : list of int
    """

    sent: list[int]
    messages: list[int]

    def to_plain(self, rows: int) -> dict[str, Any]:
        return {"sent": self.sent, "messages": self.messages, "bytes_per_row": max(self.sent) / rows}


def link_details(log: str, parties: int) -> Traffic:
    """Read what SPU's profiler prints, once for each party.

    Examples
    --------
    >>> link_details("Link details: total send bytes 20, recv bytes 24, send actions 3, recv actions 4", 1)
    Traffic(sent=[20], messages=[3])
    """
    found = LINK.findall(log)
    if len(found) != parties:
        raise BenchmarkError(f"SPU's profile tells the traffic of {len(found)} parties instead of {parties}")
    return Traffic([int(sent) for sent, _ in found], [int(messages) for _, messages in found])


def main(argv: list[str] | None = None) -> int:
    """Measure the pairs; 1 if something failed, 2 if SPU cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="Ours beside SPU's, interleaved.")
    parser.add_argument("--only", action="append", metavar="CASE", help=f"one of: {', '.join(p.name for p in PAIRS)}")
    parser.add_argument("--repeat", type=int, help="pairs of runs, for every case")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", default="peers", metavar="NAME", help="benchmarks/results/NAME.json (peers)")
    options = parser.parse_args(argv)
    unknown = set(options.only or ()) - {p.name for p in PAIRS}
    if unknown:
        parser.error(f"no pair {sorted(unknown)}: there are {', '.join(p.name for p in PAIRS)}")
    known = report.facts()
    print(report.headline(known))
    missing = install()
    versions: dict[str, Any] = {}
    if missing is None:
        try:
            with_peer = Peer()
            versions = with_peer.process.ask({"do": "versions"})
            with_peer.process.close()
        except BenchmarkError as error:
            missing = str(error)
    if missing is not None:
        print(f"SPU cannot be measured here, its columns stay empty: {missing}", file=sys.stderr)
    else:
        print("SPU in .venv-peers: " + ", ".join(f"{k} {v}" for k, v in versions.items()))
    print("ours: aby3, three processes over loopback TCP; SPU: FM64, parties as threads over in-memory links, runtime only")
    print("medians of runs in turn\n")
    rows: list[list[str]] = []
    plain: list[dict[str, Any]] = []
    failed: list[str] = []
    ours: dict[tuple[str, int], float] = {}
    for pair in PAIRS:
        if options.only and pair.name not in options.only:
            continue
        report.progress(f"{pair.name} ...")
        found = compare(pair, options.quick, options.repeat or pair.repeat, missing is None, failed)
        if found is not None:
            ours[pair.name, found["n"]] = found["seconds"]["ours"]
            bars = _bars(found, ours)
            plain.append({**found, "bars": [v.to_plain() for v in bars]})
            rows.append(line(found, bars))
    report.progress("")
    print(report.table(HEAD, rows))
    for case in start.CASES:
        result = start.measure(case, 5)
        bars = verdicts(case.name, 1, result.seconds, {})
        plain.append({"case": case.name, "n": 1, "seconds": {"ours": result.seconds}, "runs": {"ours": result.runs}, "bars": [v.to_plain() for v in bars]})
        print(f"{case.name}: {report.seconds(result.seconds)} s  {'; '.join(map(str, bars))}")
    print(LEGEND)
    content = {"machine": known, "spu": versions, "missing": missing, "options": vars(options), "results": plain, "failed": failed}
    path = report.save(options.json, content)
    print(f"written to {path.relative_to(ROOT)}")
    return report.failures(failed) or (2 if missing is not None else 0)


def install() -> str | None:
    """Make SPU's virtual environment if it is missing; say why it cannot be had, else None."""
    probe = [str(PEER_PYTHON), "-c", "import spu, jax"]
    if PEER_PYTHON.exists() and subprocess.run(probe, capture_output=True).returncode == 0:
        return None
    if sys.version_info[:2] not in ((3, 10), (3, 11)):
        return f"SPU 0.9.5 has wheels for Python 3.10 and 3.11, this is {sys.version_info.major}.{sys.version_info.minor}: make PYTHON=python3.11"
    print(f"making {PEER_PYTHON.parent.parent.name} with {' '.join(REQUIREMENTS)} ...", file=sys.stderr)
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(PEER_PYTHON.parent.parent)],
        [str(PEER_PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *REQUIREMENTS],
        probe,
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            return f"{' '.join(Path(step[0]).name if i == 0 else s for i, s in enumerate(step[:4]))} failed: {last}"
    return None


class Peer:
    """SPU's process; one prepared program at a time."""

    def __init__(self) -> None:
        self.process = Process("SPU", [str(PEER_PYTHON), "-m", "benchmarks.peers_spu"], quiet=True)

    def prepare(self, protocol: str, case: str, n: int) -> None:
        self.protocol = protocol
        self.process.ask({"do": "prepare", "protocol": protocol, "case": case, "n": n})

    def run(self) -> float:
        return float(self.process.ask({"do": "run"})["seconds"])

    def error(self) -> float:
        return float(self.process.ask({"do": "check"})["error"])

    def memory(self) -> dict[str, int]:
        """Peak of the whole process in one more run, and what of it the run added."""
        return self.process.ask({"do": "memory"})

    def traffic(self) -> Traffic:
        """Of one more run, with SPU's profiler."""
        return link_details(self.process.ask({"do": "traffic"})["log"], PARTIES[self.protocol])


def compare(pair: Pair, quick: bool, repeat: int, with_peer: bool, failed: list[str]) -> dict[str, Any] | None:
    """Ours and theirs in turn; processes are new for each pair, idle ones wait on their input."""
    case = by_name(pair.name)
    module = next(m for m in modules() if any(c.name == pair.name for c in find(m)))
    n = case.quick if quick else case.n
    peers: dict[str, Peer] = {}
    times: dict[str, list[float]] = {"ours": []}
    load = os.getloadavg()[0]
    errors: dict[str, float] = {}
    memory: dict[str, dict[str, int]] = {}
    traffic: dict[str, dict[str, Any]] = {}
    try:
        with Cluster() as ours:
            ours.prepare(module, case, n)
            ours.run()  # warm
            for protocol in ["aby3", *(["semi2k"] if pair.two else [])] if with_peer and pair.spu else []:
                peers[protocol] = Peer()
                peers[protocol].prepare(protocol, pair.name, n)
                peers[protocol].run()
                times[protocol] = []
            for _ in range(repeat):
                run = ours.run()
                times["ours"].append(run.seconds)
                for protocol, peer in peers.items():
                    times[protocol].append(peer.run())
            ours.check()
            own = ours.run(trim=True)  # for its memory
            for protocol, peer in peers.items():
                errors[protocol] = peer.error()
                try:
                    memory[protocol] = peer.memory()  # before the profiler has a second set of runtimes
                    traffic[protocol] = peer.traffic().to_plain(case.rows(n))
                except BenchmarkError as error:  # the times stay
                    failed.append(f"{pair.name}, memory and traffic of {protocol}: {error}")
    except BenchmarkError as error:
        failed.append(f"{pair.name}: {error}")
        return None
    finally:
        for peer in peers.values():
            peer.process.close()
    middle = {name: median(values) for name, values in times.items()}
    best = {name: min(values) for name, values in times.items()}
    ratios = {name: (middle[name] / middle["ours"], best[name] / best["ours"]) for name in peers}
    return {
        "case": pair.name,
        "n": n,
        "seconds": middle,
        "runs": times,
        "ratios": {name: {"median": a, "best": b} for name, (a, b) in ratios.items()},
        "load_before": load,
        "rounds": run.rounds,
        "sent": run.sent,
        "bytes_per_row": max(run.sent) / case.rows(n),
        "peak": own.peak,
        "extra": own.extra,
        "peer_traffic": traffic,
        "peer_memory": memory,
        "peer_errors": errors,
        "recorded": [
            {"peer": r.peer, "seconds": r.seconds, "traffic": r.traffic} for r in at_size(pair.name, n) if r.peer != "SPU" or "aby3" not in peers
        ],
    }


def _bars(found: dict[str, Any], ours: dict[tuple[str, int], float]) -> list[Verdict]:
    spu = found["seconds"].get("aby3")
    return verdicts(found["case"], found["n"], found["seconds"]["ours"], ours, None if spu is None else {"SPU": spu})


def line(found: dict[str, Any], bars: list[Verdict]) -> list[str]:
    """One row of the table."""
    seconds, ratios = found["seconds"], found["ratios"]
    traffic, memory, error = (found[key].get("aby3") for key in ("peer_traffic", "peer_memory", "peer_errors"))

    def peer(name: str) -> list[str]:
        if name not in seconds:
            return ["-", "-", "-"]
        return [report.seconds(seconds[name]), f"{ratios[name]['median']:.1f}x", f"{ratios[name]['best']:.1f}x"]

    return [
        found["case"],
        f"{found['n']:,}",
        report.seconds(seconds["ours"]),
        *peer("aby3"),
        *peer("semi2k"),
        f"{found['load_before']:.1f}",
        report.tenths(found["bytes_per_row"]),
        report.optional(traffic, lambda t: report.tenths(t["bytes_per_row"])),
        report.whole(found["rounds"]),
        report.optional(traffic, lambda t: report.whole(max(t["messages"]))),
        report.mib(found["peak"]),
        report.optional(memory, lambda m: report.mib(m["peak"])),
        report.optional(error, lambda e: f"{e:.1e}"),
        "; ".join(f"{r['peer']} {report.seconds(r['seconds'])} ({r['traffic'] or 'traffic unknown'})" for r in found["recorded"]),
        "; ".join(map(str, bars)),
    ]


if __name__ == "__main__":
    sys.exit(main())
