"""Ours beside SPU's, measured in one run, in turn: ours, theirs, ours, theirs, ... ``python -m benchmarks.peers --help``.

SPU lives in a virtual environment of its own (``.venv-peers``), made when it is missing. It runs as it is fastest (threads over in-memory
links); we run as we are used (three processes over loopback TCP).
"""

from __future__ import annotations

import argparse
import os
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
    "operation",
    "n",
    "ours s",
    "SPU aby3 s",
    "ratio",
    "of best",
    "SPU semi2k s",
    "ratio",
    "of best",
    "load",
    "our B/row/party",
    "rounds",
    "SPU's error",
]
HEAD += ["recorded, not measured in this run", "bar"]


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
    print("\nratio: SPU's median / ours, and the same of the best runs; load: of the machine before the pair (idle: 0).")
    print("bars: against SPU as measured here, else against the recorded figure.")
    print("'recorded' figures are of 2026-11-23 on 2 cores: MP-SPDZ and ORQ have no packages to install here.")
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
        self.process.ask({"do": "prepare", "protocol": protocol, "case": case, "n": n})

    def run(self) -> float:
        return float(self.process.ask({"do": "run"})["seconds"])

    def error(self) -> float:
        return float(self.process.ask({"do": "check"})["error"])


def compare(pair: Pair, quick: bool, repeat: int, with_peer: bool, failed: list[str]) -> dict[str, Any] | None:
    """Ours and theirs in turn; processes are new for each pair, idle ones wait on their input."""
    case = by_name(pair.name)
    module = next(m for m in modules() if any(c.name == pair.name for c in find(m)))
    n = case.quick if quick else case.n
    peers: dict[str, Peer] = {}
    times: dict[str, list[float]] = {"ours": []}
    load = os.getloadavg()[0]
    errors: dict[str, float] = {}
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
            for protocol, peer in peers.items():
                errors[protocol] = peer.error()
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
        "peer_errors": errors,
        "recorded": [{"peer": r.peer, "seconds": r.seconds, "traffic": r.traffic} for r in at_size(pair.name, n)],
    }


def _bars(found: dict[str, Any], ours: dict[tuple[str, int], float]) -> list[Verdict]:
    spu = found["seconds"].get("aby3")
    return verdicts(found["case"], found["n"], found["seconds"]["ours"], ours, None if spu is None else {"SPU": spu})


def line(found: dict[str, Any], bars: list[Verdict]) -> list[str]:
    """One row of the table."""
    seconds, ratios, errors = found["seconds"], found["ratios"], found["peer_errors"]

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
        f"{found['bytes_per_row']:,.1f}",
        f"{found['rounds']:,}",
        f"{errors['aby3']:.1e}" if "aby3" in errors else "-",
        "; ".join(f"{r['peer']} {report.seconds(r['seconds'])} ({r['traffic'] or 'traffic unknown'})" for r in found["recorded"]),
        "; ".join(map(str, bars)),
    ]


if __name__ == "__main__":
    sys.exit(main())
