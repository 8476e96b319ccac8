"""Our figures: three processes on loopback TCP. ``python -m benchmarks.run --help``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from benchmarks import endtoend, report
from benchmarks.cases import Case, find, modules
from benchmarks.endtoend import SessionCase
from benchmarks.harness import BenchmarkError, Cluster, Result, measure
from benchmarks.recorded import at_size
from spuframe.errors import SpuframeError

HEAD = ["operation", "n", "seconds", "best", "cold", "CPU s", "rows/s", "B/row/party", "rounds", "peak MiB", "of it run", "recorded peer", "ratio"]


def main(argv: list[str] | None = None) -> int:
    """Run what the arguments ask for; 1 if a case failed."""
    options = _parser().parse_args(argv)
    cases: list[tuple[str, Case | SessionCase]] = [(module, case) for module in modules() for case in find(module)]
    cases += [(endtoend.MODULE, case) for case in endtoend.CASES]
    known = [case.name for _, case in cases]
    wanted = options.only or ([options.profile] if options.profile else known)
    for name in wanted:
        if name not in known:
            sys.exit(f"no case {name!r}: there are {', '.join(known)}")
    chosen = [(module, case) for module, case in cases if case.name in wanted]
    if options.profile:
        module, case = chosen[0]
        if isinstance(case, SessionCase):
            sys.exit("a session's profile is printed by `print(session.last_profile)`; --profile is for the other cases")
        return profile(options, module, case)
    return bench(options, chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Figures of this machine.")
    parser.add_argument("--only", action="append", metavar="CASE", help="this case (may be given several times)")
    parser.add_argument("--quick", action="store_true", help="small sizes, in one set of processes")
    parser.add_argument("--sweep", action="store_true", help="the cases over n = 1e3 ... 1e7")
    parser.add_argument("--repeat", type=int, default=3, help="warm runs at least (3)")
    parser.add_argument("--n", type=int, help="this size instead of the case's own")
    parser.add_argument("--batch-rows", type=int, default=1 << 15, help="rows a batch (32768)")
    parser.add_argument("--protocol", default="aby3")
    parser.add_argument("--parties", type=int, default=3)
    parser.add_argument("--profile", metavar="CASE", help="the time per kernel of one case")
    parser.add_argument("--json", default="latest", metavar="NAME", help="benchmarks/results/NAME.json (latest)")
    return parser


def bench(options: argparse.Namespace, chosen: list[tuple[str, Case | SessionCase]]) -> int:
    known = report.facts()
    print(report.headline(known))
    print(f"protocol {options.protocol}, {options.parties} processes on loopback TCP, batches of {options.batch_rows} rows")
    print(f"median of >= {options.repeat} warm runs\n")
    rows: list[list[str]] = []
    plain: list[dict[str, Any]] = []
    failed: list[str] = []
    shared: Cluster | None = None
    try:
        for module, case in chosen:
            for n in _sizes(options, case):
                report.progress(f"{case.name}, n = {n} ...")
                try:
                    if isinstance(case, endtoend.SessionCase):
                        result = endtoend.measure(case, n, options.repeat, options.protocol, options.parties)
                    else:
                        # new processes for each case, so that its first run is cold and its peak memory its own
                        if shared is None or not options.quick:
                            if shared is not None:
                                shared.close()
                            shared = Cluster(options.protocol, options.parties, options.batch_rows).__enter__()
                        result = measure(shared, module, case, n, options.repeat, 0.0 if options.quick else 2.0)
                except (BenchmarkError, SpuframeError) as error:
                    failed.append(f"{case.name}, n = {n}: {error}")
                    if shared is not None:
                        shared.close()
                    shared = None
                    continue
                rows.append(line(result))
                peers = [{"peer": r.peer, "seconds": r.seconds, "bytes_per_row": r.bytes_per_row} for r in at_size(case.name, n)]
                plain.append({**result.to_plain(), "bytes_per_row": result.bytes_per_row, "recorded": peers})
    finally:
        if shared is not None:
            shared.close()
    report.progress("")
    print(report.table(HEAD, rows))
    print("\nratio: recorded seconds of the peer (another day, not measured in this run) / ours; `make bench-peers` measures both in one run")
    path = report.save(options.json, {"machine": known, "options": vars(options), "results": plain, "failed": failed})
    print(f"written to {path.relative_to(report.RESULTS.parent.parent)}")
    for text in failed:
        print(f"FAILED {text}", file=sys.stderr)
    return 1 if failed else 0


def _sizes(options: argparse.Namespace, case: Case | SessionCase) -> tuple[int, ...]:
    if options.sweep:
        return case.sweep
    return (options.n or (case.quick if options.quick else case.n),)


def line(result: Result) -> list[str]:
    """One row of the table."""
    peers = at_size(result.case, result.n)
    return [
        result.case,
        f"{result.n:,}",
        report.seconds(result.seconds),
        report.seconds(min(result.runs)),
        report.seconds(result.cold),
        "-" if result.cpu is None else report.seconds(result.cpu),
        report.count(result.rows / result.seconds),
        f"{result.bytes_per_row:,.1f}",
        f"{result.rounds:,}",
        report.mib(result.peak),
        "-" if result.extra is None else report.mib(result.extra),
        "; ".join(f"{r.peer} {report.seconds(r.seconds)}" for r in peers),
        "; ".join(f"{r.seconds / result.seconds:.1f}x" for r in peers),
    ]


def profile(options: argparse.Namespace, module: str, case: Case) -> int:
    """Where the time of a case goes: per kernel, and what of it waits at the link."""
    (n,) = _sizes(options, case) if not options.sweep else (case.n,)
    with Cluster(options.protocol, options.parties, options.batch_rows) as cluster:
        cluster.prepare(module, case.name, n)
        for _ in range(2):
            cluster.run()
        run, parties = cluster.profile()
        cluster.check()
    print(f"{case.name}, n = {n:,}: {report.seconds(run.seconds)} s, {run.rounds} rounds, {max(run.sent):,} bytes sent by a party\n")
    for rank, kernels in enumerate(parties):
        inside = sum(k["seconds"] for k in kernels.values())
        rows = [
            [name, f"{k['calls']:,.0f}", report.seconds(k["seconds"]), f"{100 * k['seconds'] / run.seconds:.0f}%", report.seconds(k["link"]),
             f"{k['rounds']:,.0f}", f"{k['bytes'] / 1e6:,.2f}"]
            for name, k in sorted(kernels.items(), key=lambda item: -item[1]["seconds"])
        ]  # fmt: skip
        rest = max(0.0, run.seconds - inside)
        rows.append(["local, outside kernels", "", report.seconds(rest), f"{100 * rest / run.seconds:.0f}%", "", "", ""])
        print(report.table([f"party {rank}", "calls", "seconds", "share", "at the link", "rounds", "MB"], rows), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
